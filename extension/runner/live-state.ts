// What a screen shows of a job beside its record, event by event. Pure; words of strangers are made plain and everything is bounded.
import type { JobEvent } from '@nunet/shared/job-flow/running-job.ts';
import type { LiveState, Notice, OutputState } from '../messages.ts';
import { plainLine } from './log-store.ts';

export interface Shown {
  live: LiveState;
  notices: readonly Notice[];
}

const MAX_NOTICES = 50;
const MAX_NOTICE_CHARACTERS = 1_000;
/** Beyond it every second point goes: a screen shows no more. */
const MAX_POINTS = 2_000;

export const NOTHING_SHOWN: Shown = { live: { progress: null, curve: [], outputs: [] }, notices: [] };

type Progress = Extract<JobEvent, { type: 'progress' }>;

/** One point an epoch: its newest values. An epoch that lies behind is a stranger's repetition. */
function curveAfter(curve: LiveState['curve'], { epoch, metrics }: Progress): LiveState['curve'] {
  if (metrics.length === 0) return curve;
  const last = curve.at(-1);
  if (last !== undefined && epoch < last.epoch) return curve;
  const point = { epoch, metrics: metrics.map(({ name, value }) => ({ name: plainLine(name), value })) };
  const earlier = last?.epoch === epoch ? curve.slice(0, -1) : curve;
  const kept = earlier.length < MAX_POINTS ? earlier : earlier.filter((_, index) => index % 2 === 0);
  return [...kept, point];
}

const withOutput = (outputs: readonly OutputState[], name: string, change: Partial<OutputState>): OutputState[] =>
  outputs.map((output) => (output.name === name ? { ...output, ...change } : output));

/** Said again it is shown once, at the newest time: several things that fail by turns do not push out what else was said. */
export function withNotice(shown: Shown, code: string, message: string, atMs: number): Shown {
  const text = message.split('\n').map(plainLine).join('\n').slice(0, MAX_NOTICE_CHARACTERS);
  const others = shown.notices.filter((notice) => notice.code !== code || notice.message !== text);
  return { ...shown, notices: [...others.slice(-(MAX_NOTICES - 1)), { atMs, code, message: text }] };
}

export function shownAfter(shown: Shown, event: JobEvent, atMs: number): Shown {
  const { live } = shown;
  switch (event.type) {
    case 'progress': {
      const { phase, done, total, epoch } = event;
      const curve = phase === 'steps' ? curveAfter(live.curve, event) : live.curve;
      return { ...shown, live: { ...live, progress: { phase, done, total, epoch }, curve } };
    }
    case 'checkpoint': {
      const { number, doneBytes, totalBytes } = event;
      return { ...shown, live: { ...live, checkpoint: { number, doneBytes, totalBytes } } };
    }
    case 'output':
      return { ...shown, live: { ...live, outputs: withOutput(live.outputs, event.name, { doneBytes: event.doneBytes }) } };
    case 'notice':
      return withNotice(shown, event.code, event.message, atMs);
    case 'entry': {
      const { manifest } = event.record;
      if (event.entry.type !== 'manifest' || manifest === undefined) return shown;
      const outputs = manifest.body.outputs.map(({ name, bytes }) => ({ name, bytes, doneBytes: 0, isStored: false }));
      return { ...shown, live: { ...live, outputs } };
    }
    case 'due': {
      const { payBaseUnits, signedBaseUnits, paused } = event;
      return { ...shown, live: { ...live, due: { payBaseUnits, signedBaseUnits, paused } } };
    }
    case 'log':
      return shown;
  }
}

/** An output that is whole, verified and kept. */
export function withStored(shown: Shown, name: string): Shown {
  const { live } = shown;
  const bytes = live.outputs.find((output) => output.name === name)?.bytes ?? 0;
  return { ...shown, live: { ...live, outputs: withOutput(live.outputs, name, { doneBytes: bytes, isStored: true }) } };
}

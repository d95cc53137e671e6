// What the page stands on (runner, host, network, chain) as one pill and a few lines, each failure with what to do about it.
import { targetText, type AppState } from '../messages.ts';
import { durationText } from '../ui/quantity-text.ts';

export type Tone = 'ok' | 'wait' | 'bad' | 'off';

export interface ConnectionLine {
  name: string;
  says: string;
  tone: Tone;
}

export interface ConnectionView {
  tone: Tone;
  label: string;
  lines: ConnectionLine[];
}

/** A devnet makes a block a second; a tip this old means that it stands still. */
const OLD_TIP_MS = 15_000;

function networkLine({ network }: AppState): ConnectionLine {
  const name = 'Network';
  switch (network.state) {
    case 'none':
      return { name, says: 'Not connected. Name a devnet to begin.', tone: 'off' };
    case 'connecting':
      return { name, says: `Reading the record of ${targetText(network.target)}.`, tone: 'wait' };
    case 'failed':
      // Without a target it was not the network that failed.
      if (network.target === null) return { name, says: network.message, tone: 'bad' };
      return { name, says: `${targetText(network.target)}: ${network.message}. Start the devnet or correct its address.`, tone: 'bad' };
    case 'ready':
      return {
        name,
        says:
          network.record === null
            ? `${targetText(network.target)}: no network record, so the wallet works and jobs do not.`
            : `Devnet, ${network.record.k} of ${network.record.oracles} oracles decide, ${network.record.hubs} ${network.record.hubs === 1 ? 'hub' : 'hubs'}.`,
        tone: 'ok',
      };
  }
}

function frameLine({ host, frame, network }: AppState): ConnectionLine {
  const name = 'Peers';
  if (network.state === 'none') return { name, says: 'Starts with the network.', tone: 'off' };
  const again =
    frame.remounts === 0 ? '' : ` The network part was started again ${frame.remounts} ${frame.remounts === 1 ? 'time' : 'times'}.`;
  if (host === 'missing')
    return {
      name,
      says: 'The background part is not running; it is being started. Running jobs go on at their compute providers.',
      tone: 'wait',
    };
  if (frame.state === 'starting') return { name, says: `The network part is starting.${again}`, tone: 'wait' };
  if (frame.state === 'gone')
    return {
      name,
      says: `The network part fell silent and is started again. Nothing is lost: streams go on from where they were.${again}`,
      tone: 'wait',
    };
  const { length } = frame.connections;
  return { name, says: `${length} ${length === 1 ? 'connection' : 'connections'} to hubs and compute providers.${again}`, tone: 'ok' };
}

function chainLine({ chain, network }: AppState, nowMs: number): ConnectionLine {
  const name = 'Chain';
  const age = chain.seenAtMs === null ? null : Math.max(0, nowMs - chain.seenAtMs);
  if (chain.error !== null) {
    const since = age === null ? '' : ` for ${durationText(age)}`;
    return {
      name,
      says: `The chain source does not answer${since} (${chain.error.message}). Nothing is lost: locks stay where they are, and work goes on. Look whether the devnet runs.`,
      tone: 'bad',
    };
  }
  if (age === null)
    return {
      name,
      says: network.state === 'ready' ? 'No block seen yet.' : 'Not read yet.',
      tone: network.state === 'ready' ? 'wait' : 'off',
    };
  if (age > OLD_TIP_MS)
    return { name, says: `The newest block was seen ${durationText(age)} ago. Deadlines wait with the chain.`, tone: 'wait' };
  return { name, says: `Newest block seen ${durationText(age)} ago.`, tone: 'ok' };
}

const LABELS: Readonly<Record<Tone, string>> = { ok: 'Devnet', wait: 'Connecting', bad: 'Problem', off: 'Not connected' };
const ORDER: readonly Tone[] = ['bad', 'wait', 'off', 'ok'];

/** `app` is null until the runner has said anything; `isSilent` when it has stopped answering. */
export function connectionOf(app: AppState | null, isSilent: boolean, nowMs: number): ConnectionView {
  const runner: ConnectionLine = isSilent
    ? { name: 'Runner', says: 'The runner does not answer; it is being opened again. Its journal is on disk.', tone: 'wait' }
    : {
        name: 'Runner',
        says: app === null ? 'Starting.' : 'Keeps jobs, journal and money going, whether a page is open or not.',
        tone: app === null ? 'wait' : 'ok',
      };
  if (app === null) return { tone: 'wait', label: LABELS.wait, lines: [runner] };
  const lines = [networkLine(app), frameLine(app), chainLine(app, nowMs), runner];
  // Without a network the rest has nothing to do, and its waiting is no news.
  const tone = app.network.state === 'none' ? 'off' : (ORDER.find((one) => lines.some((line) => line.tone === one)) ?? 'ok');
  return { tone, label: LABELS[tone], lines };
}

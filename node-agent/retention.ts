// Retention: what is kept of jobs that are over, so that their service providers can read it again. It makes room for jobs that go on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capacity } from './capacity.ts';
import type { Job, JobBook } from './job-book.ts';

/** How much stays of jobs that are over, and how long. */
export interface Keep {
  days: number;
  bytes: number;
}

const DAY_MS = 86_400_000;

export interface KeptJob {
  readonly jobId: string;
  /** Since when nobody can dispute it. Chain time. */
  readonly at: number;
  readonly bytes: number;
}

/** Those that go: too old, and then the oldest until the rest fits. Pure. */
export function tooMuch(kept: readonly KeptJob[], now: number, limit: { ageMs: number; bytes: number }): string[] {
  const byAge = [...kept].sort((a, b) => a.at - b.at);
  let left = byAge.reduce((sum, { bytes }) => sum + bytes, 0);
  return byAge.flatMap(({ jobId, at, bytes }) => {
    if (now - at < limit.ageMs && left <= limit.bytes) return [];
    left -= bytes;
    return [jobId];
  });
}

/** Days pass without a job, too. */
const LOOK_EVERY_MS = 3_600_000;

/**
 * What it returns resolves when what is kept is young enough and fits beside the jobs that go on; callers take turns. Until the signal
 * it looks by itself, too: at once, and every hour.
 */
export function createRetention(parts: {
  book: JobBook;
  capacity: Capacity;
  keep: Keep;
  remove(job: Job): Promise<void>;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
  signal: AbortSignal;
  onFailure(error: unknown): void;
}): (signal: AbortSignal) => Promise<void> {
  const { book, capacity, keep } = parts;
  let turn: Promise<void> = Promise.resolve();
  const tidy = async (signal: AbortSignal): Promise<void> => {
    const now = await parts.now(signal);
    const bytes = Math.min(keep.bytes, Math.max(0, capacity.total.diskBytes - capacity.diskOfJobs));
    for (const jobId of tooMuch(keptJobs(book), now, { ageMs: keep.days * DAY_MS, bytes })) {
      // Said first: what is half deleted must not be offered after a restart.
      await book.record({ type: 'cleaned', jobId, at: now });
      await parts.remove(book.job(jobId));
    }
  };
  const makeRoom = (signal: AbortSignal): Promise<void> => {
    turn = turn.then(
      () => tidy(signal),
      () => tidy(signal),
    );
    return turn;
  };
  const lookByItself = async (): Promise<void> => {
    for (;;) {
      // Nothing is asked of the chain while there is nothing to be given up.
      if (keptJobs(book).length > 0) await makeRoom(parts.signal).catch((error: unknown) => parts.onFailure(error));
      await sleep(LOOK_EVERY_MS, undefined, { signal: parts.signal, ref: false });
    }
  };
  lookByItself().catch(() => undefined);
  return makeRoom;
}

const keptJobs = (book: JobBook): KeptJob[] =>
  book.jobs().flatMap(({ jobId, kept, cleaned }) => (kept === undefined || cleaned ? [] : [{ jobId, ...kept }]));

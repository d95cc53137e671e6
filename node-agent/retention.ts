// Retention: what is kept of jobs that are over, so that their service providers can read it again. It makes room for jobs that go on.
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

/** Resolves when what is kept fits beside the jobs that go on. Callers take turns. */
export function createRetention(parts: {
  book: JobBook;
  capacity: Capacity;
  keep: Keep;
  remove(job: Job): Promise<void>;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
}): (signal: AbortSignal) => Promise<void> {
  const { book, capacity, keep } = parts;
  let turn: Promise<void> = Promise.resolve();
  const tidy = async (signal: AbortSignal): Promise<void> => {
    const now = await parts.now(signal);
    const kept = book.jobs().flatMap(({ jobId, kept: held, cleaned }) => (held === undefined || cleaned ? [] : [{ jobId, ...held }]));
    const bytes = Math.min(keep.bytes, Math.max(0, capacity.total.diskBytes - capacity.diskOfJobs));
    for (const jobId of tooMuch(kept, now, { ageMs: keep.days * DAY_MS, bytes })) {
      // Said first: what is half deleted must not be offered after a restart.
      await book.record({ type: 'cleaned', jobId, at: now });
      await parts.remove(book.job(jobId));
    }
  };
  return (signal) => {
    turn = turn.then(
      () => tidy(signal),
      () => tidy(signal),
    );
    return turn;
  };
}

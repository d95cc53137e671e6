// Reconcile: what a restart finds. Reservations as the journal has them, executions as the engines have them, and nothing left that
// nobody owns.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capacity } from './capacity.ts';
import type { DemandOf } from './demand.ts';
import type { Executor } from './executor/executor.ts';
import { hasEnded, isOver, type Job, type JobBook } from './job-book.ts';

/** An engine that does not answer must not keep the agent from saying what it knows. */
const MAX_WAIT_MS = 30_000;

/** Reserves what jobs and open quotes hold. Jobs first: their GPUs are theirs, a quote takes what is left. */
export function reserveFromJournal({ book, capacity, demandOf }: { book: JobBook; capacity: Capacity; demandOf: DemandOf }, at: number) {
  for (const job of book.jobs()) {
    if (isOver(job)) continue;
    const { resources } = job.quote.body;
    if (!hasEnded(job)) {
      capacity.reserve(job.jobId, { resources: demandOf(job.spec.program.kind, resources), until: null }, at, job.gpus);
    } else if (job.manifest !== undefined) {
      const { diskBytes } = resources;
      capacity.reserve(job.jobId, { resources: { cpus: 0, memoryBytes: 0, gpus: 0, diskBytes }, until: null }, at);
    }
  }
  for (const { quote, request } of book.openQuotes(at)) {
    const { jobId, resources, expiresAt } = quote.body;
    capacity.reserve(jobId, { resources: demandOf(request.work.kind, resources), until: expiresAt }, at);
  }
}

export interface Recovered {
  /** What became of a job's execution, asked once a start; later calls ask the executor again. */
  of(job: Job): Promise<'running' | 'gone'>;
}

/**
 * Asks the executors for every execution that had begun and not ended, then lets them remove what no handle names. Resolves when
 * that is done, or after a while: an engine that is down is waited for by the jobs themselves.
 */
export async function recoverExecutions(parts: {
  book: JobBook;
  executor: Executor;
  onFailure(error: unknown, about?: string): void;
  signal: AbortSignal;
}): Promise<Recovered> {
  const { book, executor, signal } = parts;
  const begun = book.jobs().filter((job) => job.handle !== undefined && job.manifest === undefined);
  const asked = new Map<string, Promise<'running' | 'gone'>>();
  for (const { jobId, handle } of begun) {
    if (handle === undefined) continue;
    const answer = executor.recover(handle);
    // Whoever runs the job hears of a failure, and tries again.
    answer.catch(() => undefined);
    asked.set(jobId, answer);
  }
  const handles = () => book.jobs().flatMap((job) => (job.handle === undefined || isOver(job) ? [] : [job.handle]));
  const sweeping = Promise.allSettled(asked.values())
    // All handles that are named at that moment, new ones too.
    .then(() => executor.sweep?.(handles()))
    .catch((error: unknown) => parts.onFailure(error, 'cleaning up after the last run'));
  await Promise.race([sweeping, sleep(MAX_WAIT_MS, undefined, { signal, ref: false }).catch(() => undefined)]);
  return {
    of: (job) => {
      const first = asked.get(job.jobId);
      asked.delete(job.jobId);
      if (first !== undefined) return first;
      return job.handle === undefined ? Promise.resolve('gone') : executor.recover(job.handle);
    },
  };
}

// RunningJobs: the jobs and refusals that this process takes to their end, all at once, and how it stops with them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LockRefusal, Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { deliverRefusal, isDelivered, type EvidenceParts } from './evidence-post.ts';
import { isFatal, runJob, type ExecutionParts } from './execution.ts';
import { hasEnded, isOver, type Job, type JobBook } from './job-book.ts';

/** Given to evidence of work that a stop has ended. */
const FAREWELL_MS = 5_000;
/** A job that stumbled goes on after this long. */
const RETRY_MS = 5_000;
/** The longest that a timer can be set for. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface RunningJobs {
  take(job: Job): void;
  /** Its owner ends a job that has not ended: unbegun it is refused at nothing, running it ends as the compute provider's doing. */
  stop(jobId: string): void;
  /** A lock that is no job's own: its oracles hear of it until its money could be reclaimed anyway. */
  tellRefusal(refused: { quote: Signed<Quote>; refusal: Signed<LockRefusal> }): void;
  /** Ends running work, and waits until its oracles know or seconds have passed. */
  farewell(): Promise<void>;
  /** After `signal` was aborted: when nothing runs any more. */
  ended(): Promise<void>;
}

export function createRunningJobs(options: {
  parts: Omit<ExecutionParts, 'ownerStop'>;
  evidence: EvidenceParts;
  /** Ends this process's part in every job. */
  signal: AbortSignal;
  /** Starts the farewell: `parts.stopping` aborts. */
  stopWork(): void;
  /** What is free has changed. */
  onChange(): void;
  /** The journal failed: without it nothing more may be promised. */
  onFatal(error: unknown): void;
}): RunningJobs {
  const { evidence, signal } = options;
  const stops = new Map<string, AbortController>();
  const stopOf = (jobId: string): AbortController => {
    const stop = stops.get(jobId) ?? new AbortController();
    stops.set(jobId, stop);
    return stop;
  };
  const parts: ExecutionParts = { ...options.parts, ownerStop: (jobId) => stopOf(jobId).signal };
  const running = new Map<string, Promise<void>>();

  const inBackground = (name: string, work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => {
        if (!signal.aborted && !parts.stopping.aborted) options.onFatal(error);
      })
      .finally(() => {
        running.delete(name);
        stops.delete(name);
        options.onChange();
      });
    running.set(name, tracked);
  };

  /** Whatever goes wrong in our own code, the journal says where to go on. */
  const toItsEnd = async (jobId: string): Promise<void> => {
    for (;;) {
      try {
        return await runJob(jobId, parts, signal);
      } catch (error) {
        if (signal.aborted || parts.stopping.aborted || isFatal(error)) throw error;
        parts.onFailure(error, jobId);
        await sleep(RETRY_MS, undefined, { signal, ref: false });
      }
    }
  };

  return {
    stop: (jobId) => stopOf(jobId).abort(),
    take: (job) => inBackground(job.jobId, toItsEnd(job.jobId)),
    tellRefusal: (refused) => {
      const { cid, body } = refused.refusal;
      const left = Math.max(0, refused.quote.body.reclaimAfter - body.issuedAt);
      const before = AbortSignal.any([signal, AbortSignal.timeout(Math.min(MAX_TIMER_MS, left))]);
      const telling = deliverRefusal(refused, evidence, before).catch((error: unknown) => {
        if (!before.aborted) throw error;
      });
      inBackground(cid, telling);
    },
    farewell: async () => {
      const working = parts.book.jobs().filter((job) => running.has(job.jobId) && job.handle !== undefined && !isOver(job));
      options.stopWork();
      const told = Promise.allSettled(working.map((job) => untilDelivered(job, parts.book, evidence, signal)));
      await Promise.race([told, sleep(FAREWELL_MS, undefined, { ref: false })]);
    },
    ended: async () => void (await Promise.allSettled(running.values())),
  };
}

/** Resolves when the work is over and every oracle that can be reached has signed for its evidence. */
function untilDelivered(job: Job, book: JobBook, evidence: EvidenceParts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // Watchers are called after an entry was applied, so looking at each call is enough.
    const look = (): void => {
      if (!hasEnded(job) || !isDelivered(job, evidence)) return;
      unwatch();
      resolve();
    };
    const unwatch = book.watch(job.jobId, look);
    const failed = (): void => (unwatch(), reject(signal.reason as Error));
    if (signal.aborted) return failed();
    signal.addEventListener('abort', failed, { once: true });
    look();
  });
}

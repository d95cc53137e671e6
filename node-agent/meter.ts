// The meter of a streamed job: tells what is due, and lets the job stand still while more of it is unpaid than was quoted.
import { setTimeout as sleep } from 'node:timers/promises';
import { billedPay, type StreamTerms } from '@nunet/shared/quote.ts';
import { isUnpaid, voucherStep } from '@nunet/shared/stream-pay.ts';
import type { ExecutionHandle, Executor } from './executor/executor.ts';
import type { Job, JobBook } from './job-book.ts';
import type { JobFeed } from './job-feed.ts';

/** Between two looks; what a job can use beyond its terms is what it bills in this time. */
const LOOK_EVERY_MS = 200;
const TELL_EVERY_MS = 1_000;

export interface MeterParts {
  book: JobBook;
  executor: Executor;
  feed: Pick<JobFeed, 'due'>;
  /** Monotonic milliseconds. */
  elapsed(): number;
}

/** Runs beside the execution until the signal, whose reason it throws. Throws `pause-failed` when the job cannot be held. */
export async function runMeter(
  job: Job,
  handle: ExecutionHandle,
  terms: StreamTerms,
  parts: MeterParts,
  signal: AbortSignal,
): Promise<never> {
  const { book, executor, feed } = parts;
  const quote = job.quote.body;
  let paused = false;
  let told = { at: -Infinity, pay: -1n };
  for (;;) {
    signal.throwIfAborted();
    const billedMs = executor.billed(handle);
    const pay = billedPay(quote, billedMs);
    const unpaid = isUnpaid(terms, pay, job.voucher?.paid ?? 0n);
    const changed = unpaid !== paused;
    if (changed) await (unpaid ? executor.pause(handle) : executor.resume(handle));
    paused = unpaid;
    if (changed || pay - told.pay >= voucherStep(terms) || parts.elapsed() - told.at >= TELL_EVERY_MS) {
      told = { at: parts.elapsed(), pay };
      feed.due({ billedMs, payBaseUnits: pay, paused });
    }
    await nextLook(job, book, signal);
  }
}

/** A while, or less when a voucher comes: a job that stands still costs both sides. */
async function nextLook(job: Job, book: JobBook, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const unwatch = book.watch(job.jobId, () => woken.abort());
  try {
    await sleep(LOOK_EVERY_MS, undefined, { signal: AbortSignal.any([signal, woken.signal]) });
  } catch {
    signal.throwIfAborted();
  } finally {
    unwatch();
  }
}

// Hands what both sides signed to the oracles of a quote, which submit it: an owner that sleeps is paid all the same.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agreement } from '@nunet/shared/agreement.ts';
import { aborted } from './aborted.ts';
import { agreementOf } from './agreement-of.ts';
import type { EvidenceParts } from './evidence-post.ts';
import type { Job } from './job-book.ts';

const REQUEST_MS = 15_000;

/** Resolves once both halves are on disk, and K where the voucher asks for it. */
function untilAgreed(job: Job, parts: EvidenceParts, signal: AbortSignal): Promise<Agreement> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const agreement = agreementOf(job);
      if (agreement === undefined && !signal.aborted) return;
      unwatch();
      signal.removeEventListener('abort', look);
      if (agreement === undefined) reject(signal.reason as Error);
      else resolve(agreement);
    };
    const unwatch = parts.book.watch(job.jobId, look);
    signal.addEventListener('abort', look, { once: true });
    look();
  });
}

/** Each oracle at its own pace, until it has it. Ends only with the signal: when the lock is spent nobody needs to be told. */
export async function keepAgreementTold(job: Job, parts: EvidenceParts, signal: AbortSignal): Promise<never> {
  const agreement = await untilAgreed(job, parts, signal);
  const tell = async (key: string): Promise<void> => {
    const client = parts.oracle(key);
    if (client === undefined) return;
    for (let waitMs = parts.firstRetryMs; ; waitMs = Math.min(waitMs * 2, parts.maxRetryMs)) {
      try {
        await client.agree(job.lock, agreement, job.quote.envelope, AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]));
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        parts.onFailure(error, job.jobId);
      }
      await sleep(Math.round(waitMs * (0.75 + parts.random() / 2)), undefined, { signal });
    }
  };
  await Promise.all(job.quote.body.oracleKeys.map(tell));
  throw await aborted(signal);
}

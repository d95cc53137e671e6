// Answers of the service provider: ack, dispute or cancel, opened against the quote's keys, journaled, and passed on to the oracles.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { Caller } from '@nunet/shared/exchange.ts';
import type { Ack, Cancel, Dispute } from '@nunet/shared/manifest.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import { hasEnded, type JobBook, type Job } from './job-book.ts';

/** The job, for its own service provider alone; to anybody else it does not exist. */
export function jobOf(book: JobBook, jobId: string, peerId: string): Job {
  const job = book.find(jobId);
  if (job === undefined || job.quote.body.serviceProvider.peerId !== peerId) {
    throw new NunetError('job-unknown', `Cannot find job ${jobId}: this agent has no such job of yours`);
  }
  return job;
}

/** Resolves once the answer is on disk; the job's own loop sends it on. */
export function createAnswers(
  book: JobBook,
  now: (signal: AbortSignal) => Promise<number>,
  cancelUnseen: (request: RequestOf<'answer'>, caller: Caller) => Promise<boolean>,
) {
  return async (request: RequestOf<'answer'>, caller: Caller): Promise<void> => {
    const { jobId, kind, envelope } = request;
    // A service provider that was stopped between its lock and the hand-over cancels a job that never came.
    if (kind === 'cancel' && book.find(jobId) === undefined && (await cancelUnseen(request, caller))) return;
    const job = jobOf(book, jobId, caller.peerId);
    const answer = openEvidence(kind, envelope, { quote: job.quote, lock: job.lock }) as Signed<Ack | Dispute | Cancel>;
    const earlier = job[kind];
    if (earlier?.cid === answer.cid) return;
    if (earlier !== undefined) throw new NunetError('answer-known', `Cannot take another ${kind}: ${earlier.cid} is on record`);
    if ('manifestCid' in answer.body && answer.body.manifestCid !== job.manifest?.cid) {
      throw new NunetError(
        'answer-mismatch',
        `Cannot take the ${kind}: it speaks of manifest ${answer.body.manifestCid}, not of this job's`,
      );
    }
    const at = await now(caller.signal);
    if (kind === 'cancel' && (hasEnded(job) || !book.claim(jobId, 'cancel'))) {
      throw new NunetError('job-started', 'Cannot cancel: the work has begun or is over; acknowledge or dispute its result');
    }
    await book.record({ type: 'answer', jobId, at, kind, envelope: bytesToHex(envelope) });
  };
}

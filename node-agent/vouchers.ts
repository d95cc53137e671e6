// Vouchers: what the job key signed away, verified and on disk before it is answered; at the end our half over one pay, and only one.
import { hexToBytes } from '@noble/hashes/utils.js';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import { NO_KEY_HASH, voucherBytes } from '@nunet/shared/lock.ts';
import { verifySignature } from '@nunet/shared/signature.ts';
import { closingPay, voucherStep } from '@nunet/shared/stream-pay.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import { jobOf } from './answers.ts';
import { hasEnded, stateOf, type Close, type Job, type JobBook } from './job-book.ts';

type Request = RequestOf<'voucher'>;
type Answer = AnswerOf<'voucher'>;

/** A voucher that adds less than this part of a step is not worth a write: it bounds the journal of a job. */
const STEP_PARTS = 8n;

const invalid = (why: string): NunetError => new NunetError('voucher-invalid', `Cannot take the voucher: ${why}`);

/** Throws `voucher-invalid` unless the job key signed this pay over this job's own lock. */
function demandValid(job: Job, { paidBaseUnits, keyHash, signature, final }: Request): void {
  const { amountBaseUnits, voucherKey, stream } = job.quote.body;
  if (paidBaseUnits > amountBaseUnits)
    throw invalid(`it pays ${formatAmount(paidBaseUnits)} NTX, the lock holds ${formatAmount(amountBaseUnits)}`);
  if (!final && stream === undefined) throw invalid('this job is not paid while it runs');
  const delivered = job.manifest?.body.delivery.keyHash;
  if (keyHash !== NO_KEY_HASH && (!final || keyHash !== delivered)) throw invalid('it names another key than the delivery');
  if (!verifySignature(hexToBytes(signature), voucherBytes(job.lock, paidBaseUnits, keyHash), voucherKey))
    throw invalid('the job key did not sign it over this lock');
}

/** True when we end the lock at this pay: what the result is due, or nothing where nothing ran. */
function isEnough(job: Job, paid: bigint, keyHash: string): boolean {
  const { manifest, quote } = job;
  if (job.refusal !== undefined) return paid === 0n;
  if (manifest === undefined) return false;
  // The one close there will ever be must buy what was delivered: K of a sealed result, nothing but the pay of an open one.
  return keyHash === manifest.body.delivery.keyHash && paid >= closingPay(manifest.body, quote.body, job.voucher?.paid ?? 0n);
}

export function createVouchers(parts: { book: JobBook; now(signal: AbortSignal): Promise<number> }) {
  const { book } = parts;
  const pending = new Map<string, Promise<unknown>>();

  const noted = (job: Job): Answer => ({ type: 'noted', paidBaseUnits: job.voucher?.paid ?? 0n });
  const closed = (job: Job, { paid, keyHash, signature }: Close): Answer => ({
    type: 'closed',
    paidBaseUnits: paid,
    closeSignature: signature,
    secret: keyHash === NO_KEY_HASH ? null : (job.sealedKey ?? null),
  });

  const keep = async (job: Job, request: Request, at: number): Promise<void> => {
    const { paidBaseUnits: paid, keyHash, signature, final } = request;
    await book.record({ type: 'voucher', jobId: job.jobId, at, paid, keyHash, signature, final });
  };

  const decide = async (job: Job, request: Request, at: number): Promise<Answer> => {
    if (job.close !== undefined) return closed(job, job.close);
    const { paidBaseUnits: paid, keyHash, signature, final } = request;
    const have = job.voucher?.paid ?? 0n;
    if (final && (job.manifest !== undefined || job.refusal !== undefined)) {
      if (keyHash === NO_KEY_HASH && paid > have) await keep(job, { ...request, final: false }, at);
      return isEnough(job, paid, keyHash) ? closed(job, await book.close(job.jobId, { paid, keyHash, signature }, at)) : noted(job);
    }
    if (final && stateOf(job) === 'running' && !job.stopAsked) await keep(job, request, at);
    else if (!hasEnded(job) && paid > have && isWorth(job, paid - have)) await keep(job, { ...request, final: false }, at);
    return noted(job);
  };

  return async (request: Request, caller: Caller): Promise<Answer> => {
    const job = jobOf(book, request.jobId, caller.peerId);
    demandValid(job, request);
    const at = await parts.now(caller.signal);
    // One at a time: each is judged by what the one before left on disk.
    const mine = (pending.get(job.jobId) ?? Promise.resolve()).then(() => decide(job, request, at));
    const settled = mine.catch(() => undefined);
    pending.set(job.jobId, settled);
    try {
      return await mine;
    } finally {
      if (pending.get(job.jobId) === settled) pending.delete(job.jobId);
    }
  };
}

const isWorth = (job: Job, grown: bigint): boolean => {
  const { stream } = job.quote.body;
  return stream !== undefined && grown * STEP_PARTS >= voucherStep(stream);
};

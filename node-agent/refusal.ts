// The signed no to a lock, with our half of the way back: a pay of nothing, so that the money returns at once and without an oracle.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { closeBytes } from '@nunet/shared/lock.ts';
import type { LockRefusal, Quote, Reason } from '@nunet/shared/quote.ts';
import { signStatement, type Signed, type Signer } from '@nunet/shared/signature.ts';
import type { JobBook } from './job-book.ts';

/** To be journaled before anybody sees it. Only over a lock that nothing runs for and nothing will: no other pay may ever be closed for it. */
export async function signRefusal(
  quote: Signed<Quote>,
  lock: OutputReference,
  reasons: Reason[],
  issuedAt: number,
  parts: { book: JobBook; signer: Signer },
): Promise<Signed<LockRefusal>> {
  const { jobId, network } = quote.body;
  const close = await parts.book.closeSigner(quote.cid)?.sign(closeBytes(lock, 0n));
  const body: LockRefusal = { v: 1, network, jobId, quoteCid: quote.cid, lock, reasons, issuedAt };
  return signStatement('lock-refusal', close === undefined ? body : { ...body, closeSignature: bytesToHex(close) }, parts.signer);
}

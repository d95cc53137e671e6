// The agreement of a closed job, as the journal has its halves; with K where the voucher named its hash.
import type { Agreement } from '@nunet/shared/agreement.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import type { Job } from './job-book.ts';

/** Undefined while one half is missing, or K. */
export function agreementOf({ close, sealedKey }: Job): Agreement | undefined {
  if (close === undefined) return undefined;
  const { paid, keyHash, voucher, signature } = close;
  const secret = keyHash === NO_KEY_HASH ? null : sealedKey;
  return secret === undefined ? undefined : { paid, voucherSignature: voucher, closeSignature: signature, secret };
}

// Agreement: what both parties of a lock signed to end it without an oracle (DESIGN section 5, Agree).
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { closeBytes, NO_KEY_HASH, voucherBytes, type EscrowDatum } from './lock.ts';
import type { OutputReference } from './fields.ts';
import { verifySignature } from './signature.ts';

export interface Agreement {
  /** Base units for the compute provider; the rest goes back. */
  paid: bigint;
  /** By the datum's voucherKey over `voucherBytes`, 64 bytes hex. */
  voucherSignature: string;
  /** By the datum's closeKey over `closeBytes`, 64 bytes hex. */
  closeSignature: string;
  /** K of a sealed delivery, hex; null when the voucher names no key. Whoever submits reveals it to everybody. */
  secret: string | null;
}

/** blake2b-256 of K, hex: what manifest and voucher name. */
export const keyHashOf = (secret: string): string => bytesToHex(blake2b(hexToBytes(secret), { dkLen: 32 }));

/** Why the validator would refuse this agreement over this lock; null when it would not. */
export function agreementProblem(
  { paid, voucherSignature, closeSignature, secret }: Agreement,
  lock: { reference: OutputReference; datum: Pick<EscrowDatum, 'voucherKey' | 'closeKey'>; amountBaseUnits: bigint },
): string | null {
  if (paid < 0n || paid > lock.amountBaseUnits) return `it pays ${paid}, the lock holds ${lock.amountBaseUnits}`;
  // The validator takes an empty secret for none.
  if (secret === '') return 'its secret is empty';
  const voucher = voucherBytes(lock.reference, paid, secret === null ? NO_KEY_HASH : keyHashOf(secret));
  if (!verifySignature(hexToBytes(voucherSignature), voucher, lock.datum.voucherKey)) {
    return "its voucher is not signed by the lock's voucher key over this pay and key hash";
  }
  if (!verifySignature(hexToBytes(closeSignature), closeBytes(lock.reference, paid), lock.datum.closeKey)) {
    return "its close is not signed by the lock's close key over this pay";
  }
  return null;
}

// A voucher as it travels off chain: what the job key signed over a lock, opened against that key (DESIGN section 5).
import { hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { cidOf, decode, encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { amount, cidText, hex32, hex64, network, outputReference, type Network } from './fields.ts';
import { voucherBytes } from './lock.ts';
import { verifySignature, type Signed } from './signature.ts';

export const MAX_VOUCHER_BYTES = 1024;

export const voucher = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  lock: outputReference,
  /** Cumulative: all that the service provider has agreed to pay so far. */
  paidBaseUnits: amount,
  /** blake2b-256 of K that it pays for; zeros when it asks for no key. */
  keyHash: hex32,
  /** By the quote's voucherKey over `voucherBytes(lock, paidBaseUnits, keyHash)`. */
  signature: hex64,
});
export type Voucher = z.infer<typeof voucher>;

/** As evidence: its bytes need no envelope of their own, the signature is the one that the chain reads. */
export function voucherEvidence(body: Voucher): Signed<Voucher> {
  const envelope = encode(body);
  return { body, cid: cidOf(envelope), envelope };
}

/** Throws as `decode`, `network-mismatch` or `signature-invalid`. */
export function openVoucher(envelope: Uint8Array, options: { network: Network; voucherKey: string }): Signed<Voucher> {
  const opened = voucherEvidence(decode(voucher, envelope, { name: 'voucher', maxBytes: MAX_VOUCHER_BYTES }));
  const { body, cid } = opened;
  if (body.network !== options.network)
    throw new NunetError('network-mismatch', `Cannot accept voucher: it is for ${body.network}, this is ${options.network}`);
  const bytes = voucherBytes(body.lock, body.paidBaseUnits, body.keyHash);
  if (!verifySignature(hexToBytes(body.signature), bytes, options.voucherKey))
    throw new NunetError('signature-invalid', `Cannot accept voucher ${cid}: its signature is not of the key that must sign it`);
  return opened;
}

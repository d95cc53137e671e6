// An agreement on its way to an oracle, which submits it: POST /v1/locks/{txId}/{index}/agreement, dag-cbor.
import { z } from 'zod';
import type { Agreement } from './agreement.ts';
import { decode, encode } from './encoding.ts';
import { amount, hex32, hex64 } from './fields.ts';
import { MAX_QUOTE_BYTES } from './quote.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

export const agreementRecord = z.strictObject({
  paid: amount,
  voucherSignature: hex64,
  closeSignature: hex64,
  secret: hex32.nullable(),
});

const agreementPost = z.strictObject({
  v: z.literal(1),
  ...agreementRecord.shape,
  /** Signed quote of the lock, for an oracle that has not heard of it. */
  quote: bytes,
});
export const MAX_AGREEMENT_POST_BYTES = MAX_QUOTE_BYTES + 1024;

export const encodeAgreement = (agreement: Agreement, quote: Uint8Array): Uint8Array => {
  const { paid, voucherSignature, closeSignature, secret } = agreement;
  return encode({ v: 1, paid, voucherSignature, closeSignature, secret, quote });
};

export function openAgreement(post: Uint8Array): { agreement: Agreement; quote: Uint8Array } {
  const { v: _, quote, ...agreement } = decode(agreementPost, post, { name: 'agreement', maxBytes: MAX_AGREEMENT_POST_BYTES });
  return { agreement, quote };
}

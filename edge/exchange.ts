// What two oracles of a quote tell each other over one lock: all they hold, both ways, in one signed request.
import { z } from 'zod';
import { agreementRecord } from '@nunet/shared/agreement-post.ts';
import { attestation, MAX_RECEIPT_BYTES } from '@nunet/shared/attestation.ts';
import { decode, encode } from '@nunet/shared/encoding.ts';
import { EVIDENCE_KINDS, MAX_EVIDENCE_BYTES } from '@nunet/shared/evidence.ts';
import { multiaddrText, outputReference, peerIdText } from '@nunet/shared/fields.ts';
import { MAX_ORACLES } from '@nunet/shared/lock.ts';
import { MAX_ANSWER_BYTES, MAX_MANIFEST_BYTES } from '@nunet/shared/manifest.ts';
import { MAX_QUOTE_BYTES } from '@nunet/shared/quote.ts';
import { MAX_SEALED_KEY_BYTES } from '@nunet/shared/sealed/sealed-key.ts';
import { MAX_WRONG_PLAINTEXT_BYTES } from '@nunet/shared/sealed/wrong-plaintext.ts';
import { MAX_VOUCHER_BYTES } from '@nunet/shared/voucher.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** Pieces of one kind kept a lock. Two already show a contradiction; more would only fill the disk. */
export const MAX_PIECES_A_KIND = 4;

export const exchange = z.strictObject({
  v: z.literal(1),
  lock: outputReference,
  /** Signed quote. */
  quote: bytes,
  items: z
    .array(
      z.strictObject({
        kind: z.enum(EVIDENCE_KINDS).exclude(['quote']),
        envelope: bytes,
        /** Signed by the oracle of the quote that had it first. */
        receipt: bytes,
      }),
    )
    .max((MAX_PIECES_A_KIND + 1) * EVIDENCE_KINDS.length),
  spec: bytes.nullable(),
  sources: z.array(z.strictObject({ peer: peerIdText, addresses: z.array(multiaddrText).max(8) })).max(2),
  attestations: z.array(attestation).max(MAX_ORACLES),
  /** What both parties signed; left out while there is none. */
  agreement: agreementRecord.exactOptional(),
});
export type Exchange = z.infer<typeof exchange>;

export const MAX_EXCHANGE_BYTES =
  MAX_EVIDENCE_BYTES +
  MAX_PIECES_A_KIND * (MAX_MANIFEST_BYTES + MAX_QUOTE_BYTES + 3 * MAX_ANSWER_BYTES + MAX_SEALED_KEY_BYTES + 6 * MAX_RECEIPT_BYTES) +
  // A voucher for each manifest and one for none; a proof for each manifest.
  MAX_PIECES_A_KIND * (2 * MAX_VOUCHER_BYTES + MAX_WRONG_PLAINTEXT_BYTES + 3 * MAX_RECEIPT_BYTES) +
  32 * 1024;

export const encodeExchange = (message: Exchange): Uint8Array => encode(message);
export const openExchange = (bytes: Uint8Array): Exchange => decode(exchange, bytes, { name: 'exchange', maxBytes: MAX_EXCHANGE_BYTES });

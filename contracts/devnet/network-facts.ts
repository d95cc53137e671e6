// What a program needs to trust the network that runs on a devnet: its signed record and the keys that must have signed it.
import { z } from 'zod';
import { hex32 } from '@nunet/shared/fields.ts';
import { MAX_NETWORK_RECORD_BYTES } from '@nunet/shared/network-record.ts';

/** The record and its signatures, as hex. */
const MAX_RECORD_DIGITS = 2 * (MAX_NETWORK_RECORD_BYTES + 4096);
export const MAX_NETWORK_FACTS_BYTES = MAX_RECORD_DIGITS + 4096;

/** JSON of `GET /devnet/network`. The devnet keeps it unread: whoever fetches it verifies the record against `pinned`. */
export const networkFacts = z.strictObject({
  version: z.literal(1),
  network: z.literal('devnet'),
  pinned: z.array(hex32).min(1).max(16),
  record: z
    .string()
    .max(MAX_RECORD_DIGITS)
    .regex(/^(?:[0-9a-f]{2})+$/, 'must be the signed network record in lower-case hex'),
});
export type NetworkFacts = z.infer<typeof networkFacts>;

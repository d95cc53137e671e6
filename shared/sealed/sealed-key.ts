// K in an oracle's hands: the agent's signed word for which manifest it is. The key itself is checked against the manifest's hash.
import { z } from 'zod';
import { keyHashOf } from '../agreement.ts';
import { cidText, hex32, network, outputReference } from '../fields.ts';
import type { Manifest } from '../manifest.ts';

export const MAX_SEALED_KEY_BYTES = 1024;

/** Signed by the compute provider's peer key. From then on a sealed result is as readable as an open one. */
export const sealedKey = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  lock: outputReference,
  manifestCid: cidText,
  /** K. */
  key: hex32,
});
export type SealedKey = z.infer<typeof sealedKey>;

export const opensManifest = ({ manifestCid, key }: SealedKey, manifest: { body: Manifest; cid: string }): boolean =>
  manifestCid === manifest.cid && keyHashOf(key) === manifest.body.delivery.keyHash;

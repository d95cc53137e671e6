// Advert: what an agent offers, signed by its peer key, short-lived. Presence only: price and capacity are settled by a quote.
import { z } from 'zod';
import { benchmark } from './benchmark.ts';
import { amount, assetId, byteCount, multiaddrText, network, peerIdText, timeMs } from './fields.ts';
import { sandboxLevel } from './job-spec.ts';

export const MAX_ADVERT_BYTES = 4 * 1024;
/** Adverts live this long and are published again well before. */
export const ADVERT_LIFETIME_MS = 60_000;

export const advert = z.strictObject({
  v: z.literal(1),
  network,
  peerId: peerIdText,
  addresses: z.array(multiaddrText).min(1).max(16),
  agentVersion: z.string().max(40),
  kinds: z.array(z.enum(['onnx', 'container'])).max(4),
  sandbox: sandboxLevel,
  asset: assetId,
  /** Price of the smallest reservation; a quote says the real one. */
  price: z.strictObject({ cpuHour: amount, memoryGibHour: amount, gpuHour: amount, minimum: amount }),
  /** On offer in all, and free when this was written. */
  total: z.strictObject({ cpus: z.int().min(0).max(4096), memoryBytes: byteCount, diskBytes: byteCount, gpus: z.int().min(0).max(64) }),
  free: z.strictObject({ cpus: z.int().min(0).max(4096), memoryBytes: byteCount, diskBytes: byteCount, gpus: z.int().min(0).max(64) }),
  /** What the agent last measured of itself; anybody may challenge it to do so again. */
  benchmark: benchmark.optional(),
  issuedAt: timeMs,
  expiresAt: timeMs,
});
export type Advert = z.infer<typeof advert>;

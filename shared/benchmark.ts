// Benchmark: what an agent measured of itself, and the challenge by which any peer has it measured again.
// A measurement says "this throughput was reached under a deadline", never more: a provider can forward a challenge to a better machine.
import { z } from 'zod';
import { hex16, hex32, timeMs } from './fields.ts';

export const MAX_CHALLENGE_ANSWER_BYTES = 512 * 1024;

const rate = z.number().min(0).max(1e18);

/** Rates in units a second: FLOP/s, bytes/s. Null: not measured here. Best of several runs each. */
export const benchmark = z.strictObject({
  v: z.literal(1),
  measuredAt: timeMs,
  /** float32 matrix product on one thread and on all lent ones. */
  cpuFlops: rate,
  cpuFlopsAll: rate,
  memoryBytesPerSecond: rate,
  diskWriteBytesPerSecond: rate.nullable(),
  diskReadBytesPerSecond: rate.nullable(),
  /** Over the agent's own transport to the hub or peer that helped to measure. */
  networkBytesPerSecond: rate.nullable(),
  gpus: z.array(z.strictObject({ name: z.string().max(100), flops: rate.nullable(), memoryBytes: z.int().min(0) })).max(16),
});
export type Benchmark = z.infer<typeof benchmark>;

/** A and B of size x size float32 follow from the nonce; the answer commits to C = AB before it learns which rows are wanted. */
export const challengeRequest = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('commit'), nonce: hex16, size: z.int().min(64).max(2048) }),
  z.strictObject({ step: z.literal('open'), nonce: hex16, rows: z.array(z.int().min(0).max(2047)).min(1).max(8) }),
]);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
export const challengeAnswer = z.discriminatedUnion('type', [
  /** Merkle root over the rows of C; `elapsedMs` as the agent claims it, the asker has its own clock. */
  z.strictObject({ type: z.literal('committed'), root: hex32, elapsedMs: z.number().min(0) }),
  /** Each row as little-endian float32, with its path to the root. */
  z.strictObject({
    type: z.literal('opened'),
    rows: z.array(z.strictObject({ row: z.int().min(0), values: bytes, path: z.array(hex32).max(16) })).max(8),
  }),
]);
export type ChallengeAnswer = z.infer<typeof challengeAnswer>;

// Manifest (the agent's signed result), Ack and Dispute (the service provider's signed answers), Cancel.
import { z } from 'zod';
import { amount, byteCount, cidText, durationMs, fileName, hex32, network, outputReference, timeMs } from './fields.ts';
import { delivery, sandboxLevel } from './job-spec.ts';
import { cidOf, encode } from './encoding.ts';

export const MAX_MANIFEST_BYTES = 32 * 1024;
export const MAX_ANSWER_BYTES = 4 * 1024;

export const outputFile = z.strictObject({ name: fileName, cid: cidText, bytes: byteCount });
export type OutputFile = z.infer<typeof outputFile>;

const fault = { code: z.string().regex(/^[a-z0-9-]{1,60}$/), message: z.string().max(500) };
/** How an execution ended: as asked, by the job's own fault (its graph, its limits), or by the compute provider's. */
export const exit = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('completed') }),
  z.strictObject({ kind: z.literal('jobFault'), ...fault }),
  z.strictObject({ kind: z.literal('computeProviderFault'), ...fault }),
]);
export type Exit = z.infer<typeof exit>;

/** What an execution took, as its executor measured it. Left out: not measured here. */
export const usage = z.strictObject({
  cpuMs: durationMs,
  peakMemoryBytes: byteCount,
  /** Of block devices. */
  readBytes: byteCount.exactOptional(),
  writtenBytes: byteCount.exactOptional(),
  /** Of all its GPUs together: busy time, and the most memory that was taken on any one. */
  gpuMs: durationMs.exactOptional(),
  gpuPeakMemoryBytes: byteCount.exactOptional(),
});
export type Usage = z.infer<typeof usage>;

/** Signed by the compute provider's peer key, counted only when the quote names that key. */
export const manifest = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  quoteCid: cidText,
  lock: outputReference,
  exit,
  startedAt: timeMs,
  finishedAt: timeMs,
  /** From the first instruction of the job to its end; never pull, download or upload. */
  billedMs: durationMs,
  /** `billedPay(quote, billedMs)`; anything else is not accepted. */
  payBaseUnits: amount,
  usage,
  sandbox: sandboxLevel,
  /** `container`: the image that ran, by the engine's own id. */
  imageId: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .exactOptional(),
  metrics: z.array(z.strictObject({ name: z.string().min(1).max(60), value: z.number() })).max(32),
  outputs: z.array(outputFile).max(64),
  delivery: z.strictObject({
    kind: delivery,
    /** CID of the list of outputs as delivered: readable for `open`, encrypted for `sealed`. */
    root: cidText,
    /** `sealed`: root over ciphertext and salted plaintext of each block (sealed/merkle.ts); zeros for `open`. */
    plaintextRoot: hex32,
    /** `sealed`: blake2b-256 of K; zeros for `open`. */
    keyHash: hex32,
    /** `sealed` and completed: the commitments to the plaintext of each block, one more file of the job; left out for `open`. */
    leaves: z.strictObject({ cid: cidText, bytes: byteCount }).exactOptional(),
  }),
});
export type Manifest = z.infer<typeof manifest>;

/** CID of a list of outputs, in name order: what a replay compares. */
export const outputRootOf = (outputs: readonly OutputFile[]): string =>
  cidOf(encode([...outputs].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, cid, bytes }) => ({ name, cid, bytes }))));

const answer = { v: z.literal(1), network, jobId: cidText, lock: outputReference, manifestCid: cidText };

/** "I checked, pay this." Signed by the job key that the quote names as `voucherKey`. */
export const ack = z.strictObject({ ...answer, payBaseUnits: amount });
export type Ack = z.infer<typeof ack>;

/** "I checked, this is not what I asked for." Signed by the job key. */
export const dispute = z.strictObject({ ...answer, reason: z.string().min(1).max(500) });
export type Dispute = z.infer<typeof dispute>;

/** "Never mind", valid while nothing runs. Signed by the job key. */
export const cancel = z.strictObject({ v: z.literal(1), network, jobId: cidText, lock: outputReference });
export type Cancel = z.infer<typeof cancel>;

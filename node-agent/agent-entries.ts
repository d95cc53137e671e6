// What the agent's journal holds: one entry a fact, written before anything is done about it.
import { hexToBytes } from '@noble/hashes/utils.js';
import { byteCount, cidText, hex32, hex64, outputReference, timeMs } from '@nunet/shared/fields.ts';
import { JOB_STATES } from '@nunet/shared/job-state.ts';
import { outputFile } from '@nunet/shared/manifest.ts';
import { traceparent } from '@nunet/shared/wire.ts';
import { z } from 'zod';
import { executionHandle } from './executor/executor.ts';
import { amountText } from './journal.ts';

/** 2 brought checkpoints, kept results and traces: every entry of 1 is one of 2. */
export const AGENT_JOURNAL_VERSION = 2;
export const AGENT_JOURNAL_MIGRATIONS = { 1: (entry: unknown): unknown => entry } as const;

/** Signed or canonical bytes, hex text in the file. */
const hexBytes = z.string().regex(/^([0-9a-f]{2})*$/);
export const bytesOf = (hex: string): Uint8Array => hexToBytes(hex);

const job = { jobId: cidText, at: timeMs };

export const agentEntry = z.discriminatedUnion('type', [
  /** A quote that is about to leave. `request` is what it answers: it holds the graph's summary, which the quote does not. */
  z.strictObject({ type: z.literal('quoted'), ...job, quoteCid: cidText, quote: hexBytes, request: hexBytes, closeSecret: hex32 }),
  /** A run request for one of our quotes. From here on the job is ours to end. */
  z.strictObject({
    type: z.literal('accepted'),
    ...job,
    quoteCid: cidText,
    lock: outputReference,
    spec: hexBytes,
    /** GPUs that are this job's own until it ends. Older journals, and jobs without any, lack it. */
    gpus: z.array(z.string().min(1).max(100)).max(16).optional(),
    /** W3C traceparent of the service provider, which spans of this job continue. */
    trace: traceparent.exactOptional(),
  }),
  /** A signed no to a lock. `lock` may be another than the job's own: then it stops nothing. */
  z.strictObject({ type: z.literal('refused'), ...job, quoteCid: cidText, lock: outputReference, envelope: hexBytes }),
  z.strictObject({ type: z.literal('state'), ...job, state: z.enum(JOB_STATES), detail: z.string().max(500).nullable() }),
  /** An execution that exists and has not been told what to run. After this entry it may run, so it never starts again. */
  z.strictObject({ type: z.literal('handle'), ...job, handle: executionHandle }),
  /** The workspace as it was then is in the store; the one before it is not needed any more. */
  z.strictObject({ type: z.literal('checkpoint'), ...job, number: z.int().min(1), file: outputFile }),
  /** K of a sealed delivery, before anything is encrypted under it. */
  z.strictObject({ type: z.literal('sealed-key'), ...job, key: hex32 }),
  z.strictObject({ type: z.literal('manifest'), ...job, envelope: hexBytes }),
  z.strictObject({ type: z.literal('answer'), ...job, kind: z.enum(['ack', 'dispute', 'cancel']), envelope: hexBytes }),
  /** The service provider's voucher, before it is answered. `final` asked a running job to stop. */
  z.strictObject({ type: z.literal('voucher'), ...job, paid: amountText, keyHash: hex32, signature: hex64, final: z.boolean() }),
  /** Our half over one pay: the only one that is ever signed for this lock. `keyHash` and `voucher` are the other half's. */
  z.strictObject({ type: z.literal('close'), ...job, paid: amountText, keyHash: hex32, voucher: hex64, signature: hex64 }),
  /** Nobody has closed by finishBy: the oracles hear of the vouchers from now on, and of K, whose statement this is. */
  z.strictObject({ type: z.literal('late'), ...job, keyStatement: hexBytes.nullable() }),
  /** An oracle signed that it holds this piece of evidence over this lock. */
  z.strictObject({ type: z.literal('receipt'), ...job, lock: outputReference, oracleKey: hex32, evidenceCid: cidText }),
  /** The lock was spent; `paid` is what came to our address, null when it could not be read. */
  z.strictObject({ type: z.literal('spent'), ...job, txId: hex32, paid: amountText.nullable() }),
  /** The lock never was, or nothing is left to wait for. */
  z.strictObject({ type: z.literal('abandoned'), ...job, reason: z.string().max(500) }),
  /** Nobody can dispute it any more and nothing is reserved for it: log, outputs and last checkpoint stay while there is room. */
  z.strictObject({ type: z.literal('kept'), ...job, bytes: byteCount }),
  /** Inputs, outputs and logs are deleted. */
  z.strictObject({ type: z.literal('cleaned'), ...job }),
]);
export type AgentEntry = z.infer<typeof agentEntry>;

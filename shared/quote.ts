// QuoteRequest, Quote and refusals: what is asked, what is promised, and the plain reasons of a "no".
import { z } from 'zod';
import {
  amount,
  assetId,
  byteCount,
  cardanoAddress,
  cidText,
  durationMs,
  hex32,
  hex64,
  network,
  outputReference,
  peerIdText,
  timeMs,
} from './fields.ts';
import { containerWork } from './container-program.ts';
import { delivery, replay, resources, sandboxLevel } from './job-spec.ts';
import { MAX_ORACLES, oracleKeys } from './lock.ts';
import { graphSummary } from './onnx-graph-summary.ts';

export const MAX_QUOTE_REQUEST_BYTES = 32 * 1024;
export const MAX_QUOTE_BYTES = 8 * 1024;
/** A quote holds its capacity this long. Source: DESIGN section 3. */
export const QUOTE_LIFETIME_MS = 90_000;

/** What an agent learns before it quotes: kind, sizes, limits and the spec's hash, never the spec itself. */
export const quoteRequest = z
  .strictObject({
    v: z.literal(1),
    network,
    /** CID of the spec; the spec follows with the lock and must match it. */
    jobId: cidText,
    work: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('onnx'), graph: graphSummary }), containerWork]),
    resources,
    inputBytes: byteCount,
    outputLimitBytes: byteCount,
    timeLimitMs: durationMs,
    delivery,
    replay,
    serviceProvider: z.strictObject({ peerId: peerIdText, address: cardanoAddress }),
    voucherKey: hex32,
    oracleKeys,
    k: z.int().min(1).max(MAX_ORACLES),
    /** "I will pay by vouchers while it runs." Left out otherwise. */
    stream: z.literal(true).optional(),
  })
  .refine((request) => request.k <= request.oracleKeys.length, 'k must not exceed the number of oracle keys');
export type QuoteRequest = z.infer<typeof quoteRequest>;

/** How a job is paid while it runs. Base units. */
export const streamTerms = z
  .strictObject({
    /** The agent pauses the job while more than this is due beyond the highest voucher. */
    maxUnpaidBaseUnits: amount,
    /** What vouchers leave open until there are outputs to be had for it. */
    holdBackBaseUnits: amount,
  })
  .refine((terms) => terms.holdBackBaseUnits > 0n, 'something must be held back until there are outputs')
  .refine((terms) => terms.holdBackBaseUnits <= terms.maxUnpaidBaseUnits, 'what is held back must not exceed what may be unpaid');
export type StreamTerms = z.infer<typeof streamTerms>;

/** A signed promise: run this spec for at most this amount, between these times. Signed by the compute provider's peer key. */
export const quote = z
  .strictObject({
    v: z.literal(1),
    network,
    jobId: cidText,
    serviceProvider: z.strictObject({ peerId: peerIdText, address: cardanoAddress }),
    computeProvider: z.strictObject({ peerId: peerIdText, address: cardanoAddress }),
    voucherKey: hex32,
    closeKey: hex32,
    oracleKeys,
    k: z.int().min(1).max(MAX_ORACLES),
    asset: assetId,
    /** The cap: what is locked. Rate times time limit for the reserved capacity, at least the minimum. */
    amountBaseUnits: amount,
    rateBaseUnitsPerHour: amount,
    minimumBaseUnits: amount,
    settleLovelace: amount,
    resources,
    timeLimitMs: durationMs,
    delivery,
    replay,
    sandbox: sandboxLevel,
    /** When the agent expects to start after the lock is deep enough, from its queue and its cache. */
    expectedStartMs: durationMs,
    issuedAt: timeMs,
    expiresAt: timeMs,
    startBy: timeMs,
    finishBy: timeMs,
    disputeBy: timeMs,
    reclaimAfter: timeMs,
    /** Only in the quote of a job that is paid by vouchers. */
    stream: streamTerms.optional(),
  })
  .refine(
    (q) =>
      q.issuedAt < q.expiresAt &&
      q.expiresAt <= q.startBy &&
      q.startBy < q.finishBy &&
      q.finishBy < q.disputeBy &&
      q.disputeBy < q.reclaimAfter,
    'times must be ordered: issuedAt < expiresAt <= startBy < finishBy < disputeBy < reclaimAfter',
  )
  .refine((q) => q.minimumBaseUnits <= q.amountBaseUnits, 'minimum must not exceed the amount')
  .refine((q) => q.k <= q.oracleKeys.length, 'k must not exceed the number of oracle keys')
  .refine((q) => (q.stream?.maxUnpaidBaseUnits ?? 0n) <= q.amountBaseUnits, 'what may be unpaid must not exceed the amount');
export type Quote = z.infer<typeof quote>;

/** One reason of a "no": a stable code and a sentence a person can act on. */
export const reason = z.strictObject({ code: z.string().regex(/^[a-z0-9-]{1,60}$/), message: z.string().min(1).max(500) });
export type Reason = z.infer<typeof reason>;
const reasons = z.array(reason).min(1).max(16);

/** "No" to a request, before any money moved. Signed by the compute provider's peer key. */
export const quoteRefusal = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  computeProvider: peerIdText,
  reasons,
  issuedAt: timeMs,
});
export type QuoteRefusal = z.infer<typeof quoteRefusal>;

/** "No" to a lock that is on chain: the oracles refund it at once. Signed by the compute provider's peer key. */
export const lockRefusal = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  quoteCid: cidText,
  lock: outputReference,
  reasons,
  issuedAt: timeMs,
  /** By the quote's close key over `closeBytes(lock, 0)`: with a voucher of 0 the money is back without an oracle. */
  closeSignature: hex64.optional(),
});
export type LockRefusal = z.infer<typeof lockRefusal>;

const HOUR_MS = 3_600_000n;
const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** The cap of a quote: rate times time limit rounded up, never below the minimum charge. Base units. */
export function quotedAmount(rateBaseUnitsPerHour: bigint, timeLimitMs: number, minimumBaseUnits: bigint): bigint {
  const full = ceilDiv(rateBaseUnitsPerHour * BigInt(timeLimitMs), HOUR_MS);
  return full > minimumBaseUnits ? full : minimumBaseUnits;
}

/** Pay for billed time: rate times time rounded up, from the minimum charge to the locked amount. Base units. */
export function billedPay(q: Pick<Quote, 'rateBaseUnitsPerHour' | 'minimumBaseUnits' | 'amountBaseUnits'>, billedMs: number): bigint {
  const used = quotedAmount(q.rateBaseUnitsPerHour, billedMs, q.minimumBaseUnits);
  return used < q.amountBaseUnits ? used : q.amountBaseUnits;
}

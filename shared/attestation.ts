// Attestation and Receipt: what an oracle signs, and that it has seen a piece of evidence.
import { hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { amount, cidText, hex32, hex64, network, outputReference, timeMs } from './fields.ts';
import { settleBytes } from './lock.ts';
import { verifySignature } from './signature.ts';

export const verdictKind = z.enum(['withdraw', 'refund', 'distribute']);
export type VerdictKind = z.infer<typeof verdictKind>;

/** One oracle's word over one lock. `signature` is over `settleBytes(lock, paid)`: the validator reads nothing else. */
export const attestation = z.strictObject({
  v: z.literal(1),
  network,
  lock: outputReference,
  oracleKey: hex32,
  verdict: verdictKind,
  /** Row of the verdict table that decided. */
  rule: z.string().regex(/^[a-z0-9-]{1,60}$/),
  paidBaseUnits: amount,
  signature: hex64,
});
export type Attestation = z.infer<typeof attestation>;

export const attestationIsSigned = (a: Attestation): boolean =>
  verifySignature(hexToBytes(a.signature), settleBytes(a.lock, a.paidBaseUnits), a.oracleKey);

/** Signed by the oracle key: this evidence was in my hands at this time. */
export const receipt = z.strictObject({
  v: z.literal(1),
  network,
  lock: outputReference,
  evidenceCid: cidText,
  oracleKey: hex32,
  receivedAt: timeMs,
});
export type Receipt = z.infer<typeof receipt>;
export const MAX_RECEIPT_BYTES = 1024;

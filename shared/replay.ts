// The replay port: what an oracle asks of the agent that its operator runs beside it, and the answer. dag-cbor over a Unix socket or loopback HTTP.
import { z } from 'zod';
import { hex32, multiaddrText, outputReference } from './fields.ts';
import { decode, encode } from './encoding.ts';
import { MAX_SPEC_BYTES } from './job-spec.ts';
import { MAX_ANSWER_BYTES, MAX_MANIFEST_BYTES } from './manifest.ts';
import { MAX_QUOTE_BYTES } from './quote.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** Eight that each party told of itself, or what others told of them where a party told less. */
export const MAX_REPLAY_SOURCES = 16;

/** A slower machine than the claimant's still gets to the end: times the job's own limit, for the run and for each of two scores. */
export const REPLAY_SLOWER = 3;
/** The most that fetching all inputs may take, ms, and the most for all outputs. */
export const REPLAY_FETCH_MS = 15 * 60_000;
/** The whole of one replay, ms: who asks waits that long. */
export const replayLimitMs = (timeLimitMs: number): number => 2 * REPLAY_FETCH_MS + 3 * REPLAY_SLOWER * timeLimitMs;

/** `POST` here, `Content-Type: application/cbor`; answers 200 with a `ReplayResponse`, or a problem with a non-2xx status. */
export const REPLAY_PATH = '/replay';

/**
 * Run the job of this lock again and compare with what the manifest claims. The pieces are the signed envelopes as the
 * oracle has checked them, so that the replayer can open them with `openQuote` and `openEvidence` itself.
 */
export const replayRequest = z.strictObject({
  v: z.literal(1),
  lock: outputReference,
  /** Signed `quote`. */
  quote: bytes,
  /** Signed `manifest`: the claim. */
  manifest: bytes,
  /** Signed `dispute`. */
  dispute: bytes,
  /** dag-cbor of the JobSpec. */
  spec: bytes,
  /** K of a sealed delivery, hex; left out for an open one. */
  key: hex32.exactOptional(),
  /** Where the inputs and the claimed outputs can be fetched: addresses of the two parties, those that each told of itself first. */
  sources: z.array(multiaddrText).max(MAX_REPLAY_SOURCES),
});
export type ReplayRequest = z.infer<typeof replayRequest>;
export const MAX_REPLAY_REQUEST_BYTES = MAX_SPEC_BYTES + MAX_QUOTE_BYTES + MAX_MANIFEST_BYTES + MAX_ANSWER_BYTES + 16 * 1024;

/**
 * - `upheld`: the dispute is right. The claim is not what the job gives: another output root and the job's metric out of
 *   its tolerance (or no metric to compare); or a claimed job fault that the replay did not meet.
 * - `rejected`: the dispute is wrong. The same output root, or the metric within the tolerance; or the same job fault.
 * - `withheld`: the inputs came, but nobody serves the outputs that the manifest claims. Ask again: it may be a pause.
 * - `unavailable`: nothing can be said now (inputs not reachable, no capacity).
 */
export const replayOutcome = z.enum(['upheld', 'rejected', 'unavailable', 'withheld']);
export type ReplayOutcome = z.infer<typeof replayOutcome>;

export const replayResponse = z.strictObject({
  v: z.literal(1),
  outcome: replayOutcome,
  /** A sentence for the status page: what was compared with what. */
  detail: z.string().min(1).max(500),
  /** Set when the job's own metric was compared. */
  score: z.strictObject({ metric: z.string().max(200), claimed: z.number(), replayed: z.number(), tolerance: z.number() }).nullable(),
});
export type ReplayResponse = z.infer<typeof replayResponse>;
export const MAX_REPLAY_RESPONSE_BYTES = 4 * 1024;

export const encodeReplayRequest = (request: ReplayRequest): Uint8Array => encode(request);
export const openReplayRequest = (bytes: Uint8Array): ReplayRequest =>
  decode(replayRequest, bytes, { name: 'replay request', maxBytes: MAX_REPLAY_REQUEST_BYTES });
export const encodeReplayResponse = (response: ReplayResponse): Uint8Array => encode(response);
export const openReplayResponse = (bytes: Uint8Array): ReplayResponse =>
  decode(replayResponse, bytes, { name: 'replay response', maxBytes: MAX_REPLAY_RESPONSE_BYTES });

// Evidence: the signed pieces that oracles pool over one lock, opened against the keys that the quote names.
import { z } from 'zod';
import { cidText, multiaddrText, outputReference, type Network, type OutputReference } from './fields.ts';
import { cidOfHash, decode, encode, parse } from './encoding.ts';
import { jobIdOf, jobSpec, MAX_SPEC_BYTES, type JobSpec } from './job-spec.ts';
import {
  ack,
  cancel,
  dispute,
  manifest,
  MAX_ANSWER_BYTES,
  MAX_MANIFEST_BYTES,
  type Ack,
  type Cancel,
  type Dispute,
  type Manifest,
} from './manifest.ts';
import { lockRefusal, MAX_QUOTE_BYTES, quote, type LockRefusal, type Quote } from './quote.ts';
import { NunetError } from './errors.ts';
import { keyOfPeerId } from './peer-id.ts';
import { openStatement, type Signed } from './signature.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

export const EVIDENCE_KINDS = ['quote', 'lock-refusal', 'manifest', 'ack', 'dispute', 'cancel'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** One POST to an oracle, dag-cbor. `spec` and `sources` are needed only for a replay. */
export const evidenceBundle = z.strictObject({
  v: z.literal(1),
  lock: outputReference,
  items: z
    .array(z.strictObject({ kind: z.enum(EVIDENCE_KINDS), envelope: bytes }))
    .min(1)
    .max(EVIDENCE_KINDS.length),
  /** dag-cbor of the JobSpec; must hash to the quote's job id. */
  spec: bytes.nullable(),
  /** Where inputs and outputs can be fetched for a replay. */
  sources: z.array(multiaddrText).max(8),
});
export type EvidenceBundle = z.infer<typeof evidenceBundle>;
export const MAX_EVIDENCE_BYTES = MAX_SPEC_BYTES + MAX_MANIFEST_BYTES + MAX_QUOTE_BYTES + 4 * MAX_ANSWER_BYTES + 8 * 1024;

/** Opens the quote of a lock: signed by the compute provider it names. Throws as `openStatement`. */
export const openQuote = (envelope: Uint8Array, network: Network): Signed<Quote> =>
  openStatement('quote', quote, envelope, {
    network,
    maxBytes: MAX_QUOTE_BYTES,
    keyOf: (body) => keyOfPeerId(body.computeProvider.peerId),
  });

const sameLock = (a: OutputReference, b: OutputReference): boolean => a.txId === b.txId && a.index === b.index;

/** Opens one piece that must belong to this quote and this lock. Throws as `openStatement`, or `evidence-foreign`. */
export function openEvidence(
  kind: Exclude<EvidenceKind, 'quote'>,
  envelope: Uint8Array,
  context: { quote: Signed<Quote>; lock: OutputReference },
): Signed<LockRefusal | Manifest | Ack | Dispute | Cancel> {
  const { quote: q, lock } = context;
  const agent = (): string => keyOfPeerId(q.body.computeProvider.peerId);
  const serviceProvider = (): string => q.body.voucherKey;
  const { network } = q.body;
  const opened = {
    'lock-refusal': () => openStatement('lock-refusal', lockRefusal, envelope, { network, maxBytes: MAX_QUOTE_BYTES, keyOf: agent }),
    manifest: () => openStatement('manifest', manifest, envelope, { network, maxBytes: MAX_MANIFEST_BYTES, keyOf: agent }),
    ack: () => openStatement('ack', ack, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
    dispute: () => openStatement('dispute', dispute, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
    cancel: () => openStatement('cancel', cancel, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
  }[kind]();
  const body = opened.body;
  if (body.jobId !== q.body.jobId || !sameLock(body.lock, lock) || ('quoteCid' in body && body.quoteCid !== q.cid)) {
    throw new NunetError('evidence-foreign', `Cannot accept ${kind} ${opened.cid}: it belongs to another job or lock`);
  }
  return opened;
}

/** The spec of a quote from a stranger's bytes. Throws `evidence-foreign` when it is another job's. */
export function openSpec(bytes: Uint8Array, jobId: string): JobSpec {
  const spec = decode(jobSpec, bytes, { name: 'job spec', maxBytes: MAX_SPEC_BYTES });
  if (jobIdOf(spec) !== jobId)
    throw new NunetError('evidence-foreign', `Cannot accept job spec: it hashes to ${jobIdOf(spec)}, the quote is for ${jobId}`);
  return spec;
}

export const encodeBundle = (bundle: EvidenceBundle): Uint8Array => encode(bundle);
export const openBundle = (bytes: Uint8Array): EvidenceBundle =>
  decode(evidenceBundle, bytes, { name: 'evidence', maxBytes: MAX_EVIDENCE_BYTES });

/** What an oracle tells of a lock, JSON over HTTP. */
export const lockReport = z.strictObject({
  lock: outputReference,
  jobId: cidText.nullable(),
  evidence: z.array(z.strictObject({ kind: z.enum(EVIDENCE_KINDS), cid: cidText, receivedAt: z.int() })),
  /** Attestations known to this oracle, as JSON (amounts as decimal text). */
  attestations: z.array(
    z.strictObject({ oracleKey: z.string(), verdict: z.string(), rule: z.string(), paidBaseUnits: z.string(), signature: z.string() }),
  ),
  /** Transaction that settled it, once submitted. */
  settleTxId: z.string().nullable(),
  state: z.enum(['unknown', 'waiting', 'replaying', 'attested', 'submitted', 'settled', 'ended']),
  detail: z.string(),
});
export type LockReport = z.infer<typeof lockReport>;
export const parseLockReport = (value: unknown): LockReport => parse(lockReport, value, 'lock report');

/** The quote CID that a datum's hash stands for. */
export const quoteCidOfDatum = (datum: { quoteHash: string }): string => cidOfHash(datum.quoteHash);

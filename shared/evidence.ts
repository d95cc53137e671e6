// Evidence: the signed pieces that oracles pool over one lock, opened against the keys that the quote names.
import { z } from 'zod';
import { cidText, multiaddrText, outputReference, type Network, type OutputReference } from './fields.ts';
import { cidOf, cidOfHash, decode, encode, parse } from './encoding.ts';
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
import { MAX_SEALED_KEY_BYTES, sealedKey, type SealedKey } from './sealed/sealed-key.ts';
import { MAX_WRONG_PLAINTEXT_BYTES, wrongPlaintext, type WrongPlaintext } from './sealed/wrong-plaintext.ts';
import { openStatement, type Signed } from './signature.ts';
import { MAX_VOUCHER_BYTES, openVoucher, type Voucher } from './voucher.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** In the order in which an oracle takes them: the last three say something of a manifest. */
export const EVIDENCE_KINDS = [
  'quote',
  'lock-refusal',
  'manifest',
  'ack',
  'dispute',
  'cancel',
  'voucher',
  'sealed-key',
  'wrong-plaintext',
] as const;
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
export const MAX_EVIDENCE_BYTES =
  MAX_SPEC_BYTES +
  MAX_MANIFEST_BYTES +
  MAX_QUOTE_BYTES +
  4 * MAX_ANSWER_BYTES +
  MAX_VOUCHER_BYTES +
  MAX_SEALED_KEY_BYTES +
  MAX_WRONG_PLAINTEXT_BYTES +
  8 * 1024;

/** Opens the quote of a lock: signed by the compute provider it names. Throws as `openStatement`. */
export const openQuote = (envelope: Uint8Array, network: Network): Signed<Quote> =>
  openStatement('quote', quote, envelope, {
    network,
    maxBytes: MAX_QUOTE_BYTES,
    keyOf: (body) => keyOfPeerId(body.computeProvider.peerId),
  });

const sameLock = (a: OutputReference, b: OutputReference): boolean => a.txId === b.txId && a.index === b.index;

type Piece = LockRefusal | Manifest | Ack | Dispute | Cancel | Voucher | SealedKey | WrongPlaintext;

/** Nobody signs a proof: whether it holds is asked of `wrongPlaintextProblem`, with the manifest that it is about. */
function openProof(envelope: Uint8Array, network: Network): Signed<WrongPlaintext> {
  const body = decode(wrongPlaintext, envelope, { name: 'wrong-plaintext', maxBytes: MAX_WRONG_PLAINTEXT_BYTES });
  if (body.network !== network)
    throw new NunetError('network-mismatch', `Cannot accept wrong-plaintext: it is for ${body.network}, this is ${network}`);
  return { body, cid: cidOf(envelope), envelope };
}

/** Opens one piece that must belong to this quote and this lock. Throws as `openStatement`, or `evidence-foreign`. */
export function openEvidence(
  kind: Exclude<EvidenceKind, 'quote'>,
  envelope: Uint8Array,
  context: { quote: Signed<Quote>; lock: OutputReference },
): Signed<Piece> {
  const { quote: q, lock } = context;
  const agent = (): string => keyOfPeerId(q.body.computeProvider.peerId);
  const serviceProvider = (): string => q.body.voucherKey;
  const { network } = q.body;
  const opened: Signed<Piece> = {
    'lock-refusal': () => openStatement('lock-refusal', lockRefusal, envelope, { network, maxBytes: MAX_QUOTE_BYTES, keyOf: agent }),
    manifest: () => openStatement('manifest', manifest, envelope, { network, maxBytes: MAX_MANIFEST_BYTES, keyOf: agent }),
    ack: () => openStatement('ack', ack, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
    dispute: () => openStatement('dispute', dispute, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
    cancel: () => openStatement('cancel', cancel, envelope, { network, maxBytes: MAX_ANSWER_BYTES, keyOf: serviceProvider }),
    voucher: () => openVoucher(envelope, { network, voucherKey: serviceProvider() }),
    'sealed-key': () => openStatement('sealed-key', sealedKey, envelope, { network, maxBytes: MAX_SEALED_KEY_BYTES, keyOf: agent }),
    'wrong-plaintext': () => openProof(envelope, network),
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
  state: z.enum(['unknown', 'waiting', 'replaying', 'attested', 'agreed', 'submitted', 'settled', 'ended']),
  detail: z.string(),
});
export type LockReport = z.infer<typeof lockReport>;
export const parseLockReport = (value: unknown): LockReport => parse(lockReport, value, 'lock report');

/** The quote CID that a datum's hash stands for. */
export const quoteCidOfDatum = (datum: { quoteHash: string }): string => cidOfHash(datum.quoteHash);

// JobRecord: one job as its journal tells it. A pure reducer: each entry either follows from the record or is refused.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { agreementProblem, type Agreement } from '../agreement.ts';
import { decode, encode } from '../encoding.ts';
import { NunetError } from '../errors.ts';
import { openEvidence, openQuote, openSpec } from '../evidence.ts';
import { hex32, hex64, multiaddrText, timeMs } from '../fields.ts';
import { jobIdOf, type JobSpec } from '../job-spec.ts';
import { canJobGo, isJobEnd, JOB_STATES, type JobState } from '../job-state.ts';
import { canLockGo, isLockEnd, LOCK_STATES, settledAs, type LockState } from '../lock-state.ts';
import { NO_KEY_HASH, voucherBytes } from '../lock.ts';
import { outputFile, type Ack, type Cancel, type Dispute, type Manifest, type OutputFile } from '../manifest.ts';
import { MAX_QUOTE_REQUEST_BYTES, quoteRequest, type LockRefusal, type Quote, type QuoteRequest } from '../quote.ts';
import { verifySignature, type Signed } from '../signature.ts';
import type { BuiltLock, BuiltTransaction, Checkpoint, CheckResult, SpentLock } from './ports.ts';

/** bigint in memory; a journal kept as JSON gives decimal text back. */
const amountText = z.union([z.bigint(), z.string().regex(/^\d{1,19}$/)]).transform((value) => BigInt(value));
const hexText = z.string().regex(/^([0-9a-f]{2})*$/);
const sentence = z.string().max(1000);

const built = { cbor: hexText, txId: hex32, feeLovelace: amountText, validUntilMs: timeMs };
const spent = z.strictObject({
  txId: hex32,
  how: z.enum(['settle', 'agree', 'reclaim']),
  paidBaseUnits: amountText,
  changeBaseUnits: amountText,
  paidLovelace: amountText,
  changeLovelace: amountText,
  feeLovelace: amountText,
  /** Journals from before agreements have none. */
  secret: hex32.nullable().default(null),
});

/** 2 brought checkpoints: every entry of 1 is one of 2. */
export const JOB_JOURNAL_VERSION = 2;
export const JOB_JOURNAL_MIGRATIONS = { 1: (entry: unknown): unknown => entry } as const;

/** One line of a job's journal. Bytes are hex text and amounts bigint or decimal text, so that JSON and structured clones both keep it. */
export const jobEntry = z.discriminatedUnion('type', [
  /** `spec` and `request` are dag-cbor. */
  z.strictObject({ type: z.literal('opened'), atMs: timeMs, spec: hexText, request: hexText, budgetBaseUnits: amountText }),
  /** The quote that the service provider took. */
  z.strictObject({ type: z.literal('quoted'), atMs: timeMs, envelope: hexText, addresses: z.array(multiaddrText).max(16) }),
  /** Signed, before it is submitted for the first time. */
  z.strictObject({ type: z.literal('lock-built'), atMs: timeMs, ...built, index: z.int().min(0).max(65_535), lockedLovelace: amountText }),
  z.strictObject({ type: z.literal('lock'), atMs: timeMs, state: z.enum(LOCK_STATES), detail: sentence, spent: spent.optional() }),
  z.strictObject({ type: z.literal('job'), atMs: timeMs, state: z.enum(JOB_STATES), detail: sentence }),
  z.strictObject({ type: z.literal('refusal'), atMs: timeMs, envelope: hexText }),
  z.strictObject({ type: z.literal('manifest'), atMs: timeMs, envelope: hexText }),
  /** A checkpoint is kept, whole and verified. */
  z.strictObject({ type: z.literal('checkpoint'), atMs: timeMs, number: z.int().min(1), takenAtMs: timeMs, file: outputFile }),
  /** Every output of the manifest is stored, whole and verified. */
  z.strictObject({ type: z.literal('outputs-stored'), atMs: timeMs }),
  z.strictObject({ type: z.literal('checked'), atMs: timeMs, accept: z.boolean(), score: z.number().nullable(), detail: sentence }),
  z.strictObject({ type: z.literal('cancel-wanted'), atMs: timeMs }),
  /** Signed, before anybody is told. */
  z.strictObject({ type: z.literal('answer'), atMs: timeMs, kind: z.enum(['ack', 'dispute', 'cancel']), envelope: hexText }),
  /** Signed, before it is sent. `final` asks the agent to close at this pay. */
  z.strictObject({
    type: z.literal('voucher'),
    atMs: timeMs,
    paidBaseUnits: amountText,
    keyHash: hex32,
    signature: hex64,
    final: z.boolean(),
  }),
  /** The agent's half over the final voucher: from here on anybody may end the lock. */
  z.strictObject({ type: z.literal('close'), atMs: timeMs, closeSignature: hex64, secret: hex32.nullable() }),
  /** The agent did not close in time: the oracles hear of the final voucher. */
  z.strictObject({ type: z.literal('close-late'), atMs: timeMs }),
  /** Sealed outputs are readable here, under these CIDs. */
  z.strictObject({ type: z.literal('opened-outputs'), atMs: timeMs, outputs: z.array(outputFile).max(64) }),
  /** Proof that a sealed output is not what its manifest committed to. */
  z.strictObject({ type: z.literal('wrong-plaintext'), atMs: timeMs, file: z.string().max(120), proof: hexText }),
  z.strictObject({ type: z.literal('agree-built'), atMs: timeMs, ...built }),
  /** `to` is an oracle key or the agent's peer id; `what` are CIDs of what it has. */
  z.strictObject({ type: z.literal('told'), atMs: timeMs, to: z.string().max(64), what: z.array(z.string().max(120)).max(8) }),
  z.strictObject({ type: z.literal('reclaim-built'), atMs: timeMs, ...built }),
]);
export type JobEntry = z.infer<typeof jobEntry>;

/** Cumulative pay, signed by the job key. */
export interface Voucher {
  readonly paidBaseUnits: bigint;
  readonly keyHash: string;
  readonly signature: string;
}

export interface StateChange<State extends string> {
  state: State;
  atMs: number;
  detail: string;
}

/** Everything known of a job. Never changed in place. */
export interface JobRecord {
  readonly jobId: string;
  readonly spec: JobSpec;
  readonly request: QuoteRequest;
  readonly budgetBaseUnits: bigint;
  readonly job: JobState;
  /** Null until a quote was taken. */
  readonly lock: LockState | null;
  readonly jobHistory: readonly StateChange<JobState>[];
  readonly lockHistory: readonly StateChange<LockState>[];
  readonly quote?: Signed<Quote>;
  readonly addresses: readonly string[];
  readonly lockTx?: BuiltLock;
  readonly refusal?: Signed<LockRefusal>;
  readonly manifest?: Signed<Manifest>;
  /** The last one that is kept. */
  readonly checkpoint?: Checkpoint;
  readonly outputsStored: boolean;
  readonly check?: CheckResult;
  readonly cancelWanted: boolean;
  readonly cancel?: Signed<Cancel>;
  readonly answer?: { readonly kind: 'ack'; readonly signed: Signed<Ack> } | { readonly kind: 'dispute'; readonly signed: Signed<Dispute> };
  /** The highest voucher signed while the job ran. */
  readonly voucher?: Voucher;
  /** The one that asks to close; it may stop a running job. The last one counts. */
  readonly finalVoucher?: Voucher;
  /** What both parties signed. */
  readonly agreement?: Agreement;
  readonly agreeTx?: BuiltTransaction;
  readonly closeLate: boolean;
  /** The readable files of a sealed delivery. */
  readonly opened?: readonly OutputFile[];
  readonly wrongPlaintext?: { readonly file: string; readonly proof: Uint8Array };
  /** CIDs that each oracle (by key) and the agent (by peer id) have. */
  readonly told: Readonly<Record<string, readonly string[]>>;
  readonly reclaimTx?: BuiltTransaction;
  /** How the lock ended; gone again after a rollback. */
  readonly spent?: SpentLock;
}

function illegal(entry: JobEntry, why: string): never {
  throw new NunetError('journal-illegal', `Cannot take journal entry "${entry.type}": ${why}`);
}

function opened(entry: Extract<JobEntry, { type: 'opened' }>): JobRecord {
  const request = decode(quoteRequest, hexToBytes(entry.request), { name: 'quote request', maxBytes: MAX_QUOTE_REQUEST_BYTES });
  const spec = openSpec(hexToBytes(entry.spec), request.jobId);
  return {
    jobId: request.jobId,
    spec,
    request,
    budgetBaseUnits: entry.budgetBaseUnits,
    job: 'draft',
    lock: null,
    jobHistory: [{ state: 'draft', atMs: entry.atMs, detail: '' }],
    lockHistory: [],
    addresses: [],
    outputsStored: false,
    cancelWanted: false,
    closeLate: false,
    told: {},
  };
}

const withJob = (record: JobRecord, state: JobState, atMs: number, detail: string): JobRecord => ({
  ...record,
  job: state,
  jobHistory: [...record.jobHistory, { state, atMs, detail }],
});

const withLock = (record: JobRecord, state: LockState, atMs: number, detail: string): JobRecord => ({
  ...record,
  lock: state,
  lockHistory: [...record.lockHistory, { state, atMs, detail }],
});

/** Opens a signed piece that must belong to this job's quote and lock. */
function piece(
  record: JobRecord,
  kind: Parameters<typeof openEvidence>[0],
  entry: JobEntry & { envelope: string },
): ReturnType<typeof openEvidence> {
  if (record.quote === undefined || record.lockTx === undefined) return illegal(entry, 'there is no lock yet');
  return openEvidence(kind, hexToBytes(entry.envelope), { quote: record.quote, lock: record.lockTx.reference });
}

/** The most that the job key has signed away so far. */
export function highestVoucher({ voucher, finalVoucher }: Pick<JobRecord, 'voucher' | 'finalVoucher'>): bigint {
  const [running, last] = [voucher?.paidBaseUnits ?? 0n, finalVoucher?.paidBaseUnits ?? 0n];
  return running > last ? running : last;
}

/** A voucher never takes back what an earlier one gave, and nothing is signed any more once both parties closed. */
function withVoucher(record: JobRecord, entry: Extract<JobEntry, { type: 'voucher' }>): JobRecord {
  const { quote, lockTx } = record;
  if (quote === undefined || lockTx === undefined) return illegal(entry, 'there is no lock yet');
  if (record.agreement !== undefined) return illegal(entry, 'both parties closed already');
  const { paidBaseUnits, keyHash, signature, final } = entry;
  const before = highestVoucher(record);
  if (paidBaseUnits < before || (!final && paidBaseUnits === before)) return illegal(entry, `${before} base units were given already`);
  if (paidBaseUnits > quote.body.amountBaseUnits) return illegal(entry, `the lock holds ${quote.body.amountBaseUnits} base units`);
  if (!final && keyHash !== NO_KEY_HASH) return illegal(entry, 'only the last voucher names a key');
  if (!verifySignature(hexToBytes(signature), voucherBytes(lockTx.reference, paidBaseUnits, keyHash), quote.body.voucherKey))
    return illegal(entry, 'the job key did not sign it');
  const next = { paidBaseUnits, keyHash, signature };
  return final ? { ...record, finalVoucher: next } : { ...record, voucher: next };
}

/** The record after one more entry. Throws `journal-illegal`, or as `openStatement` for an envelope that does not belong. */
export function reduceJob(record: JobRecord | undefined, entry: JobEntry): JobRecord {
  if (entry.type === 'opened') return record === undefined ? opened(entry) : illegal(entry, 'the job is open already');
  if (record === undefined) return illegal(entry, 'the journal does not begin with "opened"');
  const { atMs } = entry;
  switch (entry.type) {
    case 'quoted': {
      if (!canJobGo(record.job, 'quoted')) return illegal(entry, `the job is ${record.job}`);
      const quote = openQuote(hexToBytes(entry.envelope), record.spec.network);
      if (quote.body.jobId !== record.jobId) return illegal(entry, 'the quote is for another job');
      const next = withLock(withJob(record, 'quoted', atMs, ''), 'building', atMs, '');
      return { ...next, quote, addresses: entry.addresses };
    }
    case 'lock-built': {
      if (record.lock !== 'building' || record.lockTx !== undefined) return illegal(entry, 'a quote is locked once');
      const { cbor, txId, feeLovelace, validUntilMs, index, lockedLovelace } = entry;
      return { ...record, lockTx: { cbor, txId, feeLovelace, validUntilMs, lockedLovelace, reference: { txId, index } } };
    }
    case 'lock': {
      if (record.lock === null || !canLockGo(record.lock, entry.state)) {
        return illegal(entry, `the lock is ${record.lock ?? 'not begun'} and cannot become ${entry.state}`);
      }
      if (entry.state !== 'dropped' && isLockEnd(entry.state) !== (entry.spent !== undefined)) {
        return illegal(entry, `${entry.state} ${isLockEnd(entry.state) ? 'lacks' : 'has no'} transaction that spent it`);
      }
      const { spent: _before, ...rest } = withLock(record, entry.state, atMs, entry.detail);
      return entry.spent === undefined ? rest : { ...rest, spent: entry.spent };
    }
    case 'job':
      if (!canJobGo(record.job, entry.state)) return illegal(entry, `the job is ${record.job} and cannot become ${entry.state}`);
      return withJob(record, entry.state, atMs, entry.detail);
    case 'refusal':
      return { ...record, refusal: piece(record, 'lock-refusal', entry) as Signed<LockRefusal> };
    case 'manifest':
      if (record.manifest !== undefined) return illegal(entry, 'there is a manifest already');
      return { ...record, manifest: piece(record, 'manifest', entry) as Signed<Manifest> };
    case 'checkpoint': {
      const { number, takenAtMs, file } = entry;
      if (record.lockTx === undefined) return illegal(entry, 'there is no lock yet');
      if (number <= (record.checkpoint?.number ?? 0)) return illegal(entry, `number ${record.checkpoint?.number} is kept already`);
      return { ...record, checkpoint: { number, takenAtMs, file } };
    }
    case 'outputs-stored':
      if (record.manifest === undefined) return illegal(entry, 'there is no manifest yet');
      return { ...record, outputsStored: true };
    case 'checked':
      if (record.manifest === undefined || record.check !== undefined) return illegal(entry, 'a manifest is checked once');
      return { ...record, check: { accept: entry.accept, score: entry.score, detail: entry.detail } };
    case 'cancel-wanted':
      return { ...record, cancelWanted: true };
    case 'answer': {
      const signed = piece(record, entry.kind, entry);
      if (entry.kind === 'cancel') {
        if (record.cancel !== undefined) return illegal(entry, 'it was cancelled already');
        return { ...record, cancel: signed };
      }
      // One answer a manifest, for ever: an ack outweighs a dispute of the same key, so a second one would only confuse.
      if (record.answer !== undefined) return illegal(entry, `the answer was ${record.answer.kind} already`);
      if ((signed.body as Ack | Dispute).manifestCid !== record.manifest?.cid) return illegal(entry, 'it answers another manifest');
      if (entry.kind === 'ack') return { ...record, answer: { kind: 'ack', signed: signed as Signed<Ack> } };
      return { ...record, answer: { kind: 'dispute', signed: signed as Signed<Dispute> } };
    }
    case 'voucher':
      return withVoucher(record, entry);
    case 'close': {
      const { quote, lockTx, finalVoucher } = record;
      if (quote === undefined || lockTx === undefined || finalVoucher === undefined) return illegal(entry, 'there is no final voucher');
      if (record.agreement !== undefined) return illegal(entry, 'a lock is closed once');
      const { closeSignature, secret } = entry;
      const agreement = { paid: finalVoucher.paidBaseUnits, voucherSignature: finalVoucher.signature, closeSignature, secret };
      const { amountBaseUnits } = quote.body;
      const problem = agreementProblem(agreement, { reference: lockTx.reference, datum: quote.body, amountBaseUnits });
      return problem === null ? { ...record, agreement } : illegal(entry, problem);
    }
    case 'close-late':
      if (record.finalVoucher === undefined) return illegal(entry, 'there is no final voucher');
      return { ...record, closeLate: true };
    case 'opened-outputs':
      if (record.manifest === undefined || !record.outputsStored) return illegal(entry, 'nothing sealed is stored');
      return { ...record, opened: entry.outputs };
    case 'wrong-plaintext':
      if (record.manifest === undefined || !record.outputsStored) return illegal(entry, 'nothing sealed is stored');
      return { ...record, wrongPlaintext: { file: entry.file, proof: hexToBytes(entry.proof) } };
    case 'agree-built': {
      if (record.agreement === undefined) return illegal(entry, 'nothing was agreed');
      const { cbor, txId, feeLovelace, validUntilMs } = entry;
      return { ...record, agreeTx: { cbor, txId, feeLovelace, validUntilMs } };
    }
    case 'told': {
      const before = record.told[entry.to] ?? [];
      return { ...record, told: { ...record.told, [entry.to]: [...new Set([...before, ...entry.what])] } };
    }
    case 'reclaim-built': {
      const { cbor, txId, feeLovelace, validUntilMs } = entry;
      return { ...record, reclaimTx: { cbor, txId, feeLovelace, validUntilMs } };
    }
  }
}

/** The record of a whole journal; undefined for an empty one. Throws as `reduceJob`. */
export const readJob = (entries: readonly JobEntry[]): JobRecord | undefined =>
  entries.reduce<JobRecord | undefined>((record, entry) => reduceJob(record, entry), undefined);

/** Work and money have both ended; a settle may still be rolled back until it is deep. */
export const jobHasEnded = (record: JobRecord): boolean => isJobEnd(record.job) && (record.lock === null || isLockEnd(record.lock));

/** What a spent lock is called, given what is known of the verdict: a share of the table only for a fault of the job itself. */
export function endOf(record: JobRecord, how: SpentLock): 'withdrawn' | 'refunded' | 'distributed' | 'reclaimed' {
  if (how.how === 'reclaim') return 'reclaimed';
  return settledAs(how.paidBaseUnits, record.manifest?.body.exit.kind === 'jobFault' ? 'distribute' : 'withdraw');
}

/** First entry of a job. */
export function openedEntry(spec: JobSpec, request: QuoteRequest, budgetBaseUnits: bigint, atMs: number): JobEntry {
  if (jobIdOf(spec) !== request.jobId) throw new NunetError('job-mismatch', 'Cannot open job: the request is for another spec');
  return { type: 'opened', atMs, spec: bytesToHex(encode(spec)), request: bytesToHex(encode(request)), budgetBaseUnits };
}

/** The quote that was taken becomes the job's quote: from here on `driveJob` may lock money. */
export const quotedEntry = (
  offer: { agent: { addresses: readonly string[] }; quote: { envelope: Uint8Array } },
  atMs: number,
): Extract<JobEntry, { type: 'quoted' }> => ({
  type: 'quoted',
  atMs,
  envelope: bytesToHex(offer.quote.envelope),
  addresses: offer.agent.addresses.slice(0, 16),
});

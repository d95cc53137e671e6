// EvidencePost: hands what was signed over a lock to every oracle of its quote, again and again, until each has signed for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { EvidenceBundle, EvidenceKind } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { OracleClient } from '@nunet/shared/oracle-client.ts';
import type { LockRefusal, Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { voucherEvidence, type Voucher } from '@nunet/shared/voucher.ts';
import { agreementOf } from './agreement-of.ts';
import type { Job, JobBook } from './job-book.ts';

export interface EvidenceParts {
  book: JobBook;
  /** Undefined for a key that the network record does not know (any more). */
  oracle(key: string): OracleClient | undefined;
  /** Where inputs and outputs can be fetched for a replay. */
  ownAddresses(): string[];
  /** Wall clock, for the journal. */
  now(): number;
  /** 0 to 1, so that agents that lost an oracle do not come back in step. */
  random(): number;
  onFailure(error: unknown, jobId: string): void;
  firstRetryMs: number;
  maxRetryMs: number;
}

/** The system tells nobody when a relay or a router gives another address. */
const LOOK_AT_ADDRESSES_MS = 60_000;

interface Piece {
  kind: EvidenceKind;
  cid: string;
  envelope: Uint8Array;
}

const pieceOf = (kind: EvidenceKind, signed: Signed<unknown> | undefined): Piece[] =>
  signed === undefined ? [] : [{ kind, cid: signed.cid, envelope: signed.envelope }];

/** What was signed over a job's lock, apart from the quote. */
const piecesOf = (job: Job): Piece[] => [
  ...pieceOf('lock-refusal', job.refusal),
  ...pieceOf('manifest', job.manifest),
  ...pieceOf('ack', job.ack),
  ...pieceOf('dispute', job.dispute),
  ...pieceOf('cancel', job.cancel),
  ...(job.late === undefined ? [] : [...pieceOf('voucher', voucherOf(job)), ...pieceOf('sealed-key', job.late.sealedKey)]),
];

/** The highest that names no key, as evidence: a verdict is never below it. */
function voucherOf({ jobId, lock, quote, voucher }: Job): Signed<Voucher> | undefined {
  if (voucher === undefined) return undefined;
  const { paid: paidBaseUnits, keyHash, signature } = voucher;
  return voucherEvidence({ v: 1, network: quote.body.network, jobId, lock, paidBaseUnits, keyHash, signature });
}

/**
 * Once both sides have signed how the lock ends, that is all that an oracle hears (post-agreement.ts): one that wakes up late must
 * not decide by its table what is agreed on already.
 */
const toTell = (job: Job): Piece[] => (agreementOf(job) === undefined ? piecesOf(job) : []);

/** True when each oracle of the quote that we can reach has signed for each piece. */
export function isDelivered(job: Job, parts: Pick<EvidenceParts, 'book' | 'oracle'>): boolean {
  const keys = job.quote.body.oracleKeys.filter((key) => parts.oracle(key) !== undefined);
  return toTell(job).every((piece) => keys.every((key) => parts.book.hasReceipt(job.lock, key, piece.cid)));
}

/**
 * Tells every oracle of the job what is signed over its lock, and what is signed later, each at its own pace: one that sleeps
 * holds up no other. Ends only with the signal, or when the journal fails.
 */
export async function keepTelling(job: Job, parts: EvidenceParts, signal: AbortSignal): Promise<never> {
  // Anybody may replay a public job, so only then may the spec leave the two peers.
  const spec = job.quote.body.replay === 'public' ? encode(job.spec) : null;
  const parcel: Parcel = {
    jobId: job.jobId,
    lock: job.lock,
    quote: job.quote,
    pieces: () => toTell(job),
    spec,
    // A replayer that does not find the outputs gives the money back, so a change of address is news too.
    addresses: () => (spec === null || job.manifest === undefined ? [] : parts.ownAddresses().slice(0, 8)),
    toldAddresses: new Map(),
  };
  const telling = job.quote.body.oracleKeys.map(async (key): Promise<never> => {
    for (;;) {
      await deliverTo(key, parcel, parts, signal);
      await untilMissing(key, parcel, parts, signal);
    }
  });
  return Promise.race(telling);
}

/** Tells every oracle of a refused lock that is not its job's own; resolves when each has signed for it. */
export async function deliverRefusal(
  refused: { quote: Signed<Quote>; refusal: Signed<LockRefusal> },
  parts: EvidenceParts,
  signal: AbortSignal,
): Promise<void> {
  const { jobId, lock } = refused.refusal.body;
  const pieces = pieceOf('lock-refusal', refused.refusal);
  const parcel: Parcel = {
    jobId,
    lock,
    quote: refused.quote,
    pieces: () => pieces,
    spec: null,
    addresses: () => [],
    toldAddresses: new Map(),
  };
  await Promise.all(refused.quote.body.oracleKeys.map((key) => deliverTo(key, parcel, parts, signal)));
}

interface Parcel {
  jobId: string;
  lock: OutputReference;
  quote: Signed<Quote>;
  /** Looked at before each try: an answer may have come meanwhile. */
  pieces(): Piece[];
  spec: Uint8Array | null;
  /** Where others fetch the outputs now; empty when nobody may, or when there is no way in. */
  addresses(): string[];
  /** By oracle key, what it was told last by this process; a new process may have new addresses. */
  toldAddresses: Map<string, string>;
}

const missingAt = (key: string, parcel: Parcel, parts: EvidenceParts): Piece[] =>
  parcel.pieces().filter((piece) => !parts.book.hasReceipt(parcel.lock, key, piece.cid));

function hasMoved(key: string, parcel: Parcel): boolean {
  const now = parcel.addresses();
  return now.length > 0 && parcel.toldAddresses.get(key) !== now.join();
}

/** Resolves once there is something that this oracle has not signed for, or this agent is at another address. */
function untilMissing(key: string, parcel: Parcel, parts: EvidenceParts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (then: () => void): void => {
      unwatch();
      signal.removeEventListener('abort', failed);
      clearInterval(timer);
      then();
    };
    const failed = (): void => done(() => reject(signal.reason as Error));
    const look = (): void => {
      // An oracle that the network record does not know is never told, so nothing is ever missing there.
      if (parts.oracle(key) !== undefined && (missingAt(key, parcel, parts).length > 0 || hasMoved(key, parcel))) done(resolve);
    };
    const unwatch = parts.book.watch(parcel.jobId, look);
    const timer = setInterval(look, LOOK_AT_ADDRESSES_MS).unref();
    signal.addEventListener('abort', failed, { once: true });
    if (signal.aborted) failed();
    else look();
  });
}

async function deliverTo(key: string, parcel: Parcel, parts: EvidenceParts, signal: AbortSignal): Promise<void> {
  const { jobId, lock, quote } = parcel;
  const client = parts.oracle(key);
  if (client === undefined) return;
  for (let waitMs = parts.firstRetryMs; ; waitMs = Math.min(waitMs * 2, parts.maxRetryMs)) {
    signal.throwIfAborted();
    const missing = missingAt(key, parcel, parts);
    if (missing.length === 0 && !hasMoved(key, parcel)) return;
    const addresses = parcel.addresses().join();
    const items: EvidenceBundle['items'] = [
      { kind: 'quote', envelope: quote.envelope },
      ...missing.map(({ kind, envelope }) => ({ kind, envelope })),
    ];
    const bundle: EvidenceBundle = { v: 1, lock, items, spec: parcel.spec, sources: parts.ownAddresses().slice(0, 8) };
    try {
      const { receipts } = await client.submitEvidence(bundle, AbortSignal.any([signal, AbortSignal.timeout(15_000)]));
      parcel.toldAddresses.set(key, addresses);
      for (const { body } of receipts) {
        if (!missing.some((piece) => piece.cid === body.evidenceCid)) continue;
        await parts.book.record({ type: 'receipt', jobId, at: parts.now(), lock, oracleKey: key, evidenceCid: body.evidenceCid });
      }
      if (missingAt(key, parcel, parts).length === 0) return;
    } catch (error) {
      // An oracle that fails is asked again; a journal that fails ends everything.
      if (signal.aborted || (error instanceof NunetError && error.code.startsWith('journal-'))) throw error;
      parts.onFailure(error, jobId);
    }
    await sleep(Math.round(waitMs * (0.75 + parts.random() / 2)), undefined, { signal });
  }
}

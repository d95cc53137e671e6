// EvidencePost: hands what was signed over a lock to every oracle of its quote, again and again, until each has signed for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { EvidenceBundle, EvidenceKind } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { OracleClient } from '@nunet/shared/oracle-client.ts';
import type { LockRefusal, Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
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

interface Piece {
  kind: EvidenceKind;
  cid: string;
  envelope: Uint8Array;
}

const pieceOf = (kind: EvidenceKind, signed: Signed<unknown> | undefined): Piece[] =>
  signed === undefined ? [] : [{ kind, cid: signed.cid, envelope: signed.envelope }];

/** What was signed over a job's lock, apart from the quote. */
export const piecesOf = (job: Job): Piece[] => [
  ...pieceOf('lock-refusal', job.refusal),
  ...pieceOf('manifest', job.manifest),
  ...pieceOf('ack', job.ack),
  ...pieceOf('dispute', job.dispute),
  ...pieceOf('cancel', job.cancel),
];

/** True when each oracle of the quote that we can reach has signed for each piece. */
export function isDelivered(job: Job, parts: Pick<EvidenceParts, 'book' | 'oracle'>): boolean {
  const keys = job.quote.body.oracleKeys.filter((key) => parts.oracle(key) !== undefined);
  return piecesOf(job).every((piece) => keys.every((key) => parts.book.hasReceipt(job.lock, key, piece.cid)));
}

/** Sends all pieces of a job to all its oracles and resolves when each has signed for them. Ends early only with the signal. */
export async function deliverEvidence(job: Job, parts: EvidenceParts, signal: AbortSignal): Promise<void> {
  // Anybody may replay a public job, so only then may the spec leave the two peers.
  const replayable = job.quote.body.replay === 'public';
  await deliver(
    { jobId: job.jobId, lock: job.lock, quote: job.quote, pieces: () => piecesOf(job), spec: replayable ? encode(job.spec) : null },
    parts,
    signal,
  );
}

/** The same for a refused lock that is not its job's own. */
export async function deliverRefusal(
  refused: { quote: Signed<Quote>; refusal: Signed<LockRefusal> },
  parts: EvidenceParts,
  signal: AbortSignal,
): Promise<void> {
  const { jobId, lock } = refused.refusal.body;
  const pieces = pieceOf('lock-refusal', refused.refusal);
  await deliver({ jobId, lock, quote: refused.quote, pieces: () => pieces, spec: null }, parts, signal);
}

interface Parcel {
  jobId: string;
  lock: OutputReference;
  quote: Signed<Quote>;
  /** Looked at before each try: an answer may have come meanwhile. */
  pieces(): Piece[];
  spec: Uint8Array | null;
}

async function deliver(parcel: Parcel, parts: EvidenceParts, signal: AbortSignal): Promise<void> {
  await Promise.all(parcel.quote.body.oracleKeys.map((key) => deliverTo(key, parcel, parts, signal)));
}

async function deliverTo(key: string, parcel: Parcel, parts: EvidenceParts, signal: AbortSignal): Promise<void> {
  const { jobId, lock, quote } = parcel;
  const client = parts.oracle(key);
  if (client === undefined) return;
  for (let waitMs = parts.firstRetryMs; ; waitMs = Math.min(waitMs * 2, parts.maxRetryMs)) {
    signal.throwIfAborted();
    const missing = parcel.pieces().filter((piece) => !parts.book.hasReceipt(lock, key, piece.cid));
    if (missing.length === 0) return;
    const items: EvidenceBundle['items'] = [
      { kind: 'quote', envelope: quote.envelope },
      ...missing.map(({ kind, envelope }) => ({ kind, envelope })),
    ];
    const bundle: EvidenceBundle = { v: 1, lock, items, spec: parcel.spec, sources: parts.ownAddresses().slice(0, 8) };
    try {
      const { receipts } = await client.submitEvidence(bundle, AbortSignal.any([signal, AbortSignal.timeout(15_000)]));
      for (const { body } of receipts) {
        if (!missing.some((piece) => piece.cid === body.evidenceCid)) continue;
        await parts.book.record({ type: 'receipt', jobId, at: parts.now(), lock, oracleKey: key, evidenceCid: body.evidenceCid });
      }
      if (parcel.pieces().every((piece) => parts.book.hasReceipt(lock, key, piece.cid))) return;
    } catch (error) {
      // An oracle that fails is asked again; a journal that fails ends everything.
      if (signal.aborted || (error instanceof NunetError && error.code.startsWith('journal-'))) throw error;
      parts.onFailure(error, jobId);
    }
    await sleep(Math.round(waitMs * (0.75 + parts.random() / 2)), undefined, { signal });
  }
}

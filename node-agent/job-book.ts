// JobBook: the agent's quotes and jobs as its journal tells them. Every change is on disk before anybody sees it.
import { bytesToHex } from '@noble/hashes/utils.js';
import { decode, encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { openEvidence, openQuote, openSpec } from '@nunet/shared/evidence.ts';
import { referenceText, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { canJobGo, isJobEnd, type JobState } from '@nunet/shared/job-state.ts';
import type { Ack, Cancel, Dispute, Manifest, OutputFile } from '@nunet/shared/manifest.ts';
import { MAX_QUOTE_REQUEST_BYTES, quoteRequest, type LockRefusal, type Quote, type QuoteRequest } from '@nunet/shared/quote.ts';
import type { SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import { signerOf, type Signed, type Signer } from '@nunet/shared/signature.ts';
import { bytesOf, type AgentEntry } from './agent-entries.ts';
import { closeBytes, NO_KEY_HASH } from '@nunet/shared/lock.ts';
import type { ExecutionHandle } from './executor/executor.ts';
import type { Journal } from './journal.ts';

/** A quote that was given out, with what it answered. */
export interface Sold {
  readonly quote: Signed<Quote>;
  readonly request: QuoteRequest;
}

/** Cumulative pay that the job key signed. */
export interface Voucher {
  readonly paid: bigint;
  readonly keyHash: string;
  readonly signature: string;
}

/** Both halves over one pay; with K, where `keyHash` is not zeros, anybody can end the lock. */
export interface Close {
  readonly paid: bigint;
  readonly keyHash: string;
  readonly voucher: string;
  readonly signature: string;
}

export interface StateEvent {
  readonly state: JobState;
  readonly at: number;
  readonly detail: string | null;
}

/** One job, from the accepted run request on. */
export interface Job {
  readonly jobId: string;
  readonly lock: OutputReference;
  readonly spec: JobSpec;
  readonly quote: Signed<Quote>;
  readonly request: QuoteRequest;
  /** Ids of its GPUs. */
  readonly gpus: readonly string[];
  /** W3C traceparent that the service provider gave. */
  readonly trace?: string;
  readonly events: readonly StateEvent[];
  readonly handle?: ExecutionHandle;
  readonly refusal?: Signed<LockRefusal>;
  /** K of a sealed delivery, hex: a secret until it is paid for. */
  readonly sealedKey?: string;
  readonly manifest?: Signed<Manifest>;
  readonly ack?: Signed<Ack>;
  readonly dispute?: Signed<Dispute>;
  readonly cancel?: Signed<Cancel>;
  /** The highest one that names no key. */
  readonly voucher?: Voucher;
  /** The service provider asked a running job to stop. */
  readonly stopAsked: boolean;
  readonly close?: Close;
  /** The oracles are told what was signed for no oracle: nobody has closed in time. */
  readonly late?: { readonly sealedKey?: Signed<SealedKey> };
  readonly spent?: { readonly txId: string; readonly paid: bigint | null };
  readonly abandoned?: string;
  /** The last one. */
  readonly checkpoint?: { readonly number: number; readonly at: number; readonly file: OutputFile };
  /** It is over for both parties; what is left can still be read, until it makes room. */
  readonly kept?: { readonly at: number; readonly bytes: number };
  /** Nothing of it is left but this book. */
  readonly cleaned: boolean;
}
type Mutable = { -readonly [K in keyof Job]: Job[K] } & { events: StateEvent[] };

export const stateOf = (job: Job): JobState => job.events.at(-1)?.state ?? 'quoted';
/** Nothing more will run. */
export const hasEnded = (job: Job): boolean => isJobEnd(stateOf(job));
/** Nothing is left to be done about it. */
export const isOver = (job: Job): boolean => job.kept !== undefined || job.cleaned;

const receiptKey = (lock: OutputReference, oracleKey: string, evidenceCid: string): string =>
  `${referenceText(lock)}/${oracleKey}/${evidenceCid}`;

export class JobBook {
  readonly network: Network;
  readonly #journal: Journal<AgentEntry>;
  readonly #onBroken: ((error: unknown) => void) | undefined;
  readonly #sold = new Map<string, Sold>();
  /** By quote. */
  readonly #closeSigners = new Map<string, Signer>();
  readonly #jobs = new Map<string, Mutable>();
  readonly #jobByLock = new Map<string, string>();
  /** Refusals of locks that are not their job's own, by lock. */
  readonly #strayRefusals = new Map<string, { quote: Signed<Quote>; refusal: Signed<LockRefusal> }>();
  readonly #receipts = new Set<string>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #closing = new Map<string, Promise<Close>>();
  readonly #claims = new Map<string, 'start' | 'cancel'>();

  /** `onBroken` hears of a write that failed, whoever asked for it: nothing more may be promised then. */
  constructor(network: Network, journal: Journal<AgentEntry>, onBroken?: (error: unknown) => void) {
    this.network = network;
    this.#journal = journal;
    this.#onBroken = onBroken;
    for (const entry of journal.entries) this.#apply(entry);
  }

  /** Writes the entry, then applies it. Two writers of one job must not race: callers check and record in one turn. */
  async record(entry: AgentEntry): Promise<void> {
    try {
      await this.#journal.append(entry);
    } catch (error) {
      this.#onBroken?.(error);
      throw error;
    }
    this.#apply(entry);
    if (entry.type !== 'quoted') for (const wake of this.#watchers.get(entry.jobId) ?? []) wake();
  }

  /** A step of the job's machine. Throws `job-state-invalid` for one that its table does not have. */
  async go(jobId: string, state: JobState, at: number, detail: string | null = null): Promise<void> {
    const from = stateOf(this.job(jobId));
    if (!canJobGo(from, state)) throw new NunetError('job-state-invalid', `Cannot move job ${jobId} from ${from} to ${state}`);
    await this.record({ type: 'state', jobId, at, state, detail });
  }

  /**
   * Decides, once and without a pause, whether a job starts or is cancelled: both write to disk before they act, and only
   * one of them may. False when the other came first. Not journaled: a handle or a cancel is what a restart sees.
   */
  claim(jobId: string, what: 'start' | 'cancel'): boolean {
    const job = this.job(jobId);
    const claimed = this.#claims.get(jobId) ?? (job.cancel !== undefined ? 'cancel' : job.handle !== undefined ? 'start' : what);
    this.#claims.set(jobId, claimed);
    return claimed === what;
  }

  /**
   * Our half over the pay of this voucher, on disk before anybody sees it. The first pay that is closed stands for ever: whoever
   * asks later, or at the same time, gets that one.
   */
  close(jobId: string, voucher: Voucher, at: number): Promise<Close> {
    const closing = this.#closing.get(jobId) ?? this.#closeOnce(this.job(jobId), voucher, at);
    this.#closing.set(jobId, closing);
    return closing;
  }

  async #closeOnce(job: Job, voucher: Voucher, at: number): Promise<Close> {
    if (job.close !== undefined) return job.close;
    const signer = this.#closeSigners.get(job.quote.cid);
    if (signer === undefined) throw new NunetError('close-key-lost', `Cannot close job ${job.jobId}: its close key is not in the journal`);
    const { paid, keyHash, signature } = voucher;
    const close: Close = { paid, keyHash, voucher: signature, signature: bytesToHex(await signer.sign(closeBytes(job.lock, paid))) };
    await this.record({ type: 'close', jobId: job.jobId, at, ...close });
    return close;
  }

  /** Signs closes over locks on this quote; undefined for one that is forgotten. */
  closeSigner(quoteCid: string): Signer | undefined {
    return this.#closeSigners.get(quoteCid);
  }

  sold(quoteCid: string): Sold | undefined {
    return this.#sold.get(quoteCid);
  }

  /** Every quote over this job that is still known, run out or not. */
  soldOver(jobId: string): Sold[] {
    return [...this.#sold.values()].filter(({ quote }) => quote.body.jobId === jobId);
  }

  /** Quotes that are held for this job by this peer and have not run out. */
  openQuotes(now: number): Sold[] {
    return [...this.#sold.values()].filter(({ quote }) => quote.body.expiresAt > now && !this.#jobs.has(quote.body.jobId));
  }

  find(jobId: string): Job | undefined {
    return this.#jobs.get(jobId);
  }

  job(jobId: string): Job {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new NunetError('job-unknown', `Cannot find job ${jobId}: this agent has not accepted it`);
    return job;
  }

  findByLock(lock: OutputReference): Job | undefined {
    const jobId = this.#jobByLock.get(referenceText(lock));
    return jobId === undefined ? undefined : this.#jobs.get(jobId);
  }

  jobs(): Job[] {
    return [...this.#jobs.values()];
  }

  strayRefusals(): { quote: Signed<Quote>; refusal: Signed<LockRefusal> }[] {
    return [...this.#strayRefusals.values()];
  }

  strayRefusal(lock: OutputReference): Signed<LockRefusal> | undefined {
    return this.#strayRefusals.get(referenceText(lock))?.refusal;
  }

  hasReceipt(lock: OutputReference, oracleKey: string, evidenceCid: string): boolean {
    return this.#receipts.has(receiptKey(lock, oracleKey, evidenceCid));
  }

  /** Calls back after each change of the job, until the returned function is called. */
  watch(jobId: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(jobId) ?? new Set();
    this.#watchers.set(jobId, watchers);
    watchers.add(wake);
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0) this.#watchers.delete(jobId);
    };
  }

  /** Forgets quotes that ran out unsold before `before`, and the receipts of jobs that are over. */
  async compact(before: number): Promise<void> {
    const unsold = (quoteCid: string, jobId: string): boolean => this.#jobs.get(jobId)?.quote.cid !== quoteCid;
    for (const [cid, { quote }] of this.#sold) if (quote.body.startBy < before && unsold(cid, quote.body.jobId)) this.#forget(cid);
    for (const [lock, { quote }] of this.#strayRefusals) if (quote.body.reclaimAfter < before) this.#strayRefusals.delete(lock);
    await this.#journal.retain((entry) => {
      if (entry.type === 'quoted') return this.#sold.has(entry.quoteCid);
      const job = this.#jobs.get(entry.jobId);
      // Of checkpoints only the last one is a file; the entry of an earlier one says nothing any more.
      if (entry.type === 'checkpoint') return job?.checkpoint?.number === entry.number;
      return entry.type !== 'receipt' || job === undefined || !isOver(job);
    });
  }

  #forget(quoteCid: string): void {
    this.#sold.delete(quoteCid);
    this.#closeSigners.delete(quoteCid);
  }

  #apply(entry: AgentEntry): void {
    if (entry.type === 'quoted') {
      const request = decode(quoteRequest, bytesOf(entry.request), { name: 'quote request', maxBytes: MAX_QUOTE_REQUEST_BYTES });
      this.#closeSigners.set(entry.quoteCid, signerOf(bytesOf(entry.closeSecret)));
      this.#sold.set(entry.quoteCid, { quote: openQuote(bytesOf(entry.quote), this.network), request });
      return;
    }
    if (entry.type === 'accepted') {
      const sold = this.#sold.get(entry.quoteCid);
      if (sold === undefined) throw new NunetError('journal-damaged', `Cannot resume job ${entry.jobId}: its quote is not in the journal`);
      this.#jobs.set(entry.jobId, {
        jobId: entry.jobId,
        lock: entry.lock,
        spec: openSpec(bytesOf(entry.spec), entry.jobId),
        ...sold,
        gpus: entry.gpus ?? [],
        ...(entry.trace === undefined ? {} : { trace: entry.trace }),
        events: [{ state: 'quoted', at: entry.at, detail: null }],
        stopAsked: false,
        cleaned: false,
      });
      this.#jobByLock.set(referenceText(entry.lock), entry.jobId);
      return;
    }
    if (entry.type === 'receipt') {
      this.#receipts.add(receiptKey(entry.lock, entry.oracleKey, entry.evidenceCid));
      return;
    }
    const job = this.#jobs.get(entry.jobId);
    if (entry.type === 'refused') {
      const quote = this.#sold.get(entry.quoteCid)?.quote;
      if (quote === undefined) return;
      const refusal = openEvidence('lock-refusal', bytesOf(entry.envelope), { quote, lock: entry.lock }) as Signed<LockRefusal>;
      if (job !== undefined && referenceText(job.lock) === referenceText(entry.lock)) job.refusal = refusal;
      else this.#strayRefusals.set(referenceText(entry.lock), { quote, refusal });
      return;
    }
    if (job === undefined) throw new NunetError('journal-damaged', `Cannot resume job ${entry.jobId}: it was never accepted`);
    const context = { quote: job.quote, lock: job.lock };
    switch (entry.type) {
      case 'state':
        job.events.push({ state: entry.state, at: entry.at, detail: entry.detail });
        return;
      case 'handle':
        job.handle = entry.handle;
        return;
      case 'checkpoint':
        job.checkpoint = { number: entry.number, at: entry.at, file: entry.file };
        return;
      case 'sealed-key':
        job.sealedKey = entry.key;
        return;
      case 'manifest':
        job.manifest = openEvidence('manifest', bytesOf(entry.envelope), context) as Signed<Manifest>;
        return;
      case 'answer':
        Object.assign(job, { [entry.kind]: openEvidence(entry.kind, bytesOf(entry.envelope), context) });
        return;
      case 'voucher': {
        const { paid, keyHash, signature } = entry;
        job.stopAsked ||= entry.final;
        if (keyHash === NO_KEY_HASH && (job.voucher === undefined || paid > job.voucher.paid)) job.voucher = { paid, keyHash, signature };
        return;
      }
      case 'close': {
        const { paid, keyHash, voucher, signature } = entry;
        job.close = { paid, keyHash, voucher, signature };
        return;
      }
      case 'late':
        job.late =
          entry.keyStatement === null
            ? {}
            : { sealedKey: openEvidence('sealed-key', bytesOf(entry.keyStatement), context) as Signed<SealedKey> };
        return;
      case 'spent':
        job.spent = { txId: entry.txId, paid: entry.paid };
        return;
      case 'abandoned':
        job.abandoned = entry.reason;
        return;
      case 'kept':
        job.kept = { at: entry.at, bytes: entry.bytes };
        return;
      case 'cleaned':
        job.cleaned = true;
        return;
    }
  }
}

/** Entry of a quote that is about to leave. */
export const quotedEntry = (sold: Sold, closeSecret: Uint8Array): AgentEntry => ({
  type: 'quoted',
  jobId: sold.quote.body.jobId,
  at: sold.quote.body.issuedAt,
  quoteCid: sold.quote.cid,
  quote: bytesToHex(sold.quote.envelope),
  request: bytesToHex(encode(sold.request)),
  closeSecret: bytesToHex(closeSecret),
});

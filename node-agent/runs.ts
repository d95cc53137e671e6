// Run requests: is this our quote, from its own service provider, with the spec that was quoted? Accepted means journaled.
import { bytesToHex } from '@noble/hashes/utils.js';
import { containerProblems } from '@nunet/shared/container-problems.ts';
import { containerWorkOf, type ContainerWork } from '@nunet/shared/container-program.ts';
import { encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { openEvidence, openQuote } from '@nunet/shared/evidence.ts';
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import type { LockRefusal, Quote, QuoteRequest, Reason } from '@nunet/shared/quote.ts';
import { cancel, MAX_ANSWER_BYTES } from '@nunet/shared/manifest.ts';
import { openStatement, type Signed, type Signer } from '@nunet/shared/signature.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { Capacity } from './capacity.ts';
import type { DemandOf } from './demand.ts';
import type { Job, JobBook } from './job-book.ts';
import { CANCELLED } from './job-end.ts';
import { startMissed } from './lock-wait.ts';
import { signRefusal } from './refusal.ts';

/** Locks that are refused for one quote before the answer is a bare error: each refusal costs a signature and disk. */
const MAX_REFUSALS_A_QUOTE = 8;

export interface RunParts {
  peerId: string;
  signer: Signer;
  capacity: Capacity;
  demandOf: DemandOf;
  book: JobBook;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
  /** A quote with our signature that our journal does not have, at chain time `now`: a copy of this agent gave it. */
  isTwins(quote: Signed<Quote>, now: number): boolean;
  /** A job was accepted and journaled. */
  onAccepted(job: Job): void;
  /** A lock was refused that is no job's own; its oracles must hear of it. */
  onRefused(refused: { quote: Signed<Quote>; refusal: Signed<LockRefusal> }): void;
}

/** What the spec says beyond or against what was quoted; empty when it fits. */
export function specProblems(spec: JobSpec, quote: Quote, request: QuoteRequest): Reason[] {
  const problems: Reason[] = [];
  const demand = (holds: boolean, field: string, said: unknown, quoted: unknown): void => {
    if (!holds) problems.push({ code: 'spec-other', message: `The spec's ${field} is ${String(said)}, quoted was ${String(quoted)}` });
  };
  const jobId = jobIdOf(spec);
  demand(jobId === quote.jobId, 'hash', jobId, quote.jobId);
  demand(spec.network === quote.network, 'network', spec.network, quote.network);
  for (const part of ['cpus', 'memoryBytes', 'diskBytes', 'gpus', 'gpuMemoryBytes'] as const) {
    demand(spec.resources[part] === quote.resources[part], `resources.${part}`, spec.resources[part], quote.resources[part]);
  }
  for (const field of ['timeLimitMs', 'delivery', 'replay'] as const)
    demand(spec[field] === quote[field], field, spec[field], quote[field]);
  demand(spec.outputLimitBytes === request.outputLimitBytes, 'outputLimitBytes', spec.outputLimitBytes, request.outputLimitBytes);
  const inputBytes = spec.inputs.reduce((sum, input) => sum + input.bytes, 0);
  demand(inputBytes === request.inputBytes, 'input size', inputBytes, request.inputBytes);
  demand(spec.program.kind === request.work.kind, 'kind', spec.program.kind, request.work.kind);
  if (spec.program.kind === 'container' && request.work.kind === 'container') {
    const said = containerWorkOf(spec.program);
    const { run: asked } = request.work;
    demand(sameBytes(said.run, asked), 'image, base image or list of packages', runText(said.run), runText(asked));
    for (const field of ['downloadHosts', 'downloadBytes'] as const)
      demand(sameBytes(said[field], request.work[field]), field, said[field], request.work[field]);
    for (const { field, message } of containerProblems(spec))
      problems.push({ code: 'spec-invalid', message: `The spec's ${field}: ${message}`.slice(0, 500) });
  }
  return problems.map(({ code, message }) => ({ code, message: message.slice(0, 500) })).slice(0, 16);
}

const sameBytes = (a: unknown, b: unknown): boolean => bytesToHex(encode(a)) === bytesToHex(encode(b));
const runText = (run: ContainerWork['run']): string =>
  run.type === 'image' ? run.image : `${run.base}${run.dependencies.map((name) => ` ${name}`).join('')}`;

export function createRuns(parts: RunParts) {
  const { book, capacity } = parts;
  const pending = new Map<string, Promise<unknown>>();
  const refusalsOf = new Map<string, number>();

  const refuse = async (quote: Signed<Quote>, lock: OutputReference, reasons: Reason[], now: number): Promise<AnswerOf<'run'>> => {
    const count = (refusalsOf.get(quote.cid) ?? 0) + 1;
    refusalsOf.set(quote.cid, count);
    if (count > MAX_REFUSALS_A_QUOTE) throw new NunetError('too-many-refusals', `Cannot take the job: ${reasons[0]?.message ?? 'refused'}`);
    const { jobId } = quote.body;
    const refusal = await signRefusal(quote, lock, reasons, now, parts);
    const envelope = bytesToHex(refusal.envelope);
    await book.record({ type: 'refused', jobId, at: now, quoteCid: quote.cid, lock, envelope });
    parts.onRefused({ quote, refusal });
    return { type: 'refusal', envelope: refusal.envelope };
  };

  const decide = async (request: RequestOf<'run'>, quote: Signed<Quote>, now: number): Promise<AnswerOf<'run'>> => {
    const { spec, lock } = request;
    const { jobId } = quote.body;
    const refusedBefore = book.strayRefusal(lock);
    if (refusedBefore !== undefined && refusedBefore.body.quoteCid === quote.cid) {
      return { type: 'refusal', envelope: refusedBefore.envelope };
    }
    const known = book.find(jobId);
    if (known !== undefined && known.quote.cid === quote.cid && referenceText(known.lock) === referenceText(lock)) {
      return known.refusal === undefined ? { type: 'accepted' } : { type: 'refusal', envelope: known.refusal.envelope };
    }
    if (book.findByLock(lock) !== undefined) {
      throw new NunetError('lock-used', `Cannot take the job: lock ${referenceText(lock)} stands for another job already`);
    }
    if (known !== undefined) {
      const message = `This job runs on lock ${referenceText(known.lock)} already; the same work again needs a new nonce`;
      return refuse(quote, lock, [{ code: 'job-known', message }], now);
    }
    const sold = book.sold(quote.cid);
    if (sold === undefined && parts.isTwins(quote, now)) {
      // Its giver may run the job: two signed ends of one lock would count against both.
      throw new NunetError('agent-twin', 'Cannot take the job: its quote is of a copy of this agent that runs elsewhere');
    }
    if (sold === undefined) {
      return refuse(quote, lock, [{ code: 'quote-unknown', message: 'This agent no longer has what the quote was made for' }], now);
    }
    const problems = specProblems(spec, quote.body, sold.request);
    if (now > quote.body.startBy) problems.push(startMissed(quote.body.startBy));
    // The quote's own hold may have lapsed; whether the lock was made in time is for the chain to say.
    const demand = parts.demandOf(spec.program.kind, quote.body.resources);
    if (problems.length === 0) problems.push(...capacity.problems(jobId, demand, now));
    if (problems.length > 0) return refuse(quote, lock, problems.slice(0, 16), now);
    const gpus = capacity.reserve(jobId, { resources: demand, until: null }, now);
    try {
      const { trace } = request;
      await book.record({
        type: 'accepted',
        jobId,
        at: now,
        quoteCid: quote.cid,
        lock,
        spec: bytesToHex(encode(spec)),
        ...(gpus.length === 0 ? {} : { gpus: [...gpus] }),
        ...(trace === undefined ? {} : { trace }),
      });
    } catch (error) {
      capacity.release(jobId);
      throw error;
    }
    parts.onAccepted(book.job(jobId));
    return { type: 'accepted' };
  };

  /** One decision a job at a time, so that two requests at once cannot both be the first. */
  const inTurn = async <T>(jobId: string, act: () => Promise<T>): Promise<T> => {
    const turn = (pending.get(jobId) ?? Promise.resolve()).then(act, act);
    pending.set(jobId, turn);
    try {
      return await turn;
    } finally {
      if (pending.get(jobId) === turn) pending.delete(jobId);
    }
  };

  const run = async (request: RequestOf<'run'>, caller: Caller): Promise<AnswerOf<'run'>> => {
    const quote = openQuote(request.quote, book.network);
    const { jobId } = quote.body;
    if (quote.body.computeProvider.peerId !== parts.peerId) {
      throw new NunetError('quote-foreign', `Cannot take the job: the quote is of ${quote.body.computeProvider.peerId}`);
    }
    if (quote.body.serviceProvider.peerId !== caller.peerId) {
      throw new NunetError('other-peer', 'Cannot take the job: the quote was given to another peer');
    }
    const now = await parts.now(caller.signal);
    return inTurn(jobId, () => decide(request, quote, now));
  };

  /**
   * A cancel of a job that never came here, over a lock on a quote of ours: that lock is refused, so that its money goes back at once.
   * False when the job is here, or no quote for this peer was; throws as `openStatement` when the job key did not sign.
   */
  const cancelUnseen = async ({ jobId, envelope }: RequestOf<'answer'>, caller: Caller): Promise<boolean> => {
    const now = await parts.now(caller.signal);
    return inTurn(jobId, async () => {
      const own = book.soldOver(jobId).filter(({ quote }) => quote.body.serviceProvider.peerId === caller.peerId);
      const quote = own.at(-1)?.quote;
      if (quote === undefined || book.find(jobId) !== undefined) return false;
      const limits = { network: book.network, maxBytes: MAX_ANSWER_BYTES, keyOf: () => quote.body.voucherKey };
      const { lock } = openStatement('cancel', cancel, envelope, limits).body;
      openEvidence('cancel', envelope, { quote, lock });
      if (book.findByLock(lock) !== undefined)
        throw new NunetError('lock-used', `Cannot cancel: lock ${referenceText(lock)} is another job's`);
      if (book.strayRefusal(lock) === undefined) await refuse(quote, lock, [CANCELLED], now);
      return true;
    });
  };
  return { run, cancelUnseen };
}

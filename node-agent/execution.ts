// One job from lock to settle: the story in one function. Each step is journaled before it acts, so a restart goes on from the last one.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { JobState } from '@nunet/shared/job-state.ts';
import type { Reason, StreamTerms } from '@nunet/shared/quote.ts';
import { signStatement, type Signer } from '@nunet/shared/signature.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from './aborted.ts';
import type { Capacity } from './capacity.ts';
import { checkpointKeeper } from './checkpoints.ts';
import type { Delivered } from './delivered.ts';
import { keepTelling, type EvidenceParts } from './evidence-post.ts';
import type { Fingerprints } from './executor/executor-set.ts';
import type { ExecutionHandle, ExecutionRequest, ExecutionResult, Executor, StopReason } from './executor/executor.ts';
import { hasEnded, isOver, stateOf, type Job, type JobBook } from './job-book.ts';
import { named } from './disk-full.ts';
import { CANCELLED, endOnRecord, faultOf, finish, refuse } from './job-end.ts';
import type { JobFeed } from './job-feed.ts';
import { downloadBytes } from './job-downloads.ts';
import { runMeter } from './meter.ts';
import { keepAgreementTold } from './post-agreement.ts';
import { awaitLock, awaitSpend, startMissed, type LockWait } from './lock-wait.ts';

/** A job's files, wherever they are kept. */
export interface JobFiles {
  /** Fetches what is missing from the service provider; resolves with where each input lies. Throws to be tried again. */
  fetchInputs(job: Job, onBytes: (done: number) => void, signal: AbortSignal): Promise<(name: string) => string>;
  /** Fetches from the web what the spec names and is missing; resolves with where each file lies, null for other names. Throws to refuse. */
  fetchDownloads(job: Job, onBytes: (done: number) => void, signal: AbortSignal): Promise<(name: string) => string | null>;
  /** The work folder of a job: for this job alone, deleted with it. */
  workDir(job: Job): string;
  /** Takes a file of the work folder as one of the job's own, which stays when it is deleted there. */
  adopt(job: Job, path: string): Promise<{ cid: string; bytes: number }>;
  drop(job: Job, cid: string): Promise<void>;
  /** Nothing that is served lies in the work folder. */
  standAlone(job: Job): boolean;
  /** Deletes all but what can be read later; the bytes of that, with the log. */
  keep(job: Job): Promise<number>;
  /** `key`: K of a sealed delivery; null delivers readable. Doing it again gives the same. */
  keepOutputs(job: Job, outputs: readonly { name: string; path: string }[], key: string | null): Promise<Delivered>;
  remove(job: Job): Promise<void>;
}

export interface ExecutionParts {
  book: JobBook;
  signer: Signer;
  capacity: Capacity;
  executor: Executor;
  fingerprints: Fingerprints;
  files: JobFiles;
  chain: LockWait;
  evidence: EvidenceParts;
  /** Gives up what is kept of jobs that are over, so far as jobs that go on need its room. */
  makeRoom(signal: AbortSignal): Promise<void>;
  /** The real inputs against what was quoted: throws NunetError to refuse. */
  checkInputs(job: Job, inputPath: (name: string) => string, signal: AbortSignal): Promise<void>;
  feedOf(job: Job): Promise<JobFeed>;
  random(bytes: number): Uint8Array;
  /** Monotonic milliseconds. */
  elapsed(): number;
  /** What became of a started execution over a restart. */
  recover(job: Job): Promise<'running' | 'gone'>;
  /** It is the machine's own owner who asks. */
  isOwnPeer(peerId: string): boolean;
  /** Keeps the service provider's connection while the job needs it. */
  holdPeer(peerId: string): () => void;
  /** Aborts when the agent's owner ends this job. */
  ownerStop(jobId: string): AbortSignal;
  /** Aborts when the agent is told to stop: running work is ended and reported, waiting work is left for the next start. */
  stopping: AbortSignal;
  onFailure(error: unknown, jobId: string): void;
}

const OWNER_ENDED: Reason = { code: 'owner-stopped', message: 'The owner of this machine ended the job' };
/** Inputs that cannot be fetched are asked for again after this long. */
const FETCH_RETRY_MS = 500;
/** Between two reports of how much has come: each costs a message on a stream that brings the inputs too. */
const PROGRESS_EVERY_MS = 100;
/** Running work is ended this long before `finishBy`, so that a manifest still reaches an oracle. */
const FINISH_MARGIN_MS = 2_000;

/**
 * Takes an accepted job to its end and its lock to its own. Throws only when the journal cannot be written, or the reason of
 * `signal`, which ends the process's part in it; everything else ends in a state.
 */
export async function runJob(jobId: string, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  const { book } = parts;
  const job = book.job(jobId);
  const releasePeer = parts.holdPeer(job.quote.body.serviceProvider.peerId);
  try {
    // Chain time stands on every entry, so nothing begins before the chain has answered once.
    for await (const _ of parts.chain.watch.tips(signal)) break;
    await endOnRecord(job, parts);
    if (!hasEnded(job)) {
      await parts.makeRoom(signal);
      await work(job, parts, signal);
    }
    const isGone = await letGo(job, parts);
    // What a manifest may be asked about stays on disk, and only the disk stays reserved; nothing else has a use for its files.
    if (job.manifest === undefined) await parts.files.remove(job);
    const diskBytes = job.manifest === undefined ? 0 : job.spec.resources.diskBytes;
    parts.capacity.reserve(jobId, { resources: { cpus: 0, memoryBytes: 0, gpus: 0, diskBytes }, until: null }, 0);
    await report(job, parts, signal);
    await cleanUp(job, isGone, parts, signal);
  } finally {
    releasePeer();
  }
}

/** What ran is gone once its result is signed: a container must not wait for the money. What fails here is done again in the end. */
async function letGo(job: Job, parts: ExecutionParts): Promise<boolean> {
  if (job.handle === undefined) return true;
  if (isOver(job) || !parts.files.standAlone(job)) return false;
  try {
    await parts.executor.remove(job.handle);
    return true;
  } catch (error) {
    parts.onFailure(error, job.jobId);
    return false;
  }
}

/** lock -> inputs -> run -> manifest, or a refusal on the way. */
async function work(job: Job, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  const feed = await parts.feedOf(job);
  if (job.handle !== undefined) return resume(job, feed, parts, signal);

  // Until the work starts, a cancel or a missed start ends it, wherever it is.
  const before = new AbortController();
  const unwatch = parts.book.watch(job.jobId, () => {
    if (job.cancel !== undefined) before.abort(CANCELLED);
  });
  if (job.cancel !== undefined) before.abort(CANCELLED);
  const ownerStop = parts.ownerStop(job.jobId);
  const onOwnerStop = (): void => before.abort(OWNER_ENDED);
  ownerStop.addEventListener('abort', onOwnerStop, { once: true });
  if (ownerStop.aborted) onOwnerStop();
  const early = AbortSignal.any([signal, parts.stopping, before.signal]);
  const late = startDeadline(job, before, parts, early);
  const inputBytes = job.spec.inputs.reduce((sum, input) => sum + input.bytes, 0);
  const onBytes = progressOf('inputs', inputBytes, feed, parts);
  let ahead: Promise<unknown> | undefined;
  // Only for money that is on chain: a bare request must not start processes, nor have us download.
  const onNear = (): void => {
    parts.executor.anticipate?.(job.jobId, job.spec);
    // A failure comes again, and is judged, when the inputs are due.
    ahead = parts.files.fetchInputs(job, onBytes, early).catch(() => undefined);
  };
  try {
    const found = await awaitLock(job.quote, job.lock, parts.chain, early, onNear);
    if (found.type === 'refused') return await refuse(job, found.reasons, await chainNow(parts, signal), parts);
    if (found.type === 'gone') return await go(job, 'expired', parts, signal, found.reason);
    if (stateOf(job) === 'quoted') await go(job, 'locked', parts, signal);
    if (stateOf(job) === 'locked') await go(job, 'preparing', parts, signal);
    await ahead;
    const request = await prepare(job, onBytes, feed, parts, early);
    if (!parts.book.claim(job.jobId, 'start')) return await refuse(job, [CANCELLED], await chainNow(parts, signal), parts);
    await run(job, request, feed, parts, signal);
  } catch (error) {
    if (signal.aborted || isFatal(error)) throw error;
    const reason = before.signal.aborted ? (before.signal.reason as Reason) : reasonOf(error);
    if (parts.stopping.aborted && !before.signal.aborted) throw error;
    if (!before.signal.aborted) parts.onFailure(error, job.jobId);
    // What was started ends with a manifest alone; a fault of our own code is our fault.
    if (job.handle !== undefined) return await end(job, faultOf('internal', error), await chainNow(parts, signal), parts, signal);
    await refuse(job, [reason], await chainNow(parts, signal), parts);
  } finally {
    unwatch();
    ownerStop.removeEventListener('abort', onOwnerStop);
    before.abort(CANCELLED);
    await Promise.all([late, ahead]);
  }
}

/** Aborts `before` once chain time is past `startBy`. */
async function startDeadline(job: Job, before: AbortController, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  const { startBy } = job.quote.body;
  try {
    // `awaitLock` judges the deadline itself while there is no lock; from `locked` on the money waits for us.
    for await (const tip of parts.chain.watch.tips(signal)) {
      if (stateOf(job) !== 'preparing' || job.handle !== undefined) continue;
      if (tip.timeMs > startBy) before.abort(startMissed(startBy));
    }
  } catch {
    // The signal: the work began, or ended.
  }
}

/** Tells the feed how much has come, the last byte in any case. */
function progressOf(phase: 'inputs' | 'downloads', total: number, feed: JobFeed, parts: ExecutionParts): (done: number) => void {
  let toldAt = -Infinity;
  return (done) => {
    if (total === 0) return;
    if (done < total && parts.elapsed() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = parts.elapsed();
    feed.progress({ phase, done, total, epoch: 0, metrics: [] });
  };
}

/** Fetches inputs and checks them. Nothing of the job has run when this returns. */
async function prepare(
  job: Job,
  onBytes: (done: number) => void,
  feed: JobFeed,
  parts: ExecutionParts,
  signal: AbortSignal,
): Promise<ExecutionRequest> {
  for (;;) {
    try {
      const fetched = await parts.files.fetchInputs(job, onBytes, signal);
      await parts.checkInputs(job, fetched, signal);
      const downloaded = await parts.files.fetchDownloads(job, progressOf('downloads', downloadBytes(job.spec), feed, parts), signal);
      const inputPath = (name: string): string => downloaded(name) ?? fetched(name);
      const workDir = parts.files.workDir(job);
      if (!parts.capacity.lends(job.gpus))
        throw new NunetError('gpu-gone', 'Cannot run the job: a GPU that was kept for it is not lent any more');
      const isOwn = parts.isOwnPeer(job.quote.body.serviceProvider.peerId);
      const request: ExecutionRequest = { jobId: job.jobId, spec: job.spec, inputPath, workDir, gpus: job.gpus, isOwn };
      await parts.executor.prepare(request, signal, ({ phase, done, total }) =>
        feed.progress({ phase, done, total, epoch: 0, metrics: [] }),
      );
      return request;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      parts.onFailure(error, job.jobId);
      await sleep(FETCH_RETRY_MS, undefined, { signal });
    }
  }
}

async function run(job: Job, request: ExecutionRequest, feed: JobFeed, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  const { book, executor } = parts;
  try {
    const saveHandle = async (handle: NonNullable<Job['handle']>): Promise<void> =>
      book.record({ type: 'handle', jobId: job.jobId, at: await chainNow(parts, signal), handle });
    await executor.start(request, saveHandle, AbortSignal.any([signal, parts.stopping]));
  } catch (error) {
    if (isFatal(error) || signal.aborted) throw error;
    // Without a handle nothing ran, and a refusal is the honest end.
    if (job.handle === undefined) throw error;
    parts.onFailure(error, job.jobId);
    return end(job, faultOf('start-failed', error), await chainNow(parts, signal), parts, signal);
  }
  await go(job, 'running', parts, signal);
  const startedAt = await chainNow(parts, signal);
  await end(job, await attend(job, feed, parts, signal), startedAt, parts, signal);
}

/** After a restart: what was started either still runs or has failed; it never runs a second time. */
async function resume(job: Job, feed: JobFeed, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  if (job.handle === undefined) return;
  const startedAt = job.events.findLast((event) => event.state === 'running')?.at ?? (await chainNow(parts, signal));
  const alive = await parts.recover(job);
  if (stateOf(job) === 'preparing') await go(job, 'running', parts, signal);
  const result =
    alive === 'running'
      ? await attend(job, feed, parts, signal)
      : faultOf('agent-restarted', new NunetError('agent-restarted', 'The agent was restarted while the job ran; a job never runs twice'));
  await end(job, result, startedAt, parts, signal);
}

/** Passes on what happens until the execution ends; ends it itself at `finishBy` or when the agent stops. */
async function attend(job: Job, feed: JobFeed, parts: ExecutionParts, signal: AbortSignal): Promise<ExecutionResult> {
  const { executor } = parts;
  const { handle } = job;
  if (handle === undefined) throw new NunetError('job-state-invalid', `Cannot wait for job ${job.jobId}: it has no handle`);
  const over = new AbortController();
  const stop = (message: string, by: StopReason['by'] = 'agent'): void => {
    executor.stop(handle, { by, message }).catch((error: unknown) => parts.onFailure(error, job.jobId));
  };
  const onStopping = (): void => stop('The agent is being stopped');
  parts.stopping.addEventListener('abort', onStopping, { once: true });
  if (parts.stopping.aborted) onStopping();
  const ownerStop = parts.ownerStop(job.jobId);
  const onOwnerStop = (): void => stop(OWNER_ENDED.message);
  ownerStop.addEventListener('abort', onOwnerStop, { once: true });
  if (ownerStop.aborted) onOwnerStop();
  const within = AbortSignal.any([signal, over.signal]);
  const { stream, finishBy } = job.quote.body;
  let isHeld = false;
  const deadline = (async () => {
    for await (const tip of parts.chain.watch.tips(within)) {
      if (tip.timeMs <= finishBy - FINISH_MARGIN_MS) continue;
      return isHeld ? stop('No voucher came for what was due', 'asked') : stop('The job could not finish in time');
    }
  })().catch(() => undefined);
  const onStopAsked = (): void => {
    if (job.stopAsked) stop('The service provider asked to stop', 'asked');
  };
  const unwatch = parts.book.watch(job.jobId, onStopAsked);
  onStopAsked();
  const metered = stream === undefined ? undefined : meter(handle, stream);
  async function meter(held: ExecutionHandle, terms: StreamTerms): Promise<void> {
    const feedOn: Pick<JobFeed, 'due'> = {
      due: (due) => {
        isHeld = due.paused;
        feed.due(due);
      },
    };
    try {
      await runMeter(job, held, terms, { book: parts.book, executor, feed: feedOn, elapsed: () => parts.elapsed() }, within);
    } catch (error) {
      if (within.aborted) return;
      // What cannot be held must not run on unpaid.
      parts.onFailure(error, job.jobId);
      stop('The job could not be held until it is paid', 'asked');
    }
  }
  // Lines that are on disk came from this execution before a restart.
  const heard = feed.logLines;
  const checkpoints = checkpointKeeper(job, {
    book: parts.book,
    files: parts.files,
    now: () => chainNow(parts, signal),
    onFailure: (error) => parts.onFailure(error, job.jobId),
  });
  try {
    return await executor.wait(
      handle,
      (event) => {
        if (event.type === 'log') feed.log(event.line);
        if (event.type === 'checkpoint') checkpoints.take(event);
        if (event.type !== 'progress') return;
        const done = (event.epoch - 1) * event.steps + event.step;
        const metrics = Object.entries(event.metrics)
          .slice(0, 32)
          .map(([name, value]) => ({ name: name.slice(0, 60), value }));
        feed.progress({ phase: 'steps', done, total: event.epochs * event.steps, epoch: event.epoch, metrics });
      },
      signal,
      heard,
    );
  } catch (error) {
    if (signal.aborted || isFatal(error)) throw error;
    parts.onFailure(error, job.jobId);
    await executor.stop(handle, { by: 'agent', message: 'The agent lost the execution' }).catch(() => undefined);
    return faultOf('execution-lost', error);
  } finally {
    parts.stopping.removeEventListener('abort', onStopping);
    ownerStop.removeEventListener('abort', onOwnerStop);
    unwatch();
    over.abort();
    await Promise.all([deadline, metered, checkpoints.settled()]);
  }
}

/** Every oracle hears all that is signed, answers too as they come, until the lock is spent; then what it paid. */
async function report(job: Job, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  if (job.spent !== undefined || job.abandoned !== undefined) return;
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const telling = keepTelling(job, parts.evidence, within);
  const lanes = [telling, closeAlone(job, parts, within), tellLate(job, parts, within), keepAgreementTold(job, parts.evidence, within)];
  try {
    const end = await Promise.race([awaitSpend(job.quote, job.lock, parts.chain, signal), ...lanes]);
    const at = await parts.chain.watch.now(signal);
    if (end.type === 'spent') await parts.book.record({ type: 'spent', jobId: job.jobId, at, txId: end.txId, paid: end.paid });
    else await parts.book.record({ type: 'abandoned', jobId: job.jobId, at, reason: 'The lock is not on chain' });
  } finally {
    over.abort();
    await Promise.allSettled(lanes);
  }
}

/**
 * Until finishBy the two parties may end the lock by themselves. From then on the oracles hear what else was signed: the highest
 * voucher, and K of a sealed result, which makes it as readable as an open one while there is time to answer (`keyBy`).
 */
async function tellLate(job: Job, parts: ExecutionParts, signal: AbortSignal): Promise<never> {
  for await (const tip of parts.chain.watch.tips(signal)) if (tip.timeMs > job.quote.body.finishBy) break;
  if (job.late === undefined && job.close === undefined && (job.voucher !== undefined || job.sealedKey !== undefined)) {
    const keyStatement = await keyStatementOf(job, parts);
    await parts.book.record({ type: 'late', jobId: job.jobId, at: await chainNow(parts, signal), keyStatement });
  }
  throw await aborted(signal);
}

/** Null: there is no manifest whose outputs a key would open. */
async function keyStatementOf({ jobId, lock, manifest, sealedKey }: Job, parts: ExecutionParts): Promise<string | null> {
  if (sealedKey === undefined || manifest?.body.exit.kind !== 'completed') return null;
  const body = { v: 1 as const, network: parts.book.network, jobId, lock, manifestCid: manifest.cid, key: sealedKey };
  return bytesToHex((await signStatement('sealed-key', body, parts.signer)).envelope);
}

/**
 * A service provider that is gone closes nothing, and oracles may sleep: what it signed is closed in the middle of the claim window
 * by us alone, while whoever claims still has time before it could be taken back. Ends only with the signal, or a failure of the journal.
 */
async function closeAlone(job: Job, parts: ExecutionParts, signal: AbortSignal): Promise<never> {
  const { disputeBy, reclaimAfter } = job.quote.body;
  for await (const tip of parts.chain.watch.tips(signal)) if (tip.timeMs > disputeBy + (reclaimAfter - disputeBy) / 2) break;
  // A refused lock is closed at nothing already.
  if (job.voucher !== undefined && job.refusal === undefined) await parts.book.close(job.jobId, job.voucher, await chainNow(parts, signal));
  throw await aborted(signal);
}

/**
 * Once nobody can dispute it any more, spent and answered or past the time for it, nothing is reserved for a job: its inputs go, and
 * what it gave stays as long as there is room.
 */
async function cleanUp(job: Job, isGone: boolean, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  if (isOver(job)) return;
  const { disputeBy } = job.quote.body;
  // The last voucher is an acknowledgement too.
  const isAnswered = (): boolean => job.ack !== undefined || job.close !== undefined;
  if (job.manifest?.body.exit.kind === 'completed' && !isAnswered() && job.abandoned === undefined) {
    for await (const tip of parts.chain.watch.tips(signal)) if (tip.timeMs > disputeBy || isAnswered()) break;
  }
  if (job.handle !== undefined && !isGone) await parts.executor.remove(job.handle);
  const at = await chainNow(parts, signal);
  if (job.manifest === undefined) {
    await parts.files.remove(job);
    await parts.book.record({ type: 'cleaned', jobId: job.jobId, at });
  } else {
    await parts.book.record({ type: 'kept', jobId: job.jobId, at, bytes: await parts.files.keep(job) });
  }
  parts.capacity.release(job.jobId);
  await parts.makeRoom(signal);
}

async function end(job: Job, result: ExecutionResult, startedAt: number, parts: ExecutionParts, signal: AbortSignal): Promise<void> {
  await finish(job, result, { startedAt, finishedAt: await chainNow(parts, signal) }, parts);
}

async function go(job: Job, state: JobState, parts: ExecutionParts, signal: AbortSignal, detail: string | null = null): Promise<void> {
  await parts.book.go(job.jobId, state, await chainNow(parts, signal), detail);
}

const chainNow = (parts: ExecutionParts, signal: AbortSignal): Promise<number> => parts.chain.watch.now(signal);

const reasonOf = (error: unknown): Reason => {
  const { code, message } = safeError(named(error));
  return { code: /^[a-z0-9-]{1,60}$/.test(code) ? code : 'internal', message: message.slice(0, 500) || 'No details' };
};

/** Without a journal nothing may go on. */
export const isFatal = (error: unknown): boolean => error instanceof NunetError && error.code.startsWith('journal-');

/** Failures of the way to the service provider: worth another try until `startBy`. */
const PASSING = new Set(['peer-unreachable', 'peer-timeout', 'peer-failure', 'stream-closed', 'frame-invalid', 'block-unavailable']);
const isPassing = (error: unknown): boolean => error instanceof NunetError && PASSING.has(error.code);

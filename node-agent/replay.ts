// One replay: the disputed job again, in the same executor and sandbox, and what that says of the claimed result.
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { openEvidence, openQuote, openSpec } from '@nunet/shared/evidence.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { outputRootOf, type Manifest, type OutputFile } from '@nunet/shared/manifest.ts';
import type { Evaluation } from '@nunet/shared/onnx-program.ts';
import { compareOutputs } from '@nunet/shared/replay-compare.ts';
import { sealedFiles } from '@nunet/shared/sealed/manifest-delivery.ts';
import { plaintextBytes } from '@nunet/shared/sealed/size.ts';
import { REPLAY_FETCH_MS, REPLAY_SLOWER, replayLimitMs, type ReplayRequest, type ReplayResponse } from '@nunet/shared/replay.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { openBlobStore, type BlobStore } from './blobs.ts';
import type { ScoreRequest } from './executor/embedded.ts';
import { openInto } from './opening.ts';
import type { ExecutionHandle, ExecutionResult, Executor } from './executor/executor.ts';

/** A confined executor that can also score a stranger's model. */
export type ReplayExecutor = Executor & { score(request: ScoreRequest, signal: AbortSignal): Promise<number> };

export interface ReplayParts {
  network: Network;
  executor: ReplayExecutor;
  /** A folder for this replayer alone; each replay gets and leaves nothing but a folder in it. */
  workRoot: string;
  maxBytes: number;
  /** Fetches one file of a job from the first of these sources that has it. Throws `file-unreachable` when none does. */
  fetchFile(
    wanted: { jobId: string; cid: string; bytes: number },
    sources: readonly string[],
    store: BlobStore,
    signal: AbortSignal,
  ): Promise<void>;
  /** Time to find who serves, ms; the default is for any link. */
  fetchStartMs?: number;
}

/** Time to find a peer, and the slowest transfer that still counts as serving: drips would outlast every deadline. */
const FETCH_START_MS = 30_000;
const SLOWEST_BYTES_A_SECOND = 512 * 1024;

type Answer = Omit<ReplayResponse, 'v'>;
const upheld = (detail: string, score: Answer['score'] = null): Answer => ({ outcome: 'upheld', detail, score });
const rejected = (detail: string, score: Answer['score'] = null): Answer => ({ outcome: 'rejected', detail, score });
const unavailable = (detail: string): Answer => ({ outcome: 'unavailable', detail, score: null });
const withheld = (detail: string): Answer => ({ outcome: 'withheld', detail, score: null });

/**
 * Replays a dispute. `unavailable` and `withheld` are answers too, worth asking again. Throws only for a request whose pieces do not
 * belong together, or the signal's reason.
 */
export async function replayJob(request: ReplayRequest, parts: ReplayParts, asked: AbortSignal): Promise<ReplayResponse> {
  const quote = openQuote(request.quote, parts.network);
  const context = { quote, lock: request.lock };
  const { body: claim } = openEvidence('manifest', request.manifest, context) as Signed<Manifest>;
  openEvidence('dispute', request.dispute, context);
  const { jobId } = quote.body;
  const spec = openSpec(request.spec, jobId);
  const signal = AbortSignal.any([asked, AbortSignal.timeout(replayLimitMs(spec.timeLimitMs))]);
  const folder = join(parts.workRoot, bytesToHex(randomBytes(16)));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const store = await openBlobStore({ root: join(folder, 'blobs'), maxBytes: parts.maxBytes });
  const started: ExecutionHandle[] = [];
  try {
    const answer =
      spec.replay === 'public'
        ? await judge({ spec, jobId, quote: quote.body, claim, folder, store, request, parts, signal, started })
        : unavailable(`The job allows no replay by others: replay is "${spec.replay}"`);
    return { v: 1, ...answer, detail: answer.detail.slice(0, 500) };
  } catch (error) {
    asked.throwIfAborted();
    return { v: 1, ...unavailable(`The replay could not be made: ${safeError(error).message}`.slice(0, 500)) };
  } finally {
    for (const handle of started) await parts.executor.remove(handle).catch(() => undefined);
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Case {
  spec: JobSpec;
  jobId: string;
  quote: Quote;
  claim: Manifest;
  folder: string;
  store: BlobStore;
  request: ReplayRequest;
  parts: ReplayParts;
  signal: AbortSignal;
  /** Executions to be removed when all is said: their outputs lie in their work folders. */
  started: ExecutionHandle[];
}

async function judge(c: Case): Promise<Answer> {
  const { claim } = c;
  if (claim.exit.kind === 'computeProviderFault') return rejected('The compute provider admits its own fault; there is nothing to replay');
  const { serviceProvider, computeProvider } = c.quote;
  const inputs = await fetchAll(c, c.spec.inputs, serviceProvider.peerId);
  // Before anything is run or compared: a hash that nobody serves is no delivery, even if it is the right one. That the inputs
  // came shows that this machine's own network is not to blame.
  let delivered: Delivered = { root: claim.delivery.root, files: new Map() };
  if (claim.exit.kind === 'completed') {
    const bytes = claim.outputs.reduce((sum, output) => sum + readableBytes(claim, output), 0);
    if (bytes > c.spec.outputLimitBytes) return upheld(`The outputs are ${bytes} bytes, the job's limit is ${c.spec.outputLimitBytes}`);
    try {
      const files = await fetchAll(c, sealedFiles(claim), computeProvider.peerId);
      if (claim.delivery.kind === 'open') delivered = { root: claim.delivery.root, files };
      else {
        const opened = await openClaim(c);
        if ('outcome' in opened) return opened;
        delivered = opened;
      }
    } catch (error) {
      c.signal.throwIfAborted();
      if (safeError(error).code !== 'file-unreachable') throw error;
      return withheld(`The claimed outputs are not served: ${safeError(error).message}`);
    }
  }
  const inputPath = (name: string): string => {
    const path = inputs.get(name)?.path;
    if (path === undefined) throw new NunetError('input-unknown', `Cannot open input ${name}: the spec has none of that name`);
    return path;
  };
  const timeFault = claim.exit.kind === 'jobFault' && claim.exit.code === 'time-limit';
  const result = await runAgain(c, inputPath, timeFault ? c.spec.timeLimitMs : c.spec.timeLimitMs * REPLAY_SLOWER);
  if (result === 'unrunnable') {
    return claim.exit.kind === 'completed'
      ? upheld('The job cannot run at all, yet a result is claimed')
      : rejected('The job cannot run here either');
  }
  if (result.exit.kind === 'computeProviderFault') return unavailable(`The replaying machine failed: ${result.exit.message}`);
  if (claim.exit.kind === 'jobFault') return judgeFault(c, claim.exit.code, result);
  if (result.exit.kind === 'jobFault') {
    // Too slow even with more time says something of this machine; any other fault is the job's own.
    if (result.exit.code === 'time-limit') return unavailable(`The replay did not end within ${c.spec.timeLimitMs * REPLAY_SLOWER} ms`);
    return upheld(`A result is claimed, but the job fails: ${result.exit.message}`);
  }
  return judgeOutputs(c, result, inputPath, delivered);
}

type Files = Map<string, { path: string; bytes: number }>;

/** The claimed outputs as anybody can read them. */
interface Delivered {
  root: string;
  files: Files;
}

const readableBytes = ({ delivery }: Manifest, { bytes }: OutputFile): number =>
  delivery.kind === 'sealed' ? (plaintextBytes(bytes) ?? bytes) : bytes;

/** What was fetched of a sealed claim, opened with the key that the oracle holds; or what it says that it does not open. */
async function openClaim(c: Case): Promise<Delivered | Answer> {
  const { key } = c.request;
  if (key === undefined) return unavailable('The outputs are sealed, and no key came with the request');
  const folder = join(c.folder, 'opened');
  try {
    const opening = await openInto(folder, c.store, c.claim, key, c.signal);
    if (opening.type === 'wrong') return upheld(`Output ${opening.file} does not open to what the manifest commits to`);
    return {
      root: outputRootOf(opening.outputs),
      files: new Map(opening.outputs.map(({ name, bytes }) => [name, { path: join(folder, name), bytes }])),
    };
  } catch (error) {
    const { code, message } = safeError(error);
    if (code === 'outputs-wrong') return upheld(message);
    if (code === 'key-wrong') return unavailable(message);
    throw error;
  }
}

/**
 * All of these files, from one party if it has them, else from the other. Throws `file-unreachable` when one is not served, or
 * when they come slower than any honest link; `replay-slow` when they are too large to come in the time of a replay.
 */
async function fetchAll(c: Case, files: readonly { name: string; cid: string; bytes: number }[], first: string): Promise<Files> {
  const { jobId, store } = c;
  const isFirst = (source: string): boolean => source.endsWith(`/p2p/${first}`);
  const sources = [...c.request.sources.filter(isFirst), ...c.request.sources.filter((source) => !isFirst(source))];
  const patienceMs =
    (c.parts.fetchStartMs ?? FETCH_START_MS) + (1000 * files.reduce((sum, { bytes }) => sum + bytes, 0)) / SLOWEST_BYTES_A_SECOND;
  const patience = AbortSignal.timeout(Math.ceil(Math.min(patienceMs, REPLAY_FETCH_MS)));
  const signal = AbortSignal.any([c.signal, patience]);
  const fetched: Files = new Map();
  try {
    for (const { name, cid, bytes } of files) {
      await c.parts.fetchFile({ jobId, cid, bytes }, sources, store, signal);
      fetched.set(name, { path: await store.pathOf(jobId, cid), bytes });
    }
  } catch (error) {
    c.signal.throwIfAborted();
    if (!patience.aborted) throw error;
    if (patienceMs > REPLAY_FETCH_MS) throw new NunetError('replay-slow', `Cannot fetch the files within ${REPLAY_FETCH_MS} ms`);
    throw new NunetError('file-unreachable', `Cannot fetch the files: they did not come within ${Math.ceil(patienceMs)} ms`);
  }
  return fetched;
}

async function runAgain(c: Case, inputPath: (name: string) => string, timeLimitMs: number): Promise<ExecutionResult | 'unrunnable'> {
  const { executor } = c.parts;
  const spec = { ...c.spec, timeLimitMs };
  const request = { jobId: c.jobId, spec, inputPath, workDir: join(c.folder, 'work'), gpus: [] };
  try {
    await executor.prepare(request, c.signal);
  } catch (error) {
    c.signal.throwIfAborted();
    const { code } = safeError(error);
    if (code.startsWith('graph-') || code.startsWith('program-')) return 'unrunnable';
    throw error;
  }
  const handle = await executor.start(request, async (made) => void c.started.push(made), c.signal);
  return executor.wait(handle, () => undefined, c.signal);
}

function judgeFault(c: Case, code: string, result: ExecutionResult): Answer {
  if (result.exit.kind === 'jobFault') {
    if (result.exit.code === code) return rejected(`The job fails the same way here: ${code}`);
    return unavailable(`The claim is "${code}", here it is "${result.exit.code}": not the same, but a fault of the job in both`);
  }
  if (code === 'time-limit' && 2 * result.billedMs > c.spec.timeLimitMs) {
    return unavailable(`The job ends here in ${result.billedMs} of ${c.spec.timeLimitMs} ms; a slower machine may miss the limit`);
  }
  return upheld(`A fault of the job is claimed (${code}), but it runs to its end here`);
}

async function judgeOutputs(c: Case, result: ExecutionResult, inputPath: (name: string) => string, delivered: Delivered): Promise<Answer> {
  const { claim, store, jobId } = c;
  const outputs: (OutputFile & { path: string })[] = [];
  for (const { name, path } of result.outputs) outputs.push({ name, path, ...(await store.importFile(jobId, path)) });
  const replayedRoot = outputRootOf(outputs);
  const claimedRoot = delivered.root;
  if (replayedRoot === claimedRoot) return rejected('The outputs are the same, byte for byte');
  const { program } = c.spec;
  if (program.kind !== 'onnx') return unavailable(`Jobs of kind ${program.kind} are not replayed`);
  if (program.evaluate === null) return upheld('The outputs are others, and the job names no measure that could excuse it');
  if (outputRootOf(claim.outputs) !== claim.delivery.root) return upheld('The claimed root is not that of the claimed outputs');

  const { evaluation, tolerance } = program.evaluate;
  const replayed = await scoreOf(c, evaluation, inputPath, new Map(outputs.map((output) => [output.name, output])));
  if (replayed === null) return unavailable('The replayed model cannot be scored');
  const claimed = await scoreOf(c, evaluation, inputPath, delivered.files);
  const finding = compareOutputs(program, { root: claimedRoot, score: claimed }, { root: replayedRoot, score: replayed });
  const metric = evaluation.metric.name.slice(0, 200);
  if (claimed === null) return upheld(`The delivered model cannot be scored; the replay's ${metric} is ${replayed}`);
  const score = { metric, claimed, replayed, tolerance };
  return finding === 'within' || finding === 'same'
    ? rejected(`The delivered ${metric} lies within the job's tolerance of the replay's`, score)
    : upheld(`The delivered ${metric} lies below the replay's by more than the job's tolerance`, score);
}

/** Null when the model itself cannot be scored; a fault of this machine is thrown. */
async function scoreOf(
  c: Case,
  evaluation: Evaluation,
  inputPath: (name: string) => string,
  outputs: Readonly<Pick<Files, 'get'>>,
): Promise<number | null> {
  const sizes = new Map(c.spec.inputs.map(({ name, bytes }) => [name, bytes]));
  try {
    return await c.parts.executor.score(
      {
        evaluation,
        filePath: (name) => outputs.get(name)?.path ?? inputPath(name),
        fileBytes: (name) => outputs.get(name)?.bytes ?? sizes.get(name) ?? 0,
        memoryBytes: c.spec.resources.memoryBytes,
        timeLimitMs: c.spec.timeLimitMs * REPLAY_SLOWER,
      },
      c.signal,
    );
  } catch (error) {
    c.signal.throwIfAborted();
    const { code } = safeError(error);
    if (code === 'score-failed' || code.startsWith('graph-') || code.startsWith('program-') || code === 'input-unknown') return null;
    throw error;
  }
}

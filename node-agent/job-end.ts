// How a job ends: with one signed manifest or one signed refusal, on disk before anybody sees it, and the state that follows from it.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { JobState } from '@nunet/shared/job-state.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { billedPay, type Reason } from '@nunet/shared/quote.ts';
import { signStatement, type Signer } from '@nunet/shared/signature.ts';
import { NOTHING_SEALED } from '@nunet/shared/sealed/seal-outputs.ts';
import { deliveredOpen, type Delivered } from './delivered.ts';
import { named } from './disk-full.ts';
import type { JobFiles } from './execution.ts';
import type { Fingerprints } from './executor/executor-set.ts';
import type { ExecutionResult } from './executor/executor.ts';
import { hasEnded, stateOf, type Job, type JobBook } from './job-book.ts';
import { signRefusal } from './refusal.ts';

export const CANCELLED: Reason = { code: 'cancelled', message: 'The service provider cancelled before the work began' };

export interface JobEndParts {
  book: JobBook;
  signer: Signer;
  fingerprints: Fingerprints;
  files: Pick<JobFiles, 'keepOutputs'>;
  random(bytes: number): Uint8Array;
  onFailure(error: unknown, jobId: string): void;
}

/** Outputs into the store, then the one signed manifest of this lock: two would count against us. */
export async function finish(
  job: Job,
  result: ExecutionResult,
  times: { startedAt: number; finishedAt: number },
  parts: JobEndParts,
): Promise<void> {
  const { book } = parts;
  let { exit } = result;
  const isSealed = job.quote.body.delivery === 'sealed';
  let delivered: Delivered = isSealed ? { outputs: [], delivery: NOTHING_SEALED } : deliveredOpen([]);
  try {
    if (exit.kind === 'completed') {
      const key = isSealed ? await sealingKey(job, times.finishedAt, parts) : null;
      delivered = await parts.files.keepOutputs(job, result.outputs, key);
    }
  } catch (error) {
    if (error instanceof NunetError && error.code.startsWith('journal-')) throw error;
    parts.onFailure(error, job.jobId);
    exit = faultOf('outputs-lost', error).exit;
  }
  if (job.manifest === undefined) {
    const billedMs = Math.max(0, Math.min(Math.ceil(result.billedMs), job.quote.body.timeLimitMs));
    const body: Manifest = {
      v: 1,
      network: book.network,
      jobId: job.jobId,
      quoteCid: job.quote.cid,
      lock: job.lock,
      exit: exit.kind === 'completed' ? exit : { ...exit, message: exit.message.slice(0, 500) },
      startedAt: times.startedAt,
      finishedAt: Math.max(times.startedAt, times.finishedAt),
      billedMs,
      payBaseUnits: billedPay(job.quote.body, billedMs),
      usage: { cpuMs: Math.round(result.cpuMs), peakMemoryBytes: Math.round(result.peakMemoryBytes), ...result.usage },
      sandbox: parts.fingerprints.of(job.spec.program.kind).sandbox,
      ...(result.imageId === undefined ? {} : { imageId: result.imageId }),
      metrics: result.metrics.filter(({ value }) => Number.isFinite(value)).slice(0, 32),
      ...delivered,
    };
    const signed = await signStatement('manifest', body, parts.signer);
    await book.record({ type: 'manifest', jobId: job.jobId, at: body.finishedAt, envelope: bytesToHex(signed.envelope) });
  }
  await endOnRecord(job, parts);
}

/** K, on disk before anything is encrypted: a kill must not leave ciphertext that nobody can open, or two of it. */
async function sealingKey(job: Job, at: number, parts: JobEndParts): Promise<string> {
  if (job.sealedKey !== undefined) return job.sealedKey;
  const key = bytesToHex(parts.random(32));
  await parts.book.record({ type: 'sealed-key', jobId: job.jobId, at, key });
  return key;
}

/** A kill between a signed end and its state leaves the state to be written now. */
export async function endOnRecord(job: Job, parts: JobEndParts): Promise<void> {
  if (hasEnded(job)) return;
  if (job.manifest !== undefined) {
    const { exit, finishedAt } = job.manifest.body;
    if (stateOf(job) !== 'running') return;
    if (exit.kind === 'completed') await parts.book.go(job.jobId, 'finished', finishedAt);
    else await parts.book.go(job.jobId, 'failed', finishedAt, `${exit.code}: ${exit.message}`.slice(0, 500));
  } else if (job.refusal !== undefined) {
    const { reasons, issuedAt } = job.refusal.body;
    const [first] = reasons;
    const state: JobState = first?.code === 'cancelled' ? 'cancelled' : first?.code === 'start-missed' ? 'expired' : 'refused';
    await parts.book.go(job.jobId, state, issuedAt, first?.message ?? null);
  }
}

/** Signs the no that brings the money back at once. Only while nothing has run. */
export async function refuse(job: Job, reasons: Reason[], at: number, parts: JobEndParts): Promise<void> {
  if (job.handle !== undefined) throw new NunetError('job-state-invalid', `Cannot refuse job ${job.jobId}: it was started`);
  const signed = await signRefusal(job.quote, job.lock, reasons, at, parts);
  await parts.book.record({
    type: 'refused',
    jobId: job.jobId,
    at,
    quoteCid: job.quote.cid,
    lock: job.lock,
    envelope: bytesToHex(signed.envelope),
  });
  await endOnRecord(job, parts);
}

/** A failure of the compute provider's side. */
export const faultOf = (code: string, error: unknown): ExecutionResult => ({
  exit: { kind: 'computeProviderFault', code, message: safeError(named(error)).message.slice(0, 500) },
  billedMs: 0,
  cpuMs: 0,
  peakMemoryBytes: 0,
  outputs: [],
  metrics: [],
});

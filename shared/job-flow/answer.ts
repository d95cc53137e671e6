// answerResult: looks at what an agent delivered (figures, bytes, the job's own check) and signs the one answer to it.
import { bytesToHex } from '@noble/hashes/utils.js';
import { safeError } from '../errors.ts';
import { isLockEnd } from '../lock-state.ts';
import type { Manifest, OutputFile } from '../manifest.ts';
import type { Quote } from '../quote.ts';
import { signStatement, type Signed } from '../signature.ts';
import { manifestProblems } from './manifest-check.ts';
import type { BuiltLock, CheckResult, Ports } from './ports.ts';
import { chainTime, type Drive } from './running-job.ts';
import { withTimeout } from './waiting.ts';

/** Tries of an output whose bytes are wrong before it is disputed: a broken transfer is not yet a broken promise. */
const WRONG_OUTPUT_TRIES = 3;
/** Tries of a check that cannot be run. */
const CHECK_TRIES = 5;

export interface Result {
  drive: Drive;
  quote: Signed<Quote>;
  lockTx: BuiltLock;
}

type Fetched = { type: 'stored' } | { type: 'withheld'; reason: string } | { type: 'unsaved' };

/** Fetches what was delivered, or says why it cannot be had: by the agent's doing, or because this machine cannot keep it. */
export async function fetchDelivered(
  work: Result,
  files: readonly OutputFile[],
  fetch: Ports['outputs']['fetch'],
  signal: AbortSignal,
): Promise<Fetched> {
  const { drive, quote } = work;
  const { clock } = drive.ports;
  const jobId = drive.record().jobId;
  const { finishBy, disputeBy } = quote.body;
  // Late enough to be patient, early enough that a dispute still reaches the oracles.
  const patientUntil = finishBy + (disputeBy - finishBy) / 2;
  for (const file of files) {
    let wrong = 0;
    for (let attempt = 0; ; attempt++) {
      const { lock } = drive.record();
      const lockOver = lock !== null && isLockEnd(lock);
      const patienceMs = patientUntil - (await chainTime(drive, signal));
      try {
        const onBytes = (doneBytes: number): void => drive.emit({ type: 'output', name: file.name, doneBytes, totalBytes: file.bytes });
        const limitMs = lockOver ? drive.pace.idleMs : Math.max(patienceMs, drive.pace.retryMs);
        await withTimeout((within) => fetch(drive.agent(), jobId, file, onBytes, within), limitMs, clock, signal);
        break;
      } catch (error) {
        drive.failed(`Output ${file.name} cannot be fetched`, error, signal);
        const { code, message } = safeError(error);
        if (code === 'outputs-wrong' && ++wrong >= WRONG_OUTPUT_TRIES)
          return { type: 'withheld', reason: `output ${file.name} is not what the manifest commits to: ${message}` };
        if ((patienceMs <= 0 || lockOver) && attempt >= 2) {
          return code === 'outputs-unsaved'
            ? { type: 'unsaved' }
            : { type: 'withheld', reason: `output ${file.name} was not delivered: ${message}` };
        }
      }
      await drive.findAgent(signal);
      await drive.backOff(patienceMs <= 2 * drive.pace.maxRetryMs ? 0 : attempt, signal);
    }
  }
  return { type: 'stored' };
}

/** The check's verdict over stored outputs; undefined when it cannot be run, which must not look like a "no". */
export async function runCheck(work: Result, manifest: Manifest, signal: AbortSignal): Promise<CheckResult | undefined> {
  const { drive } = work;
  for (let attempt = 0; attempt < CHECK_TRIES; attempt++) {
    try {
      return await drive.ports.outputs.check(drive.record().spec, manifest, signal);
    } catch (error) {
      drive.failed('The check cannot be run', error, signal);
    }
    await drive.backOff(attempt, signal);
  }
  drive.notice(
    'check-failed',
    'The check could not be run, so the result is not answered; silence pays it when the time to dispute is over.',
  );
  return undefined;
}

/** Journals what is thought of a result; the first thought stands. */
export const noteCheck = (drive: Drive, { accept, score, detail }: CheckResult): Promise<unknown> =>
  drive.append((record, atMs) =>
    record.check === undefined ? { type: 'checked', atMs, accept, score, detail: detail.slice(0, 500) } : undefined,
  );

/** Looks at what was delivered and journals what is thought of it. False when there is nothing to answer. */
async function judge(work: Result, manifest: Manifest, signal: AbortSignal): Promise<boolean> {
  const { drive, quote } = work;
  if (drive.record().check !== undefined) return true;
  const checked = (accept: boolean, score: number | null, detail: string): Promise<unknown> => noteCheck(drive, { accept, score, detail });
  const problems = manifestProblems(manifest, quote.body, drive.record().spec);
  if (problems.length > 0) {
    await checked(false, null, problems.map((problem) => problem.message).join('; '));
    return true;
  }
  // The agent itself says that there is nothing to pay in full: the oracles' table decides, no answer is needed.
  if (manifest.exit.kind !== 'completed') return false;
  if (!drive.record().outputsStored) {
    const { outputs } = drive.ports;
    const fetched = await fetchDelivered(work, manifest.outputs, (...args) => outputs.fetch(...args), signal);
    if (fetched.type === 'withheld') {
      await checked(false, null, fetched.reason);
      return true;
    }
    if (fetched.type === 'unsaved') {
      drive.notice('outputs-unsaved', 'The outputs could not be kept here, so the result is not answered; silence pays it.');
      return false;
    }
    await drive.append((_, atMs) => ({ type: 'outputs-stored', atMs }));
  }
  const result = await runCheck(work, manifest, signal);
  if (result === undefined) return false;
  await checked(result.accept, result.score, result.detail);
  return true;
}

/** Signs and journals the one answer; whoever tells it comes after. */
async function answer(work: Result, manifest: Signed<Manifest>, signal: AbortSignal): Promise<void> {
  const { drive, lockTx } = work;
  const { check, jobId, spec, answer: answered } = drive.record();
  if (check === undefined || answered !== undefined) return;
  const signer = await drive.ports.keys.signer(jobId, signal);
  const body = { v: 1 as const, network: spec.network, jobId, lock: lockTx.reference, manifestCid: manifest.cid };
  const kind = check.accept ? ('ack' as const) : ('dispute' as const);
  const signed = check.accept
    ? await signStatement('ack', { ...body, payBaseUnits: manifest.body.payBaseUnits }, signer)
    : await signStatement('dispute', { ...body, reason: check.detail.slice(0, 500) || 'the check did not accept it' }, signer);
  await drive.append((record, atMs) =>
    record.answer === undefined ? { type: 'answer', atMs, kind, envelope: bytesToHex(signed.envelope) } : undefined,
  );
}

/** Looks at what was delivered without answering: a job that is paid by vouchers is answered by the last of them. */
export async function judgeResult(work: Result, manifest: Signed<Manifest>, signal: AbortSignal): Promise<void> {
  await judge(work, manifest.body, signal);
}

/** Journals the one answer to a manifest, or none where none is due. Idempotent; whoever tells it comes after. */
export async function answerResult(work: Result, manifest: Signed<Manifest>, signal: AbortSignal): Promise<void> {
  if (await judge(work, manifest.body, signal)) await answer(work, manifest, signal);
}

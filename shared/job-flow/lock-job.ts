// lockJob: the money lane. A taken quote -> signed lock -> confirmed, watched to its end in the chain; reclaimed when nobody signed.
import { formatAmount } from '../amount.ts';
import { NunetError, safeError } from '../errors.ts';
import { isLockEnd, type LockState } from '../lock-state.ts';
import { confirmationsFor } from '../network-record.ts';
import type { Quote } from '../quote.ts';
import type { Signed } from '../signature.ts';
import { goJob, type Drive } from './running-job.ts';
import { endOf, type JobRecord } from './job-record.ts';
import { withTimeout } from './waiting.ts';
import type { BuiltLock, LockStatus, SpentLock } from './ports.ts';

const RELEASE_TIMEOUT_MS = 3_000;

/** Journals a change of the lock; nothing when it is there already. */
async function goLock(drive: Drive, to: LockState, detail: string, spent?: SpentLock): Promise<void> {
  await drive.append((record, atMs) =>
    record.lock === to
      ? undefined
      : { type: 'lock', atMs, state: to, detail: detail.slice(0, 1000), ...(spent === undefined ? {} : { spent }) },
  );
}

/** Nothing is or will be locked; what that means for the job. */
async function drop(drive: Drive, reason: string, job: 'expired' | 'failed' | 'cancelled'): Promise<void> {
  await goLock(drive, 'dropped', reason);
  await goJob(drive, drive.record().cancelWanted ? 'cancelled' : job, reason);
}

/** The agent holds capacity for this quote; others may have it. It lapses by itself where this does not arrive. */
async function giveBack(drive: Drive, signal: AbortSignal): Promise<void> {
  const { network, clock } = drive.ports;
  const { jobId } = quoteOf(drive.record()).body;
  await withTimeout((within) => network.release(drive.agent(), jobId, within), RELEASE_TIMEOUT_MS, clock, signal).catch(() => undefined);
}

const quoteOf = (record: JobRecord): Signed<Quote> => {
  if (record.quote === undefined) throw new NunetError('job-not-quoted', 'Cannot lock: the job has no quote');
  return record.quote;
};

/** What ends a job before anything is locked, whatever is tried again, and what the job is called then. */
const FINAL: Readonly<Record<string, 'failed' | 'cancelled'>> = { 'funds-insufficient': 'failed', 'signing-refused': 'cancelled' };

/** A lock that waits for a person's signature waits no longer than until somebody cancels. */
async function buildUnlessCancelled(drive: Drive, quote: Signed<Quote>, signal: AbortSignal): Promise<BuiltLock> {
  const stop = new AbortController();
  const done = new AbortController();
  drive
    .until((record) => record.cancelWanted, AbortSignal.any([signal, done.signal]))
    .then(
      () => stop.abort(new DOMException('the job is cancelled', 'AbortError')),
      () => undefined,
    );
  try {
    return await drive.ports.escrow.buildLock(quote, AbortSignal.any([signal, stop.signal]));
  } finally {
    done.abort();
  }
}

/** Builds and journals the one lock of this quote. Gives false when there will be none. */
async function build(drive: Drive, signal: AbortSignal): Promise<boolean> {
  const quote = quoteOf(drive.record());
  for (let attempt = 0; ; attempt++) {
    try {
      if (drive.record().cancelWanted) return await drop(drive, 'cancelled before anything was locked', 'failed').then(() => false);
      if ((await drive.ports.escrow.chainTimeMs(signal)) >= quote.body.expiresAt) {
        return await drop(drive, 'the quote expired before anything was locked', 'expired').then(() => false);
      }
      const lock = await buildUnlessCancelled(drive, quote, signal);
      if (lock.validUntilMs > quote.body.expiresAt) {
        throw new NunetError('lock-validity', 'Cannot lock: the transaction would stay valid after the quote expired');
      }
      const { reference, ...built } = lock;
      const { cancelWanted } = await drive.append((record, atMs) =>
        record.lockTx === undefined && !record.cancelWanted ? { type: 'lock-built', atMs, ...built, index: reference.index } : undefined,
      );
      // A cancel that came first wins: what was only built has no effect.
      if (cancelWanted && drive.record().lockTx === undefined) continue;
      return true;
    } catch (error) {
      const { code, message } = safeError(error);
      const end = FINAL[code];
      if (end !== undefined) {
        await drop(drive, message, end);
        await giveBack(drive, signal);
        return false;
      }
      if (drive.record().cancelWanted && !signal.aborted) continue;
      drive.failed('The lock cannot be built yet', error, signal);
      await drive.backOff(attempt, signal);
    }
  }
}

/** Everything the money lane remembers between two looks; lost in a kill without harm. */
interface Watch {
  submittedAtMs: number;
  rejection: string | undefined;
  reclaimAttempt: number;
  reclaimNotBeforeMs: number;
  agreedAtMs: number | undefined;
  agreeAttempt: number;
  agreeNotBeforeMs: number;
}

/** Sends the journaled lock as long as the ledger may take it; says so when it cannot any more. Gives false then. */
async function submitWhileValid(drive: Drive, watch: Watch, chainTimeMs: number, signal: AbortSignal): Promise<boolean> {
  const { lockTx } = drive.record();
  if (lockTx === undefined) return false;
  const { escrow, clock } = drive.ports;
  const depth = confirmationsFor(drive.network, quoteOf(drive.record()).body.amountBaseUnits);
  if (chainTimeMs >= lockTx.validUntilMs) {
    // Only blocks on top of the end of its validity prove that no fork can still bring it.
    if (chainTimeMs < lockTx.validUntilMs + (depth + 1) * drive.pace.blockMs) return true;
    const why = watch.rejection === undefined ? 'no block took it before its validity ended' : `the ledger refused it: ${watch.rejection}`;
    await drop(drive, `nothing was locked: ${why}`, watch.rejection === undefined ? 'expired' : 'failed');
    return false;
  }
  if (clock.now() - watch.submittedAtMs < drive.pace.resubmitMs) return true;
  watch.submittedAtMs = clock.now();
  try {
    await escrow.submit(lockTx.cbor, signal);
    watch.rejection = undefined;
    if (drive.record().lock === 'building') await goLock(drive, 'submitted', lockTx.txId);
  } catch (error) {
    // Refused may mean that it is there already, so it is never taken as the end: the chain says, or the validity ends.
    if (safeError(error).code === 'chain-rejected') watch.rejection = safeError(error).message;
    drive.failed('The lock was not taken yet', error, signal);
  }
  return true;
}

/**
 * From when on to reclaim. Oracles that have signed a verdict get the claim window once more to bring it on chain: taking
 * back what they awarded to the compute provider is for nobody but a thief to do first.
 */
const reclaimTime = (lock: LockState | null, { disputeBy, reclaimAfter }: Quote): number =>
  lock === 'attested' || lock === 'agreed' ? reclaimAfter + (reclaimAfter - disputeBy) : reclaimAfter;

/** A wallet that is locked says so before it builds anything: each look asks again, and goes on at once when it is unlocked. */
const isLocked = (error: unknown): boolean => safeError(error).code === 'vault-locked';

/** Ends the lock as both parties signed. Whoever is paid has the first word, unless all of it comes back to us. */
async function agree(drive: Drive, watch: Watch, chainTimeMs: number, signal: AbortSignal): Promise<void> {
  const { agreement, lockTx, lock } = drive.record();
  const { escrow, clock } = drive.ports;
  if (agreement === undefined || lockTx === undefined) return;
  if (lock === 'locked') await goLock(drive, 'agreed', `both sides signed a pay of ${formatAmount(agreement.paid)} NTX`);
  watch.agreedAtMs ??= clock.now();
  const patienceMs = agreement.paid === 0n ? 0 : drive.pace.agreeMs;
  if (clock.now() < Math.max(watch.agreedAtMs + patienceMs, watch.agreeNotBeforeMs)) return;
  try {
    let { agreeTx } = drive.record();
    if (agreeTx === undefined || chainTimeMs >= agreeTx.validUntilMs || watch.agreeAttempt > 2) {
      const built = await escrow.buildAgree(quoteOf(drive.record()), lockTx.reference, agreement, signal);
      await drive.append((_, atMs) => ({ type: 'agree-built', atMs, ...built }));
      agreeTx = built;
      watch.agreeAttempt = 0;
    }
    await escrow.submit(agreeTx.cbor, signal);
    watch.agreeNotBeforeMs = clock.now() + drive.pace.resubmitMs;
  } catch (error) {
    drive.failed('What both sides signed cannot be brought on chain yet', error, signal);
    if (isLocked(error)) return;
    watch.agreeAttempt += 1;
    watch.agreeNotBeforeMs = clock.now() + Math.min(drive.pace.maxRetryMs, drive.pace.retryMs * 2 ** watch.agreeAttempt);
  }
}

/** Takes the money back once nobody signed in time. */
async function reclaim(drive: Drive, watch: Watch, chainTimeMs: number, signal: AbortSignal): Promise<void> {
  const record = drive.record();
  const { escrow, clock } = drive.ports;
  if (record.lockTx === undefined || clock.now() < watch.reclaimNotBeforeMs) return;
  try {
    let { reclaimTx } = record;
    if (reclaimTx === undefined || chainTimeMs >= reclaimTx.validUntilMs || watch.reclaimAttempt > 2) {
      const built = await escrow.buildReclaim(quoteOf(record), record.lockTx.reference, signal);
      await drive.append((_, atMs) => ({ type: 'reclaim-built', atMs, ...built }));
      reclaimTx = built;
      watch.reclaimAttempt = 0;
    }
    await escrow.submit(reclaimTx.cbor, signal);
    watch.reclaimNotBeforeMs = clock.now() + drive.pace.resubmitMs;
  } catch (error) {
    drive.failed('The lock cannot be reclaimed yet', error, signal);
    if (isLocked(error)) return;
    watch.reclaimAttempt += 1;
    watch.reclaimNotBeforeMs = clock.now() + Math.min(drive.pace.maxRetryMs, drive.pace.retryMs * 2 ** watch.reclaimAttempt);
  }
}

/** The lock goes back: an end is undone, and below its depth it counts as submitted again. */
async function rollBack(drive: Drive): Promise<void> {
  const { lock } = drive.record();
  if (lock !== null && isLockEnd(lock)) await goLock(drive, 'locked', 'the chain rolled back the transaction that spent it');
  if (drive.record().lock !== 'building') await goLock(drive, 'submitted', 'the chain rolled back');
}

/** Takes one look's news into the journal. True once the lock's end is deep enough to stay. */
async function note(drive: Drive, status: Exclude<LockStatus, { state: 'unknown' }>): Promise<boolean> {
  const depth = confirmationsFor(drive.network, quoteOf(drive.record()).body.amountBaseUnits);
  if (status.state === 'pending') {
    if (drive.record().lock === 'building') await goLock(drive, 'submitted', drive.record().lockTx?.txId ?? '');
    else if (drive.record().lock !== 'submitted') await rollBack(drive);
    return false;
  }
  if (drive.record().lock === 'building') await goLock(drive, 'submitted', drive.record().lockTx?.txId ?? '');
  const deep = status.state === 'spent' || status.confirmations >= depth;
  if (drive.record().lock === 'submitted' && deep) {
    await goLock(
      drive,
      'locked',
      status.state === 'confirmed' ? `${status.confirmations} block${status.confirmations === 1 ? '' : 's'} on top` : 'spent already',
    );
    await goJob(drive, 'locked', '');
  }
  const { lock, spent } = drive.record();
  const ended = lock !== null && isLockEnd(lock);
  if (status.state === 'confirmed') {
    if (ended) await goLock(drive, 'locked', 'the chain rolled back the transaction that spent it');
    return false;
  }
  if (ended && spent?.txId !== status.spent.txId) await goLock(drive, 'locked', 'another transaction spent it after a rollback');
  await goLock(drive, endOf(drive.record(), status.spent), status.spent.txId, status.spent);
  return status.confirmations >= depth;
}

const isDeep = (drive: Drive, confirmations: number): boolean =>
  confirmations >= confirmationsFor(drive.network, quoteOf(drive.record()).body.amountBaseUnits);

/** Runs until the lock has ended for good: dropped, or spent deep enough. */
export async function lockJob(drive: Drive, signal: AbortSignal): Promise<void> {
  const { escrow, clock } = drive.ports;
  if (drive.record().lock === 'dropped') return drop(drive, 'nothing was locked', 'expired');
  if (drive.record().lockTx === undefined && !(await build(drive, signal))) return;
  const watch: Watch = {
    submittedAtMs: -Infinity,
    rejection: undefined,
    reclaimAttempt: 0,
    reclaimNotBeforeMs: 0,
    agreedAtMs: undefined,
    agreeAttempt: 0,
    agreeNotBeforeMs: 0,
  };
  for (;;) {
    const { lockTx } = drive.record();
    const quote = quoteOf(drive.record());
    if (lockTx === undefined) return;
    try {
      // Time before status: a block between the two calls can only make the status newer than the time, never older.
      const chainTimeMs = await escrow.chainTimeMs(signal);
      const status = await escrow.lockStatus(quote, lockTx.reference, signal);
      if (status.state === 'unknown') {
        if (drive.record().lock !== 'building' && drive.record().lock !== 'submitted') await rollBack(drive);
        if (!(await submitWhileValid(drive, watch, chainTimeMs, signal))) return;
      } else if (await note(drive, status)) {
        return;
      } else if (status.state === 'confirmed' && chainTimeMs >= reclaimTime(drive.record().lock, quote.body)) {
        await reclaim(drive, watch, chainTimeMs, signal);
      } else if (status.state === 'confirmed' && isDeep(drive, status.confirmations)) {
        await agree(drive, watch, chainTimeMs, signal);
      }
    } catch (error) {
      drive.failed('The chain cannot be read', error, signal);
    }
    await clock.sleep(drive.pace.pollMs, signal);
  }
}

// Pay by voucher: signs what is due while a job runs, asks the agent to close at its end, and takes the agent's half. Each voucher is journaled before it is sent.
import { bytesToHex } from '@noble/hashes/utils.js';
import { agreementProblem } from '../agreement.ts';
import { formatAmount } from '../amount.ts';
import { isLockEnd } from '../lock-state.ts';
import { NO_KEY_HASH, voucherBytes } from '../lock.ts';
import type { Manifest } from '../manifest.ts';
import { billedPay, type LockRefusal, type Quote } from '../quote.ts';
import type { Signed } from '../signature.ts';
import { closingPay, isUnpaid, voucherDue } from '../stream-pay.ts';
import type { FollowEvent } from '../wire.ts';
import { highestVoucher, type JobRecord, type Voucher } from './job-record.ts';
import { manifestProblems } from './manifest-check.ts';
import type { BuiltLock, Clock } from './ports.ts';
import type { Drive } from './running-job.ts';

type Due = Extract<FollowEvent, { type: 'due' }>;

/** What is due is looked at again after this long, whatever the agent says: our own clock allows more by then. */
const LOOK_EVERY_MS = 1_000;
/** Between two vouchers, whatever the agent says is due: half of what an agent takes a second. */
const VOUCHER_GAP_MS = 400;

interface Pay {
  drive: Drive;
  quote: Signed<Quote>;
  lockTx: BuiltLock;
}

/** The latest word of the agent about what is due, from the lane that follows to the lane that pays. */
export class Meter {
  #latest: Due | undefined;
  #wake: (() => void) | undefined;

  take(due: Due): void {
    this.#latest = due;
    this.#wake?.();
  }

  latest(): Due | undefined {
    return this.#latest;
  }

  /** Resolves with the next word, or after `ms`. */
  async change(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => signal.throwIfAborted());
    } finally {
      this.#wake = undefined;
    }
  }
}

/** Signs and journals a voucher unless one as high is there already. */
async function sign(
  { drive, lockTx }: Pay,
  { paidBaseUnits, keyHash, final }: { paidBaseUnits: bigint; keyHash: string; final: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { reference } = lockTx;
  const signer = await drive.ports.keys.signer(drive.record().jobId, signal);
  const signature = bytesToHex(await signer.sign(voucherBytes(reference, paidBaseUnits, keyHash)));
  await drive.append((record, atMs) => {
    const stands = record.agreement !== undefined || (final ? isSame(record.finalVoucher, paidBaseUnits, keyHash) : false);
    const isLess = final ? paidBaseUnits < highestVoucher(record) : paidBaseUnits <= highestVoucher(record);
    return stands || isLess ? undefined : { type: 'voucher', atMs, paidBaseUnits, keyHash, signature, final };
  });
}

/** Both sides closed, or the money has moved in another way. */
const isOver = ({ agreement, lock }: JobRecord): boolean => agreement !== undefined || (lock !== null && isLockEnd(lock));

/** A wallet may stay locked for longer than the lock stands: there is nothing to sign then. */
async function signUnlessOver(pay: Pay, voucher: Parameters<typeof sign>[1], signal: AbortSignal): Promise<void> {
  const { drive } = pay;
  const [over, done] = [new AbortController(), new AbortController()];
  drive.until(isOver, AbortSignal.any([signal, done.signal])).then(
    () => over.abort(new DOMException('there is nothing to sign any more', 'AbortError')),
    () => undefined,
  );
  try {
    if (!isOver(drive.record())) await sign(pay, voucher, AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted || signal.aborted) throw error;
  } finally {
    done.abort();
  }
}

const isSame = (voucher: Voucher | undefined, paid: bigint, keyHash: string): boolean =>
  voucher !== undefined && voucher.paidBaseUnits === paid && voucher.keyHash === keyHash;

const runningSince = (record: JobRecord): number | undefined => record.jobHistory.find(({ state }) => state === 'running')?.atMs;

/** The next voucher, if one is due by the agent's word and by our own clock. */
async function signDue(pay: Pay, meter: Meter, signal: AbortSignal): Promise<void> {
  const { drive, quote } = pay;
  const { stream } = quote.body;
  const record = drive.record();
  const since = runningSince(record);
  const due = meter.latest();
  if (stream === undefined || due === undefined || since === undefined || record.job !== 'running') return;
  if (record.cancelWanted) {
    // Asks the agent to stop. What was given stands; the split follows its manifest.
    if (record.finalVoucher === undefined)
      await sign(pay, { paidBaseUnits: highestVoucher(record), keyHash: NO_KEY_HASH, final: true }, signal);
    return;
  }
  const paid = voucherDue(
    { ...quote.body, stream },
    {
      payBaseUnits: due.payBaseUnits,
      paused: due.paused,
      signedBaseUnits: highestVoucher(record),
      runningForMs: drive.ports.clock.now() - since,
    },
  );
  if (paid !== null) await sign(pay, { paidBaseUnits: paid, keyHash: NO_KEY_HASH, final: false }, signal);
}

/** Pays while the job runs. Runs until its signal aborts, which is its one normal end. */
export async function payWhileRunning(pay: Pay, meter: Meter, signal: AbortSignal): Promise<void> {
  const { drive } = pay;
  const { network, clock } = drive.ports;
  let sent: Voucher | undefined;
  for (let attempt = 0; ;) {
    signal.throwIfAborted();
    await signDue(pay, meter, signal);
    const { voucher, finalVoucher, jobId, job } = drive.record();
    const next = finalVoucher ?? voucher;
    if (next !== undefined && next !== sent && job === 'running') {
      try {
        const { paidBaseUnits, keyHash, signature } = next;
        await network.voucher(drive.agent(), { jobId, paidBaseUnits, keyHash, signature, final: next === finalVoucher }, signal);
        sent = next;
        attempt = 0;
        await clock.sleep(VOUCHER_GAP_MS, signal);
      } catch (error) {
        drive.failed('A voucher cannot be handed over yet', error, signal);
        await drive.backOff(attempt++, signal);
      }
      continue;
    }
    await meter.change(LOOK_EVERY_MS, clock, signal);
  }
}

/** The pay at which we would close over this manifest; null where the oracles' table shall decide. Pure. */
export function finalPay(record: JobRecord, manifest: Manifest, quote: Quote): bigint | null {
  const signed = highestVoucher(record);
  const pay = closingPay(manifest, quote, signed);
  if (pay > quote.amountBaseUnits || manifestProblems(manifest, quote, record.spec).length > 0) return null;
  switch (manifest.exit.kind) {
    case 'completed':
      if (quote.delivery === 'sealed') return record.outputsStored ? pay : null;
      return record.check?.accept === true ? pay : null;
    case 'computeProviderFault':
      return pay;
    case 'jobFault': {
      if (manifest.exit.code !== 'stopped') return pay;
      // It owes its time only when we asked it to stop, or did not pay: an agent's own word is not enough.
      const unpaid = quote.stream !== undefined && isUnpaid(quote.stream, billedPay(quote, manifest.billedMs), signed);
      return record.cancelWanted || unpaid ? pay : null;
    }
  }
}

/** Journals the agent's half, once it is proved to be one. */
async function takeClose({ drive, quote, lockTx }: Pay, closeSignature: string, secret: string | null): Promise<boolean> {
  const { finalVoucher } = drive.record();
  if (finalVoucher === undefined) return false;
  const agreement = { paid: finalVoucher.paidBaseUnits, voucherSignature: finalVoucher.signature, closeSignature, secret };
  const { amountBaseUnits } = quote.body;
  const problem = agreementProblem(agreement, { reference: lockTx.reference, datum: quote.body, amountBaseUnits });
  if (problem !== null) {
    drive.notice('close-invalid', `The agent's close cannot be used: ${problem}`);
    return false;
  }
  await drive.append((record, atMs) => (record.agreement === undefined ? { type: 'close', atMs, closeSignature, secret } : undefined));
  return true;
}

/** A refusal that brings its close is money back at once: our half is a voucher of nothing. */
export async function closeRefused(pay: Pay, refusal: Signed<LockRefusal>, signal: AbortSignal): Promise<void> {
  const { closeSignature } = refusal.body;
  if (closeSignature === undefined || pay.drive.record().agreement !== undefined || highestVoucher(pay.drive.record()) > 0n) return;
  await signUnlessOver(pay, { paidBaseUnits: 0n, keyHash: NO_KEY_HASH, final: true }, signal);
  await takeClose(pay, closeSignature, null);
}

/**
 * Hands the final voucher over until the agent has closed, or the lock has ended in another way. `late` is called once when the
 * agent takes longer than it should, or will not close at this pay.
 */
export async function closeAt(
  pay: Pay,
  paidBaseUnits: bigint,
  keyHash: string,
  late: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { drive } = pay;
  const { network, clock } = drive.ports;
  const since = clock.now();
  let isLate = false;
  await signUnlessOver(pay, { paidBaseUnits, keyHash, final: true }, signal);
  for (let attempt = 0; !isOver(drive.record()); attempt++) {
    const { finalVoucher, jobId } = drive.record();
    if (finalVoucher === undefined) return;
    let isRefused = false;
    try {
      const { paidBaseUnits: paid, signature } = finalVoucher;
      const answer = await network.voucher(drive.agent(), { jobId, paidBaseUnits: paid, keyHash, signature, final: true }, signal);
      if (answer.type === 'closed' && answer.paidBaseUnits === paid && (await takeClose(pay, answer.closeSignature, answer.secret))) return;
      isRefused = true;
      const said = answer.type === 'closed' ? `closed at ${formatAmount(answer.paidBaseUnits)} NTX` : 'does not close';
      drive.notice('close-refused', `The agent ${said}, not at the final voucher of ${formatAmount(paid)} NTX`);
    } catch (error) {
      drive.failed('The final voucher cannot be handed over yet', error, signal);
      await drive.findAgent(signal);
    }
    if (!isLate && (isRefused || clock.now() - since >= drive.pace.closeMs)) {
      isLate = true;
      await late();
    }
    const round = new AbortController();
    const within = AbortSignal.any([signal, round.signal]);
    await Promise.race([drive.backOff(attempt, within), drive.until(isOver, within)]).finally(() => round.abort());
  }
}

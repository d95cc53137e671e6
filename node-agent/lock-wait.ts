// Waiting on the chain for one job's lock: until it is deep enough to work for, and until it is spent.
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { lockProblems } from '@nunet/shared/lock-check.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import { confirmationsFor, type NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Quote, Reason } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { ChainWatch } from './chain-watch.ts';

/** What the chain shows of a lock output. */
export interface SeenLock {
  /** Or the reason why this output is no lock of ours at all: no datum, another script. */
  lock: LockedOutput | Reason;
  /** Blocks on top of the transaction that made it. */
  confirmations: number;
  /** Slot of its block, POSIX ms. */
  madeAtMs: number;
  spent: { txId: string; confirmations: number; paid: bigint | null } | null;
}

/** The chain as far as an agent needs it. Throws `chain-unavailable`; null: no such output is on chain. */
export interface LockSource {
  find(reference: OutputReference, signal: AbortSignal): Promise<SeenLock | null>;
}

export interface LockWait {
  watch: ChainWatch;
  locks: LockSource;
  record: NetworkRecord;
  onFailure(error: unknown): void;
}

export type LockOutcome =
  | { type: 'ready' }
  /** On chain, and not what was quoted or too late: it is refused and comes back at once. */
  | { type: 'refused'; reasons: Reason[] }
  /** Never came, or was spent before the work began: there is nothing to refuse. */
  | { type: 'gone'; reason: string };

/** A lock that fits and lies at most this many blocks from its depth is about to be worked for. */
const NEAR_BLOCKS = 1;

/**
 * Resolves when the lock may be worked for, or never will be. A source that does not answer is asked again at the next
 * block. `onNear` is called once when a lock that fits is deep enough, or almost.
 */
export async function awaitLock(
  quote: Signed<Quote>,
  reference: OutputReference,
  wait: LockWait,
  signal: AbortSignal,
  onNear?: () => void,
): Promise<LockOutcome> {
  const { startBy } = quote.body;
  const depth = confirmationsFor(wait.record, quote.body.amountBaseUnits);
  let wasNear = false;
  for await (const tip of wait.watch.tips(signal)) {
    const seen = await look(reference, wait, signal);
    if (seen === undefined) continue;
    if (seen === null) {
      if (tip.timeMs > startBy) return { type: 'gone', reason: `lock ${referenceText(reference)} did not appear on chain in time` };
      continue;
    }
    if (seen.spent !== null) return { type: 'gone', reason: `lock ${referenceText(reference)} was spent before the work began` };
    const problems = problemsOf(seen, quote, wait.record);
    // Waits for depth even to refuse: a rolled-back lock needs no refusal.
    const deep = seen.confirmations >= depth;
    if (deep && problems.length > 0) return { type: 'refused', reasons: problems };
    if (tip.timeMs > startBy) return { type: 'refused', reasons: [startMissed(startBy)] };
    if (!wasNear && problems.length === 0 && seen.confirmations >= depth - NEAR_BLOCKS) {
      onNear?.();
      wasNear = true;
    }
    if (deep) {
      // The lock was read after the tip: one block may have brought both the depth and the deadline.
      const latest = await wait.watch.latest(signal).catch((error: unknown) => {
        signal.throwIfAborted();
        wait.onFailure(error);
      });
      if (latest === undefined) continue;
      return latest.timeMs > startBy ? { type: 'refused', reasons: [startMissed(startBy)] } : { type: 'ready' };
    }
  }
  throw signal.reason;
}

export const startMissed = (startBy: number): Reason => ({
  code: 'start-missed',
  message: `The work could not start by ${new Date(startBy).toISOString()}`,
});

function problemsOf(seen: SeenLock, quote: Signed<Quote>, record: NetworkRecord): Reason[] {
  if ('code' in seen.lock) return [seen.lock];
  const problems = lockProblems(seen.lock, quote, record);
  if (seen.madeAtMs > quote.body.expiresAt) {
    problems.push({
      code: 'lock-late',
      message: `The lock was made at ${new Date(seen.madeAtMs).toISOString()}, the quote ended at ${new Date(quote.body.expiresAt).toISOString()}`,
    });
  }
  return problems.slice(0, 16);
}

export type SpendOutcome = { type: 'spent'; txId: string; paid: bigint | null } | { type: 'never' };

/** Resolves when the lock's end is deep enough to be an end, or when it is clear that there never was a lock. */
export async function awaitSpend(
  quote: Signed<Quote>,
  reference: OutputReference,
  wait: LockWait,
  signal: AbortSignal,
): Promise<SpendOutcome> {
  const depth = confirmationsFor(wait.record, quote.body.amountBaseUnits);
  for await (const tip of wait.watch.tips(signal)) {
    const seen = await look(reference, wait, signal);
    if (seen === undefined) continue;
    if (seen === null && tip.timeMs > quote.body.reclaimAfter) return { type: 'never' };
    if (seen?.spent != null && seen.spent.confirmations >= depth) return { type: 'spent', txId: seen.spent.txId, paid: seen.spent.paid };
  }
  throw signal.reason;
}

async function look(reference: OutputReference, wait: LockWait, signal: AbortSignal): Promise<SeenLock | null | undefined> {
  try {
    return await wait.locks.find(reference, signal);
  } catch (error) {
    signal.throwIfAborted();
    wait.onFailure(error);
    return undefined;
  }
}

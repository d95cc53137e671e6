// Where this wallet's money is in the escrow: what is locked, what is on its way, what may be taken back, and what became of the rest.
import { isLockEnd } from '@nunet/shared/lock-state.ts';
import type { JobSummary } from '../messages.ts';

export type EscrowGroup = 'locked' | 'settling' | 'refundable' | 'ended';

export interface EscrowLine {
  jobId: string;
  title: string;
  group: EscrowGroup;
  lock: NonNullable<JobSummary['lock']>;
  amountBaseUnits: bigint;
  /** Null before the lock has ended. */
  paidBaseUnits: bigint | null;
  /** From then on a refund needs nobody else. */
  reclaimAfterMs: number | null;
}

export interface Escrow {
  lines: EscrowLine[];
  totals: Record<EscrowGroup, bigint>;
}

function groupOf(lock: EscrowLine['lock'], reclaimAfterMs: number | null, chainNowMs: number): EscrowGroup {
  if (isLockEnd(lock)) return 'ended';
  if (lock === 'attested' || lock === 'agreed') return 'settling';
  return lock === 'locked' && reclaimAfterMs !== null && chainNowMs >= reclaimAfterMs ? 'refundable' : 'locked';
}

/** Locks that were never sent hold nothing and are left out. */
export function escrowOf(jobs: readonly JobSummary[], chainNowMs: number): Escrow {
  const lines = jobs.flatMap((job): EscrowLine[] => {
    const { lock, amountBaseUnits, reclaimAfterMs } = job;
    if (lock === null || lock === 'building' || lock === 'dropped' || amountBaseUnits === null) return [];
    const { jobId, title, paidBaseUnits } = job;
    return [{ jobId, title, group: groupOf(lock, reclaimAfterMs, chainNowMs), lock, amountBaseUnits, paidBaseUnits, reclaimAfterMs }];
  });
  const totals: Escrow['totals'] = { locked: 0n, settling: 0n, refundable: 0n, ended: 0n };
  for (const line of lines) totals[line.group] += line.amountBaseUnits;
  return { lines, totals };
}

/** All that is in the escrow now. */
export const inEscrow = ({ totals }: Escrow): bigint => totals.locked + totals.settling + totals.refundable;

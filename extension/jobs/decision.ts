// The decision over a delivered result: what the check says, what each answer leads to, and until when it counts.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { JobSnapshot } from '../messages.ts';
import { countdownText, ntxText } from '../ui/quantity-text.ts';

export interface DecisionView {
  /** What the job's own check found, and which way it points; null: it has none or could not be run. */
  check: { says: string; accept: boolean } | null;
  /** Why the check could not be run. */
  error: string | null;
  acknowledge: string;
  dispute: string;
  silence: string;
  deadline: string;
  isOver: boolean;
  /** A first draft of the reason, from what the check found. */
  reason: string;
}

const REPLAY: Readonly<Record<JobRecord['spec']['replay'], string>> = {
  public: 'the oracles have the job run again by others',
  named: 'the oracles have the job run again by replayers they name',
  never: 'the oracles decide on what both sides signed, as this job allows no replay',
};

/** Null while nothing waits for the person. */
export function decisionOf({ record, decision }: JobSnapshot, chainNowMs: number): DecisionView | null {
  const { manifest, quote, spec } = record;
  if (decision === null || manifest === undefined || quote === undefined) return null;
  const pay = manifest.body.payBaseUnits;
  const { amountBaseUnits } = quote.body;
  const isOver = chainNowMs >= decision.disputeBy;
  return {
    check: decision.check === null ? null : { says: decision.check.detail, accept: decision.check.accept },
    error: decision.error,
    acknowledge: `Pays ${ntxText(pay)} to the compute provider; ${ntxText(amountBaseUnits - pay)} come back to you. It cannot be taken back.`,
    dispute: `Nothing is paid yet: ${REPLAY[spec.replay]}. If they uphold it, all ${ntxText(amountBaseUnits)} come back; if not, you pay ${ntxText(pay)} as if you had acknowledged.`,
    silence: isOver
      ? 'The time to dispute is over: silence pays the compute provider.'
      : `Without an answer by then, ${ntxText(pay)} are paid, as if you had acknowledged.`,
    deadline: countdownText(decision.disputeBy - chainNowMs),
    isOver,
    reason: decision.check?.accept === false ? decision.check.detail : '',
  };
}

/** Until the job runs, a cancel refunds everything; one that is paid by vouchers is stopped for what it used. */
export const mayCancel = ({ summary, record }: JobSnapshot): boolean =>
  summary.isDriven && !record.cancelWanted && (['quoted', 'locked', 'preparing'].includes(record.job) || isStoppable(record));

export const isStoppable = (record: JobRecord): boolean => record.job === 'running' && record.quote?.body.stream !== undefined;

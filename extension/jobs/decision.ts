// The decision over a delivered result: what the check says, what each answer leads to, and until when it counts.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { JobSnapshot } from '../messages.ts';
import type { Catalog } from '../ui/i18n.ts';
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

/** Null while nothing waits for the person. */
export function decisionOf({ record, decision }: JobSnapshot, chainNowMs: number, words: Catalog['jobs']['decision']): DecisionView | null {
  const { manifest, quote, spec } = record;
  if (decision === null || manifest === undefined || quote === undefined) return null;
  const pay = manifest.body.payBaseUnits;
  const { amountBaseUnits } = quote.body;
  const isOver = chainNowMs >= decision.disputeBy;
  return {
    check: decision.check === null ? null : { says: decision.check.detail, accept: decision.check.accept },
    error: decision.error,
    acknowledge: words.acknowledgeSays(ntxText(pay), ntxText(amountBaseUnits - pay)),
    dispute: words.disputeSays(words.replays[spec.replay], ntxText(amountBaseUnits), ntxText(pay)),
    silence: isOver ? words.silenceOver : words.silence(ntxText(pay)),
    deadline: countdownText(decision.disputeBy - chainNowMs),
    isOver,
    reason: decision.check?.accept === false ? decision.check.detail : '',
  };
}

/** Until the job runs, a cancel refunds everything; one that is paid by vouchers is stopped for what it used. */
export const mayCancel = ({ summary, record }: JobSnapshot): boolean =>
  summary.isDriven && !record.cancelWanted && (['quoted', 'locked', 'preparing'].includes(record.job) || isStoppable(record));

export const isStoppable = (record: JobRecord): boolean => record.job === 'running' && record.quote?.body.stream !== undefined;

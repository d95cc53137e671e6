// The list of jobs: newest first, each with what it is about in a word and what became of its money.
import type { JobSummary } from '../messages.ts';
import type { Catalog } from '../ui/i18n.ts';
import { ntxText } from '../ui/quantity-text.ts';

export interface JobRow {
  jobId: string;
  title: string;
  openedAtMs: number;
  /** States of both machines, as they are called and as they are written. */
  job: JobSummary['job'];
  lock: JobSummary['lock'];
  work: string;
  money: string;
  amount: string;
  tone: 'draft' | 'active' | 'ask' | 'unlock' | 'good' | 'back' | 'bad' | 'lost';
  /** One word more than the states say. */
  remark: string;
}

function toneOf(job: JobSummary): JobRow['tone'] {
  if (job.key === 'lost' && !job.hasEnded) return 'lost';
  if (job.key === 'wanted' && !job.hasEnded) return 'unlock';
  if (job.wantsDecision) return 'ask';
  if (job.job === 'draft') return 'draft';
  if (!job.hasEnded) return 'active';
  if (job.job === 'finished' && job.lock === 'withdrawn') return 'good';
  return job.lock === 'distributed' || job.lock === 'withdrawn' ? 'bad' : 'back';
}

function amountOf({ amountBaseUnits, paidBaseUnits, lock }: JobSummary, words: Catalog['jobs']['list']): string {
  if (paidBaseUnits !== null) return words.paid(ntxText(paidBaseUnits));
  return amountBaseUnits === null || lock === 'dropped' ? words.nothingLocked : words.atMost(ntxText(amountBaseUnits));
}

export const jobRows = (jobs: readonly JobSummary[], words: Catalog['jobs']): JobRow[] =>
  [...jobs]
    .sort((a, b) => b.openedAtMs - a.openedAtMs || (a.jobId < b.jobId ? -1 : 1))
    .map((job) => {
      const tone = toneOf(job);
      return {
        jobId: job.jobId,
        title: job.title,
        openedAtMs: job.openedAtMs,
        job: job.job,
        lock: job.lock,
        work: words.states[job.job],
        money: job.lock === null ? words.list.noMoney : words.states[job.lock],
        amount: amountOf(job, words.list),
        tone,
        remark: words.list.remarks[tone],
      };
    });

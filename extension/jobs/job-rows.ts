// The list of jobs: newest first, each with what it is about in a word and what became of its money.
import type { JobSummary } from '../messages.ts';
import { ntxText } from '../ui/quantity-text.ts';
import { stateName } from './timeline.ts';

export interface JobRow {
  jobId: string;
  title: string;
  openedAtMs: number;
  /** States of both machines, as they are called. */
  work: string;
  money: string;
  amount: string;
  tone: 'draft' | 'active' | 'ask' | 'good' | 'back' | 'bad' | 'lost';
  /** One word more than the states say. */
  remark: string;
}

function toneOf(job: JobSummary): JobRow['tone'] {
  if (job.key === 'lost' && !job.hasEnded) return 'lost';
  if (job.wantsDecision) return 'ask';
  if (job.job === 'draft') return 'draft';
  if (!job.hasEnded) return 'active';
  if (job.job === 'finished' && job.lock === 'withdrawn') return 'good';
  return job.lock === 'distributed' || job.lock === 'withdrawn' ? 'bad' : 'back';
}

const REMARKS: Readonly<Record<JobRow['tone'], string>> = {
  draft: 'Not started',
  active: 'In progress',
  ask: 'Waits for your answer',
  good: 'Done',
  back: 'Nothing paid',
  bad: 'Partly paid',
  lost: 'Its key is gone',
};

function amountOf({ amountBaseUnits, paidBaseUnits, lock }: JobSummary): string {
  if (paidBaseUnits !== null) return `${ntxText(paidBaseUnits)} paid`;
  if (amountBaseUnits === null) return 'nothing locked';
  return lock === 'dropped' ? 'nothing locked' : `${ntxText(amountBaseUnits)} at most`;
}

export const jobRows = (jobs: readonly JobSummary[]): JobRow[] =>
  [...jobs]
    .sort((a, b) => b.openedAtMs - a.openedAtMs || (a.jobId < b.jobId ? -1 : 1))
    .map((job) => {
      const tone = toneOf(job);
      return {
        jobId: job.jobId,
        title: job.title,
        openedAtMs: job.openedAtMs,
        work: stateName(job.job),
        money: job.lock === null ? 'None' : stateName(job.lock),
        amount: amountOf(job),
        tone,
        remark: REMARKS[tone],
      };
    });

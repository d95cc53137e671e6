// What happened, newest first: jobs by their last step, and the account's transactions.
import type { JobSummary } from '../messages.ts';
import type { HistoryEntry } from '../wallet/messages.ts';

export type Event = { kind: 'job'; atMs: number; job: JobSummary } | { kind: 'money'; atMs: number; entry: HistoryEntry };

export const eventsOf = (jobs: readonly JobSummary[], history: readonly HistoryEntry[]): Event[] =>
  [
    ...jobs.map((job): Event => ({ kind: 'job', atMs: job.changedAtMs, job })),
    ...history.map((entry): Event => ({ kind: 'money', atMs: entry.timeMs, entry })),
  ].sort((a, b) => b.atMs - a.atMs);

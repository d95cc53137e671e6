// JobLine: one job as its owner sees it, in JSON-safe fields.
import { referenceText } from '@nunet/shared/fields.ts';
import { stateOf, type Job } from './job-book.ts';

export interface JobLine {
  jobId: string;
  title: string;
  state: string;
  detail: string | null;
  lock: string;
  amountBaseUnits: string;
  /** What the manifest asks for; null before there is one. */
  payBaseUnits: string | null;
  /** The highest voucher; null where there is none. */
  voucherBaseUnits: string | null;
  /** What both sides signed; to be claimed until it is paid. */
  closedBaseUnits: string | null;
  /** What came, once the lock was spent; null before, or when it could not be read. */
  paidBaseUnits: string | null;
  /** Chain time of its first and its latest state. */
  acceptedAtMs: number | null;
  changedAtMs: number | null;
}

export const jobLine = (job: Job): JobLine => ({
  jobId: job.jobId,
  title: job.spec.title,
  state: stateOf(job),
  detail: job.events.at(-1)?.detail ?? null,
  lock: referenceText(job.lock),
  amountBaseUnits: String(job.quote.body.amountBaseUnits),
  payBaseUnits: job.manifest === undefined ? null : String(job.manifest.body.payBaseUnits),
  voucherBaseUnits: job.voucher === undefined ? null : String(job.voucher.paid),
  closedBaseUnits: job.close === undefined ? null : String(job.close.paid),
  paidBaseUnits: job.spent?.paid == null ? null : String(job.spent.paid),
  acceptedAtMs: job.events[0]?.at ?? null,
  changedAtMs: job.events.at(-1)?.at ?? null,
});

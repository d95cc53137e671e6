// Until when K must be with an oracle for a sealed result to be paid without a voucher.
import type { Quote } from '../quote.ts';

/** POSIX ms: half of the time to dispute is left, so that the service provider can still open the outputs and answer. */
export const keyBy = (quote: Pick<Quote, 'finishBy' | 'disputeBy'>): number =>
  quote.finishBy + Math.floor((quote.disputeBy - quote.finishBy) / 2);

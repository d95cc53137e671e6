// quoteProblems: what a signed quote must say before money is locked on it. The agent's promise against our own request.
import { formatAmount } from '../amount.ts';
import { encode, rawCidOf } from '../encoding.ts';
import type { NetworkRecord } from '../network-record.ts';
import { quotedAmount, type Quote, type QuoteRequest, type Reason } from '../quote.ts';

/** Two views of the chain's tip may differ by some blocks. */
const SKEW_MS = 120_000;
/** No quote may bury a lock longer than this beyond the windows of the network record. */
const MAX_QUEUE_MS = 24 * 3_600_000;

/** Eight vouchers each, and each is written to disk here and there. */
const MAX_UNPAID_PARTS = 1_000n;

const same = (a: unknown, b: unknown): boolean => rawCidOf(encode(a)) === rawCidOf(encode(b));

/** Reasons not to lock on this quote; empty when there are none. Pure. `now` is chain time. */
export function quoteProblems(
  quote: Quote,
  context: { request: QuoteRequest; peerId: string; record: NetworkRecord; budgetBaseUnits: bigint; now: number },
): Reason[] {
  const { request, record, now } = context;
  const problems: Reason[] = [];
  const demand = (holds: boolean, code: string, message: string): void => {
    if (!holds) problems.push({ code, message });
  };
  demand(quote.computeProvider.peerId === context.peerId, 'quote-peer', 'the quote is another agent’s');
  for (const field of [
    'network',
    'jobId',
    'voucherKey',
    'serviceProvider',
    'oracleKeys',
    'k',
    'resources',
    'timeLimitMs',
    'delivery',
    'replay',
  ] as const) {
    demand(same(quote[field], request[field]), 'quote-changed', `the quote changed ${field} of the request`);
  }
  demand(
    (quote.stream !== undefined) === (request.stream === true),
    'quote-changed',
    request.stream === true ? 'the quote is not one that is paid by vouchers' : 'the quote wants vouchers that were not offered',
  );
  demand(
    quote.stream === undefined || quote.stream.maxUnpaidBaseUnits * MAX_UNPAID_PARTS >= quote.amountBaseUnits,
    'quote-stream',
    `the quote would be paid in more than ${MAX_UNPAID_PARTS} parts, each with vouchers of its own`,
  );
  demand(same(quote.asset, record.asset), 'quote-asset', 'the quote asks for another asset than NTX');
  demand(
    quote.oracleKeys.every((key) => record.oracles.some((oracle) => oracle.key === key)),
    'quote-foreign-oracle',
    'the quote names an oracle that is not in the network record',
  );
  // Data-only jobs have lower floors, which differ by network; code has this one everywhere.
  demand(
    request.work.kind !== 'container' || quote.sandbox === 'container',
    'quote-sandbox',
    `it would run code in sandbox "${quote.sandbox}", want "container"`,
  );
  const price = quotedAmount(quote.rateBaseUnitsPerHour, quote.timeLimitMs, quote.minimumBaseUnits);
  demand(
    quote.amountBaseUnits === price,
    'quote-price',
    `the quote asks for ${formatAmount(quote.amountBaseUnits)} NTX, its own rate makes ${formatAmount(price)}`,
  );
  demand(
    quote.settleLovelace === record.settleLovelace,
    'quote-settle-lovelace',
    `the quote allows ${quote.settleLovelace} lovelace for the settle, the network record says ${record.settleLovelace}`,
  );
  demand(quote.issuedAt <= now + SKEW_MS, 'quote-time', 'the quote is from the future; its agent or this machine reads a wrong chain');
  demand(quote.expiresAt > now, 'quote-expired', 'the quote has expired');
  demand(quote.finishBy >= quote.startBy + quote.timeLimitMs, 'quote-time', 'the quote leaves less time to run than its time limit');
  demand(
    quote.disputeBy >= quote.finishBy + record.disputeWindowMs,
    'quote-time',
    'the quote leaves less time to dispute than the network record',
  );
  demand(
    quote.reclaimAfter >= quote.disputeBy + record.claimWindowMs,
    'quote-time',
    'the quote leaves the oracles less time than the network record',
  );
  const longest = 2 * (record.disputeWindowMs + record.claimWindowMs) + 2 * quote.timeLimitMs + MAX_QUEUE_MS;
  demand(quote.reclaimAfter <= quote.issuedAt + longest, 'quote-time', 'the quote would hold the money for too long');
  demand(
    quote.amountBaseUnits <= context.budgetBaseUnits,
    'over-budget',
    `it costs up to ${formatAmount(quote.amountBaseUnits)} NTX, the budget is ${formatAmount(context.budgetBaseUnits)}`,
  );
  return problems;
}

// Streaming pay: when a voucher is due while a job runs, when a job must stand still for one, and at which pay a job closes. Pure.
import { billedPay, type Quote, type StreamTerms } from './quote.ts';
import type { Manifest } from './manifest.ts';

/** Two clocks and a stream between them: so much more billed time than seen here is believed. */
const CLOCK_SLACK_MS = 2_000;
/** A voucher is worth its signature and its two journal entries from this part of what may be unpaid on. */
const VOUCHER_PARTS = 8n;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The smallest step that is worth a voucher, or telling what is due. Base units. */
export const voucherStep = ({ maxUnpaidBaseUnits }: StreamTerms): bigint => most(1n, maxUnpaidBaseUnits / VOUCHER_PARTS);

/** What the agent says is due, and what the service provider knows itself. */
export interface DueFacts {
  /** As the agent last said. */
  payBaseUnits: bigint;
  paused: boolean;
  /** Highest cumulative pay signed so far. */
  signedBaseUnits: bigint;
  /** Since the job was first seen running, by our own clock. */
  runningForMs: number;
}

/**
 * The cumulative pay of the voucher to sign now, or null. Whatever the agent says, a voucher never pays for more time than has
 * passed here, never beyond the quote, and always leaves `holdBack` open.
 */
export function voucherDue(quote: Quote & { stream: StreamTerms }, due: DueFacts): bigint | null {
  const { holdBackBaseUnits } = quote.stream;
  const passed = billedPay(quote, Math.max(0, due.runningForMs) + CLOCK_SLACK_MS);
  const pay = least(due.payBaseUnits, passed) - holdBackBaseUnits;
  const grown = pay - due.signedBaseUnits;
  return grown >= (due.paused ? 1n : voucherStep(quote.stream)) ? pay : null;
}

/** True when the job may not go on before the next voucher. */
export const isUnpaid = (terms: StreamTerms, dueBaseUnits: bigint, paidBaseUnits: bigint): boolean =>
  dueBaseUnits - paidBaseUnits > terms.maxUnpaidBaseUnits;

/**
 * Terms that an agent asks for, in percent of the amount. What is held back is at least the minimum charge, which is due at the
 * first instruction: nothing is paid for nothing.
 */
export function streamTermsOf(
  price: Pick<Quote, 'amountBaseUnits' | 'minimumBaseUnits'>,
  percent: { holdBack: number; maxUnpaid: number },
): StreamTerms {
  const { amountBaseUnits: amount, minimumBaseUnits: minimum } = price;
  const part = (of: number): bigint => (amount * BigInt(Math.round(of * 100))) / 10_000n;
  const holdBackBaseUnits = most(1n, least(amount, most(part(percent.holdBack), minimum)));
  // Room above what is held back, or the job would stand still between every two vouchers.
  const maxUnpaidBaseUnits = least(amount, most(part(percent.maxUnpaid), 2n * holdBackBaseUnits));
  return { maxUnpaidBaseUnits: most(maxUnpaidBaseUnits, holdBackBaseUnits), holdBackBaseUnits };
}

/**
 * The least pay at which both sides end a job that has a manifest, without an oracle: what the oracles' table would give, and never
 * less than the highest voucher. A job that was stopped because its service provider asked, or did not pay, owes its time.
 */
export function closingPay(manifest: Manifest, quote: Quote, highestVoucher: bigint): bigint {
  const { exit, billedMs } = manifest;
  const owed = billedPay(quote, billedMs);
  switch (exit.kind) {
    case 'completed':
      return most(owed, highestVoucher);
    case 'computeProviderFault':
      return highestVoucher;
    case 'jobFault': {
      if (exit.code === 'stopped') return most(owed, highestVoucher);
      const share = 2 * billedMs < quote.timeLimitMs ? 0n : 4 * billedMs < 3 * quote.timeLimitMs ? 2n : 3n;
      return most((quote.amountBaseUnits * share) / 4n, highestVoucher);
    }
  }
}

// Why no money may be locked on a quote or an order: everything that would bury it or leave somebody unpaid, told before anything is signed. Pure.
import { escrowDatum, type EscrowDatum } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Quote, Reason } from '@nunet/shared/quote.ts';
import { addressParts } from './address.ts';
import { ESCROW } from './script.ts';

/** What is to be locked. Comes from a quote, and so from a stranger. */
export interface LockOrder {
  datum: EscrowDatum;
  /** Base units of the datum's asset. */
  amountBaseUnits: bigint;
  /** The lock is invalid from here on: the quote's expiry, POSIX ms. */
  expiresAt: number;
}

/** Twice what the longest quote asks for: its time limit and the two windows after it are at most 30 days each, and each counts twice. */
const LONGEST_LOCK_MS = 366 * 86_400_000;
/** A settle needs some 2; whoever submits might hand the rest to the compute provider. */
const MOST_SETTLE_LOVELACE = 100_000_000n;

const day = (timeMs: number): string =>
  Number.isSafeInteger(timeMs) && Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);

/** Null: it may be locked. `now` is chain time, POSIX ms. */
export function lockProblem({ datum, amountBaseUnits, expiresAt }: LockOrder, now: number): Reason | null {
  const no = (code: string, why: string): Reason => ({ code, message: `Cannot lock ${why}`.slice(0, 500) });
  if (typeof amountBaseUnits !== 'bigint' || amountBaseUnits <= 0n || amountBaseUnits >= 1n << 63n)
    return no('amount-invalid', `${amountBaseUnits}: want 1 to 2^63 - 1 base units`);
  const parsed = escrowDatum.safeParse(datum);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue?.path.join('.') ?? '';
    return no('datum-invalid', `on this quote: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'its terms are malformed'}`);
  }
  const { serviceProvider, computeProvider, reclaimAfter, settleLovelace } = parsed.data;
  if (addressParts(serviceProvider).payment.kind === 'script')
    return no('datum-invalid', `for ${serviceProvider}: only a key can take the money back, and this is a script's address`);
  if (addressParts(computeProvider).payment.hash === ESCROW.hash)
    return no('datum-invalid', `for ${computeProvider}: the compute provider's address is the escrow itself`);
  if (settleLovelace > MOST_SETTLE_LOVELACE)
    return no(
      'datum-invalid',
      `with a settleLovelace of ${settleLovelace}: a settle needs some 2,000,000, want at most ${MOST_SETTLE_LOVELACE}`,
    );
  if (!Number.isSafeInteger(expiresAt) || now >= expiresAt)
    return no('quote-expired', `now: the quote expired at ${day(expiresAt)}; ask for a new one`);
  if (reclaimAfter <= now) return no('deadline-invalid', `until ${day(reclaimAfter)}: that is past; anybody's answer would come too late`);
  if (reclaimAfter > now + LONGEST_LOCK_MS)
    return no('deadline-invalid', `until ${day(reclaimAfter)}: want at most ${LONGEST_LOCK_MS / 86_400_000} days from now`);
  return null;
}

/** Why money must not be locked on this quote on this network by this build; null when it may. */
export function foreignQuote(quote: Quote, record: NetworkRecord): Reason | null {
  const no = (code: string, why: string): Reason => ({ code, message: `Cannot lock: ${why}` });
  const { asset } = record;
  const newest = record.escrows[0]?.scriptHash;
  // Locks go to the newest escrow of the record only.
  if (newest !== ESCROW.hash)
    return no(
      'escrow-unknown',
      `the network record's escrow is ${newest ?? 'none'}, this program builds for ${ESCROW.hash}; update one of them`,
    );
  if (quote.network !== record.network)
    return no('network-mismatch', `the quote is for ${quote.network}, the network record for ${record.network}`);
  if (quote.asset.policyId !== asset.policyId || quote.asset.assetName !== asset.assetName)
    return no(
      'asset-foreign',
      `the quote asks for ${quote.asset.policyId}.${quote.asset.assetName}, want NTX: ${asset.policyId}.${asset.assetName}`,
    );
  const foreign = quote.oracleKeys.find((key) => !record.oracles.some((oracle) => oracle.key === key));
  if (foreign !== undefined) return no('oracle-foreign', `the quote names oracle ${foreign}, which the network record does not`);
  return null;
}

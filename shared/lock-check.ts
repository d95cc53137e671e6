// lockMatchesQuote: everything that an agent and an oracle demand of a lock before any work, beyond what the validator sees.
import { formatAmount } from './amount.ts';
import { referenceText } from './fields.ts';
import type { LockedOutput } from './lock.ts';
import { hashOfCid } from './encoding.ts';
import type { NetworkRecord } from './network-record.ts';
import type { Quote, Reason } from './quote.ts';
import type { Signed } from './signature.ts';

/** Reasons why this lock does not stand for this quote; empty when it does. Pure; the chain was read by the caller. */
export function lockProblems(lock: LockedOutput, quote: Signed<Quote>, record: NetworkRecord): Reason[] {
  const q = quote.body;
  const { datum } = lock;
  const problems: Reason[] = [];
  const demand = (holds: boolean, code: string, detail: string): void => {
    if (!holds) problems.push({ code, message: `Cannot accept lock ${referenceText(lock.reference)}: ${detail}` });
  };
  demand(
    record.escrows.some((escrow) => escrow.scriptHash === lock.scriptHash),
    'lock-script-unknown',
    `script ${lock.scriptHash} is not in the network record`,
  );
  demand(!lock.staked, 'lock-staked', 'its script address carries a stake credential, want none');
  demand(!lock.referenceScript, 'lock-reference-script', 'it carries a reference script, want none');
  demand(!lock.foreignAssets, 'lock-foreign-assets', 'it holds other assets beside ADA and the quoted one');
  demand(datum.quoteHash === hashOfCid(quote.cid), 'lock-other-quote', 'its datum names another quote');
  demand(datum.computeProvider === q.computeProvider.address, 'lock-other-agent', 'it pays another compute provider');
  demand(
    datum.serviceProvider === q.serviceProvider.address,
    'lock-other-service-provider',
    'it returns change to another service provider',
  );
  demand(datum.voucherKey === q.voucherKey, 'lock-voucher-key', 'its voucher key is not the quoted one');
  demand(datum.closeKey === q.closeKey, 'lock-close-key', 'its close key is not the quoted one');
  demand(
    datum.k === q.k && datum.oracleKeys.join() === q.oracleKeys.join(),
    'lock-oracle-keys',
    'its oracle keys or k are not the quoted ones',
  );
  demand(
    datum.oracleKeys.every((key) => record.oracles.some((oracle) => oracle.key === key)),
    'lock-foreign-oracle',
    'it names an oracle that is not in the network record',
  );
  demand(
    datum.asset.policyId === q.asset.policyId && datum.asset.assetName === q.asset.assetName,
    'lock-asset',
    'it is in another asset than quoted',
  );
  demand(
    datum.reclaimAfter === q.reclaimAfter,
    'lock-reclaim-after',
    `reclaimAfter is ${datum.reclaimAfter}, quote says ${q.reclaimAfter}`,
  );
  demand(
    lock.amountBaseUnits >= q.amountBaseUnits,
    'lock-underpaid',
    `it holds ${formatAmount(lock.amountBaseUnits)} NTX, quote says ${formatAmount(q.amountBaseUnits)}`,
  );
  demand(
    lock.amountBaseUnits <= q.amountBaseUnits,
    'lock-overpaid',
    `it holds ${formatAmount(lock.amountBaseUnits)} NTX, quote says ${formatAmount(q.amountBaseUnits)}`,
  );
  demand(
    datum.settleLovelace === q.settleLovelace,
    'lock-settle-lovelace',
    `settleLovelace is ${datum.settleLovelace}, quote says ${q.settleLovelace}`,
  );
  demand(
    lock.lovelace >= minimumLockLovelace(q.settleLovelace),
    'lock-low-ada',
    `it holds ${lock.lovelace} lovelace, want at least ${minimumLockLovelace(q.settleLovelace)} to pay out`,
  );
  return problems;
}

/**
 * Lovelace that a lock must hold: all that a settle may take (its fee and the ADA under the compute provider's payout), and
 * then enough for the service provider's payout to stand: one with an asset, a tag and a base address needs 1.35 ADA at most
 * (measured at 4,310 a byte).
 */
const PAYOUT_LOVELACE = 1_500_000n;
export const minimumLockLovelace = (settleLovelace: bigint): bigint => PAYOUT_LOVELACE + settleLovelace;

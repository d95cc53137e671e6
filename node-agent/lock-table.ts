// A wallet's locks as lines for a person: what is locked, refundable, claimable and settled. Pure.
import type { ClaimableLock, EndedLock, HeldLock, LedgerView } from '@nunet/contracts/ledger-view.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { referenceText, type AssetId } from '@nunet/shared/fields.ts';

const when = (timeMs: number): string =>
  new Date(timeMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC');

/** NTX by name; any other asset by what the chain calls it, in base units. */
function amountText(baseUnits: bigint, asset: AssetId | null, ntx: AssetId): string {
  if (asset === null) return 'everything in it';
  const isNtx = asset.policyId === ntx.policyId && asset.assetName === ntx.assetName;
  return isNtx ? `${formatAmount(baseUnits)} NTX` : `${baseUnits} of ${asset.policyId}.${asset.assetName}`;
}

const held = ({ datum, amountBaseUnits, utxo, staked }: HeldLock, ntx: AssetId): string => {
  const what = datum === null ? 'malformed' : amountText(amountBaseUnits, datum.asset, ntx);
  return `${what}, ${formatAmount(utxo.lovelace)} ADA${staked ? ', under a stake credential' : ''}`;
};

const needs = ({ needs: { oracles }, contested }: ClaimableLock): string =>
  `${oracles.count} of ${oracles.keys.length} oracle signatures, or voucher and close${contested ? '; the service provider may take it back already' : ''}`;

const ended = ({ how, asset, paidBaseUnits, changeBaseUnits, secret }: EndedLock, ntx: AssetId): string => {
  if (how === 'reclaim') return `${amountText(changeBaseUnits, asset, ntx)} back by reclaim`;
  const moved = `${amountText(paidBaseUnits, asset, ntx)} paid, ${amountText(changeBaseUnits, asset, ntx)} back`;
  return `${moved} by ${how}${secret === null ? '' : ', the outputs’ key revealed'}`;
};

/** One line a lock, under the name of its state; nothing but a sentence where there is none. */
export function lockLines(view: LedgerView, ntx: AssetId): string[] {
  const rows: [string, string, string][] = [
    ...view.refundable.map((lock): [string, string, string] => ['refundable', held(lock, ntx), referenceText(lock.utxo.reference)]),
    ...view.locked.map((lock): [string, string, string] => [
      'locked',
      `${held(lock, ntx)}; refundable from ${when(lock.reclaimAfter)}`,
      referenceText(lock.utxo.reference),
    ]),
    ...view.claimable.map((lock): [string, string, string] => [
      'claimable',
      `${held(lock, ntx)}; needs ${needs(lock)}`,
      referenceText(lock.utxo.reference),
    ]),
    ...view.settled.map((lock): [string, string, string] => [
      'settled',
      `${ended(lock, ntx)}, ${when(lock.timeMs)}`,
      `${referenceText(lock.reference)} by ${lock.txId}`,
    ]),
  ];
  const lines = rows.flatMap(([state, what, where]) => [`${state.padEnd(11)}${what}`, `${''.padEnd(11)}${where}`]);
  return [...(lines.length === 0 ? ['No lock of this wallet lies on chain, and none has ended.'] : lines), ...view.unread];
}

// Tokens as they are shown: a label that cannot pretend to be something else, and the decimals that are known.
import { assetUnit, type Value } from '@nunet/contracts/value.ts';
import type { AssetQuantity } from '@nunet/contracts/chain/chain.ts';
import { DECIMALS } from '@nunet/shared/amount.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Effect, TokenAmount } from './preview.ts';

/** Letters, digits and plain signs of ASCII: a name in another alphabet can look like one that it is not. */
const PLAIN = /^[\x20-\x7e]{1,32}$/;

/** The asset name where it is plain text, else the ends of the unit. */
export function tokenLabel({ policyId, assetName }: AssetId): string {
  const text = new TextDecoder().decode(hexToBytes(assetName));
  return PLAIN.test(text) && text.trim() !== '' ? text.trim() : `${policyId.slice(0, 8)}…${assetName.slice(-6)}`;
}

export function tokenAmount(asset: AssetQuantity, ntx: AssetId | null): TokenAmount {
  const unit = assetUnit(asset);
  const isNtx = ntx !== null && unit === assetUnit(ntx);
  return { unit, label: isNtx ? 'NTX' : tokenLabel(asset), quantity: asset.quantity, decimals: isNtx ? DECIMALS : 0, isNtx };
}

/** NTX first, then by label. */
export const tokenAmounts = (assets: readonly AssetQuantity[], ntx: AssetId | null): TokenAmount[] =>
  assets
    .map((asset) => tokenAmount(asset, ntx))
    .toSorted((a, b) => Number(b.isNtx) - Number(a.isNtx) || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));

export const effectOfValue = ({ lovelace, assets }: Value, ntx: AssetId | null): Effect => ({
  lovelace,
  tokens: tokenAmounts(assets, ntx),
});

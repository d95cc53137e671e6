// What an account holds as a page shows it: NTX first, names of strangers made harmless, what nobody asked for hidden. Pure.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { quantityOf, assetUnit, difference } from '@nunet/contracts/value.ts';
import { DECIMALS } from '@nunet/shared/amount.ts';
import { referenceText, type AssetId, type OutputReference } from '@nunet/shared/fields.ts';
import { fingerprintOf, nameText, tokenLabel } from './asset-name.ts';
import { isBaitName } from './bait-name.ts';
import type { TokenView, WalletView } from './messages.ts';

/** What was seen when a token first lay in the account. */
export interface FirstSight {
  /** It came by a transaction that the account signed, or with more ADA than a token needs. */
  wasAsked: boolean;
  name: string | null;
  decimals: number | null;
  image: TokenView['image'];
}

export interface HoldingsGround {
  ntx: AssetId | null;
  sights: ReadonlyMap<string, FirstSight>;
  /** The person's own word, by unit. */
  shown: ReadonlyMap<string, boolean>;
  collateral: OutputReference | null;
}

export type Holdings = Pick<WalletView, 'baseUnits' | 'lovelace' | 'collateralLovelace' | 'tokens'>;

function hiddenBecause(asset: AssetId, isNtx: boolean, { sights, shown }: HoldingsGround): TokenView['hiddenBecause'] {
  const unit = assetUnit(asset);
  const word = shown.get(unit);
  if (word !== undefined) return word ? null : 'by the person';
  const sight = sights.get(unit);
  if (isNtx || sight?.wasAsked === true) return null;
  if (isBaitName(nameText(asset.assetName) ?? '') || isBaitName(sight?.name ?? '')) return 'nobody asked for it';
  // One of a series that the account took part in is no stranger's token.
  const isOfKnownPolicy = [...sights].some(([other, { wasAsked }]) => wasAsked && other.startsWith(asset.policyId));
  return sight === undefined || isOfKnownPolicy ? null : 'nobody asked for it';
}

export function tokenView(asset: AssetId & { quantity: bigint }, ground: HoldingsGround): TokenView {
  const { policyId, assetName, quantity } = asset;
  const unit = assetUnit(asset);
  const isNtx = ground.ntx !== null && unit === assetUnit(ground.ntx);
  const sight = ground.sights.get(unit);
  return {
    unit,
    policyId,
    assetName,
    label: isNtx ? (nameText(assetName) ?? 'NTX') : (sight?.name ?? tokenLabel(asset)),
    fingerprint: fingerprintOf(asset),
    quantity,
    decimals: isNtx ? DECIMALS : (sight?.decimals ?? 0),
    isNtx,
    image: sight?.image ?? 'none',
    hiddenBecause: hiddenBecause(asset, isNtx, ground),
  };
}

const byName = (a: TokenView, b: TokenView): number =>
  Number(b.isNtx) - Number(a.isNtx) || (a.label < b.label ? -1 : a.label > b.label ? 1 : a.unit < b.unit ? -1 : 1);

export function holdingsOf(utxos: readonly Utxo[], ground: HoldingsGround): Holdings {
  const apart = ground.collateral === null ? null : referenceText(ground.collateral);
  const isApart = ({ reference }: Utxo): boolean => referenceText(reference) === apart;
  const free = difference(
    utxos.filter((utxo) => !isApart(utxo)),
    [],
  );
  return {
    lovelace: free.lovelace,
    baseUnits: ground.ntx === null ? 0n : quantityOf(free, ground.ntx),
    collateralLovelace: difference(utxos.filter(isApart), []).lovelace,
    tokens: free.assets.map((asset) => tokenView(asset, ground)).toSorted(byName),
  };
}

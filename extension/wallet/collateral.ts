// The output that the account puts up in case a script fails: pure ADA, just five of it, and spent for nothing else. Pure rules.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';

/** What dApps ask for at most (CIP-30); enough for any script. */
export const COLLATERAL_LOVELACE = 5_000_000n;

export const isCollateral = (utxo: Utxo): boolean =>
  utxo.lovelace === COLLATERAL_LOVELACE &&
  utxo.assets.length === 0 &&
  utxo.inlineDatum === undefined &&
  utxo.datumHash === undefined &&
  utxo.referenceScriptHash === undefined;

/** The output that was set apart, while it is unspent. */
export const collateralIn = (utxos: readonly Utxo[], apart: OutputReference | null): Utxo | null =>
  utxos.find(({ reference }) => apart !== null && referenceText(reference) === referenceText(apart)) ?? null;

// What a wallet's outputs hold in all, of ADA and of one asset.
import type { AssetId } from '@nunet/shared/fields.ts';
import type { Utxo } from './chain/chain.ts';

export interface Balance {
  lovelace: bigint;
  /** Of the network's NTX. */
  baseUnits: bigint;
}

export const balanceOf = (utxos: readonly Utxo[], asset: AssetId): Balance => ({
  lovelace: utxos.reduce((sum, utxo) => sum + utxo.lovelace, 0n),
  baseUnits: utxos
    .flatMap((utxo) => utxo.assets)
    .filter((held) => held.policyId === asset.policyId && held.assetName === asset.assetName)
    .reduce((sum, held) => sum + held.quantity, 0n),
});

// What an address holds, by the chain source.
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import type { Balance } from './ledger-balances.ts';

export async function balanceAt(chain: Chain, address: string, asset: AssetId, signal: AbortSignal): Promise<Balance> {
  const utxos = await chain.utxos(address, { signal });
  return {
    lovelace: utxos.reduce((sum, utxo) => sum + utxo.lovelace, 0n),
    ntx: utxos
      .flatMap((utxo) => utxo.assets)
      .filter((entry) => entry.policyId === asset.policyId && entry.assetName === asset.assetName)
      .reduce((sum, entry) => sum + entry.quantity, 0n),
  };
}

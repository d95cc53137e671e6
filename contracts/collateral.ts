// What a wallet puts up in case a script fails.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Utxo } from './chain/chain.ts';

/** The output to put up as collateral: ADA alone if there is one, the smallest that is enough. Throws `collateral-missing`. */
export function collateralOf(utxos: readonly Utxo[]): Utxo {
  const enough = utxos.filter((utxo) => utxo.lovelace >= 3_000_000n && utxo.referenceScriptHash === undefined);
  const [best] = enough.toSorted((a, b) => a.assets.length - b.assets.length || (a.lovelace < b.lovelace ? -1 : 1));
  if (best === undefined) {
    throw new NunetError(
      'collateral-missing',
      'Cannot spend a lock: the wallet has no output with 3 ADA to put up as collateral; add some ADA',
    );
  }
  return best;
}

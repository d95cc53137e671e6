// Parks the escrow's reference script where nobody can spend it: (who pays) -> unsigned transaction.
import { balance, type BuiltTransaction, type Payer } from './balance.ts';
import type { Chain, ProtocolParameters, Utxo } from './chain/chain.ts';
import { ESCROW, PARKING_ADDRESS } from './script.ts';
import { leastLovelace, type Output } from './value.ts';

/** Throws what `balance` throws. */
export async function buildDeploy(
  { payer, parameters }: { payer: Payer; parameters: ProtocolParameters },
  signal?: AbortSignal,
): Promise<BuiltTransaction> {
  const empty: Output = { address: PARKING_ADDRESS, lovelace: 0n, assets: [], referenceScript: ESCROW.code };
  const output = { ...empty, lovelace: leastLovelace(empty, parameters.coinsPerUtxoByte) };
  return await balance({ action: 'deploy the escrow', inputs: [], outputs: () => [output], payer, parameters }, signal);
}

/** The parked escrow script, or null when nobody has deployed it yet. */
export async function parkedScript(chain: Pick<Chain, 'utxos'>, signal?: AbortSignal): Promise<Utxo | null> {
  const parked = await chain.utxos(PARKING_ADDRESS, signal === undefined ? {} : { signal });
  return parked.find(({ referenceScriptHash }) => referenceScriptHash === ESCROW.hash) ?? null;
}

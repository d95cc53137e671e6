// Parks an escrow's reference script where nobody can spend it: (which script, who pays) -> unsigned transaction.
import type { OutputReference } from '@nunet/shared/fields.ts';
import { balance, type BuiltTransaction, type Payer } from './balance.ts';
import type { Chain, ProtocolParameters, Utxo } from './chain/chain.ts';
import { ESCROW, PARKING_ADDRESS, type PlutusScript } from './script.ts';
import { transactionId } from './sign.ts';
import { leastLovelace, type Output } from './value.ts';

export interface BuiltDeploy extends BuiltTransaction {
  /** Where the script will lie: what the network record is to name. */
  reference: OutputReference;
}

/** The script is always a deploy transaction's first output. */
const SCRIPT_OUTPUT = 0;

/** Throws what `balance` throws. */
export async function buildDeploy(
  { payer, parameters, script = ESCROW }: { payer: Payer; parameters: ProtocolParameters; script?: PlutusScript },
  signal?: AbortSignal,
): Promise<BuiltDeploy> {
  const empty: Output = { address: PARKING_ADDRESS, lovelace: 0n, assets: [], referenceScript: script.code };
  const output = { ...empty, lovelace: leastLovelace(empty, parameters.coinsPerUtxoByte) };
  const built = await balance({ action: 'deploy the escrow', inputs: [], outputs: () => [output], payer, parameters }, signal);
  return { ...built, reference: { txId: transactionId(built.cbor), index: SCRIPT_OUTPUT } };
}

/** A copy that lies parked already: a second one would bury its ADA for nothing. Only whoever deploys looks for it; all others read the network record. */
export async function findParked(
  chain: Pick<Chain, 'utxos'>,
  scriptHash: string = ESCROW.hash,
  signal?: AbortSignal,
): Promise<Utxo | null> {
  const parked = await chain.utxos(PARKING_ADDRESS, signal === undefined ? {} : { signal });
  return parked.find(({ referenceScriptHash }) => referenceScriptHash === scriptHash) ?? null;
}

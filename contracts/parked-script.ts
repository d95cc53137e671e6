// The script that a lock needs, from where the network record says it is parked; believed only when its bytes hash to the record's hash.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { addressParts } from './address.ts';
import type { Utxo, Source } from './chain/chain.ts';
import type { PlutusScript } from './script.ts';

/** An escrow script, current or past, and the unspent output that carries it. */
export interface ParkedScript {
  script: PlutusScript;
  scriptAt: Utxo;
}

type ScriptChain = Pick<Source, 'output' | 'rawTransaction'>;
type Escrow = NetworkRecord['escrows'][number];

/** Throws `script-missing` when the record names no output, or one that does not carry this script (any more). */
export async function readParkedScript(
  chain: ScriptChain,
  { scriptHash, referenceScript }: Escrow,
  signal?: AbortSignal,
): Promise<ParkedScript> {
  const missing = (why: string): NunetError =>
    new NunetError('script-missing', `Cannot use escrow ${scriptHash}: ${why}; get a newer network record`);
  if (referenceScript === null) throw missing('the network record names no output that carries its script');
  const [transaction, state] = await Promise.all([
    chain.rawTransaction(referenceScript.txId, signal),
    chain.output(referenceScript, signal),
  ]);
  const carried = transaction?.outputs[referenceScript.index]?.referenceScript;
  if (state === null || carried === undefined) throw missing(`no script lies at ${referenceText(referenceScript)}`);
  if (state.spentBy !== null) throw missing(`the output ${referenceText(referenceScript)} that carried its script is spent`);
  // The hash was taken over the bytes of the transaction, which hash to its id: no source can slip in another script.
  if (carried.hash !== scriptHash || carried.language !== 'plutusV3')
    throw missing(`the script at ${referenceText(referenceScript)} has the hash ${carried.hash}`);
  return { script: { hash: carried.hash, code: bytesToHex(carried.bytes) }, scriptAt: state.utxo };
}

/** The script that unlocks this output. Throws `script-unknown` when the record names no such escrow, and as `readParkedScript`. */
export async function scriptOfLock(
  chain: ScriptChain,
  record: Pick<NetworkRecord, 'escrows'>,
  lock: Pick<Utxo, 'address' | 'reference'>,
  signal?: AbortSignal,
): Promise<ParkedScript> {
  const { hash } = addressParts(lock.address).payment;
  const escrow = record.escrows.find(({ scriptHash }) => scriptHash === hash);
  if (escrow === undefined)
    throw new NunetError(
      'script-unknown',
      `Cannot unlock ${referenceText(lock.reference)}: the network record names no escrow with its script hash ${hash}`,
    );
  return await readParkedScript(chain, escrow, signal);
}

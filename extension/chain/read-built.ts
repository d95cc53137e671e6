// An unsigned transaction of the worker, read again byte by byte: what every kind of order demands of it before anything else is looked at.
import { asArray, asBytes, asFields, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransaction, type Transaction, type TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { difference, type Output } from '@nunet/contracts/value.ts';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';

/**
 * A lock costs under 190,000 lovelace and a reclaim under 320,000 (measured on the devnet); five inputs more double neither.
 * The largest transaction that the ledger takes costs 876,277 without a script.
 */
const MAX_FEE = 1_000_000n;
const AUXILIARY_HASH = 7;
/** CBOR null, where a transaction has no auxiliary data. */
const NULL = 'f6';

export const refused = (action: string, why: string): NunetError =>
  new NunetError('transaction-refused', `Cannot sign the ${action}: ${why}; nothing was sent`);

/** The transaction, with no other fields than `fields`, no other auxiliary data than `auxiliary` (CBOR hex), no mint, and money conserved between own outputs and what it makes. */
export function readBuilt(
  action: string,
  cbor: string,
  fields: ReadonlySet<number>,
  spendable: readonly Utxo[],
  auxiliary: string | null = null,
): Transaction {
  let transaction: Transaction;
  let keys: number[];
  let carried: string;
  let carriedHash: string | null;
  try {
    const bytes = hexToBytes(cbor);
    transaction = readTransaction(bytes);
    const [body, , , last] = asArray(readCbor(bytes));
    if (body === undefined || last === undefined) throw new Error('not four parts');
    const made = asFields(body);
    keys = [...made.keys()];
    carried = bytesToHex(bytes.subarray(last.start, last.end));
    const hash = made.get(AUXILIARY_HASH);
    carriedHash = hash === undefined ? null : bytesToHex(asBytes(hash));
  } catch {
    throw refused(action, 'it is not a transaction');
  }
  const foreign = keys.find((key) => !fields.has(key));
  if (foreign !== undefined) throw refused(action, `its field ${foreign} has no place in it`);
  if (!transaction.isValid || carried !== (auxiliary ?? NULL) || transaction.signers.length > 0)
    throw refused(action, 'it carries more than was ordered');
  if (carriedHash !== (auxiliary === null ? null : bytesToHex(blake2b(hexToBytes(auxiliary), { dkLen: 32 }))))
    throw refused(action, 'its hash of the message is not that of the message');
  if (transaction.fee > MAX_FEE) throw refused(action, `its fee is ${transaction.fee} lovelace, at most ${MAX_FEE} are paid`);
  const known = new Map(spendable.map((utxo) => [referenceText(utxo.reference), utxo]));
  const spent = transaction.inputs.map((input) => {
    const utxo = known.get(referenceText(input));
    if (utxo === undefined) throw refused(action, `it spends ${referenceText(input)}, which was not offered`);
    return utxo;
  });
  if (new Set(spent).size !== spent.length || spent.length === 0) throw refused(action, 'it spends an output twice, or none');
  const rest = difference(spent, [...transaction.outputs, { lovelace: transaction.fee, assets: [] }]);
  if (rest.lovelace !== 0n || rest.assets.length > 0) throw refused(action, 'what it spends is not what it makes and pays');
  return transaction;
}

export function demandOwn(action: string, outputs: readonly TransactionOutput[], address: string): void {
  for (const output of outputs) {
    if (output.address !== address) throw refused(action, `its output ${output.reference.index} goes to ${output.address}`);
    if (output.inlineDatum !== undefined || output.datumHash !== undefined || output.referenceScriptHash !== undefined)
      throw refused(action, `its output ${output.reference.index} carries more than money`);
  }
}

export const outputOf = ({ address, lovelace, assets, inlineDatum }: TransactionOutput): Output => ({
  address,
  lovelace,
  assets,
  ...(inlineDatum === undefined ? {} : { inlineDatum }),
});

export const sameReferences = (a: readonly OutputReference[], b: readonly OutputReference[]): boolean =>
  JSON.stringify(a.map(referenceText).sort()) === JSON.stringify(b.map(referenceText).sort());

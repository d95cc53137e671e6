// What the wallet signs: an unsigned transaction of the worker, read again byte by byte and refused unless it does exactly what was ordered.
import { asArray, asFields, readCbor } from '@nunet/contracts/chain/cbor.ts';
import { slotOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransaction, type Transaction, type TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { lockLovelace, lockOutput } from '@nunet/contracts/lock-output.ts';
import type { BuiltLock, LockRequest } from '@nunet/contracts/lock.ts';
import type { BuiltTransaction } from '@nunet/contracts/balance.ts';
import { RECLAIM_REDEEMER } from '@nunet/contracts/redeemer.ts';
import { difference, type Output } from '@nunet/contracts/value.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { PlainReclaim } from './transaction-messages.ts';

/** A lock costs under 190,000 lovelace and a reclaim under 320,000 (measured on the devnet); five inputs more double neither. */
const MAX_FEE = 1_000_000n;
/** What may be forfeit if a script fails although it was evaluated. */
const MAX_COLLATERAL = 5_000_000n;

/** Keys of a transaction body (Conway CDDL). A field that is not named here may move money in a way that nobody looked at. */
const LOCK_FIELDS = new Set([0, 1, 2, 3]);
const RECLAIM_FIELDS = new Set([0, 1, 2, 3, 8, 11, 13, 14, 16, 17, 18]);

const refused = (action: string, why: string): NunetError =>
  new NunetError('transaction-refused', `Cannot sign the ${action}: ${why}; nothing was sent`);

/** The transaction, with no other fields than `fields`, no mint, and money conserved between own outputs and what it makes. */
function read(action: string, cbor: string, fields: ReadonlySet<number>, spendable: readonly Utxo[]): Transaction {
  let transaction: Transaction;
  let keys: number[];
  try {
    const bytes = hexToBytes(cbor);
    transaction = readTransaction(bytes);
    const [body] = asArray(readCbor(bytes));
    if (body === undefined) throw new Error('no body');
    keys = [...asFields(body).keys()];
  } catch {
    throw refused(action, 'it is not a transaction');
  }
  const foreign = keys.find((key) => !fields.has(key));
  if (foreign !== undefined) throw refused(action, `its field ${foreign} has no place in it`);
  if (!transaction.isValid || transaction.metadata.length > 0 || transaction.signers.length > 0)
    throw refused(action, 'it carries more than was ordered');
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

function demandOwn(action: string, outputs: readonly TransactionOutput[], address: string): void {
  for (const output of outputs) {
    if (output.address !== address) throw refused(action, `its output ${output.reference.index} goes to ${output.address}`);
    if (output.inlineDatum !== undefined || output.datumHash !== undefined || output.referenceScriptHash !== undefined)
      throw refused(action, `its output ${output.reference.index} carries more than money`);
  }
}

const outputOf = ({ address, lovelace, assets, inlineDatum }: TransactionOutput): Output => ({
  address,
  lovelace,
  assets,
  ...(inlineDatum === undefined ? {} : { inlineDatum }),
});

const sameReferences = (a: readonly OutputReference[], b: readonly OutputReference[]): boolean =>
  JSON.stringify(a.map(referenceText).sort()) === JSON.stringify(b.map(referenceText).sort());

/** Throws `transaction-refused` unless it locks exactly what was ordered and sends all the rest home. */
export function reviewLock(cbor: string, request: LockRequest): BuiltLock {
  const { datum, amountBaseUnits, payer, parameters, slotConfig, expiresAt } = request;
  const transaction = read('lock', cbor, LOCK_FIELDS, payer.utxos);
  const [lock, ...others] = transaction.outputs;
  const ordered = lockOutput(datum, amountBaseUnits, lockLovelace(datum, amountBaseUnits, parameters));
  if (lock === undefined || lock.address !== ordered.address) throw refused('lock', 'its first output is not at the escrow');
  if (lock.inlineDatum !== ordered.inlineDatum || lock.referenceScriptHash !== undefined)
    throw refused('lock', 'its datum is not the quote’s');
  const off = difference([lock], [ordered]);
  if (off.lovelace !== 0n || off.assets.length > 0) throw refused('lock', 'it does not hold what the quote says');
  demandOwn('lock', others, payer.changeAddress);
  const until = slotOf(expiresAt, slotConfig);
  if (transaction.validUntil !== until) throw refused('lock', 'it does not end with the quote');
  if (transaction.redeemers.length > 0 || transaction.scripts.length > 0) throw refused('lock', 'it runs a script');
  return {
    cbor,
    fee: transaction.fee,
    outputs: transaction.outputs.map(outputOf),
    units: { memory: 0n, steps: 0n },
    reference: { txId: transaction.id, index: 0 },
  };
}

/** Throws `transaction-refused` unless it takes back exactly these locks and sends everything home. */
export function reviewReclaim(cbor: string, request: PlainReclaim): BuiltTransaction {
  const { locks, payer, run } = request;
  const transaction = read('reclaim', cbor, RECLAIM_FIELDS, [...locks, ...payer.utxos]);
  const { collateralInputs, collateralReturn, redeemers } = transaction;
  demandOwn('reclaim', transaction.outputs, payer.changeAddress);
  if (collateralReturn !== null) demandOwn('reclaim', [collateralReturn], payer.changeAddress);
  if (!sameReferences(collateralInputs, [run.collateral.reference])) throw refused('reclaim', 'it puts up another collateral');
  const forfeit = difference([run.collateral], collateralReturn === null ? [] : [collateralReturn]);
  if (forfeit.lovelace > MAX_COLLATERAL || forfeit.assets.length > 0)
    throw refused('reclaim', `it puts up ${forfeit.lovelace} lovelace as collateral, at most ${MAX_COLLATERAL} are`);
  if (!sameReferences(transaction.referenceInputs, [run.scriptAt.reference])) throw refused('reclaim', 'it refers to another script');
  const wanted = locks.map(({ reference }) => referenceText(reference));
  const places = transaction.inputs.flatMap((input, index) => (wanted.includes(referenceText(input)) ? [index] : []));
  if (places.length !== locks.length) throw refused('reclaim', 'it leaves a lock out');
  const unlocks = (index: number): boolean =>
    redeemers.some((redeemer) => redeemer.tag === 'spend' && redeemer.index === index && redeemer.data === RECLAIM_REDEEMER);
  if (redeemers.length !== places.length || !places.every(unlocks) || transaction.scripts.length > 0)
    throw refused('reclaim', 'it does more than reclaim');
  const units = { memory: 0n, steps: 0n };
  for (const { memory, steps } of redeemers) {
    units.memory += memory;
    units.steps += steps;
  }
  return { cbor, fee: transaction.fee, outputs: transaction.outputs.map(outputOf), units };
}

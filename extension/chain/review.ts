// What the wallet signs: an unsigned transaction of the worker, read again byte by byte and refused unless it does exactly what was ordered.
import { asArray, asFields, readCbor } from '@nunet/contracts/chain/cbor.ts';
import { slotOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransaction, type Transaction, type TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { lockLovelace, lockOutput } from '@nunet/contracts/lock-output.ts';
import type { BuiltLock, LockRequest } from '@nunet/contracts/lock.ts';
import type { BuiltTransaction } from '@nunet/contracts/balance.ts';
import { planBatch } from '@nunet/contracts/payouts.ts';
import { RECLAIM_REDEEMER } from '@nunet/contracts/redeemer.ts';
import { difference, type Output } from '@nunet/contracts/value.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { PlainReclaim, PlainSettle } from './transaction-messages.ts';

/** A lock costs under 190,000 lovelace and a reclaim under 320,000 (measured on the devnet); five inputs more double neither. */
const MAX_FEE = 1_000_000n;
/** What may be forfeit if a script fails although it was evaluated. */
const MAX_COLLATERAL = 5_000_000n;

/** Keys of a transaction body (Conway CDDL). A field that is not named here may move money in a way that nobody looked at. */
const LOCK_FIELDS = new Set([0, 1, 2, 3]);
const RECLAIM_FIELDS = new Set([0, 1, 2, 3, 8, 11, 13, 14, 16, 17, 18]);
/** Nobody in particular has to sign it, and it is valid at any time. */
const SETTLE_FIELDS = new Set([0, 1, 2, 11, 13, 16, 17, 18]);

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
  const { locks, payer } = request;
  const transaction = read('reclaim', cbor, RECLAIM_FIELDS, [...locks, ...payer.utxos]);
  demandOwn('reclaim', transaction.outputs, payer.changeAddress);
  demandRun('reclaim', transaction, request);
  demandRedeemers(
    'reclaim',
    transaction,
    locks.map((utxo) => ({ utxo, redeemer: RECLAIM_REDEEMER })),
  );
  return reviewed(cbor, transaction);
}

/** Throws `transaction-refused` unless it ends exactly these locks as ordered, pays exactly those payouts, and sends all the rest home. */
export function reviewSettle(cbor: string, request: PlainSettle): BuiltTransaction {
  const { locks, payer, parameters } = request;
  const plan = planBatch(locks, [], parameters.coinsPerUtxoByte);
  const transaction = read('settlement', cbor, SETTLE_FIELDS, [...locks.map(({ utxo }) => utxo), ...payer.utxos]);
  const wanted = plan.outputs(transaction.fee);
  const payouts = transaction.outputs.slice(0, wanted.length);
  const isPaid = (output: Output, index: number): boolean => {
    const made = payouts[index];
    if (made === undefined || made.address !== output.address || made.inlineDatum !== output.inlineDatum) return false;
    const off = difference([made], [output]);
    return made.referenceScriptHash === undefined && off.lovelace === 0n && off.assets.length === 0;
  };
  if (!wanted.every(isPaid)) throw refused('settlement', 'its payouts are not those that were ordered');
  demandOwn('settlement', transaction.outputs.slice(wanted.length), payer.changeAddress);
  demandRun('settlement', transaction, request);
  demandRedeemers('settlement', transaction, plan.inputs);
  return reviewed(cbor, transaction);
}

/** The script that runs is the one that was ordered, and what is put up for it is bounded. */
function demandRun(action: string, transaction: Transaction, { run, payer }: PlainReclaim | PlainSettle): void {
  const { collateralInputs, collateralReturn } = transaction;
  if (collateralReturn !== null) demandOwn(action, [collateralReturn], payer.changeAddress);
  if (!sameReferences(collateralInputs, [run.collateral.reference])) throw refused(action, 'it puts up another collateral');
  const forfeit = difference([run.collateral], collateralReturn === null ? [] : [collateralReturn]);
  if (forfeit.lovelace > MAX_COLLATERAL || forfeit.assets.length > 0)
    throw refused(action, `it puts up ${forfeit.lovelace} lovelace as collateral, at most ${MAX_COLLATERAL} are`);
  if (!sameReferences(transaction.referenceInputs, [run.scriptAt.reference])) throw refused(action, 'it refers to another script');
}

/** Every lock is unlocked as ordered, and nothing else is. */
function demandRedeemers(
  action: string,
  { inputs, redeemers, scripts }: Transaction,
  ordered: readonly { utxo: Utxo; redeemer: string }[],
): void {
  const wanted = new Map(ordered.map(({ utxo, redeemer }) => [referenceText(utxo.reference), redeemer]));
  const places = inputs.flatMap((input, index) => {
    const data = wanted.get(referenceText(input));
    return data === undefined ? [] : [{ index, data }];
  });
  if (places.length !== ordered.length) throw refused(action, 'it leaves a lock out');
  const unlocks = ({ index, data }: { index: number; data: string }): boolean =>
    redeemers.some((redeemer) => redeemer.tag === 'spend' && redeemer.index === index && redeemer.data === data);
  if (redeemers.length !== places.length || !places.every(unlocks) || scripts.length > 0)
    throw refused(action, action === 'reclaim' ? 'it does more than reclaim' : 'it does more than was ordered');
}

function reviewed(cbor: string, transaction: Transaction): BuiltTransaction {
  const units = { memory: 0n, steps: 0n };
  for (const { memory, steps } of transaction.redeemers) {
    units.memory += memory;
    units.steps += steps;
  }
  return { cbor, fee: transaction.fee, outputs: transaction.outputs.map(outputOf), units };
}

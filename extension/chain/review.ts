// What the wallet signs for a job: an unsigned transaction of the worker, refused unless it does exactly what was ordered.
import { slotOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { lockLovelace, lockOutput } from '@nunet/contracts/lock-output.ts';
import type { BuiltLock, LockRequest } from '@nunet/contracts/lock.ts';
import type { BuiltTransaction } from '@nunet/contracts/balance.ts';
import { planBatch } from '@nunet/contracts/payouts.ts';
import { RECLAIM_REDEEMER } from '@nunet/contracts/redeemer.ts';
import { difference, type Output } from '@nunet/contracts/value.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { demandOwn, outputOf, readBuilt, refused, sameReferences } from './read-built.ts';
import type { PlainReclaim, PlainSettle } from './transaction-messages.ts';

/** What may be forfeit if a script fails although it was evaluated. */
const MAX_COLLATERAL = 5_000_000n;

/** Keys of a transaction body (Conway CDDL). A field that is not named here may move money in a way that nobody looked at. */
const LOCK_FIELDS = new Set([0, 1, 2, 3]);
const RECLAIM_FIELDS = new Set([0, 1, 2, 3, 8, 11, 13, 14, 16, 17, 18]);
/** Nobody in particular has to sign it, and it is valid at any time. */
const SETTLE_FIELDS = new Set([0, 1, 2, 11, 13, 16, 17, 18]);

/** Throws `transaction-refused` unless it locks exactly what was ordered and sends all the rest home. */
export function reviewLock(cbor: string, request: LockRequest): BuiltLock {
  const { datum, amountBaseUnits, payer, parameters, slotConfig, expiresAt } = request;
  const transaction = readBuilt('lock', cbor, LOCK_FIELDS, payer.utxos);
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
  const transaction = readBuilt('reclaim', cbor, RECLAIM_FIELDS, [...locks, ...payer.utxos]);
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
  const transaction = readBuilt('settlement', cbor, SETTLE_FIELDS, [...locks.map(({ utxo }) => utxo), ...payer.utxos]);
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

// Does this end locks of ours, and how? Only when every script that it spends from is an escrow of the network record and all money goes where the datums say.
import { lockedOutput } from '@nunet/contracts/locks.ts';
import { readSpend, type LockSpend } from '@nunet/contracts/read-spend.ts';
import { reclaimTerms } from '@nunet/contracts/reclaim-terms.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import { isHome, isOwnMoney, type KnownInput } from './ownership.ts';
import type { Intent } from './preview.ts';
import { hasOnlyFields, scriptInputs, type Reading } from './reading.ts';

type SpendIntent = Intent & { kind: 'reclaim' | 'agree' | 'settle' };

/** With scripts: script data, collateral, signers, network id, its return and total, reference inputs. */
const SPEND_FIELDS = new Set([0, 1, 2, 3, 8, 11, 13, 14, 15, 16, 17, 18]);

interface Ended {
  lock: LockedOutput | null;
  held: bigint;
  spend: LockSpend;
}

/** Null: not to be read as an end of a lock. */
function endOf({ reference, utxo }: KnownInput, reading: Reading): Ended | null {
  const { transaction, ground, own } = reading;
  const { record } = ground;
  if (utxo === null || record === null) return null;
  const held = utxo.assets.find((asset) => assetUnit(asset) === assetUnit(record.asset))?.quantity ?? 0n;
  try {
    const lock = lockedOutput(utxo, 0);
    const spend = readSpend(transaction, { reference, datum: lock.datum });
    if (spend === null || (spend.how === 'reclaim' && reclaimTerms(utxo).keyHash !== own.payment)) return null;
    return assetUnit(lock.datum.asset) === assetUnit(record.asset) ? { lock, held, spend } : null;
  } catch (error) {
    if (!(error instanceof NunetError)) throw error;
    return null;
  }
}

/** Money of locks that are settled goes to their two parties, and to nobody else. */
function goesWhereAgreed(reading: Reading, ended: readonly Ended[]): boolean {
  const { transaction, own, ground } = reading;
  const settled = ended.filter(({ spend }) => spend.how !== 'reclaim');
  const parties = new Set(settled.flatMap(({ lock }) => (lock === null ? [] : [lock.datum.serviceProvider, lock.datum.computeProvider])));
  const unit = ground.record === null ? '' : assetUnit(ground.record.asset);
  return transaction.outputs.every(
    (output) =>
      isHome(output.to, own) ||
      (parties.has(output.address) && output.assets.every((asset) => assetUnit(asset) === unit) && output.to.kind !== 'byron'),
  );
}

/** What outputs to compute providers hold of the record's asset is what the signatures say. */
function paysAsSigned(reading: Reading, ended: readonly Ended[]): boolean {
  const { transaction, ground } = reading;
  const unit = ground.record === null ? '' : assetUnit(ground.record.asset);
  const owed = new Map<string, bigint>();
  for (const { lock, spend, held } of ended) {
    if (lock === null || spend.how === 'reclaim') continue;
    const add = (address: string, quantity: bigint): void => void owed.set(address, (owed.get(address) ?? 0n) + quantity);
    add(lock.datum.computeProvider, spend.paid);
    add(lock.datum.serviceProvider, held - spend.paid);
  }
  return [...owed].every(([address, quantity]) => {
    const paid = transaction.outputs
      .filter((output) => output.address === address)
      .flatMap(({ assets }) => assets)
      .reduce((sum, asset) => (assetUnit(asset) === unit ? sum + asset.quantity : sum), 0n);
    return paid >= quantity;
  });
}

/** Null: it spends from no escrow, or in a way that fits no sentence. */
export function readSpendIntent(reading: Reading): SpendIntent | null {
  const { transaction, own, ground, inputs } = reading;
  const spent = scriptInputs(reading);
  const isKnown = (hash: string | undefined): boolean => ground.record?.escrows.some(({ scriptHash }) => scriptHash === hash) === true;
  if (spent.length === 0 || !spent.every(({ utxo }) => isKnown(utxo.to.payment?.hash))) return null;
  if (!transaction.isValid || !hasOnlyFields(reading, SPEND_FIELDS)) return null;
  const isOthers = ({ utxo }: KnownInput): boolean => utxo === null || (utxo.to.payment?.kind !== 'script' && !isOwnMoney(utxo.to, own));
  if (inputs.some(isOthers) || transaction.outputs.some(({ to }) => to.payment?.kind === 'script')) return null;
  if (transaction.redeemers.length !== spent.length) return null;
  const ended = spent.map((input) => endOf(input, reading));
  if (!ended.every((one) => one !== null) || !goesWhereAgreed(reading, ended) || !paysAsSigned(reading, ended)) return null;
  const locks = ended.length;
  const held = ended.reduce((sum, one) => sum + one.held, 0n);
  if (ended.every(({ spend }) => spend.how === 'reclaim')) return { kind: 'reclaim', locks, baseUnits: held };
  const paidBaseUnits = ended.reduce((sum, { spend }) => sum + spend.paid, 0n);
  const kind = ended.every(({ spend }) => spend.how === 'agree') ? 'agree' : 'settle';
  return { kind, locks, paidBaseUnits, backBaseUnits: held - paidBaseUnits };
}

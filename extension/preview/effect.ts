// What a transaction does to this account: what comes to it less what leaves it. Where something is unknown, the loss counts as the larger one.
import { assetUnit, difference, type Value } from '@nunet/contracts/value.ts';
import type { Certificate } from './certificates.ts';
import { isKey, isOwnMoney, type KnownInput, type OwnKeys } from './ownership.ts';
import type { PreviewGround } from './preview.ts';
import type { StrictOutput, StrictTransaction } from './read-strict.ts';

export interface AccountEffect {
  /** If it is taken as it is. */
  whole: Value;
  /** If a script fails; null: none of the account's money is put up. */
  ifScriptFails: Value | null;
  withdrawnLovelace: bigint;
}

const NOTHING: Value = { lovelace: 0n, assets: [] };
const ada = (lovelace: bigint): Value => ({ lovelace, assets: [] });

/** Above zero: paid with it; below: comes back. */
export function depositOf({ deposit }: Pick<Certificate, 'deposit'>, { key, pool }: PreviewGround['deposits']): bigint {
  if (typeof deposit === 'bigint') return deposit;
  return deposit === 'key' ? key : deposit === 'pool' ? pool : -key;
}

const ownValues = (outputs: readonly StrictOutput[], own: OwnKeys): Value[] => outputs.filter(({ to }) => isOwnMoney(to, own));

const knownValues = (inputs: readonly KnownInput[]): Value[] => inputs.flatMap(({ utxo }) => (utxo === null ? [] : [utxo]));
const ownInputs = (inputs: readonly KnownInput[], own: OwnKeys): Value[] =>
  inputs.flatMap(({ utxo }) => (utxo !== null && isOwnMoney(utxo.to, own) ? [utxo] : []));

/** Only what is more than nothing. */
const positive = ({ lovelace, assets }: Value): Value => ({
  lovelace: lovelace > 0n ? lovelace : 0n,
  assets: assets.filter(({ quantity }) => quantity > 0n),
});

/**
 * The most that inputs nobody knows can hold together. The ledger wants as much spent as made: what is made and paid, less what
 * is known to be spent, must come from them. Deposits that come back would make it less, so they are left out.
 */
function mostUnknown(transaction: StrictTransaction, inputs: readonly KnownInput[], deposits: PreviewGround['deposits']): Value {
  if (inputs.every(({ utxo }) => utxo !== null)) return NOTHING;
  const paid = transaction.certificates.map((certificate) => depositOf(certificate, deposits)).filter((deposit) => deposit > 0n);
  const proposed = transaction.proposals.map(({ deposit }) => deposit);
  const out = [transaction.fee, transaction.donation, ...paid, ...proposed].map(ada);
  const withdrawn = transaction.withdrawals.map(({ lovelace }) => ada(lovelace));
  const minted = { lovelace: 0n, assets: transaction.mint };
  return positive(difference([...transaction.outputs, ...out], [...knownValues(inputs), ...withdrawn, minted]));
}

/** As `mostUnknown`, for collateral: what is put up is what comes back and the total that is named; unnamed, nothing can be said. */
function mostUnknownCollateral(transaction: StrictTransaction, collateral: readonly KnownInput[]): Value {
  const { collateralReturn, totalCollateral } = transaction;
  if (totalCollateral === null || collateral.every(({ utxo }) => utxo !== null)) return NOTHING;
  const putUp = [ada(totalCollateral), ...(collateralReturn === null ? [] : [collateralReturn])];
  return positive(difference(putUp, knownValues(collateral)));
}

function ifScriptFails(transaction: StrictTransaction, collateral: readonly KnownInput[], own: OwnKeys): Value {
  const { collateralReturn } = transaction;
  const back = collateralReturn === null ? [] : ownValues([collateralReturn], own);
  return difference(back, [...ownInputs(collateral, own), mostUnknownCollateral(transaction, collateral)]);
}

/** Deposits of the account that come back: its own before, so that whoever else gets them takes them from it. */
const ownRefunds = (transaction: StrictTransaction, deposits: PreviewGround['deposits'], own: OwnKeys): bigint =>
  transaction.certificates
    .filter(({ credentials }) => credentials.some((credential) => isKey(credential, own.stake) || isKey(credential, own.drep)))
    .map((certificate) => depositOf(certificate, deposits))
    .reduce((sum, deposit) => (deposit < 0n ? sum - deposit : sum), 0n);

const isNothing = ({ lovelace, assets }: Value): boolean => lovelace === 0n && assets.length === 0;

export function effectOn(
  transaction: StrictTransaction,
  spent: { inputs: readonly KnownInput[]; collateral: readonly KnownInput[] },
  ground: Pick<PreviewGround, 'deposits'>,
  own: OwnKeys,
): AccountEffect {
  const failed = ifScriptFails(transaction, spent.collateral, own);
  const withdrawn = transaction.withdrawals.reduce((sum, { from, lovelace }) => (isKey(from.stake, own.stake) ? sum + lovelace : sum), 0n);
  const unlocked = [ada(withdrawn), ada(ownRefunds(transaction, ground.deposits, own))];
  const left = [...ownInputs(spent.inputs, own), mostUnknown(transaction, spent.inputs, ground.deposits), ...unlocked];
  return {
    whole: transaction.isValid ? difference(ownValues(transaction.outputs, own), left) : failed,
    ifScriptFails: spent.collateral.length === 0 || isNothing(failed) ? null : failed,
    withdrawnLovelace: withdrawn,
  };
}

/** What leaves of each token, by unit; for comparing with what there was. */
export const lossOf = (value: Value, unit: string): bigint => {
  const held = value.assets.find((asset) => assetUnit(asset) === unit)?.quantity ?? 0n;
  return held < 0n ? -held : 0n;
};

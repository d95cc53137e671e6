// A transaction beside what is known of the world: what the rules for intents and risks look at.
import type { AccountEffect } from './effect.ts';
import { isHome, isOwnMoney, type KnownInput, type OwnKeys } from './ownership.ts';
import type { PreviewGround } from './preview.ts';
import type { StrictOutput, StrictTransaction } from './read-strict.ts';

export interface Reading {
  transaction: StrictTransaction;
  ground: PreviewGround;
  own: OwnKeys;
  inputs: readonly KnownInput[];
  collateral: readonly KnownInput[];
  effect: AccountEffect;
}

export const isScript = ({ to }: Pick<StrictOutput, 'to'>): boolean => to.payment?.kind === 'script';

/** Carries more than money, which change has no need of. */
export const isBurdened = (output: StrictOutput): boolean =>
  output.inlineDatum !== undefined || output.datumHash !== undefined || output.referenceScriptHash !== undefined;

/** Outputs to others, scripts included. */
export const foreignOutputs = ({ transaction, own }: Reading): StrictOutput[] =>
  transaction.outputs.filter(({ to }) => !isOwnMoney(to, own));

export const isAllHome = ({ transaction, own }: Reading): boolean => transaction.outputs.every(({ to }) => isHome(to, own));

export const areInputsOwn = ({ inputs, own }: Reading): boolean => inputs.every(({ utxo }) => utxo !== null && isOwnMoney(utxo.to, own));

/** Inputs that a script guards. */
export const scriptInputs = ({ inputs }: Reading): (KnownInput & { utxo: NonNullable<KnownInput['utxo']> })[] =>
  inputs.flatMap((input) => (input.utxo?.to.payment?.kind === 'script' ? [{ ...input, utxo: input.utxo }] : []));

/** A script has a say: it runs, is paid to, mints, or owns what is withdrawn or bound. */
export function involvesScripts(reading: Reading): boolean {
  const { transaction } = reading;
  return (
    transaction.hasScriptData ||
    transaction.redeemers.length > 0 ||
    transaction.scripts.length > 0 ||
    transaction.mint.length > 0 ||
    transaction.outputs.some(isScript) ||
    scriptInputs(reading).length > 0 ||
    transaction.withdrawals.some(({ from }) => from.stake?.kind === 'script') ||
    transaction.certificates.some(({ credentials }) => credentials.some(({ kind }) => kind === 'script')) ||
    transaction.votes.some(({ credential }) => credential.kind === 'script')
  );
}

export const hasOnlyFields = ({ transaction }: Reading, fields: ReadonlySet<number>): boolean =>
  [...transaction.bodyFields].every((field) => fields.has(field));

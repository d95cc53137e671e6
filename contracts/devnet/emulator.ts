// The ledger rules: Scalus' emulator behind two pure-looking functions, plus the rule that its version 0.17 lacks.
import scalus, { type Emulator } from 'scalus';
import { NunetError } from '@nunet/shared/errors.ts';
import type { RedeemerBudget, RedeemerTag, SlotConfig } from '../chain/chain.ts';
import type { Transaction, TransactionOutput } from '../chain/transaction.ts';
import { PARAMETERS } from './parameters.ts';
import { utxoMap } from './payment.ts';

/** An immutable state of the ledger by convention: every change is made on a copy, which costs 8 microseconds. */
export type LedgerState = Emulator;

/** A normal "no" of the ledger. `rule` is the ledger's own name for it, `logs` are the traces of a script that failed. */
export interface Rejection {
  rule: string;
  reason: string;
  logs: string[];
}

export type Applied = { state: LedgerState } | { rejection: Rejection };

const scalusSlots = (config: SlotConfig): InstanceType<typeof scalus.SlotConfig> =>
  new scalus.SlotConfig(config.zeroTimeMs, config.zeroSlot, config.slotLengthMs);

export const initialState = (outputs: TransactionOutput[], config: SlotConfig): LedgerState =>
  new scalus.Emulator(utxoMap(outputs), scalusSlots(config));

/** Scalus' texts to the names in the ledger's own error types, so that a client reads the same words as on a public network. */
const RULES: [RegExp, string][] = [
  [/^Missing (inputs|collateral inputs|reference inputs)/, 'BadInputsUTxO'],
  [/^Inputs intersects with reference inputs/, 'BabbageNonDisjointRefInputs'],
  [/^Empty transaction inputs/, 'InputSetEmptyUTxO'],
  [/is outside the validity interval/, 'OutsideValidityIntervalUTxO'],
  [/is less than minimum required/, 'FeeTooSmallUTxO'],
  [/no collateral inputs provided/, 'NoCollateralInputs'],
  [/collateral contains non-ADA assets/, 'CollateralContainsNonADA'],
  [/collateral contains non-VKey addresses/, 'ScriptsNotPaidUTxO'],
  [/is insufficient \(required/, 'InsufficientCollateral'],
  [/^Fee or collateral validation failed/, 'IncorrectTotalCollateralField'],
  [/^Too many collateral inputs/, 'TooManyCollateralInputs'],
  [/^Value not conserved/, 'ValueNotConservedUTxO'],
  [/^Transaction outputs are too small/, 'BabbageOutputTooSmallUTxO'],
  [/^Missing key hashes/, 'MissingVKeyWitnessesUTXOW'],
  [/^Invalid verified signatures/, 'InvalidWitnessesUTXOW'],
  [/^Missing or extra script hashes/, 'MissingScriptWitnessesUTXOW'],
  [/^Invalid script data hash/, 'PPViewHashesDontMatch'],
  [/^Exact set of redeemers/, 'ExtraRedeemers'],
  [/^Datums validation failed/, 'MissingRequiredDatums'],
  [/^Ill-formed scripts/, 'MalformedScriptWitnesses'],
  [/^Invalid native scripts/, 'ScriptWitnessNotValidatingUTXOW'],
  [/auxiliary data/, 'ConflictingMetadataHash'],
  [/^Wrong network|invalid output addresses/, 'WrongNetwork'],
  [/^Withdrawals validation failed/, 'WithdrawalsNotInRewardsCERTS'],
  [/certificates? validation failed/, 'CertsFailure'],
  [/^Execution units/, 'ExUnitsTooBigUTxO'],
  [/^Transaction size/, 'MaxTxSizeUTxO'],
  [/^Plutus script validation failed|Error evaluat|Out of budget/i, 'PlutusFailure'],
];

const ruleOf = (reason: string): string => RULES.find(([pattern]) => pattern.test(reason))?.[1] ?? 'LedgerRule';

/** Scalus 0.17 lets a redeemer above the step limit through when its memory fits (fixed upstream in 1.1.0). */
export function executionUnitsProblem(transaction: Transaction): Rejection | null {
  const memory = transaction.redeemers.reduce((sum, redeemer) => sum + redeemer.memory, 0n);
  const steps = transaction.redeemers.reduce((sum, redeemer) => sum + redeemer.steps, 0n);
  if (memory <= PARAMETERS.maxTxMemory && steps <= PARAMETERS.maxTxSteps) return null;
  return {
    rule: 'ExUnitsTooBigUTxO',
    reason: `The redeemers ask for ${memory} memory and ${steps} steps, a transaction may use ${PARAMETERS.maxTxMemory} memory and ${PARAMETERS.maxTxSteps} steps`,
    logs: [],
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 4000);

/** The state after `transaction` in a block of `slot`, or why the ledger refuses it. `state` is left as it was. */
export function applyTransaction(state: LedgerState, transaction: Transaction, slot: number): Applied {
  const tooBig = executionUnitsProblem(transaction);
  if (tooBig !== null) return { rejection: tooBig };
  const next = state.snapshot();
  next.setSlot(slot);
  try {
    const result = next.submitTx(transaction.raw);
    if (!result.isSuccess) {
      const reason = (result.error ?? 'refused without a reason').slice(0, 4000);
      return { rejection: { rule: ruleOf(reason), reason, logs: [...(result.logs ?? [])] } };
    }
    if (result.txHash !== transaction.id) {
      throw new NunetError(
        'ledger-disagrees',
        `Cannot apply transaction: the emulator calls it ${result.txHash}, its body hashes to ${transaction.id}`,
      );
    }
    return { state: next };
  } catch (error) {
    if (error instanceof NunetError) throw error;
    // The emulator throws on bytes that it cannot decode.
    return { rejection: { rule: 'DeserialiseFailure', reason: messageOf(error), logs: [] } };
  }
}

const TAGS: Record<string, RedeemerTag> = {
  spend: 'spend',
  mint: 'mint',
  cert: 'certificate',
  reward: 'withdrawal',
  voting: 'vote',
  vote: 'vote',
  proposing: 'propose',
  propose: 'propose',
};

export type Evaluated = { budgets: RedeemerBudget[] } | { rejection: Rejection };

/** What each redeemer uses, over the CBOR map of the outputs that the transaction spends and reads. Without end when a script is. */
export function evaluateScripts(transaction: Uint8Array, utxos: Uint8Array, config: SlotConfig): Evaluated {
  const { plutusV1, plutusV2, plutusV3 } = PARAMETERS.costModels;
  try {
    const redeemers = scalus.Scalus.evalPlutusScripts(transaction, utxos, scalusSlots(config), [plutusV1, plutusV2, plutusV3]);
    return {
      budgets: redeemers.map(({ tag, index, budget }) => {
        const name = TAGS[tag.toLowerCase()];
        if (name === undefined) throw new NunetError('ledger-disagrees', `Cannot evaluate: unknown redeemer purpose ${tag}`);
        return { tag: name, index, memory: budget.memory, steps: budget.steps };
      }),
    };
  } catch (error) {
    if (error instanceof NunetError) throw error;
    const logs = typeof error === 'object' && error !== null && 'logs' in error && Array.isArray(error.logs) ? error.logs.map(String) : [];
    return { rejection: { rule: 'PlutusFailure', reason: messageOf(error), logs } };
  }
}

// From what a transaction must do to a transaction that balances: picks wallet inputs, makes change, and finds the exact fee.
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { addressParts } from './address.ts';
import type { AssetQuantity, Chain, ProtocolParameters, Utxo } from './chain/chain.ts';
import { serialize, type Draft, type ExecutionUnits, type PlannedInput } from './draft.ts';
import { byInputOrder } from './redeemer.ts';
import { portionsOf } from './portions.ts';
import type { PlutusScript } from './script.ts';
import { assetUnit, difference, isSpendable, type Output, type Value } from './value.ts';

/** Who pays what the transaction needs beyond its fixed inputs, and gets the change. */
export interface Payer {
  utxos: Utxo[];
  changeAddress: string;
}

/** Needed where a script runs. */
export interface ScriptRun {
  script: PlutusScript;
  /** Unspent output that carries the script. */
  scriptAt: Utxo;
  /** An output of ADA that is forfeit if the script fails; it is not spent otherwise. */
  collateral: Utxo;
  evaluate: Chain['evaluate'];
}

export interface Intent {
  action: string;
  inputs: PlannedInput[];
  /** What must come out, given the fee; change is added after it. */
  outputs: (fee: bigint) => Output[];
  payer: Payer;
  parameters: ProtocolParameters;
  run?: ScriptRun;
  signers?: string[];
  validFromSlot?: number;
  validUntilSlot?: number;
  /** Auxiliary data, CBOR hex. */
  auxiliary?: string;
  /** Where the search begins. Too high, it asks a small wallet for more than is needed; too low, it takes a round more. */
  feeGuess?: bigint;
  /** How a missing token is named; as NTX, which most are, where it is not given. */
  tokenText?: (asset: AssetQuantity) => string;
}

/** Unsigned. The id does not change by signing. */
export interface BuiltTransaction {
  cbor: string;
  fee: bigint;
  outputs: Output[];
  units: ExecutionUnits;
}

/** Beyond the draft's own bytes: key, tag and length of the witnesses, then frame, key and signature of each. */
const WITNESS_SET_BYTES = 5;
const WITNESS_BYTES = 101;
const FIRST_GUESS = 300_000n;
/** Rounds until the fee settles; two are usual, more when change appears or goes. */
const MAX_ROUNDS = 24;
/**
 * An output of ADA up to this much (what wallets set aside for it) is put up whole: change from collateral would cost
 * 3,256 lovelace in every transaction, to save the rest of it in a failure that evaluating first rules out.
 */
const WHOLE_COLLATERAL = 5_000_000n;
/** Least lovelace beside tokens in what comes back from larger collateral. */
const COLLATERAL_RETURN = 1_500_000n;

const isEmpty = ({ lovelace, assets }: Value): boolean => lovelace === 0n && assets.length === 0;

function keyWitnesses(draft: Draft): number {
  const keys = new Set(draft.signers);
  const owners = [...draft.inputs.filter(({ redeemer }) => redeemer === undefined).map(({ utxo }) => utxo), draft.collateral?.utxo];
  for (const utxo of owners) {
    if (utxo === undefined) continue;
    const { payment } = addressParts(utxo.address);
    if (payment.kind === 'key') keys.add(payment.hash);
  }
  return keys.size;
}

/** a × price, rounded up; prices are fractions with few decimals, as the ledger keeps them. */
const priced = (units: ExecutionUnits, { priceMemory, priceSteps }: ProtocolParameters): bigint => {
  const scale = 10_000_000_000n;
  const price = (fraction: number): bigint => BigInt(Math.round(fraction * Number(scale)));
  return (units.memory * price(priceMemory) + units.steps * price(priceSteps) + scale - 1n) / scale;
};

function leastFee(cbor: string, draft: Draft, units: ExecutionUnits, parameters: ProtocolParameters): bigint {
  const witnesses = keyWitnesses(draft);
  const bytes = cbor.length / 2 + WITNESS_SET_BYTES + witnesses * WITNESS_BYTES + (witnesses > 23 ? 1 : 0);
  if (bytes > parameters.maxTxSize) {
    throw new NunetError(
      'transaction-too-big',
      `Cannot build transaction: ${bytes} bytes, the ledger takes ${parameters.maxTxSize}; put less into it`,
    );
  }
  const scriptBytes = draft.script === undefined ? 0 : draft.script.script.code.length / 2;
  return (
    BigInt(bytes) * parameters.minFeeA +
    parameters.minFeeB +
    priced(units, parameters) +
    BigInt(Math.ceil(scriptBytes * parameters.referenceScriptFeePerByte))
  );
}

const totalOf = (units: Map<number, ExecutionUnits>): ExecutionUnits => {
  const total = { memory: 0n, steps: 0n };
  for (const { memory, steps } of units.values()) {
    total.memory += memory;
    total.steps += steps;
  }
  return total;
};

function refuseAbove({ maxTxMemory, maxTxSteps }: ProtocolParameters, { memory, steps }: ExecutionUnits): void {
  if (memory <= maxTxMemory && steps <= maxTxSteps) return;
  throw new NunetError(
    'transaction-too-big',
    `Cannot build transaction: its scripts use ${memory} memory and ${steps} steps, the ledger takes ${maxTxMemory} and ${maxTxSteps}; put fewer locks into it`,
  );
}

/** The next wallet output that helps: one with a token that is missing, else the one with most lovelace. */
function nextInput(missing: Value, candidates: Utxo[]): Utxo | undefined {
  const wanted = missing.assets.find(({ quantity }) => quantity < 0n);
  const held = (utxo: Utxo): bigint =>
    wanted === undefined ? utxo.lovelace : (utxo.assets.find((asset) => assetUnit(asset) === assetUnit(wanted))?.quantity ?? 0n);
  const best = candidates.reduce<Utxo | undefined>(
    (most, utxo) => (most === undefined || held(utxo) > held(most) ? utxo : most),
    undefined,
  );
  return best !== undefined && held(best) > 0n ? best : undefined;
}

const ntxText = (asset: AssetQuantity): string => `${formatAmount(asset.quantity)} NTX (${assetUnit(asset)})`;

function insufficient({ action, tokenText = ntxText }: Intent, rest: Value, least: bigint): NunetError {
  const token = rest.assets.find(({ quantity }) => quantity < 0n);
  const what = token === undefined ? `${formatAmount(least - rest.lovelace)} ADA` : tokenText({ ...token, quantity: -token.quantity });
  return new NunetError('funds-insufficient', `Cannot ${action}: the wallet's outputs fall short by ${what}; add funds to the wallet`);
}

function draftOf(
  { signers = [], validFromSlot, validUntilSlot, auxiliary }: Intent,
  inputs: PlannedInput[],
  outputs: Output[],
  fee: bigint,
): Draft {
  const draft: Draft = { inputs, outputs, fee, units: new Map(), signers };
  if (validFromSlot !== undefined) draft.validFromSlot = validFromSlot;
  if (validUntilSlot !== undefined) draft.validUntilSlot = validUntilSlot;
  if (auxiliary !== undefined) draft.auxiliary = auxiliary;
  return draft;
}

/** For a wallet that has just what is needed: all that would be too little to come back, at most this much, goes with the fee. */
const MOST_GIVEN_AWAY = 10_000n;

/** Null where a script runs, and where the fee is not just what is left over. */
function withoutChange(intent: Intent, inputs: PlannedInput[], fee: bigint): BuiltTransaction | null {
  const { parameters, run } = intent;
  if (run !== undefined || fee < parameters.minFeeB) return null;
  const outputs = intent.outputs(fee);
  const rest = difference(
    inputs.map(({ utxo }) => utxo),
    [...outputs, { lovelace: fee, assets: [] }],
  );
  if (!isEmpty(rest)) return null;
  const draft = draftOf(intent, inputs, outputs, fee);
  const cbor = serialize(draft, parameters);
  const units = totalOf(draft.units);
  const needed = leastFee(cbor, draft, units, parameters);
  return needed <= fee && fee - needed <= MOST_GIVEN_AWAY ? { cbor, fee, outputs, units } : null;
}

/** Throws `funds-insufficient`, `transaction-too-big`, `collateral-invalid`, and what `evaluate` throws (`chain-rejected`: the script refuses). */
export async function balance(intent: Intent, signal?: AbortSignal): Promise<BuiltTransaction> {
  const { action, payer, parameters, run } = intent;
  const taken = new Set(
    [...intent.inputs.map(({ utxo }) => utxo), ...(run === undefined ? [] : [run.collateral])].map(({ reference }) =>
      referenceText(reference),
    ),
  );
  const candidates = payer.utxos.filter((utxo) => isSpendable(utxo) && !taken.has(referenceText(utxo.reference)));
  const chosen: PlannedInput[] = [];
  let fee = intent.feeGuess ?? FIRST_GUESS;
  let evaluated: { shape: string; units: Map<number, ExecutionUnits> } = { shape: '', units: new Map() };

  for (let round = 0; round < MAX_ROUNDS + payer.utxos.length; round++) {
    const inputs = [...intent.inputs, ...chosen].toSorted((a, b) => byInputOrder(a.utxo.reference, b.utxo.reference));
    const fixed = intent.outputs(fee);
    const rest = difference(
      inputs.map(({ utxo }) => utxo),
      [...fixed, { lovelace: fee, assets: [] }],
    );
    const change = isEmpty(rest) ? { outputs: [], least: 0n } : portionsOf(payer.changeAddress, rest, parameters);
    const { least } = change;
    if (rest.lovelace < least || rest.assets.some(({ quantity }) => quantity < 0n)) {
      const next = nextInput(rest, candidates);
      if (next === undefined) {
        const exact = withoutChange(intent, inputs, fee + rest.lovelace);
        if (exact !== null) return exact;
        throw insufficient(intent, rest, least);
      }
      candidates.splice(candidates.indexOf(next), 1);
      chosen.push({ utxo: next });
      continue;
    }
    const outputs = [...fixed, ...change.outputs];
    const draft = draftOf(intent, inputs, outputs, fee);
    draft.units = evaluated.units;
    if (run !== undefined) {
      draft.script = { script: run.script, at: run.scriptAt };
      draft.collateral = {
        utxo: run.collateral,
        total: collateralFor(run.collateral, fee, parameters),
        returnAddress: payer.changeAddress,
      };
      // What a script uses depends on the inputs and outputs that it walks over, not on the digits of the fee.
      const shape = `${inputs.length}/${outputs.length}/${String(isEmpty(rest))}`;
      if (evaluated.shape !== shape) {
        const budgets = await run.evaluate(serialize(draft, parameters), signal);
        evaluated = { shape, units: new Map(budgets.map(({ index, memory, steps }) => [index, { memory, steps }])) };
        refuseAbove(parameters, totalOf(evaluated.units));
        draft.units = evaluated.units;
      }
    }
    const cbor = serialize(draft, parameters);
    const units = totalOf(draft.units);
    const needed = leastFee(cbor, draft, units, parameters);
    // After some rounds a fee that is a few lovelace too high is as good: it only moves between two sizes of an integer.
    if (needed === fee || (needed < fee && round > MAX_ROUNDS / 2)) return { cbor, fee, outputs, units };
    fee = needed;
  }
  throw new NunetError('fee-unsettled', `Cannot ${action}: the fee did not settle; add a larger ADA output to the wallet`);
}

/** What is forfeit if the script fails: the ledger's share of the fee, or the whole output where no change can come back from it. */
function collateralFor(utxo: Utxo, fee: bigint, { collateralPercent }: ProtocolParameters): bigint {
  const wanted = (fee * BigInt(collateralPercent) + 99n) / 100n;
  const least = utxo.assets.length === 0 ? wanted : wanted + COLLATERAL_RETURN;
  if (utxo.lovelace < least) {
    throw new NunetError(
      'collateral-invalid',
      `Cannot use ${referenceText(utxo.reference)} as collateral: it holds ${utxo.lovelace} lovelace, want ${least}`,
    );
  }
  return utxo.assets.length === 0 && utxo.lovelace <= WHOLE_COLLATERAL ? utxo.lovelace : wanted;
}

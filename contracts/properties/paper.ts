// A transaction on paper: written as CBOR with nothing balanced, signed or on any ledger, so that a script can be asked about
// thousands of them.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { addressBytes } from '../chain/address.ts';
import { CBOR_NULL, CBOR_TRUE, cborArray, cborBytes, cborInt, cborMap, cborTag } from '../chain/cbor.ts';
import type { AssetQuantity } from '../chain/chain.ts';
import { encodeReference } from '../devnet/payment.ts';
import { byInputOrder } from '../redeemer.ts';
import { assetUnit, type Output } from '../value.ts';

/** An output as the ledger may hold it; `datumHash` in place of an inline datum. */
export interface PaperOutput extends Output {
  datumHash?: string;
}

export interface PaperInput {
  reference: OutputReference;
  output: PaperOutput;
  /** CBOR hex, where a Plutus script guards the output. */
  redeemer?: string;
}

export interface PaperTransaction {
  inputs: PaperInput[];
  /** Read, not spent. */
  references: PaperInput[];
  outputs: PaperOutput[];
  fee: bigint;
  signers: string[];
  validFromSlot?: number;
  validUntilSlot?: number;
  mint: { asset: AssetQuantity; redeemer: string }[];
  /** Of nothing, from the reward account of a script: runs it. */
  withdrawals: { scriptHash: string; redeemer: string }[];
  /** Delegations of a script's stake: run it. */
  delegations: { scriptHash: string; redeemer: string }[];
  /** Compiled codes, as in the blueprint. */
  plutusScripts: string[];
  nativeScripts: Uint8Array[];
  /** CBOR hex of the datums of which outputs hold the hash. */
  datums: string[];
}

/** Of a datum's CBOR. */
export const datumHash = (datum: string): string => bytesToHex(blake2b(hexToBytes(datum), { dkLen: 32 }));

type Field = [Uint8Array, Uint8Array];

/** More than any case here uses: no case is refused for its budget. */
const UNITS = cborArray([cborInt(14_000_000), cborInt(10_000_000_000)]);

/** Sorted by policy and name as the ledger wants it; a token listed twice is counted once, with the sum. */
function tokens(assets: AssetQuantity[]): Uint8Array {
  const sums = new Map<string, AssetQuantity>();
  for (const asset of assets) {
    const quantity = (sums.get(assetUnit(asset))?.quantity ?? 0n) + asset.quantity;
    sums.set(assetUnit(asset), { ...asset, quantity });
  }
  const sorted = [...sums.values()].filter(({ quantity }) => quantity !== 0n).toSorted((a, b) => (assetUnit(a) < assetUnit(b) ? -1 : 1));
  return cborMap(
    [...Map.groupBy(sorted, ({ policyId }) => policyId)].map(([policy, names]): Field => [
      cborBytes(hexToBytes(policy)),
      cborMap(names.map(({ assetName, quantity }): Field => [cborBytes(hexToBytes(assetName)), cborInt(quantity)])),
    ]),
  );
}

const EMPTY_MAP = 1;

/** CBOR of an output. */
export function outputBytes({ address, lovelace, assets, inlineDatum, datumHash, referenceScript }: PaperOutput): Uint8Array {
  const held = tokens(assets);
  const fields: Field[] = [
    [cborInt(0), cborBytes(addressBytes(address))],
    [cborInt(1), held.length === EMPTY_MAP ? cborInt(lovelace) : cborArray([cborInt(lovelace), held])],
  ];
  if (inlineDatum !== undefined) fields.push([cborInt(2), cborArray([cborInt(1), cborTag(24, cborBytes(hexToBytes(inlineDatum)))])]);
  else if (datumHash !== undefined) fields.push([cborInt(2), cborArray([cborInt(0), cborBytes(hexToBytes(datumHash))])]);
  if (referenceScript !== undefined)
    fields.push([cborInt(3), cborTag(24, cborBytes(cborArray([cborInt(3), cborBytes(hexToBytes(referenceScript))])))]);
  return cborMap(fields);
}

const redeemer = (tag: number, index: number, data: string): Uint8Array =>
  cborArray([cborInt(tag), cborInt(index), hexToBytes(data), UNITS]);

/** CIP-19: a test network's reward account of a script. */
const rewardAccount = (scriptHash: string): Uint8Array => concatBytes(Uint8Array.of(0xf0), hexToBytes(scriptHash));
/** Certificate 2: this script's stake goes to a pool. */
const delegation = (scriptHash: string): Uint8Array =>
  cborArray([cborInt(2), cborArray([cborInt(1), cborBytes(hexToBytes(scriptHash))]), cborBytes(new Uint8Array(28))]);

const optional = (key: number, present: boolean, value: () => Uint8Array): Field[] => (present ? [[cborInt(key), value()]] : []);

/** In the ledger's order, which the redeemers' indices count. */
export const inInputOrder = (inputs: PaperInput[]): PaperInput[] => inputs.toSorted((a, b) => byInputOrder(a.reference, b.reference));

export function transactionBytes(transaction: PaperTransaction): Uint8Array {
  const { outputs, fee, signers, validFromSlot, validUntilSlot, references, mint, plutusScripts, nativeScripts, datums } = transaction;
  const { withdrawals, delegations } = transaction;
  const inputs = inInputOrder(transaction.inputs);
  const mints = mint.toSorted((a, b) => (a.asset.policyId < b.asset.policyId ? -1 : 1));
  const body = cborMap([
    [cborInt(0), cborArray(inputs.map(({ reference }) => encodeReference(reference)))],
    [cborInt(1), cborArray(outputs.map(outputBytes))],
    [cborInt(2), cborInt(fee)],
    ...optional(3, validUntilSlot !== undefined, () => cborInt(validUntilSlot ?? 0)),
    ...optional(4, delegations.length > 0, () => cborArray(delegations.map(({ scriptHash }) => delegation(scriptHash)))),
    ...optional(5, withdrawals.length > 0, () =>
      cborMap(withdrawals.map(({ scriptHash }): Field => [cborBytes(rewardAccount(scriptHash)), cborInt(0)])),
    ),
    ...optional(8, validFromSlot !== undefined, () => cborInt(validFromSlot ?? 0)),
    ...optional(9, mint.length > 0, () => tokens(mints.map(({ asset }) => asset))),
    ...optional(14, signers.length > 0, () => cborArray(signers.map((hash) => cborBytes(hexToBytes(hash))))),
    ...optional(18, references.length > 0, () => cborArray(references.map(({ reference }) => encodeReference(reference)))),
  ]);
  const redeemers = [
    ...inputs.flatMap(({ redeemer: data }, index) => (data === undefined ? [] : [redeemer(0, index, data)])),
    ...mints.map(({ redeemer: data }, index) => redeemer(1, index, data)),
    ...delegations.map(({ redeemer: data }, index) => redeemer(2, index, data)),
    ...withdrawals.map(({ redeemer: data }, index) => redeemer(3, index, data)),
  ];
  const witnesses = cborMap([
    ...optional(1, nativeScripts.length > 0, () => cborArray(nativeScripts)),
    ...optional(4, datums.length > 0, () => cborArray(datums.map(hexToBytes))),
    [cborInt(5), cborArray(redeemers)],
    [cborInt(7), cborArray(plutusScripts.map((code) => cborBytes(hexToBytes(code))))],
  ]);
  return cborArray([body, witnesses, CBOR_TRUE, CBOR_NULL]);
}

/** Of what a transaction spends and reads, as an evaluator wants it. */
export const resolvedOutputs = ({ inputs, references }: PaperTransaction): { reference: OutputReference; raw: Uint8Array }[] =>
  [...inputs, ...references].map(({ reference, output }) => ({ reference, raw: outputBytes(output) }));

// Values and outputs as CIP-30 hands them to dApps: CBOR in hex.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { asArray, asBytes, asInt, asMap, cborArray, cborBytes, cborInt, cborMap, cborTag, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { AssetQuantity, Utxo } from '@nunet/contracts/chain/chain.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

export interface Value {
  lovelace: bigint;
  /** By policy and asset name in one hex string. */
  tokens: Map<string, bigint>;
}

const POLICY_HEX = 56;
const ENCODED = 24;

export function sumOf(utxos: readonly Utxo[]): Value {
  const tokens = new Map<string, bigint>();
  let lovelace = 0n;
  for (const utxo of utxos) {
    lovelace += utxo.lovelace;
    for (const { policyId, assetName, quantity } of utxo.assets) {
      const unit = policyId + assetName;
      tokens.set(unit, (tokens.get(unit) ?? 0n) + quantity);
    }
  }
  return { lovelace, tokens };
}

/** Ledger order of names: shorter first, then by bytes. */
const byName = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

export function encodeValue({ lovelace, tokens }: Value): Uint8Array {
  const policies = new Map<string, [string, bigint][]>();
  for (const [unit, quantity] of tokens) {
    const policy = unit.slice(0, POLICY_HEX);
    policies.set(policy, [...(policies.get(policy) ?? []), [unit.slice(POLICY_HEX), quantity]]);
  }
  if (policies.size === 0) return cborInt(lovelace);
  const bytes = (hex: string): Uint8Array => cborBytes(hexToBytes(hex));
  const assets = [...policies]
    .toSorted(([a], [b]) => byName(a, b))
    .map(([policy, names]): [Uint8Array, Uint8Array] => [
      bytes(policy),
      cborMap(names.toSorted(([a], [b]) => byName(a, b)).map(([name, quantity]) => [bytes(name), cborInt(quantity)])),
    ]);
  return cborArray([cborInt(lovelace), cborMap(assets)]);
}

/** Throws `cbor-invalid`. A negative quantity is refused by whoever wants to reach it. */
export function decodeValue(hex: string): Value {
  const item = readCbor(hexToBytes(hex));
  if (item.kind !== 'array') return { lovelace: asInt(item), tokens: new Map() };
  const [coin, policies] = asArray(item);
  const tokens = new Map<string, bigint>();
  for (const [policy, names] of policies === undefined ? [] : asMap(policies))
    for (const [name, quantity] of asMap(names)) tokens.set(bytesToHex(asBytes(policy)) + bytesToHex(asBytes(name)), asInt(quantity));
  return { lovelace: asInt(coin), tokens };
}

const valueOf = (lovelace: bigint, assets: readonly AssetQuantity[]): Uint8Array =>
  encodeValue({ lovelace, tokens: new Map(assets.map(({ policyId, assetName, quantity }) => [policyId + assetName, quantity])) });

/** `[input, output]` (CIP-30 TransactionUnspentOutput). `raw`: the output's own bytes, needed where it carries a reference script. */
export function encodeUtxo(utxo: Utxo, raw: Uint8Array | null, bytesOf: (address: string) => Uint8Array = addressBytes): Uint8Array {
  const input = cborArray([cborBytes(hexToBytes(utxo.reference.txId)), cborInt(utxo.reference.index)]);
  if (raw !== null) return cborArray([input, raw]);
  const fields: [Uint8Array, Uint8Array][] = [
    [cborInt(0), cborBytes(bytesOf(utxo.address))],
    [cborInt(1), valueOf(utxo.lovelace, utxo.assets)],
  ];
  if (utxo.inlineDatum !== undefined)
    fields.push([cborInt(2), cborArray([cborInt(1), cborTag(ENCODED, cborBytes(hexToBytes(utxo.inlineDatum)))])]);
  else if (utxo.datumHash !== undefined) fields.push([cborInt(2), cborArray([cborInt(0), cborBytes(hexToBytes(utxo.datumHash))])]);
  return cborArray([input, cborMap(fields)]);
}

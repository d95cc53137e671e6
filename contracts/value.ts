// What an output holds: lovelace and tokens added, subtracted, and the least lovelace that the ledger wants beside them.
import { hexToBytes } from '@noble/hashes/utils.js';
import type { AssetId } from '@nunet/shared/fields.ts';
import { addressBytes } from './chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap, cborTag } from './chain/cbor.ts';
import type { AssetQuantity, Utxo } from './chain/chain.ts';

export interface Value {
  lovelace: bigint;
  assets: AssetQuantity[];
}

/** An output to be made. Datum and reference script are hex: CBOR of the datum, the flat program wrapped once in CBOR. */
export interface Output extends Value {
  address: string;
  inlineDatum?: string;
  referenceScript?: string;
}

/** Policy and name in one hex string, as Cardano's tools write it. */
export const assetUnit = ({ policyId, assetName }: AssetId): string => policyId + assetName;

export const quantityOf = (value: Value, asset: AssetId): bigint =>
  value.assets.find((held) => assetUnit(held) === assetUnit(asset))?.quantity ?? 0n;

/** `plus` added up, `minus` taken off. May come out negative; tokens of which nothing is left are not listed. */
export function difference(plus: Value[], minus: Value[]): Value {
  const assets = new Map<string, AssetQuantity>();
  let lovelace = 0n;
  const add = (value: Value, sign: bigint): void => {
    lovelace += sign * value.lovelace;
    for (const asset of value.assets) {
      const held = assets.get(assetUnit(asset))?.quantity ?? 0n;
      const { policyId, assetName } = asset;
      assets.set(assetUnit(asset), { policyId, assetName, quantity: held + sign * asset.quantity });
    }
  };
  for (const value of plus) add(value, 1n);
  for (const value of minus) add(value, -1n);
  return { lovelace, assets: [...assets.values()].filter(({ quantity }) => quantity !== 0n) };
}

/** Bytes that the ledger adds to an output's own when it asks for lovelace. */
const OUTPUT_OVERHEAD = 160;
/** Lovelace is sized as at least this much, so that the answer does not grow when the output is given it. */
const SIZED_AS = 1_000_000n;

/** The least lovelace that this output may hold. */
export function leastLovelace({ address, lovelace, assets, inlineDatum, referenceScript }: Output, coinsPerUtxoByte: bigint): bigint {
  const coin = cborInt(lovelace > SIZED_AS ? lovelace : SIZED_AS);
  const policies = Map.groupBy(assets, ({ policyId }) => policyId);
  const tokens = [...policies].map(([policy, held]): [Uint8Array, Uint8Array] => [
    cborBytes(hexToBytes(policy)),
    cborMap(held.map(({ assetName, quantity }) => [cborBytes(hexToBytes(assetName)), cborInt(quantity)])),
  ]);
  const fields: [Uint8Array, Uint8Array][] = [
    [cborInt(0), cborBytes(addressBytes(address))],
    [cborInt(1), tokens.length === 0 ? coin : cborArray([coin, cborMap(tokens)])],
  ];
  if (inlineDatum !== undefined) fields.push([cborInt(2), cborArray([cborInt(1), cborTag(24, cborBytes(hexToBytes(inlineDatum)))])]);
  if (referenceScript !== undefined) {
    const script = cborArray([cborInt(3), cborBytes(hexToBytes(referenceScript))]);
    fields.push([cborInt(3), cborTag(24, cborBytes(script))]);
  }
  return BigInt(cborMap(fields).length + OUTPUT_OVERHEAD) * coinsPerUtxoByte;
}

/**
 * True for outputs at a key's address that a builder may spend to pay. A reference script would be charged by its size. A datum asks
 * nothing of a key, and what the escrow pays out carries one: a job's refund pays for the next.
 */
export const isSpendable = (utxo: Utxo): boolean => utxo.referenceScriptHash === undefined;

// Plutus data of every kind as CBOR: also what no builder of ours would write, maps, numbers without end, unknown constructors.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { cborArray, cborBytes, cborInt, cborMap, cborTag } from '../chain/cbor.ts';
import type { PlutusConstructor, PlutusData } from '../plutus-data.ts';

export interface DataConstructor {
  index: number;
  fields: Data[];
}

export interface DataMap {
  entries: [Data, Data][];
}

/** As PlutusData, with maps. */
export type Data = bigint | string | Data[] | DataConstructor | DataMap;

/** The ledger wants longer strings in chunks. */
const CHUNK = 64;

function bytes(value: Uint8Array): Uint8Array {
  if (value.length <= CHUNK) return cborBytes(value);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < value.length; at += CHUNK) chunks.push(cborBytes(value.subarray(at, at + CHUNK)));
  return concatBytes(Uint8Array.of(0x5f), ...chunks, Uint8Array.of(0xff));
}

function integer(value: bigint): Uint8Array {
  if (value < 1n << 64n && value >= -(1n << 64n)) return cborInt(value);
  const hex = (value < 0n ? -1n - value : value).toString(16);
  return cborTag(value < 0n ? 3 : 2, bytes(hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`)));
}

function encode(data: Data): Uint8Array {
  if (typeof data === 'bigint') return integer(data);
  if (typeof data === 'string') return bytes(hexToBytes(data));
  if (Array.isArray(data)) return cborArray(data.map(encode));
  if ('entries' in data) return cborMap(data.entries.map(([key, value]) => [encode(key), encode(value)]));
  const fields = cborArray(data.fields.map(encode));
  if (data.index < 7) return cborTag(121 + data.index, fields);
  if (data.index < 128) return cborTag(1280 - 7 + data.index, fields);
  return cborTag(102, cborArray([cborInt(data.index), fields]));
}

/** CBOR hex. */
export const encodeData = (data: Data): string => bytesToHex(encode(data));

export const constr = (index: number, ...fields: Data[]): DataConstructor => ({ index, fields });

export const isConstructor = (data: Data | undefined): data is DataConstructor =>
  typeof data === 'object' && !Array.isArray(data) && 'index' in data;

/** A copy that may be changed in place. */
export function copyOf(data: PlutusData | Data): Data {
  if (Array.isArray(data)) return data.map(copyOf);
  if (typeof data !== 'object') return data;
  if ('entries' in data) return { entries: data.entries.map(([key, value]) => [copyOf(key), copyOf(value)]) };
  const { index, fields }: PlutusConstructor | DataConstructor = data;
  return { index, fields: fields.map(copyOf) };
}

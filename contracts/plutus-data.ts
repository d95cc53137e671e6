// Plutus data as CBOR: the part that the escrow uses. Written in shortest definite form; read in any form the ledger takes.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { asInt, cborArray, cborBytes, cborInt, cborTag, readCbor, type CborItem } from './chain/cbor.ts';

/** An integer, bytes in hex, a list, or a constructor with its fields. */
export type PlutusData = bigint | string | PlutusData[] | PlutusConstructor;

export interface PlutusConstructor {
  index: number;
  fields: PlutusData[];
}

/** Longer than any datum or redeemer of ours; a transaction has at most 16,384 bytes. */
const MAX_BYTES = 16_384;
const MAX_DEPTH = 32;
/** The ledger wants longer byte strings in chunks; we have none. */
const MAX_BYTE_STRING = 64;

const invalid = (why: string): NunetError => new NunetError('plutus-data-invalid', `Cannot read Plutus data: ${why}`);

function encode(data: PlutusData): Uint8Array {
  if (typeof data === 'bigint') {
    if (data >= 1n << 64n || data < -(1n << 64n))
      throw new NunetError('plutus-data-invalid', `Cannot write Plutus data: ${data} does not fit 64 bits`);
    return cborInt(data);
  }
  if (typeof data === 'string') {
    if (data.length > 2 * MAX_BYTE_STRING) {
      throw new NunetError(
        'plutus-data-invalid',
        `Cannot write Plutus data: ${data.length / 2} bytes in a string, want at most ${MAX_BYTE_STRING}`,
      );
    }
    return cborBytes(hexToBytes(data));
  }
  if (Array.isArray(data)) return cborArray(data.map(encode));
  if (data.index > 6) throw new NunetError('plutus-data-invalid', `Cannot write Plutus data: constructor ${data.index}, want 0 to 6`);
  return cborTag(121 + data.index, cborArray(data.fields.map(encode)));
}

/** CBOR hex. Throws `plutus-data-invalid`. */
export const encodePlutusData = (data: PlutusData): string => bytesToHex(encode(data));

function decode(item: CborItem, depth: number): PlutusData {
  if (depth > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH}`);
  switch (item.kind) {
    case 'int':
      return item.value;
    case 'bytes':
      return bytesToHex(item.value);
    case 'array':
      return item.items.map((child) => decode(child, depth + 1));
    case 'tag': {
      if (item.tag === 2n || item.tag === 3n) return asInt(item);
      if (item.tag < 121n || item.tag > 127n || item.item.kind !== 'array')
        throw invalid(`tag ${item.tag}, want a constructor from 0 to 6`);
      return { index: Number(item.tag - 121n), fields: item.item.items.map((child) => decode(child, depth + 1)) };
    }
    default:
      throw invalid(`a ${item.kind}, want an integer, bytes, a list or a constructor`);
  }
}

/** Of CBOR hex from anybody. Throws `plutus-data-invalid` and nothing else. */
export function decodePlutusData(hex: string): PlutusData {
  if (hex.length > 2 * MAX_BYTES) throw invalid(`${hex.length / 2} bytes, want at most ${MAX_BYTES}`);
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw invalid('not hex');
  let item: CborItem;
  try {
    item = readCbor(hexToBytes(hex));
  } catch (cause) {
    throw new NunetError('plutus-data-invalid', `Cannot read Plutus data: ${cause instanceof NunetError ? cause.message : 'not CBOR'}`, {
      cause,
    });
  }
  return decode(item, 0);
}

export const constructor = (index: number, ...fields: PlutusData[]): PlutusConstructor => ({ index, fields });

// A small CBOR reader that keeps where each item lies, so that a hash can be taken over the bytes as they were sent.
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';

interface Span {
  start: number;
  end: number;
}

/** RFC 8949. `simple` is false, true, null or undefined; `other` is a float or an unassigned simple value. */
export type CborItem = Span &
  (
    | { kind: 'int'; value: bigint }
    | { kind: 'bytes'; value: Uint8Array }
    | { kind: 'text'; value: string }
    | { kind: 'array'; items: CborItem[] }
    | { kind: 'map'; entries: [CborItem, CborItem][] }
    | { kind: 'tag'; tag: bigint; item: CborItem }
    | { kind: 'simple'; value: boolean | null | undefined }
    | { kind: 'other' }
  );

/** Deeper than any transaction in use; keeps a hostile one from exhausting the stack. */
const MAX_DEPTH = 256;

const invalid = (why: string, offset: number): NunetError => new NunetError('cbor-invalid', `Cannot read CBOR: ${why} at byte ${offset}`);

/** Reads exactly one item that fills `source`. Throws `cbor-invalid`. */
export function readCbor(source: Uint8Array): CborItem {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;

  const need = (count: number): void => {
    if (count > source.length - at) throw invalid(`wants ${count} bytes, ${source.length - at} left`, at);
  };
  const argument = (info: number): bigint => {
    if (info < 24) return BigInt(info);
    if (info > 27) throw invalid('reserved length', at);
    const size = 1 << (info - 24);
    need(size);
    const value =
      size === 1
        ? BigInt(view.getUint8(at))
        : size === 2
          ? BigInt(view.getUint16(at))
          : size === 4
            ? BigInt(view.getUint32(at))
            : view.getBigUint64(at);
    at += size;
    return value;
  };
  const take = (length: bigint): Uint8Array => {
    if (length > BigInt(source.length - at)) throw invalid(`wants ${length} bytes, ${source.length - at} left`, at);
    const slice = source.subarray(at, at + Number(length));
    at += Number(length);
    return slice;
  };
  const atBreak = (): boolean => {
    need(1);
    if (source[at] !== 0xff) return false;
    at += 1;
    return true;
  };
  /** Runs `body` `count` times, or until the break of an indefinite length. */
  const repeat = (info: number, body: () => void): void => {
    if (info === 31) {
      while (!atBreak()) body();
      return;
    }
    const count = argument(info);
    // Each item takes at least a byte, so a lying count is refused before it costs anything.
    if (count > BigInt(source.length - at)) throw invalid(`announces ${count} items, ${source.length - at} bytes left`, at);
    for (let i = 0n; i < count; i++) body();
  };
  const chunks = (major: number, info: number): Uint8Array => {
    if (info !== 31) return take(argument(info));
    const parts: Uint8Array[] = [];
    while (!atBreak()) {
      const head = source[at] ?? 0;
      if (head >> 5 !== major || (head & 31) === 31) throw invalid('a chunk of another type', at);
      at += 1;
      parts.push(take(argument(head & 31)));
    }
    return concatBytes(...parts);
  };

  const item = (depth: number): CborItem => {
    if (depth > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH}`, at);
    need(1);
    const start = at;
    const head = source[at] ?? 0;
    at += 1;
    const major = head >> 5;
    const info = head & 31;
    switch (major) {
      case 0:
        return { kind: 'int', value: argument(info), start, end: at };
      case 1:
        return { kind: 'int', value: -1n - argument(info), start, end: at };
      case 2: {
        const value = chunks(2, info);
        return { kind: 'bytes', value, start, end: at };
      }
      case 3: {
        const value = new TextDecoder().decode(chunks(3, info));
        return { kind: 'text', value, start, end: at };
      }
      case 4: {
        const items: CborItem[] = [];
        repeat(info, () => items.push(item(depth + 1)));
        return { kind: 'array', items, start, end: at };
      }
      case 5: {
        const entries: [CborItem, CborItem][] = [];
        repeat(info, () => entries.push([item(depth + 1), item(depth + 1)]));
        return { kind: 'map', entries, start, end: at };
      }
      case 6: {
        const tag = argument(info);
        const inner = item(depth + 1);
        return { kind: 'tag', tag, item: inner, start, end: at };
      }
      default: {
        if (info === 20 || info === 21) return { kind: 'simple', value: info === 21, start, end: at };
        if (info === 22) return { kind: 'simple', value: null, start, end: at };
        if (info === 23) return { kind: 'simple', value: undefined, start, end: at };
        argument(info);
        return { kind: 'other', start, end: at };
      }
    }
  };

  const result = item(0);
  if (at !== source.length) throw invalid(`${source.length - at} bytes too many`, at);
  return result;
}

const shapeError = (wanted: string, item: CborItem | undefined): NunetError =>
  new NunetError(
    'cbor-invalid',
    `Cannot read CBOR: ${item === undefined ? 'nothing' : `${item.kind} at byte ${item.start}`}, want ${wanted}`,
  );

export function asInt(item: CborItem | undefined): bigint {
  // Tags 2 and 3: big integers.
  if (item?.kind === 'tag' && (item.tag === 2n || item.tag === 3n) && item.item.kind === 'bytes') {
    const magnitude = BigInt(`0x0${bytesToHex(item.item.value)}`);
    return item.tag === 2n ? magnitude : -1n - magnitude;
  }
  if (item?.kind !== 'int') throw shapeError('an integer', item);
  return item.value;
}

export function asBytes(item: CborItem | undefined): Uint8Array {
  if (item?.kind !== 'bytes') throw shapeError('bytes', item);
  return item.value;
}

/** An array, or a set (tag 258, Conway). */
export function asArray(item: CborItem | undefined): CborItem[] {
  const inner = item?.kind === 'tag' && item.tag === 258n ? item.item : item;
  if (inner?.kind !== 'array') throw shapeError('an array', item);
  return inner.items;
}

export function asMap(item: CborItem | undefined): [CborItem, CborItem][] {
  if (item?.kind !== 'map') throw shapeError('a map', item);
  return item.entries;
}

/** The fields of a map with small integer keys. A repeated key is refused. */
export function asFields(item: CborItem | undefined): Map<number, CborItem> {
  const fields = new Map<number, CborItem>();
  for (const [key, value] of asMap(item)) {
    const name = Number(asInt(key));
    if (fields.has(name)) throw new NunetError('cbor-invalid', `Cannot read CBOR: key ${name} appears twice`);
    fields.set(name, value);
  }
  return fields;
}

// --- writing, shortest form ---

function head(major: number, argument: bigint): Uint8Array {
  const lead = major << 5;
  if (argument < 24n) return Uint8Array.of(lead | Number(argument));
  const [info, size] = argument < 0x100n ? [24, 1] : argument < 0x1_0000n ? [25, 2] : argument < 0x1_0000_0000n ? [26, 4] : [27, 8];
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(1, argument);
  const tail = bytes.subarray(9 - size);
  return concatBytes(Uint8Array.of(lead | info), tail);
}

export const cborInt = (value: bigint | number): Uint8Array =>
  BigInt(value) >= 0n ? head(0, BigInt(value)) : head(1, -1n - BigInt(value));
export const cborBytes = (value: Uint8Array): Uint8Array => concatBytes(head(2, BigInt(value.length)), value);
export const cborText = (value: string): Uint8Array => {
  const bytes = utf8ToBytes(value);
  return concatBytes(head(3, BigInt(bytes.length)), bytes);
};
export const cborArray = (items: Uint8Array[]): Uint8Array => concatBytes(head(4, BigInt(items.length)), ...items);
export const cborMap = (entries: [Uint8Array, Uint8Array][]): Uint8Array => concatBytes(head(5, BigInt(entries.length)), ...entries.flat());
export const cborTag = (tag: number, item: Uint8Array): Uint8Array => concatBytes(head(6, BigInt(tag)), item);
export const CBOR_NULL = Uint8Array.of(0xf6);
export const CBOR_TRUE = Uint8Array.of(0xf5);

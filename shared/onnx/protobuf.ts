// Protobuf wire format: a reader that a hostile file can neither crash nor slow down, and the few writers a model file needs.
// Format: https://protobuf.dev/programming-guides/encoding/
import { NunetError } from '../errors.ts';

/** One field as it lies in the bytes. Varints above 2^53 lose precision in `value`; none that we act on gets there. */
export interface Field {
  readonly number: number;
  readonly wire: 0 | 1 | 2 | 5;
  /** Wire 0: the varint as an unsigned number. */
  readonly value: number;
  /** Wire 2: the payload; others empty. A view, never a copy. */
  readonly bytes: Uint8Array;
  /** Where the field begins, key included, and where it ends, in the bytes given. */
  readonly start: number;
  readonly end: number;
}

export const malformed = (what: string): NunetError => new NunetError('graph-malformed', `Cannot read the graph: ${what}`);

const NONE = new Uint8Array(0);

/** Fields of one message in order. Throws `graph-malformed` for anything that is not plain wire format. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = message[at];
      if (byte === undefined) throw malformed('it ends inside a number');
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw malformed('a number runs over ten bytes');
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number < 1 || number >= 2 ** 29) throw malformed(`field number ${number}`);
    if (wire === 0) {
      const value = varint();
      yield { number, wire, value, bytes: NONE, start, end: at };
    } else if (wire === 2) {
      const length = varint();
      if (length > message.length - at) throw malformed('a field runs over the end');
      const bytes = message.subarray(at, at + length);
      at += length;
      yield { number, wire, value: 0, bytes, start, end: at };
    } else if (wire === 1 || wire === 5) {
      const length = wire === 1 ? 8 : 4;
      if (length > message.length - at) throw malformed('a field runs over the end');
      const bytes = message.subarray(at, at + length);
      at += length;
      yield { number, wire, value: 0, bytes, start, end: at };
    } else {
      // Groups are skipped by some readers and not by others: two readings of one file are one too many.
      throw malformed(`wire type ${wire}`);
    }
  }
}

/** Numbers of a repeated varint field, packed or not. */
export function varintsOf(field: Field, most: number): number[] {
  if (field.wire === 0) return [field.value];
  if (field.wire !== 2) throw malformed(`field ${field.number} is not a list of numbers`);
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  let length = 0;
  for (const byte of field.bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    length += 1;
    if (length > 10) throw malformed('a number runs over ten bytes');
    if (byte < 128) {
      if (values.push(value) > most) throw malformed(`field ${field.number} lists over ${most} numbers`);
      value = 0;
      scale = 1;
      length = 0;
    }
  }
  if (length > 0) throw malformed('it ends inside a number');
  return values;
}

export function bytesField(field: Field): Uint8Array {
  if (field.wire !== 2) throw malformed(`field ${field.number} has wire type ${field.wire}, want 2`);
  return field.bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function textField(field: Field, mostBytes: number): string {
  const bytes = bytesField(field);
  if (bytes.length > mostBytes) throw malformed(`a name of ${bytes.length} bytes, at most ${mostBytes}`);
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('a name is not UTF-8');
  }
}

export function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

export const writeNumber = (number: number, value: number): Uint8Array => joined([writeVarint(number * 8), writeVarint(value)]);

export const writeBytes = (number: number, bytes: Uint8Array): Uint8Array =>
  joined([writeVarint(number * 8 + 2), writeVarint(bytes.length), bytes]);

export const writeText = (number: number, text: string): Uint8Array => writeBytes(number, new TextEncoder().encode(text));

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

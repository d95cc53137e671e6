// The codec: one encoding a value, whatever the bytes lie in.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decode, encode } from './encoding.ts';

const schema = z.strictObject({ aa: z.int(), b: z.custom<Uint8Array>((value) => value instanceof Uint8Array) });
const limit = { name: 'value', maxBytes: 2 ** 20 };

/** The same bytes `offset` bytes into a larger buffer, as a frame leaves them. */
function at(offset: number, bytes: Uint8Array): Uint8Array {
  const holder = new Uint8Array(offset + bytes.length);
  holder.set(bytes, offset);
  return holder.subarray(offset);
}

test.each([0, 1, 2, 3, 4])('reads canonical bytes that begin at byte %i of a buffer', (offset) => {
  for (const length of [0, 1, 2, 3, 5_000]) {
    const value = { aa: 1, b: new Uint8Array(length).fill(7) };
    expect(decode(schema, at(offset, encode(value)), limit)).toEqual(value);
  }
});

test.each([0, 1, 2, 3, 4])('cannot be given a map in another order, wherever it begins (%i)', (offset) => {
  // Canonical is the shorter key first: {"b": h'', "aa": 1}.
  expect(encode({ aa: 1, b: new Uint8Array(0) })).toEqual(Uint8Array.from([0xa2, 0x61, 0x62, 0x40, 0x62, 0x61, 0x61, 0x01]));
  const unsorted = Uint8Array.from([0xa2, 0x62, 0x61, 0x61, 0x01, 0x61, 0x62, 0x40]);
  expect(() => decode(schema, at(offset, unsorted), limit)).toThrow(expect.objectContaining({ code: 'bytes-invalid' }));
});

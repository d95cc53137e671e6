// The reader against RFC 8949's own examples and against bytes that nobody meant well.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { asBytes, asInt, cborArray, cborBytes, cborInt, cborMap, cborTag, cborText, readCbor, type CborItem } from './cbor.ts';

/** The error that reading threw, or null. Anything but our own error is a crash. */
function refusal(bytes: Uint8Array): string | null {
  try {
    readCbor(bytes);
    return null;
  } catch (error) {
    if (error instanceof NunetError) return error.code;
    throw error;
  }
}

describe('reading CBOR', () => {
  test.each([
    ['1864', 100n],
    ['1bffffffffffffffff', 18446744073709551615n],
    ['3903e7', -1000n],
    ['c249010000000000000000', 18446744073709551616n],
    ['c349010000000000000000', -18446744073709551617n],
  ])('gives the integer of RFC 8949 appendix A: %s', (hex, value) => {
    expect(asInt(readCbor(hexToBytes(hex)))).toBe(value);
  });

  test('joins the chunks of an indefinite byte string and keeps where it lay', () => {
    const item = readCbor(hexToBytes('5f42010243030405ff'));
    expect(bytesToHex(asBytes(item))).toBe('0102030405');
    expect([item.start, item.end]).toEqual([0, 9]);
  });

  test('keeps the span of an inner item, so that a hash is taken over what was sent', () => {
    const inner = hexToBytes('bf0102ff');
    const item = readCbor(Uint8Array.of(0x82, ...inner, 0x01));
    const first = item.kind === 'array' ? item.items[0] : undefined;
    expect([first?.start, first?.end]).toEqual([1, 5]);
  });

  test.each([
    ['nothing', ''],
    ['trailing bytes', '0101'],
    ['a reserved length', '1c'],
    ['a break of nothing', 'ff'],
    ['a text chunk in a byte string', '5f6161ff'],
    ['an array that never ends', '9f01'],
    ['a map with a key and no value', 'a101'],
    ['more items than bytes', '9bffffffffffffffff00'],
    ['more bytes than there are', '5bffffffffffffffff00'],
  ])('cannot read %s', (_what, hex) => {
    expect(refusal(hexToBytes(hex))).toBe('cbor-invalid');
  });

  test('cannot be brought down by depth', () => {
    expect(refusal(new Uint8Array(16_000).fill(0x81))).toBe('cbor-invalid');
    expect(refusal(new Uint8Array(16_000).fill(0x9f))).toBe('cbor-invalid');
  });

  test('random bytes are read or refused, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void refusal(bytes)),
      { numRuns: 2_000 },
    );
  });
});

describe('writing CBOR', () => {
  const encoded: fc.Arbitrary<Uint8Array> = fc.letrec<{ item: Uint8Array }>((tie) => ({
    item: fc.oneof(
      { maxDepth: 4 },
      fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }).map(cborInt),
      fc.uint8Array({ maxLength: 40 }).map(cborBytes),
      fc.string({ maxLength: 20 }).map(cborText),
      fc.array(tie('item'), { maxLength: 5 }).map(cborArray),
      fc.array(fc.tuple(tie('item'), tie('item')), { maxLength: 5 }).map(cborMap),
      fc.tuple(fc.nat(70_000), tie('item')).map(([tag, item]) => cborTag(tag, item)),
    ),
  })).item;

  const written = (item: CborItem): Uint8Array => {
    switch (item.kind) {
      case 'int':
        return cborInt(item.value);
      case 'bytes':
        return cborBytes(item.value);
      case 'text':
        return cborText(item.value);
      case 'array':
        return cborArray(item.items.map(written));
      case 'map':
        return cborMap(item.entries.map(([key, value]) => [written(key), written(value)]));
      case 'tag':
        return cborTag(Number(item.tag), written(item.item));
      case 'simple':
      case 'other':
        break;
    }
    throw new Error(item.kind);
  };

  test('gives back the same bytes after reading', () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        expect(bytesToHex(written(readCbor(bytes)))).toBe(bytesToHex(bytes));
      }),
    );
  });

  test('cut anywhere is refused', () => {
    fc.assert(
      fc.property(encoded, fc.nat(), (bytes, at) => {
        expect(refusal(bytes.subarray(0, at % bytes.length))).toBe('cbor-invalid');
      }),
    );
  });
});

// Owner and time of a lock are read in every form that the script reads, whatever else its datum holds.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { cborArray, cborBytes, cborInt, cborMap, cborTag, cborText } from './chain/cbor.ts';
import { reclaimTerms } from './reclaim-terms.ts';

const KEY = 'ab'.repeat(28);
const reference = { txId: '01'.repeat(32), index: 0 };
const key = cborTag(121, cborArray([cborBytes(hexToBytes(KEY))]));
const owner = (credential: Uint8Array) => cborTag(121, cborArray([credential, cborTag(122, cborArray([]))]));
/** Nine fields, of which only the first and the eighth are given. */
const fields = (first: Uint8Array, eighth: Uint8Array, others: Uint8Array) =>
  Array.from({ length: 9 }, (_, index) => (index === 0 ? first : index === 7 ? eighth : others));
const terms = (datum: Uint8Array) => reclaimTerms({ reference, inlineDatum: bytesToHex(datum) });
const TIME = cborInt(1_700_000_000_000);

test.each<[string, Uint8Array]>([
  ['maps', cborMap([[cborInt(1), cborInt(2)]])],
  ['integers of 256 bits', cborTag(2, cborBytes(new Uint8Array(32).fill(9)))],
  ['deep lists', Array.from({ length: 40 }).reduce<Uint8Array>((inner) => cborArray([inner]), cborInt(0))],
  ['bytes in chunks', concatBytes(Uint8Array.of(0x5f), cborBytes(new Uint8Array(64)), cborBytes(new Uint8Array(64)), Uint8Array.of(0xff))],
  ['high constructors', cborTag(1400, cborArray([]))],
])('are read beside %s', (_, others) => {
  expect(terms(cborTag(121, cborArray(fields(owner(key), TIME, others))))).toEqual({ keyHash: KEY, reclaimAfter: 1_700_000_000_000 });
});

test.each<[string, (items: Uint8Array[]) => Uint8Array]>([
  ['1280', (items) => cborTag(1280, cborArray(items))],
  ['102', (items) => cborTag(102, cborArray([cborInt(5_000), cborArray(items)]))],
  ['121 with an open end', (items) => cborTag(121, concatBytes(Uint8Array.of(0x9f), ...items, Uint8Array.of(0xff)))],
])('are read under tag %s', (_, wrap) => {
  expect(terms(wrap(fields(owner(key), TIME, cborInt(0))))).toMatchObject({ keyHash: KEY });
});

test('a time before 1970 has come', () => {
  expect(terms(cborTag(121, cborArray(fields(owner(key), cborInt(-1n << 60n), cborInt(0)))))).toMatchObject({ reclaimAfter: 0 });
});

describe('cannot reclaim', () => {
  test.each<[string, Uint8Array, string]>([
    ['from no constructor', cborInt(0), 'unreadable'],
    ['from too few fields', cborTag(121, cborArray([owner(key)])), 'unreadable'],
    ['without an owner', cborTag(121, cborArray(fields(cborInt(0), TIME, cborInt(0)))), 'unreadable'],
    ['with a time that is text', cborTag(121, cborArray(fields(owner(key), cborText('now'), cborInt(0)))), 'unreadable'],
    ['at a time that never comes', cborTag(121, cborArray(fields(owner(key), cborInt(1n << 63n), cborInt(0)))), 'never comes'],
    [
      'for a script',
      cborTag(121, cborArray(fields(owner(cborTag(122, cborArray([cborBytes(hexToBytes(KEY))]))), TIME, cborInt(0)))),
      'script',
    ],
  ])('%s', (_, datum, why) => {
    expect(() => terms(datum)).toThrow(expect.objectContaining({ code: 'datum-invalid', message: expect.stringContaining(why) }));
  });

  test('without an inline datum', () => {
    expect(() => reclaimTerms({ reference })).toThrow('no inline datum');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { addressOf, addressParts } from './address.ts';
import { datumData, decodeDatum, encodeDatum } from './datum.ts';
import { constructor, decodePlutusData, encodePlutusData, type PlutusData } from './plutus-data.ts';
import { exampleDatum } from './vectors/example.ts';

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => Buffer.from(array).toString('hex'));
const credential = fc.record({ kind: fc.constantFrom('key' as const, 'script' as const), hash: hex(28) });
const address = fc.oneof(
  fc.record({ payment: credential }).map(addressOf),
  fc.record({ payment: credential, stake: credential }).map(addressOf),
);
const datum: fc.Arbitrary<EscrowDatum> = fc
  .record({
    serviceProvider: address,
    computeProvider: address,
    voucherKey: hex(32),
    closeKey: hex(32),
    oracleKeys: fc.uniqueArray(hex(32), { minLength: 1, maxLength: 9 }).map((keys) => keys.toSorted()),
    k: fc.constant(1),
    asset: fc.record({ policyId: hex(28), assetName: fc.integer({ min: 0, max: 32 }).chain(hex) }),
    reclaimAfter: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    settleLovelace: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
    quoteHash: hex(32),
  })
  .chain((made) => fc.integer({ min: 1, max: made.oracleKeys.length }).map((k) => ({ ...made, k })));

/** Runs a parser over bytes from anybody: a value or a NunetError, nothing else. */
function outcome(parse: (hex: string) => unknown, bytes: string): 'value' | 'refused' {
  try {
    parse(bytes);
    return 'value';
  } catch (error) {
    expect(error).toBeInstanceOf(NunetError);
    return 'refused';
  }
}

describe('datum', () => {
  test('comes back as it went, for any datum', () => {
    fc.assert(
      fc.property(datum, (made) => {
        expect(decodeDatum(encodeDatum(made))).toEqual(made);
      }),
      { numRuns: 300 },
    );
  });

  test('random bytes never crash the parser', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        outcome(decodeDatum, Buffer.from(bytes).toString('hex'));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a datum with one byte changed or cut never crashes the parser', () => {
    const whole = Buffer.from(encodeDatum(exampleDatum), 'hex');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        outcome(decodeDatum, changed.toString('hex'));
        expect(outcome(decodeDatum, whole.subarray(0, at).toString('hex'))).toBe('refused');
      }),
      { numRuns: 2_000 },
    );
  });

  test.each<[string, string]>([
    ['no hex', 'zz'],
    ['nothing', ''],
    ['a byte too many', `${encodeDatum(exampleDatum)}00`],
    ['oversized', '00'.repeat(20_000)],
    ['nested too deep', `${'81'.repeat(300)}00`],
    ['nested within CBOR but too deep for data', `${'81'.repeat(100)}00`],
    ['announcing more items than there are bytes', '9bffffffffffffffff'],
    ['a map', 'a0'],
    ['a float', 'fb3ff0000000000000'],
  ])('cannot be %s', (_, bytes) => {
    expect(outcome(decodeDatum, bytes)).toBe('refused');
  });

  const fields = (datumData(exampleDatum) as { fields: PlutusData[] }).fields;
  const withField = (index: number, value: PlutusData): string => encodePlutusData(constructor(0, ...fields.with(index, value)));
  test.each<[string, string]>([
    ['an eleventh field', encodePlutusData(constructor(0, ...fields, 0n))],
    ['another constructor', encodePlutusData(constructor(1, ...fields))],
    ['a key hash of 27 bytes', withField(0, constructor(0, constructor(0, '00'.repeat(27)), constructor(1)))],
    ['a pointer address', withField(0, constructor(0, constructor(0, '00'.repeat(28)), constructor(0, constructor(1, 0n, 0n, 0n))))],
    ['oracle keys out of order', withField(4, ['02'.repeat(32), '01'.repeat(32)])],
    ['an oracle key twice', withField(4, ['01'.repeat(32), '01'.repeat(32)])],
    [
      'ten oracle keys',
      withField(
        4,
        Array.from({ length: 10 }, (_, index) => `0${index}`.repeat(32)),
      ),
    ],
    ['k of 0', withField(5, 0n)],
    ['k above the number of keys', withField(5, 4n)],
    ['ADA as the asset', withField(6, constructor(0, '', ''))],
    ['a negative time', withField(7, -1n)],
    ['a time beyond every clock', withField(7, 1n << 62n)],
    ['negative lovelace', withField(8, -1n)],
    ['a quote hash of 31 bytes', withField(9, '00'.repeat(31))],
  ])('cannot have %s', (_, bytes) => {
    expect(() => decodeDatum(bytes)).toThrow(expect.objectContaining({ code: 'datum-invalid' }));
  });
});

describe('Plutus data', () => {
  const data: fc.Arbitrary<PlutusData> = fc.letrec<{ data: PlutusData }>((tie) => ({
    data: fc.oneof(
      { maxDepth: 4 },
      fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }),
      fc.integer({ min: 0, max: 64 }).chain(hex),
      fc.array(tie('data'), { maxLength: 5 }),
      fc.record({ index: fc.nat(6), fields: fc.array(tie('data'), { maxLength: 5 }) }),
    ),
  })).data;

  test('comes back as it went', () => {
    fc.assert(
      fc.property(data, (made) => {
        expect(decodePlutusData(encodePlutusData(made))).toEqual(made);
      }),
    );
  });

  test('that no ledger takes in this form is not written', () => {
    expect(() => encodePlutusData('00'.repeat(65))).toThrow('want at most 64');
    expect(() => encodePlutusData(1n << 64n)).toThrow('does not fit');
    expect(() => encodePlutusData(constructor(7))).toThrow('want 0 to 6');
  });
});

describe('address', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(address, (made) => {
        expect(addressOf(addressParts(made))).toBe(made);
      }),
    );
  });

  test.each([
    ['of mainnet', 'addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8'],
    ['a stake address', 'stake_test1uqehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gssrtvn'],
    ['no bech32', 'addr_test1nope'],
  ])('cannot be %s', (_, text) => {
    expect(() => addressParts(text)).toThrow(NunetError);
  });
});

// What is refused before anybody is shown anything, and what is read of a transaction that holds everything that Conway knows.
import { cborArray, cborBytes, cborInt, cborMap, cborTag, cborText, CBOR_NULL } from '@nunet/contracts/chain/cbor.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { readStrict } from './read-strict.ts';
import * as world from './sample-world.ts';

const plain: world.SampleTransaction = { outputs: [world.change(49_800_000n)] };
const whole = world.transactionOf(plain);
const codeOf = (cbor: string): string => {
  try {
    readStrict(cbor);
  } catch (error) {
    if (error instanceof NunetError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'read';
};
const withFields = (fields: Record<number, Uint8Array>, more: world.SampleTransaction = {}): string =>
  codeOf(world.transactionOf({ ...plain, fields, ...more }));

/** An output's map as it is, whatever is in it. */
const outputs = (...items: Uint8Array[]): Record<number, Uint8Array> => ({ 1: cborArray(items) });
const output = (value: Uint8Array, ...more: [Uint8Array, Uint8Array][]): Uint8Array =>
  cborMap([[cborInt(0), cborBytes(addressBytes(world.HOME))], [cborInt(1), value], ...more]);
const policy = cborBytes(new Uint8Array(28).fill(1));
const name = cborBytes(Uint8Array.of(1));
const tokens = (...entries: [Uint8Array, Uint8Array][]): Uint8Array => cborArray([cborInt(1_000_000), cborMap(entries)]);
const input = (index = 0): Uint8Array => cborArray([cborBytes(new Uint8Array(32).fill(5)), cborInt(index)]);

test('a plain transaction is read, and its bytes are kept as they are', () => {
  expect(readStrict(whole)).toMatchObject({ cbor: whole, unknownFields: [], isOddlyEncoded: false, auxiliary: 'none', isValid: true });
});

describe('cannot be shown, so it is not signed', () => {
  const cases: [string, () => string, string][] = [
    ['more than 16 KiB', () => codeOf('00'.repeat(16_385)), '16385 bytes'],
    ['what is not hex', () => codeOf(`${whole}zz`), 'not hex'],
    ['nothing', () => codeOf(''), 'not hex'],
    ['a byte too many', () => codeOf(`${whole}00`), '1 bytes too many'],
    ['a byte too few', () => codeOf(whole.slice(0, -2)), 'cbor-invalid'],
    [
      'a transaction without its validity (of an earlier era)',
      () => codeOf(bytesToHex(cborArray([hexToBytes('a0'), hexToBytes('a0'), CBOR_NULL]))),
      'four parts',
    ],
    ['a validity that is no boolean', () => codeOf(whole.replace(/f5f6$/, 'f6f6')), 'scripts succeed'],
    [
      'a body without a fee',
      () =>
        codeOf(
          bytesToHex(
            cborArray([
              cborMap([
                [cborInt(0), cborArray([])],
                [cborInt(1), cborArray([])],
              ]),
              cborMap([]),
              Uint8Array.of(0xf5),
              CBOR_NULL,
            ]),
          ),
        ),
      'lacks field 2',
    ],
    [
      'a body field twice',
      () =>
        codeOf(
          bytesToHex(
            cborArray([
              cborMap([
                [cborInt(0), cborArray([])],
                [cborInt(1), cborArray([])],
                [cborInt(2), cborInt(1)],
                [cborInt(2), cborInt(2)],
              ]),
              cborMap([]),
              Uint8Array.of(0xf5),
              CBOR_NULL,
            ]),
          ),
        ),
      'key 2 appears twice',
    ],
    [
      'a body field whose number is written as a big integer',
      () =>
        codeOf(
          bytesToHex(
            cborArray([
              cborMap([
                [cborInt(0), cborArray([])],
                [cborInt(1), cborArray([])],
                [cborInt(2), cborInt(1)],
                [cborTag(2, cborBytes(Uint8Array.of(22))), cborInt(9)],
              ]),
              cborMap([]),
              Uint8Array.of(0xf5),
              CBOR_NULL,
            ]),
          ),
        ),
      'no map of numbered fields',
    ],
    ['an input twice', () => withFields({ 0: cborArray([input(), input()]) }), 'an input appears twice'],
    ['a collateral input twice', () => withFields({ 13: cborArray([input(1), input(1)]) }), 'a collateral input appears twice'],
    [
      'a policy twice in an output',
      () => withFields(outputs(output(tokens([policy, cborMap([[name, cborInt(1)]])], [policy, cborMap([[name, cborInt(2)]])])))),
      'a policy of an output appears twice',
    ],
    [
      'a token twice in an output',
      () =>
        withFields(
          outputs(
            output(
              tokens([
                policy,
                cborMap([
                  [name, cborInt(1)],
                  [name, cborInt(2)],
                ]),
              ]),
            ),
          ),
        ),
      'a token of an output appears twice',
    ],
    [
      'a token written twice in different forms',
      () =>
        withFields(
          outputs(
            output(
              tokens([
                policy,
                cborMap([
                  [name, cborInt(1)],
                  [hexToBytes('580101'), cborInt(2)],
                ]),
              ]),
            ),
          ),
        ),
      'a token of an output appears twice',
    ],
    [
      'a token of which there is none',
      () => withFields(outputs(output(tokens([policy, cborMap([[name, cborInt(0)]])])))),
      'of which there is none',
    ],
    [
      'a negative token in an output',
      () => withFields(outputs(output(tokens([policy, cborMap([[name, cborInt(-1)]])])))),
      'an amount of -1',
    ],
    ['negative lovelace in an output', () => withFields(outputs(output(cborInt(-1)))), 'an amount of -1'],
    ['lovelace beyond 64 bits', () => withFields(outputs(output(cborTag(2, cborBytes(new Uint8Array(9).fill(255)))))), 'an amount of'],
    [
      'a token name beyond 32 bytes',
      () => withFields(outputs(output(tokens([policy, cborMap([[cborBytes(new Uint8Array(33)), cborInt(1)]])])))),
      'longer than 32 bytes',
    ],
    ['an output with an unknown field', () => withFields(outputs(output(cborInt(1), [cborInt(4), cborInt(1)]))), 'unknown field 4'],
    [
      'an output with an unknown kind of datum',
      () => withFields(outputs(output(cborInt(1), [cborInt(2), cborArray([cborInt(2), cborTag(24, cborBytes(cborInt(1)))])]))),
      'unknown kind of datum',
    ],
    [
      'an old output of four parts',
      () => withFields(outputs(cborArray([cborBytes(addressBytes(world.HOME)), cborInt(1), cborBytes(new Uint8Array(32)), cborInt(1)]))),
      'an output of 4 parts',
    ],
    ['a value of three parts', () => withFields(outputs(output(cborArray([cborInt(1), cborMap([]), cborInt(1)])))), 'a value of 3 parts'],
    ['a cut address', () => codeOf(world.transactionOf({ outputs: [{ to: addressBytes(world.HOME).subarray(0, 40) }] })), 'address'],
    [
      'an address that is too long',
      () => codeOf(world.transactionOf({ outputs: [{ to: concatBytes(addressBytes(world.HOME), Uint8Array.of(0)) }] })),
      'address',
    ],
    [
      'an address of an unknown network',
      () => codeOf(world.transactionOf({ outputs: [{ to: concatBytes(Uint8Array.of(0x05), addressBytes(world.HOME).subarray(1)) }] })),
      'network 5',
    ],
    ['a negative fee', () => withFields({ 2: cborInt(-1) }), 'an amount of -1'],
    [
      'a negative withdrawal',
      () => withFields({ 5: cborMap([[cborBytes(world.rewardBytes('11'.repeat(28))), cborInt(-5)]]) }),
      'an amount of -5',
    ],
    [
      'a withdrawal twice',
      () => withFields({ 5: cborMap([1, 2].map((n) => [cborBytes(world.rewardBytes('11'.repeat(28))), cborInt(n)])) }),
      'a withdrawal appears twice',
    ],
    [
      'a withdrawal from what is no reward account',
      () => withFields({ 5: cborMap([[cborBytes(addressBytes(world.HOME)), cborInt(5)]]) }),
      'no reward account',
    ],
    ['a negative donation', () => withFields({ 22: cborInt(-5) }), 'an amount of -5'],
    ['an unknown network id', () => withFields({ 15: cborInt(2) }), 'network 2'],
    [
      'a certificate with a part too many',
      () =>
        withFields({
          4: cborArray([
            cborArray([cborInt(2), cborArray([cborInt(0), cborBytes(new Uint8Array(28))]), cborBytes(new Uint8Array(28)), cborInt(1)]),
          ]),
        }),
      '4 parts',
    ],
    [
      'a deposit below zero',
      () => withFields({ 4: cborArray([cborArray([cborInt(7), cborArray([cborInt(0), cborBytes(new Uint8Array(28))]), cborInt(-1)])]) }),
      'an amount of -1',
    ],
    [
      'a certificate of an unknown credential',
      () => withFields({ 4: cborArray([cborArray([cborInt(0), cborArray([cborInt(2), cborBytes(new Uint8Array(28))])])]) }),
      'credential kind 2',
    ],
    ['CBOR nested without end', () => codeOf(`84${'81'.repeat(8_000)}00a0f5f6`), 'nested deeper'],
    [
      'metadata nested without end',
      () => codeOf(world.transactionOf({ ...plain, auxiliary: hexToBytes(`a100${'81'.repeat(8_000)}00`) })),
      'nested deeper',
    ],
  ];
  test.each(cases)('%s', (_, act, why) => {
    const said = act();
    expect(said).toMatch(/^transaction-unreadable: Cannot show this transaction, so it is not signed: /);
    if (why !== 'cbor-invalid') expect(said).toContain(why);
  });
});

test('an output of 16 KiB is read in time, whatever it holds', () => {
  const many = Array.from({ length: 380 }, (_, i): [Uint8Array, Uint8Array] => [
    cborBytes(new Uint8Array(28).fill(i % 256).fill(i >> 8, 0, 1)),
    cborMap([[cborBytes(Uint8Array.of(i & 255)), cborInt(1)]]),
  ]);
  const cbor = world.transactionOf({ ...plain, fields: outputs(output(tokens(...many))) });
  expect(cbor.length / 2).toBeGreaterThan(13_000);
  expect(readStrict(cbor).outputs[0]?.assets).toHaveLength(380);
});

test('indefinite lengths and old outputs are read as the ledger reads them', () => {
  const old = cborArray([cborBytes(addressBytes(world.HOME)), cborInt(49_800_000n)]);
  const loose = concatBytes(Uint8Array.of(0x9f), old, Uint8Array.of(0xff));
  const read = readStrict(world.transactionOf({ ...plain, fields: { 1: loose } }));
  expect(read.outputs).toMatchObject([{ address: world.HOME, lovelace: 49_800_000n }]);
});

test('metadata is shown as text, CIP-20 notes line by line, and cut however large it is', () => {
  const note = cborMap([[cborText('msg'), cborArray([cborText('hello'), cborText('there')])]]);
  const deep = hexToBytes(`${'81'.repeat(100)}01`);
  const auxiliary = cborMap([
    [cborInt(674), note],
    [
      cborInt(721),
      cborMap([
        [cborText('name'), cborBytes(hexToBytes('cafe'))],
        [cborText('deep'), deep],
      ]),
    ],
    [cborInt(1), cborArray(Array.from({ length: 3_000 }, () => cborInt(7)))],
  ]);
  const { metadataText } = readStrict(world.transactionOf({ ...plain, auxiliary }));
  expect(metadataText.slice(0, 3)).toEqual(['hello', 'there', '721: {name: 0xcafe, deep: [[[[…]]]]}']);
  expect(metadataText.every((line) => line.length <= 200)).toBe(true);
});

// Transactions of the devnet's own wallet and hand-made corner cases, read back.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { paymentKey, signedPayment } from '../devnet/payment.ts';
import { addressBytes, addressText } from './address.ts';
import { CBOR_NULL, cborArray, cborBytes, cborInt, cborMap, cborTag } from './cbor.ts';
import { slotOf, timeOf } from './chain.ts';
import { effectOf, readTransaction, scriptHash } from './transaction.ts';

const FALSE = Uint8Array.of(0xf4);
const key = paymentKey(new Uint8Array(32).fill(7));
const asset = { policyId: key.policyId, assetName: '744e5458', quantity: 25n };
const input = { txId: 'ab'.repeat(32), index: 3 };
const { id, cbor } = signedPayment(key, {
  inputs: [input],
  available: 10_000_000n,
  outputs: [{ address: key.address, lovelace: 2_000_000n, assets: [asset] }],
  mint: [asset],
});

describe('a transaction', () => {
  test('is read back: inputs, outputs, change, mint, fee, script and signer', () => {
    const transaction = readTransaction(cbor);
    expect(transaction).toMatchObject({ id, inputs: [input], mint: [asset], validFrom: null, validUntil: null, isValid: true });
    expect(transaction.outputs).toMatchObject([
      { reference: { txId: id, index: 0 }, address: key.address, lovelace: 2_000_000n, assets: [asset] },
      { reference: { txId: id, index: 1 }, address: key.address, lovelace: 8_000_000n - transaction.fee, assets: [] },
    ]);
    expect(transaction.scripts.map(({ hash }) => hash)).toEqual([key.policyId]);
    expect(transaction.signers).toEqual([bytesToHex(key.publicKey)]);
    expect(transaction.fee).toBe(BigInt(cbor.length) * 44n + 155_381n);
  });

  test('is a hash of its body as sent: the same fields encoded otherwise have another id', () => {
    // The body's map head a5 (5 pairs) written as b8 05: same content, other bytes.
    const pairs = cbor[1];
    const longer = Uint8Array.of(cbor[0] ?? 0, 0xb8, (pairs ?? 0) & 31, ...cbor.subarray(2));
    expect(readTransaction(longer).id).not.toBe(id);
    expect(readTransaction(longer).fee).toBe(readTransaction(cbor).fee);
  });

  test('cut at any byte is refused with our own error', () => {
    for (let length = 0; length < cbor.length; length++) {
      expect(() => readTransaction(cbor.subarray(0, length))).toThrow(NunetError);
    }
  });

  test('with any byte changed is read or refused, never a crash', () => {
    fc.assert(
      fc.property(fc.nat(cbor.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(cbor);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        try {
          readTransaction(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(NunetError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const output = (extra: [Uint8Array, Uint8Array][] = []) =>
    cborMap([[cborInt(0), cborBytes(addressBytes(key.address))], [cborInt(1), cborInt(5)], ...extra]);
  const withBody = (fields: [number, Uint8Array][], witnesses = cborMap([]), valid = Uint8Array.of(0xf5)) =>
    readTransaction(cborArray([cborMap(fields.map(([name, value]) => [cborInt(name), value])), witnesses, valid, CBOR_NULL]));
  const inputs = (...references: [number, number][]) =>
    cborTag(258, cborArray(references.map(([byte, index]) => cborArray([cborBytes(new Uint8Array(32).fill(byte)), cborInt(index)]))));

  test('lists inputs in ledger order, which redeemers count in', () => {
    const transaction = withBody([
      [0, inputs([9, 0], [1, 2], [1, 1])],
      [1, cborArray([])],
      [2, cborInt(0)],
    ]);
    expect(transaction.inputs.map(({ txId, index }) => [txId.slice(0, 2), index])).toEqual([
      ['01', 1],
      ['01', 2],
      ['09', 0],
    ]);
  });

  test('whose script failed takes the collateral and leaves its return behind the outputs', () => {
    const transaction = withBody(
      [
        [0, inputs([1, 0])],
        [1, cborArray([output(), output()])],
        [2, cborInt(0)],
        [13, inputs([2, 0])],
        [16, output()],
      ],
      cborMap([]),
      FALSE,
    );
    expect(effectOf(transaction)).toMatchObject({ spent: [{ txId: '02'.repeat(32), index: 0 }], made: [{ reference: { index: 2 } }] });
  });

  test('shows datums, reference scripts and redeemers of both encodings', () => {
    const program = hexToBytes('450101002499');
    const datum = cborArray([cborInt(1), cborTag(24, cborBytes(cborInt(42)))]);
    const reference = cborTag(24, cborBytes(cborArray([cborInt(3), cborBytes(program)])));
    const budget = cborArray([cborInt(500), cborInt(64_100)]);
    const fields: [number, Uint8Array][] = [
      [0, inputs([1, 0])],
      [
        1,
        cborArray([
          output([
            [cborInt(2), datum],
            [cborInt(3), reference],
          ]),
        ]),
      ],
      [2, cborInt(0)],
    ];
    const asList = withBody(fields, cborMap([[cborInt(5), cborArray([cborArray([cborInt(0), cborInt(0), cborInt(1), budget])])]]));
    const asPairs = withBody(
      fields,
      cborMap([[cborInt(5), cborMap([[cborArray([cborInt(0), cborInt(0)]), cborArray([cborInt(1), budget])]])]]),
    );
    expect(asList.redeemers).toEqual([{ tag: 'spend', index: 0, memory: 500n, steps: 64_100n, data: '01' }]);
    expect(asPairs.redeemers).toEqual(asList.redeemers);
    // The well-known hash of the V3 script that always succeeds.
    expect(asList.outputs[0]).toMatchObject({ inlineDatum: '182a', referenceScriptHash: scriptHash('plutusV3', program) });
    expect(asList.outputs[0]?.referenceScriptHash).toBe('186e32faa80a26810392fda6d559c7ed4721a65ce1c9d4ef3e1c87b4');
  });

  test('cannot name a field twice', () => {
    expect(() =>
      withBody([
        [0, inputs([1, 0])],
        [1, cborArray([])],
        [2, cborInt(0)],
        [2, cborInt(9)],
      ]),
    ).toThrow('twice');
  });
});

describe('an address', () => {
  // CIP-19 test vectors, testnet.
  test.each([
    'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae',
    'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
    'addr_test1wrphkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gtcl6szpr',
    'stake_test1uqehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gssrtvn',
  ])('survives text to bytes to text: %s', (text) => {
    expect(addressText(addressBytes(text))).toBe(text);
  });

  test.each(['', 'addr_test1', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'addr1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz'])(
    'cannot be read from %s',
    (text) => {
      expect(() => addressBytes(text)).toThrow(NunetError);
    },
  );
});

test("slots and times are each other's inverse, and a slot holds its whole second", () => {
  const config = { zeroTimeMs: 1_655_769_600_000, zeroSlot: 86_400, slotLengthMs: 1_000 };
  expect(timeOf(86_400, config)).toBe(1_655_769_600_000);
  fc.assert(
    fc.property(fc.nat(200_000_000), fc.nat(999), (slot, late) => {
      expect(slotOf(timeOf(slot, config) + late, config)).toBe(slot);
    }),
  );
});

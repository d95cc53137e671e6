// Which outputs a dApp is shown, over random wallets.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValue, encodeUtxo, encodeValue, sumOf, type Value } from './cbor-values.ts';
import { readOutput } from '@nunet/contracts/chain/transaction.ts';
import { readCbor } from '@nunet/contracts/chain/cbor.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { collateralFor, enoughFor, pageOf } from './select-utxos.ts';
import { sampleUtxo } from './sample-wallet.ts';

const UNITS = ['aa', 'bb', 'cc'].map((byte) => ({ policyId: byte.repeat(28), assetName: byte }));
const assets = fc.uniqueArray(fc.record({ at: fc.integer({ min: 0, max: 2 }), quantity: fc.bigInt({ min: 1n, max: 100n }) }), {
  maxLength: 3,
  selector: ({ at }) => at,
});
const utxo = fc
  .record({ lovelace: fc.bigInt({ min: 1_000_000n, max: 50_000_000n }), assets })
  .map(({ lovelace, assets: held }) =>
    sampleUtxo({ lovelace, assets: held.map(({ at, quantity }) => ({ ...(UNITS[at] ?? { policyId: '', assetName: '' }), quantity })) }),
  );
const wallet = fc.array(utxo, { maxLength: 12 });
const wanted: fc.Arbitrary<Value> = fc
  .record({ lovelace: fc.bigInt({ min: 0n, max: 200_000_000n }), assets })
  .map(({ lovelace, assets: held }) => ({
    lovelace,
    tokens: new Map(held.map(({ at, quantity }) => [`${UNITS[at]?.policyId ?? ''}${UNITS[at]?.assetName ?? ''}`, quantity])),
  }));
const reaches = (sum: Value, value: Value): boolean =>
  sum.lovelace >= value.lovelace && [...value.tokens].every(([unit, quantity]) => (sum.tokens.get(unit) ?? 0n) >= quantity);

describe('outputs for an amount', () => {
  test('reach it exactly when the whole wallet does, and none of them could be left out', () => {
    fc.assert(
      fc.property(wallet, wanted, (utxos, value) => {
        const chosen = enoughFor(utxos, value);
        expect(chosen !== null).toBe(reaches(sumOf(utxos), value));
        if (chosen === null) return;
        expect(reaches(sumOf(chosen), value)).toBe(true);
        expect(new Set(chosen).size).toBe(chosen.length);
        for (const one of chosen) expect(reaches(sumOf(chosen.filter((other) => other !== one)), value)).toBe(false);
      }),
    );
  });
});

describe('collateral', () => {
  test('is pure, at most three outputs, reaches the amount, and no fewer or cheaper set does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1_000_000n, max: 12_000_000n }), { maxLength: 7 }),
        fc.bigInt({ min: 1n, max: 5_000_000n }),
        (list, amount) => {
          const utxos = list.map((lovelace) => sampleUtxo({ lovelace }));
          const found = collateralFor([], utxos, amount);
          const usable = utxos.filter(({ lovelace }) => lovelace <= 10_000_000n);
          const sets = usable.flatMap((a, i) => [
            [a],
            ...usable.slice(i + 1).flatMap((b, j) => [[a, b], ...usable.slice(i + j + 2).map((c) => [a, b, c])]),
          ]);
          const fitting = sets.filter((set) => sumOf(set).lovelace >= amount);
          expect(found !== null).toBe(fitting.length > 0);
          if (found === null) return;
          const fewest = Math.min(...fitting.map(({ length }) => length));
          const least = fitting
            .filter(({ length }) => length === fewest)
            .map((set) => sumOf(set).lovelace)
            .reduce((a, b) => (a < b ? a : b));
          expect([found.length, sumOf(found).lovelace]).toEqual([fewest, least]);
        },
      ),
    );
  });
  test('cannot be an output with a token, a datum or a script', () => {
    const [unit] = UNITS;
    for (const change of [
      { assets: unit === undefined ? [] : [{ ...unit, quantity: 1n }] },
      { inlineDatum: '05' },
      { datumHash: 'ab'.repeat(32) },
      { referenceScriptHash: 'ab'.repeat(28) },
    ])
      expect(collateralFor([], [sampleUtxo({ lovelace: 5_000_000n, ...change })], 1_000_000n)).toBeNull();
  });
});

describe('pages', () => {
  test('together are all items, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (items, limit) => {
        const pages = Math.ceil(items.length / limit);
        expect(Array.from({ length: pages }, (_, page) => pageOf(items, { page, limit })).flat()).toEqual(items);
        expect(() => pageOf(items, { page: pages, limit })).toThrow();
      }),
    );
    expect(pageOf([], { page: 0, limit: 10 })).toEqual([]);
  });
});

describe('CBOR', () => {
  test('of a value is read back as the same value', () => {
    fc.assert(
      fc.property(wanted, (value) => {
        expect(decodeValue(bytesToHex(encodeValue(value)))).toEqual(value);
      }),
    );
  });
  test('of an output is read back as the same output', () => {
    fc.assert(
      fc.property(utxo, (one) => {
        const source = encodeUtxo(one, null);
        const item = readCbor(source);
        const output = item.kind === 'array' ? item.items[1] : undefined;
        if (output === undefined) throw new Error('no output');
        const { raw: _, ...read } = readOutput(output, source, one.reference);
        expect({ ...read, assets: new Set(read.assets.map(({ policyId, quantity }) => `${policyId} ${quantity}`)) }).toEqual({
          ...one,
          assets: new Set(one.assets.map(({ policyId, quantity }) => `${policyId} ${quantity}`)),
        });
      }),
    );
  });
});

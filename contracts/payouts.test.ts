// The money rules of a settlement, for any batch: what the script demands, and that nothing is lost on the way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Utxo } from './chain/chain.ts';
import { encodeDatum } from './datum.ts';
import { encodePlutusData } from './plutus-data.ts';
import { planBatch, type Decision } from './payouts.ts';
import { byInputOrder, NO_OUTPUT, payoutTag } from './redeemer.ts';
import { ESCROW_ADDRESS } from './script.ts';
import { newPerson } from './thefts/cast.ts';
import { leastLovelace, quantityOf, type Output } from './value.ts';
import { exampleDatum } from './vectors/example.ts';

const COINS_PER_BYTE = 4_310n;
const PEOPLE = [newPerson().address, newPerson().address, newPerson().address];
const ASSETS = [exampleDatum.asset, { policyId: '77'.repeat(28), assetName: '' }];

const lock = fc
  .record({
    from: fc.nat(2),
    to: fc.nat(2),
    asset: fc.nat(1),
    amount: fc.bigInt({ min: 1n, max: 1n << 40n }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    lovelace: fc.bigInt({ min: 2_000_000n, max: 9_000_000n }),
    settleLovelace: fc.bigInt({ min: 0n, max: 3_000_000n }),
  })
  .map(({ from, to, asset, amount, share, lovelace, settleLovelace }) => ({
    datum: {
      ...exampleDatum,
      serviceProvider: PEOPLE[from]!,
      computeProvider: PEOPLE[to]!,
      asset: ASSETS[asset]!,
      settleLovelace,
    },
    amount,
    lovelace,
    paid: share < 0.1 ? 0n : share > 0.9 ? amount : (amount * BigInt(Math.floor(share * 1_000))) / 1_000n,
  }));

/** Locks in any order, of a few transactions. */
const batch = fc.array(lock, { minLength: 1, maxLength: 12 }).map((orders) =>
  orders.map(({ datum, amount, lovelace, paid }, position) => {
    const utxo: Utxo = {
      reference: { txId: `${(position * 7) % 3}f`.repeat(32), index: 12 - position },
      address: ESCROW_ADDRESS,
      lovelace,
      assets: [{ ...datum.asset, quantity: amount }],
      inlineDatum: encodeDatum(datum),
    };
    return { datum, amount, order: { by: 'oracles' as const, utxo, paid, signatures: [] } satisfies Decision };
  }),
);

const total = (numbers: bigint[]): bigint => numbers.reduce((a, b) => a + b, 0n);

describe('a settlement', () => {
  test('obeys every rule of the script and loses nothing, for any batch and fee', () => {
    fc.assert(
      fc.property(batch, fc.bigInt({ min: 170_000n, max: 1_500_000n }), (made, fee) => {
        const plan = planBatch(
          made.map(({ order }) => order),
          [],
          COINS_PER_BYTE,
        );
        const locks = plan.inputs.map(({ utxo }) => utxo);
        const outputs = plan.outputs(fee);
        expect(locks.map(({ reference }) => reference)).toEqual(locks.map(({ reference }) => reference).toSorted(byInputOrder));
        const paidBy = new Map<Output, { references: Utxo['reference'][]; owed: bigint; least: bigint }>();
        locks.forEach((utxo, position) => {
          const { datum, amount, order } = made.find((one) => one.order.utxo === utxo)!;
          const settlement = plan.settlements[position]!;
          if (settlement.kind === 'reclaimed') throw new TypeError('none is reclaimed');
          const { paid, computeProviderOutput, serviceProviderOutput } = settlement;
          expect(paid).toBe(order.paid);
          const claim = (index: number, address: string, quantity: bigint, least: bigint): void => {
            const output = outputs[index]!;
            expect(output.address).toBe(address);
            expect(
              output.assets.every(({ policyId, assetName }) => policyId + assetName === datum.asset.policyId + datum.asset.assetName),
            ).toBe(true);
            const claims = paidBy.get(output) ?? { references: [], owed: 0n, least: 0n };
            claims.references.push(utxo.reference);
            claims.owed += quantity;
            claims.least += least;
            paidBy.set(output, claims);
          };
          claim(serviceProviderOutput, datum.serviceProvider, amount - paid, utxo.lovelace - datum.settleLovelace);
          if (paid === 0n) expect(computeProviderOutput).toBe(NO_OUTPUT);
          else {
            expect(computeProviderOutput).not.toBe(serviceProviderOutput);
            claim(computeProviderOutput, datum.computeProvider, paid, 0n);
          }
        });
        expect(paidBy.size).toBe(outputs.length);
        for (const [output, { references, owed, least }] of paidBy) {
          const asset = output.assets[0];
          expect(asset === undefined ? 0n : quantityOf(output, asset)).toBe(owed);
          expect(output.lovelace).toBeGreaterThanOrEqual(least);
          expect(output.lovelace).toBeGreaterThanOrEqual(leastLovelace(output, COINS_PER_BYTE));
          expect(output.inlineDatum).toBe(encodePlutusData(payoutTag(references)));
        }
        const taken = total(locks.map(({ lovelace }) => lovelace)) - total(outputs.map(({ lovelace }) => lovelace));
        expect(taken).toBeLessThanOrEqual(fee);
      }),
      { numRuns: 500 },
    );
  });

  test('takes exactly the fee from locks that cover it: no wallet input, no change', () => {
    fc.assert(
      fc.property(batch, fc.bigInt({ min: 170_000n, max: 1_500_000n }), (made, fee) => {
        const generous = made.map(({ datum, order }): Decision => {
          const inlineDatum = encodeDatum({ ...datum, settleLovelace: 3_000_000n });
          return { ...order, utxo: { ...order.utxo, lovelace: 9_000_000n, inlineDatum } };
        });
        const outputs = planBatch(generous, [], COINS_PER_BYTE).outputs(fee);
        expect(9_000_000n * BigInt(made.length) - total(outputs.map(({ lovelace }) => lovelace))).toBe(fee);
      }),
      { numRuns: 500 },
    );
  });
});

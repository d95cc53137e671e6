// Holdings as a page shows them.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { describe, expect, test } from 'vitest';
import { holdingsOf, type FirstSight, type HoldingsGround } from './holdings-view.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const NTX = { policyId: 'aa'.repeat(28), assetName: hex('tNTX') };
const asset = (name: string, policy = 'bb') => ({ policyId: policy.repeat(28), assetName: hex(name) });
const unit = (name: string, policy = 'bb'): string => policy.repeat(28) + hex(name);
const utxo = (index: number, lovelace: bigint, assets: Utxo['assets'] = []): Utxo => ({
  reference: { txId: '11'.repeat(32), index },
  address: 'addr_test1',
  lovelace,
  assets,
});
const ground = (more: Partial<HoldingsGround> = {}): HoldingsGround => ({
  ntx: NTX,
  sights: new Map(),
  shown: new Map(),
  collateral: null,
  ...more,
});
const sight = (wasAsked: boolean, more: Partial<FirstSight> = {}): FirstSight => ({
  wasAsked,
  name: null,
  decimals: null,
  image: 'none',
  ...more,
});
const hidden = (name: string, more: Partial<HoldingsGround>) =>
  holdingsOf([utxo(0, 2n, [{ ...asset(name), quantity: 1n }])], ground(more)).tokens[0]?.hiddenBecause;

test('adds up, NTX first and the others by name', () => {
  const held = holdingsOf(
    [
      utxo(0, 5n, [
        { ...asset('Zebra'), quantity: 1n },
        { ...NTX, quantity: 7n },
      ]),
      utxo(1, 6n, [
        { ...asset('Ant'), quantity: 1n },
        { ...asset('Zebra'), quantity: 2n },
      ]),
    ],
    ground(),
  );
  expect(held).toMatchObject({ lovelace: 11n, baseUnits: 7n, collateralLovelace: 0n });
  expect(held.tokens.map(({ label, quantity, decimals, isNtx }) => [label, quantity, decimals, isNtx])).toEqual([
    ['tNTX', 7n, 6, true],
    ['Ant', 1n, 0, false],
    ['Zebra', 3n, 0, false],
  ]);
});

test('the collateral is counted apart', () => {
  const reference = { txId: '11'.repeat(32), index: 1 };
  expect(holdingsOf([utxo(0, 5n), utxo(1, 6n)], ground({ collateral: reference }))).toMatchObject({ lovelace: 5n, collateralLovelace: 6n });
  expect(holdingsOf([utxo(0, 5n)], ground({ collateral: reference }))).toMatchObject({ lovelace: 5n, collateralLovelace: 0n });
});

test('without NTX on the network there is none', () => {
  expect(holdingsOf([utxo(0, 5n, [{ ...NTX, quantity: 7n }])], ground({ ntx: null }))).toMatchObject({
    baseUnits: 0n,
    tokens: [{ isNtx: false, decimals: 0 }],
  });
});

test('name, decimals and image are those of the minting transaction', () => {
  const sights = new Map([[unit('x'), sight(true, { name: 'Good Token', decimals: 2, image: 'elsewhere' })]]);
  expect(holdingsOf([utxo(0, 2n, [{ ...asset('x'), quantity: 1n }])], ground({ sights })).tokens[0]).toMatchObject({
    label: 'Good Token',
    decimals: 2,
    image: 'elsewhere',
  });
});

describe('a token that nobody asked for', () => {
  test('is hidden, and shown when the person says so', () => {
    const sights = new Map([[unit('Thing'), sight(false)]]);
    expect(hidden('Thing', { sights })).toBe('nobody asked for it');
    expect(hidden('Thing', { sights, shown: new Map([[unit('Thing'), true]]) })).toBeNull();
    expect(hidden('Thing', { shown: new Map([[unit('Thing'), false]]) })).toBe('by the person');
  });
  test('is not hidden when the account signed for it, or holds others of its policy, or nothing is known yet', () => {
    expect(hidden('Thing', { sights: new Map([[unit('Thing'), sight(true)]]) })).toBeNull();
    expect(
      hidden('Thing', {
        sights: new Map([
          [unit('Thing'), sight(false)],
          [unit('Other'), sight(true)],
        ]),
      }),
    ).toBeNull();
    expect(hidden('Thing', {})).toBeNull();
  });
  test('cannot pass for NTX, or lure, before anything else is known of it', () => {
    expect(hidden('NTX', {})).toBe('nobody asked for it');
    expect(hidden('claim at ntx.gift', {})).toBe('nobody asked for it');
    expect(hidden('x', { sights: new Map([[unit('x'), sight(false, { name: 'visit ntx.gift' })]]) })).toBe('nobody asked for it');
  });
  test('NTX itself is never hidden, however it came', () => {
    const held = holdingsOf([utxo(0, 2n, [{ ...NTX, quantity: 1n }])], ground({ sights: new Map([[unit('tNTX', 'aa'), sight(false)]]) }));
    expect(held.tokens[0]?.hiddenBecause).toBeNull();
  });
  test('cannot show hidden characters in its name', () => {
    const held = holdingsOf([utxo(0, 2n, [{ ...asset('a\u202eb'), quantity: 1n }])], ground());
    expect(held.tokens[0]?.label).toBe('a\ufffdb');
  });
});

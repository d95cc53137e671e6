// Lines of the history that a ledger in good order does not make: scripts that fail, strangers' scripts, many parties.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { ESCROW, ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { describe, expect, test } from 'vitest';
import { entryOf, type EntryGround } from './history-entry.ts';

const own = newPerson().address;
const other = newPerson().address;
const ground: EntryGround = {
  address: own,
  escrows: new Set([ESCROW.hash]),
  tokenOf: (asset) => ({ unit: assetUnit(asset), label: 'x', quantity: asset.quantity, decimals: 0 }),
};
const utxo = (address: string, lovelace: bigint, index = 0, more: Partial<Utxo> = {}): Utxo => ({
  reference: { txId: '11'.repeat(32), index },
  address,
  lovelace,
  assets: [],
  ...more,
});
const transaction = (more: Partial<Record<keyof Transaction, unknown>>): Transaction =>
  ({
    id: '22'.repeat(32),
    isValid: true,
    inputs: [],
    outputs: [],
    collateralReturn: null,
    fee: 200_000n,
    redeemers: [],
    metadata: [],
    ...more,
  }) as Transaction;
const REDEEMER = { tag: 'spend', index: 0, memory: 1n, steps: 1n, data: '00' };

describe('a script that failed', () => {
  test('takes the collateral, and the fee in the transaction is not paid', () => {
    const failed = transaction({ isValid: false, outputs: [utxo(other, 90n)], redeemers: [REDEEMER] });
    expect(entryOf(failed, [utxo(own, 5_000_000n)], ground)).toMatchObject({
      kind: 'failed-script',
      lovelace: -5_000_000n,
      feeLovelace: 5_000_000n,
      counterparties: [],
    });
  });
  test('gives back what is returned of it', () => {
    const failed = transaction({ isValid: false, collateralReturn: utxo(own, 4_700_000n), redeemers: [REDEEMER] });
    expect(entryOf(failed, [utxo(own, 5_000_000n)], ground)).toMatchObject({ lovelace: -300_000n, feeLovelace: 300_000n });
  });
});

describe('a transaction with scripts of others', () => {
  test('is called that', () => {
    const swap = transaction({ outputs: [utxo(own, 3_000_000n)], redeemers: [REDEEMER] });
    expect(entryOf(swap, [utxo(other, 4_000_000n)], ground).kind).toBe('script');
  });
  test('cannot pass for a lock of the account that it only pays besides', () => {
    const foreign = transaction({ outputs: [utxo(ESCROW_ADDRESS, 5_000_000n), utxo(own, 1_000_000n, 1)] });
    expect(entryOf(foreign, [utxo(other, 7_000_000n)], ground).kind).toBe('received');
  });
  test('cannot pass for a settlement with a redeemer that ends no lock', () => {
    const spent = utxo(ESCROW_ADDRESS, 5_000_000n, 0, { inlineDatum: 'ff' });
    const odd = transaction({ inputs: [spent.reference], outputs: [utxo(own, 1_000_000n)], redeemers: [{ ...REDEEMER, data: 'ff' }] });
    expect(entryOf(odd, [spent], ground).kind).toBe('script');
  });
});

test('counts what goes in and out in any number of parts, and at most ten others', () => {
  const outputs = Array.from({ length: 15 }, (_, index) => utxo(newPerson().address, 1_000_000n, index));
  const entry = entryOf(
    transaction({ outputs: [...outputs, utxo(own, 4_800_000n, 15)] }),
    [utxo(own, 12_000_000n), utxo(own, 8_000_000n, 1)],
    ground,
  );
  expect(entry).toMatchObject({ kind: 'sent', lovelace: -15_200_000n, feeLovelace: 200_000n });
  expect(entry.counterparties).toHaveLength(10);
});

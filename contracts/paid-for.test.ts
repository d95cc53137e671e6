import type { Transaction } from './chain/transaction.ts';
import { constructor, encodePlutusData } from './plutus-data.ts';
import { NO_OUTPUT, RECLAIM_REDEEMER, settleRedeemer } from './redeemer.ts';
import { expect, it } from 'vitest';
import { paidFor } from './paid-for.ts';

const input = (byte: string, index = 0) => ({ txId: byte.repeat(32), index });
const spend = (index: number, data: string) => ({ tag: 'spend' as const, index, data, memory: 0n, steps: 0n });
/** Only what is read: inputs in the order of the bytes, redeemers by their place in ledger order. */
const transaction = (inputs: ReturnType<typeof input>[], redeemers: ReturnType<typeof spend>[]) =>
  ({ inputs, redeemers }) as unknown as Transaction;
const settlement = (paid: bigint) => ({ paid, signatures: [], computeProviderOutput: NO_OUTPUT, serviceProviderOutput: 0 });

it('reads what a settle paid for each of its locks, whatever other inputs it has', () => {
  const none = settleRedeemer([]);
  // Ledger order: aa (fee), bb (lock), cc (fee), dd (lock).
  const batch = transaction(
    [input('dd'), input('bb'), input('cc'), input('aa')],
    [spend(3, none), spend(1, settleRedeemer([settlement(7n), settlement(0n)]))],
  );
  expect(paidFor(batch, input('bb'))).toBe(7n);
  expect(paidFor(batch, input('dd'))).toBe(0n);
  expect(paidFor(batch, input('cc'))).toBe(null);
});

it('reads a reclaim as nothing paid, and does not guess about an unknown redeemer', () => {
  expect(paidFor(transaction([input('bb')], [spend(0, RECLAIM_REDEEMER)]), input('bb'))).toBe(0n);
  expect(paidFor(transaction([input('bb')], [spend(0, encodePlutusData(constructor(1)))]), input('bb'))).toBe(null);
});

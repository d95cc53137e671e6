// The table of a wallet's locks says in words what each state means for its owner.
import { describe, expect, test } from 'vitest';
import type { ClaimableLock, EndedLock, HeldLock, LedgerView } from '@nunet/contracts/ledger-view.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { sampleQuote, sampleRecord } from '@nunet/shared/samples.ts';
import { lockLines } from './lock-table.ts';

const ntx = sampleRecord.asset;
const reference = { txId: '0a'.repeat(32), index: 1 };
const datum: EscrowDatum = {
  serviceProvider: sampleQuote.serviceProvider.address,
  computeProvider: sampleQuote.computeProvider.address,
  voucherKey: sampleQuote.voucherKey,
  closeKey: sampleQuote.closeKey,
  oracleKeys: sampleQuote.oracleKeys,
  k: 2,
  asset: ntx,
  reclaimAfter: 1_700_000_000_000,
  settleLovelace: 2_000_000n,
  quoteHash: '00'.repeat(32),
};
const held: HeldLock = {
  utxo: { reference, address: '', lovelace: 3_900_000n, assets: [] },
  scriptHash: '00'.repeat(28),
  staked: false,
  datum,
  amountBaseUnits: 2_500_000n,
  reclaimAfter: datum.reclaimAfter,
};
const claimable: ClaimableLock = {
  ...held,
  datum,
  needs: { oracles: { count: 2, keys: datum.oracleKeys }, agreement: { voucherKey: datum.voucherKey, closeKey: datum.closeKey } },
  contested: false,
};
const ended: EndedLock = {
  reference,
  scriptHash: held.scriptHash,
  role: 'serviceProvider',
  how: 'settle',
  asset: ntx,
  paidBaseUnits: 1_000_000n,
  changeBaseUnits: 1_500_000n,
  secret: null,
  txId: '0b'.repeat(32),
  timeMs: 1_700_000_000_000,
};
const view = (change: Partial<LedgerView>): LedgerView => ({
  nowMs: 0,
  locked: [],
  refundable: [],
  claimable: [],
  settled: [],
  unread: [],
  ...change,
});
const first = (change: Partial<LedgerView>): string | undefined => lockLines(view(change), ntx)[0];

describe('a line', () => {
  test.each<[string, Partial<LedgerView>, string]>([
    ['for a lock before its time', { locked: [held] }, 'locked     2.5 NTX, 3.9 ADA; refundable from 2023-11-14 22:13:20 UTC'],
    ['for a lock after its time', { refundable: [held] }, 'refundable 2.5 NTX, 3.9 ADA'],
    [
      'for a malformed lock',
      { refundable: [{ ...held, datum: null, staked: true }] },
      'refundable malformed, 3.9 ADA, under a stake credential',
    ],
    ['for pay to come', { claimable: [claimable] }, 'claimable  2.5 NTX, 3.9 ADA; needs 2 of 3 oracle signatures, or voucher and close'],
    ['for a settled lock', { settled: [ended] }, 'settled    1 NTX paid, 1.5 NTX back by settle, 2023-11-14 22:13:20 UTC'],
    [
      'for an agreed lock',
      { settled: [{ ...ended, how: 'agree', secret: '00' }] },
      'settled    1 NTX paid, 1.5 NTX back by agree, the outputs’ key revealed, 2023-11-14 22:13:20 UTC',
    ],
    [
      'for a reclaimed lock',
      { settled: [{ ...ended, how: 'reclaim', changeBaseUnits: 2_500_000n }] },
      'settled    2.5 NTX back by reclaim, 2023-11-14 22:13:20 UTC',
    ],
    ['for none', {}, 'No lock of this wallet lies on chain, and none has ended.'],
  ])('%s', (_, change, line) => {
    expect(first(change)).toBe(line);
  });

  test('is followed by where the lock is', () => {
    expect(lockLines(view({ locked: [held] }), ntx)[1]).toBe(`${' '.repeat(11)}${'0a'.repeat(32)}#1`);
  });
});

test('another asset cannot pass for NTX', () => {
  const other = { policyId: 'cc'.repeat(28), assetName: '4e5458' };
  expect(first({ locked: [{ ...held, datum: { ...datum, asset: other } }] })).toContain(`2500000 of ${other.policyId}.4e5458`);
});

test('what could not be read is said at the end, also when nothing was found', () => {
  expect(lockLines(view({ unread: ['Not read.'] }), ntx).at(-1)).toBe('Not read.');
});

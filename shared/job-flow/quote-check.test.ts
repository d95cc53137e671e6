// A quote is believed only as far as it repeats what was asked and what its own rate makes.
import { describe, expect, test } from 'vitest';
import type { Quote } from '../quote.ts';
import * as samples from '../samples.ts';
import { quoteProblems } from './quote-check.ts';

const context = {
  request: samples.sampleRequest,
  peerId: samples.samplePeerId('agent'),
  record: samples.sampleRecord,
  budgetBaseUnits: 60_000n,
  now: samples.SAMPLE_TIME_MS,
};
const honest = samples.sampleQuote;
const codes = (changes: Partial<Quote>, more: Partial<typeof context> = {}): string[] =>
  quoteProblems({ ...honest, ...changes }, { ...context, ...more }).map((problem) => problem.code);

test('takes an honest quote, to the last base unit of the budget', () => {
  expect(codes({})).toEqual([]);
  expect(codes({}, { budgetBaseUnits: 59_999n })).toEqual(['over-budget']);
});

describe('cannot be made to lock on a quote', () => {
  test.each<[string, Partial<Quote>, string]>([
    ['of another agent', { computeProvider: { ...honest.computeProvider, peerId: samples.samplePeerId('thief') } }, 'quote-peer'],
    ['for another job', { jobId: samples.sampleSpec.inputs[0]!.cid }, 'quote-changed'],
    ['with another voucher key', { voucherKey: '00'.repeat(32) }, 'quote-changed'],
    [
      'that returns change elsewhere',
      { serviceProvider: { ...honest.serviceProvider, address: samples.sampleAddress('thief') } },
      'quote-changed',
    ],
    ['with fewer oracles', { k: 1 }, 'quote-changed'],
    ['with less memory', { resources: { ...honest.resources, memoryBytes: 2 ** 24 } }, 'quote-changed'],
    ['with a shorter time limit', { timeLimitMs: 30_000, amountBaseUnits: 30_000n }, 'quote-changed'],
    ['whose price its rate does not make', { amountBaseUnits: honest.amountBaseUnits - 1n }, 'quote-price'],
    ['in another asset', { asset: { ...honest.asset, assetName: '00' } }, 'quote-asset'],
    ['that lets a settle take more ADA', { settleLovelace: honest.settleLovelace + 1n }, 'quote-settle-lovelace'],
    [
      'from the future',
      {
        issuedAt: samples.SAMPLE_TIME_MS + 121_000,
        expiresAt: samples.SAMPLE_TIME_MS + 122_000,
        startBy: samples.SAMPLE_TIME_MS + 130_000,
      },
      'quote-time',
    ],
    ['that has expired', { issuedAt: samples.SAMPLE_TIME_MS - 2, expiresAt: samples.SAMPLE_TIME_MS }, 'quote-expired'],
    ['with no time to run', { finishBy: honest.startBy + 1 }, 'quote-time'],
    ['with no time to dispute', { disputeBy: honest.finishBy + 1 }, 'quote-time'],
    ['with no time for the oracles', { reclaimAfter: honest.disputeBy + 1 }, 'quote-time'],
    ['that buries the money', { reclaimAfter: honest.reclaimAfter + 30 * 86_400_000 }, 'quote-time'],
  ])('%s', (_, changes, code) => {
    expect(codes(changes)).toEqual([code]);
  });

  test('with an oracle that the network record does not know, even when it was asked for', () => {
    const oracleKeys = [...samples.sampleRequest.oracleKeys.slice(0, 2), 'ff'.repeat(32)];
    expect(codes({ oracleKeys }, { request: { ...samples.sampleRequest, oracleKeys } })).toEqual(['quote-foreign-oracle']);
  });
});

describe('pay by voucher', () => {
  const stream = { maxUnpaidBaseUnits: 12_000n, holdBackBaseUnits: 6_000n };
  const asked = { request: { ...samples.sampleRequest, stream: true as const } };

  test('is quoted when it was asked for', () => {
    expect(codes({ stream }, asked)).toEqual([]);
  });

  test('cannot be slipped into a quote, nor left out of one', () => {
    expect(codes({ stream })).toEqual(['quote-changed']);
    expect(codes({}, asked)).toEqual(['quote-changed']);
  });

  test('cannot be cut so fine that vouchers fill the journal', () => {
    expect(codes({ stream: { maxUnpaidBaseUnits: 59n, holdBackBaseUnits: 1n } }, asked)).toEqual(['quote-stream']);
  });
});

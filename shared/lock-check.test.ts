// lockProblems: what agents and oracles refuse that the validator cannot see. Each refusal is one field away from the honest twin.
import { beforeAll, describe, expect, test } from 'vitest';
import { hashOfCid } from './encoding.ts';
import { lockProblems } from './lock-check.ts';
import type { LockedOutput } from './lock.ts';
import type { Quote } from './quote.ts';
import * as samples from './samples.ts';
import { signStatement, type Signed } from './signature.ts';

let quote: Signed<Quote>;
let honest: LockedOutput;
beforeAll(async () => {
  quote = await signStatement('quote', samples.sampleQuote, samples.sampleSigner('agent'));
  honest = samples.sampleLockedOutput(quote);
});

const codes = (lock: LockedOutput): string[] => lockProblems(lock, quote, samples.sampleRecord).map((problem) => problem.code);

test('accepts the lock that was quoted', () => {
  expect(codes(honest)).toEqual([]);
});

const foreignOracles = [samples.sampleSigner('foreign oracle').publicKey, ...samples.sampleOracles.map((o) => o.publicKey).slice(1)].sort();

const CHANGES: readonly [string, string, (lock: LockedOutput) => Partial<LockedOutput> & { datum?: LockedOutput['datum'] }][] = [
  ['at an unknown script', 'lock-script-unknown', () => ({ scriptHash: '00'.repeat(28) })],
  ['with a stake credential', 'lock-staked', () => ({ staked: true })],
  ['with a reference script', 'lock-reference-script', () => ({ referenceScript: true })],
  ['with other assets in it', 'lock-foreign-assets', () => ({ foreignAssets: true })],
  ['of another quote', 'lock-other-quote', ({ datum }) => ({ datum: { ...datum, quoteHash: '00'.repeat(32) } })],
  ['for another agent', 'lock-other-agent', ({ datum }) => ({ datum: { ...datum, computeProvider: samples.sampleAddress('thief') } })],
  [
    'that returns change to somebody else',
    'lock-other-service-provider',
    ({ datum }) => ({ datum: { ...datum, serviceProvider: samples.sampleAddress('thief') } }),
  ],
  ['with another voucher key', 'lock-voucher-key', ({ datum }) => ({ datum: { ...datum, voucherKey: '00'.repeat(32) } })],
  ['with another close key', 'lock-close-key', ({ datum }) => ({ datum: { ...datum, closeKey: '00'.repeat(32) } })],
  ['that asks for fewer oracles', 'lock-oracle-keys', ({ datum }) => ({ datum: { ...datum, k: 1 } })],
  ['in another asset', 'lock-asset', ({ datum }) => ({ datum: { ...datum, asset: { ...datum.asset, assetName: '00' } } })],
  ['that can be reclaimed earlier', 'lock-reclaim-after', ({ datum }) => ({ datum: { ...datum, reclaimAfter: datum.reclaimAfter - 1 } })],
  ['that is underpaid by one base unit', 'lock-underpaid', ({ amountBaseUnits }) => ({ amountBaseUnits: amountBaseUnits - 1n })],
  ['that is overpaid', 'lock-overpaid', ({ amountBaseUnits }) => ({ amountBaseUnits: amountBaseUnits + 1n })],
  [
    'that lets a submitter take more ADA',
    'lock-settle-lovelace',
    ({ datum }) => ({ datum: { ...datum, settleLovelace: datum.settleLovelace + 1n } }),
  ],
  ['with too little ADA to pay out', 'lock-low-ada', ({ lovelace }) => ({ lovelace: lovelace - 1n })],
];

describe('cannot accept a lock', () => {
  test.each(CHANGES)('%s', (_, code, change) => {
    expect(codes({ ...honest, ...change(honest) })).toEqual([code]);
  });

  test('with a foreign oracle, even when it was quoted so', async () => {
    const foreign = await signStatement('quote', { ...samples.sampleQuote, oracleKeys: foreignOracles }, samples.sampleSigner('agent'));
    const lock = { ...honest, datum: { ...honest.datum, oracleKeys: foreignOracles, quoteHash: hashOfCid(foreign.cid) } };
    expect(lockProblems(lock, foreign, samples.sampleRecord).map((problem) => problem.code)).toEqual(['lock-foreign-oracle']);
  });

  test('without a sentence that says action, state and what was wanted', () => {
    const [problem] = lockProblems({ ...honest, amountBaseUnits: honest.amountBaseUnits - 1n }, quote, samples.sampleRecord);
    expect(problem?.message).toBe(`Cannot accept lock ${samples.sampleLock.txId}#1: it holds 0.059999 NTX, quote says 0.06`);
  });
});

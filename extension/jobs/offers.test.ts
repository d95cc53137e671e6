import { sampleWallet } from '../ui/fake-runner.ts';
import { describe, expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { samplePreflight, sampleRecord } from '../ui/sample-jobs.ts';
import { chainNow } from './chain-clock.ts';
import { fundsProblem, nextSentence, offerRows, refusalRows, summarySentence } from './offers.ts';

const words = en.jobs.offers;
const START = 1_767_225_600_000;
const record = await sampleRecord('draft', START);
const found = await samplePreflight(record, START);

describe('offers', () => {
  test('keep the order in which they came, best first, and count down in chain time', () => {
    const rows = offerRows(found, START + 30_000, words);
    expect(rows.map(({ amount, rate, sandbox, expires, isExpired }) => [amount, rate, sandbox, expires, isExpired])).toEqual([
      ['4.25 NTX', '255', 'namespaces', '1:00', false],
      ['6 NTX', '360', 'container', '1:00', false],
    ]);
    expect(offerRows(found, START + 90_000, words)[0]).toMatchObject({ isExpired: true, expires: '0:00' });
  });

  test('chain time goes on between two looks and never back', () => {
    expect(chainNow({ tipTimeMs: 1_000, seenAtMs: 500, error: null }, 700)).toBe(1_200);
    expect(chainNow({ tipTimeMs: 1_000, seenAtMs: 500, error: null }, 100)).toBe(1_000);
    expect(chainNow({ tipTimeMs: null, seenAtMs: null, error: null }, 42)).toBe(42);
  });

  test('a refusal says who, how and why', () => {
    expect(refusalRows(found, words).map(({ says, reasons }) => `${says}: ${reasons.join('; ')}`)).toEqual([
      'Refused: The job wants 512 MiB of memory, 128 MiB are free.',
      'No answer: no answer while others waited 3 s',
      'Over budget: it asks 12 NTX, your budget is 5',
    ]);
  });

  test('the summary counts who would do it and names the best', () => {
    expect(summarySentence(found, offerRows(found, START, words), words)).toMatch(
      /^2 compute providers would do it, 3 will not\. The best asks 4\.25 NTX/,
    );
    expect(summarySentence({ ...found, offers: [] }, [], words)).toBe('No compute provider would do it; 3 say why.');
    expect(summarySentence({ offers: [], others: [], summary: '' }, [], words)).toBe(words.nobody);
  });

  test('what happens next names the amount, the limit and the minimum', () => {
    const [offer] = offerRows(found, START, words);
    expect(offer && nextSentence(offer, record, words)).toMatch(/^4\.25 NTX go .* at most 1 min 00 s\. .* at least 0\.1 NTX/);
  });

  test('cannot be taken with an empty wallet, and says what is missing', () => {
    const [offer] = offerRows(found, START, words);
    const quote = found.offers[0]?.quote.body;
    if (offer === undefined || quote === undefined) throw new Error('the sample has offers');
    const wallet = sampleWallet({ baseUnits: 4_250_000n, lovelace: 10_000_000n });
    expect(fundsProblem(offer, quote, wallet, words)).toBeNull();
    expect(fundsProblem(offer, quote, { ...wallet, baseUnits: 4_249_999n }, words)).toBe(
      'Your wallet holds 4.249999 NTX; this offer locks 4.25 NTX.',
    );
    expect(fundsProblem(offer, quote, { ...wallet, lovelace: 1_000_000n }, words)).toContain('a lock needs about');
    expect(fundsProblem(offer, quote, null, words)).toContain('no wallet');
  });
});

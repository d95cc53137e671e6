// The rules of pay by voucher over any figures: what one side may be made to pay, and the other to run for.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billedPay, quotedAmount, streamTerms, type Quote, type StreamTerms } from './quote.ts';
import { sampleManifest, sampleQuote } from './samples.ts';
import { closingPay, isUnpaid, streamTermsOf, voucherDue, voucherStep } from './stream-pay.ts';

type Streamed = Quote & { stream: StreamTerms };

const shares = fc.tuple(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0.5, max: 50, noNaN: true }));
/** Any price whose amount is more than nothing, and the terms that an agent would make of it. */
const quotes: fc.Arbitrary<Streamed> = fc
  .record({
    rate: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    minimum: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    timeLimitMs: fc.integer({ min: 100, max: 30 * 86_400_000 }),
    shares,
  })
  .map(({ rate, minimum, timeLimitMs, shares: [holdBack, more] }) => {
    const price = {
      rateBaseUnitsPerHour: rate,
      minimumBaseUnits: minimum,
      amountBaseUnits: quotedAmount(rate, timeLimitMs, minimum),
    };
    const stream = streamTermsOf(price, { holdBack, maxUnpaid: holdBack + more });
    return { ...sampleQuote, ...price, timeLimitMs, stream };
  });

describe('terms of an agent', () => {
  test('always fit the amount, and leave room above what is held back', () => {
    fc.assert(
      fc.property(quotes, ({ stream, amountBaseUnits, minimumBaseUnits }) => {
        expect(streamTerms.safeParse(stream).success).toBe(true);
        expect(stream.maxUnpaidBaseUnits).toBeLessThanOrEqual(amountBaseUnits);
        // What is due at the first instruction is paid against outputs alone.
        expect(stream.holdBackBaseUnits >= minimumBaseUnits || stream.holdBackBaseUnits === amountBaseUnits).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a voucher while a job runs', () => {
  const facts = fc.record({
    payBaseUnits: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
    paused: fc.boolean(),
    signed: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    runningForMs: fc.integer({ min: -10_000, max: 30 * 86_400_000 }),
  });

  test('cannot pay above the lock less what is held back, for time that has not passed, or less than before', () => {
    fc.assert(
      fc.property(quotes, facts, (quote, { payBaseUnits, paused, signed, runningForMs }) => {
        const paid = voucherDue(quote, { payBaseUnits, paused, signedBaseUnits: signed, runningForMs });
        if (paid === null) return;
        expect(paid).toBeGreaterThan(signed);
        expect(paid).toBeLessThanOrEqual(quote.amountBaseUnits - quote.stream.holdBackBaseUnits);
        expect(paid).toBeLessThanOrEqual(billedPay(quote, Math.max(0, runningForMs) + 2_000) - quote.stream.holdBackBaseUnits);
        expect(paid).toBeLessThanOrEqual(payBaseUnits - quote.stream.holdBackBaseUnits);
      }),
      { numRuns: 5_000 },
    );
  });

  test('is always signed for an honest job that stands still, and lets it go on', () => {
    fc.assert(
      fc.property(quotes, fc.double({ min: 0, max: 1, noNaN: true }), fc.bigInt({ min: 0n, max: 10n ** 15n }), (quote, share, signed) => {
        const billedMs = Math.floor(share * quote.timeLimitMs);
        const due = billedPay(quote, billedMs);
        if (!isUnpaid(quote.stream, due, signed)) return;
        const paid = voucherDue(quote, { payBaseUnits: due, paused: true, signedBaseUnits: signed, runningForMs: billedMs });
        expect(paid).not.toBeNull();
        expect(isUnpaid(quote.stream, due, paid ?? 0n)).toBe(false);
        // And it is worth keeping for the agent.
        expect(((paid ?? 0n) - signed) * 8n).toBeGreaterThanOrEqual(voucherStep(quote.stream));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the pay at which both sides close', () => {
  test('cannot fall below the highest voucher, whoever is at fault', () => {
    const exits = fc.constantFrom(
      { kind: 'completed' as const },
      { kind: 'jobFault' as const, code: 'stopped', message: '' },
      { kind: 'jobFault' as const, code: 'crashed', message: '' },
      { kind: 'computeProviderFault' as const, code: 'disk', message: '' },
    );
    fc.assert(
      fc.property(
        quotes,
        exits,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (quote, exit, share, part) => {
          const highest = BigInt(Math.floor(part * Number(quote.amountBaseUnits)));
          if (highest > quote.amountBaseUnits) return;
          const manifest = { ...sampleManifest(''), exit, billedMs: Math.floor(share * quote.timeLimitMs) };
          const pay = closingPay(manifest, quote, highest);
          expect(pay).toBeGreaterThanOrEqual(highest);
          expect(pay).toBeLessThanOrEqual(quote.amountBaseUnits);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

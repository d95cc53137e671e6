// Amounts and prices: exact both ways, and never more than was promised.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAmount, parseAmount } from './amount.ts';
import { billedPay, quotedAmount } from './quote.ts';

const amount = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const rate = fc.bigInt({ min: 0n, max: 10n ** 15n });
const ms = fc.integer({ min: 0, max: 30 * 86_400_000 });

describe('text', () => {
  test('of any amount reads back to it', () => {
    fc.assert(
      fc.property(amount, fc.nat(12), (value, decimals) => {
        if (value / 10n ** BigInt(decimals) >= 10n ** 13n) return;
        expect(parseAmount(formatAmount(value, decimals), decimals)).toBe(value);
      }),
    );
  });

  test('is what a person would write', () => {
    expect(formatAmount(2_500_000n)).toBe('2.5');
    expect(formatAmount(0n)).toBe('0');
    expect(formatAmount(1n)).toBe('0.000001');
    expect(formatAmount(-1_500_000n)).toBe('-1.5');
    expect(parseAmount('007')).toBe(7_000_000n);
  });

  test('cannot be anything but a plain decimal', () => {
    for (const text of ['', '-1', '+1', '1e6', '1,5', ' 1', '1.', '.5', '0x10', '1.0000001', '1_000', '١', 'NaN', '9'.repeat(14)]) {
      expect(() => parseAmount(text)).toThrow('Cannot read amount');
    }
  });

  test('cannot have more places than the asset has decimals', () => {
    expect(() => parseAmount('1.5', 0)).toThrow('at most 0 places');
    expect(() => parseAmount('0.0000001')).toThrow('at most 6 places');
    expect(parseAmount('0.0000001', 7)).toBe(1n);
  });

  test('cannot be 2^63 base units or more', () => {
    expect(parseAmount('9223372036854.775807')).toBe((1n << 63n) - 1n);
    for (const text of ['9223372036854.775808', '9999999999999.999999'])
      expect(() => parseAmount(text)).toThrow(
        expect.objectContaining({ code: 'amount-invalid', message: expect.stringContaining('at most') }),
      );
    expect(() => parseAmount('1', 19)).toThrow('at most');
  });
});

describe('pay', () => {
  test('is never above the lock, never below the minimum, and the whole time costs the whole quote', () => {
    fc.assert(
      fc.property(rate, ms, rate, ms, (rateBaseUnitsPerHour, limitMs, minimumBaseUnits, billedMs) => {
        const amountBaseUnits = quotedAmount(rateBaseUnitsPerHour, limitMs, minimumBaseUnits);
        const quote = { rateBaseUnitsPerHour, minimumBaseUnits, amountBaseUnits };
        const pay = billedPay(quote, billedMs);
        expect(pay).toBeLessThanOrEqual(amountBaseUnits);
        expect(pay).toBeGreaterThanOrEqual(minimumBaseUnits);
        expect(billedPay(quote, limitMs)).toBe(amountBaseUnits);
      }),
    );
  });

  test('grows with the time, and splitting the time never makes it cheaper', () => {
    fc.assert(
      fc.property(rate, ms, ms, (perHour, a, b) => {
        expect(quotedAmount(perHour, a + b, 0n)).toBeGreaterThanOrEqual(quotedAmount(perHour, a, 0n));
        expect(quotedAmount(perHour, a, 0n) + quotedAmount(perHour, b, 0n)).toBeGreaterThanOrEqual(quotedAmount(perHour, a + b, 0n));
      }),
    );
  });

  test('is rounded up to the base unit, never by more', () => {
    fc.assert(
      fc.property(rate, ms, (perHour, time) => {
        const exact = perHour * BigInt(time);
        const pay = quotedAmount(perHour, time, 0n) * 3_600_000n;
        expect(pay - exact).toBeGreaterThanOrEqual(0n);
        expect(pay - exact).toBeLessThan(3_600_000n);
      }),
    );
  });
});

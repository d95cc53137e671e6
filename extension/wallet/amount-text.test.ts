// Amounts as people type them: read exactly or refused with a reason.
import { formatAmount } from '@nunet/shared/amount.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQuantity } from './amount-text.ts';

const read = (text: string, decimals = 6): bigint | string => {
  const verdict = readQuantity(text, decimals);
  return verdict.ok ? verdict.quantity : verdict.reason;
};

test('reads what it writes, for any quantity and any number of decimals', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: (1n << 63n) - 1n }), fc.integer({ min: 0, max: 20 }), (quantity, decimals) => {
      expect(read(formatAmount(quantity, decimals), decimals)).toBe(quantity);
      // As it is written where a comma is the decimal mark, unless it could be one between thousands.
      const other = formatAmount(quantity, decimals).replace('.', ',');
      expect([quantity, 'separator']).toContain(read(other, decimals));
    }),
  );
});

test('reads what people mean', () => {
  expect(read('2.5')).toBe(2_500_000n);
  expect(read(' 2,5 ')).toBe(2_500_000n);
  expect(read('.5')).toBe(500_000n);
  expect(read('5.')).toBe(5_000_000n);
  expect(read('1.234')).toBe(1_234_000n);
  expect(read('0,123')).toBe(123_000n);
  expect(read('007')).toBe(7_000_000n);
  expect(read('3', 0)).toBe(3n);
  expect(read('3.000', 0)).toBe(3n);
  expect(read('1.50000000000')).toBe(1_500_000n);
});

describe('an amount', () => {
  test('cannot have more decimals than the asset', () => {
    expect(read('0.0000001')).toBe('too-many-decimals');
    expect(read('1.5', 0)).toBe('too-many-decimals');
  });
  test('cannot be negative, nothing or signed', () => {
    expect(read('-1')).toBe('negative');
    expect(read('−1')).toBe('negative');
    expect(read('+1')).toBe('not-a-number');
    expect(read('0')).toBe('zero');
    expect(read('0.000000')).toBe('zero');
  });
  test('cannot be written with an exponent', () => {
    expect(read('1e6')).toBe('exponent');
    expect(read('1.5E-3')).toBe('exponent');
  });
  test('cannot be ambiguous about thousands', () => {
    expect(read('1,234')).toBe('separator');
    expect(read('1,234.5')).toBe('separator');
    expect(read('1.234,5')).toBe('separator');
    expect(read('1 000')).toBe('separator');
    expect(read('1’000')).toBe('separator');
    expect(read('1_000')).toBe('separator');
  });
  test('cannot be larger than the ledger counts', () => {
    expect(read('9223372036854775807', 0)).toBe((1n << 63n) - 1n);
    expect(read('9223372036854775808', 0)).toBe('too-large');
    expect(read('9'.repeat(1_000_000))).toBe('too-large');
  });
  test('cannot be anything else', () => {
    for (const text of ['.', ',', 'abc', '0x10', '1/2', '١٢', '1\u202e2', 'NaN', 'Infinity', '１'])
      expect(['not-a-number', 'empty']).toContain(read(text));
    expect(read('')).toBe('empty');
  });
});

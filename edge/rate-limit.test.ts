import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

test('a burst, then the rate, for each name by itself', () => {
  let now = 0;
  const limit = createRateLimit({ burst: 3, perSecond: 2, maxNames: 10, now: () => now });
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([true, true, true, false]);
  expect(limit.take('b')).toBe(true);
  now = 500;
  expect([limit.take('a'), limit.take('a')]).toEqual([true, false]);
  now = 60_000;
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([true, true, true, false]);
});

test('cannot grow without end: new names push out the one unused for longest', () => {
  const limit = createRateLimit({ burst: 1, perSecond: 0.001, maxNames: 3, now: () => 0 });
  for (const name of ['a', 'b', 'c']) limit.take(name);
  expect(limit.take('a')).toBe(false);
  limit.take('d');
  expect([limit.take('a'), limit.take('b')]).toEqual([false, true]);
});

test('a clock that jumps back gives nothing away and locks nobody out', () => {
  let now = 10_000;
  const limit = createRateLimit({ burst: 2, perSecond: 1, maxNames: 3, now: () => now });
  limit.take('a');
  now = 0;
  expect([limit.take('a'), limit.take('a')]).toEqual([true, false]);
  now = 2_000;
  expect(limit.take('a')).toBe(true);
});

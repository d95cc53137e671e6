import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pauseBefore, retryAfterMs, Transient } from './retry.ts';

test('a pause lies between half of its delay and all of it, and there are as many as delays', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 5 }),
      fc.nat(6),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (delays, tried, random) => {
        const pause = pauseBefore(tried, new Transient('down'), delays, random);
        const delay = delays[tried];
        if (delay === undefined) expect(pause).toBeNull();
        else expect(pause).toSatisfy((ms: number) => ms >= delay / 2 && ms <= delay);
      },
    ),
  );
});

test('a source is given the pause that it asks for, up to ten seconds, and the own one on top', () => {
  expect(pauseBefore(0, new Transient('busy', { askedMs: 10_000 }), [200], 0)).toBe(10_100);
  expect(pauseBefore(0, new Transient('busy', { askedMs: 10_001 }), [200], 0)).toBeNull();
  expect(pauseBefore(1, new Transient('busy', { askedMs: 1 }), [200], 0)).toBeNull();
});

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['-5', null],
  ['soon', null],
  ['', null],
  [null, null],
])('Retry-After %j is %j ms', (header, wanted) => {
  expect(retryAfterMs(header, 1_000)).toBe(wanted);
});

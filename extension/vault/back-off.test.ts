// The wait after wrong passwords.
import { describe, expect, test } from 'vitest';
import { NO_ATTEMPTS, retryAt } from './back-off.ts';

const NOW = 1_800_000_000_000;
const waitAfter = (failed: number): number => (retryAt({ failed, lastMs: NOW }, NOW) ?? NOW) - NOW;

describe('the next try', () => {
  test('is free at first, then waits 1 s, doubled each time, at most 60 s', () => {
    expect(retryAt(NO_ATTEMPTS, NOW)).toBeNull();
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100, 1_000_000].map(waitAfter)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((s) => s * 1_000));
  });

  test('may be made once the wait is over, not a millisecond before', () => {
    expect(retryAt({ failed: 3, lastMs: NOW }, NOW + 3_999)).toBe(NOW + 4_000);
    expect(retryAt({ failed: 3, lastMs: NOW }, NOW + 4_000)).toBeNull();
  });

  test('cannot come sooner, or later than a minute, by a clock that is set back', () => {
    const at = retryAt({ failed: 9, lastMs: NOW }, NOW - 86_400_000) ?? 0;
    expect(at - (NOW - 86_400_000)).toBe(60_000);
  });
});

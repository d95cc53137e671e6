// The deadline of an open wallet.
import { describe, expect, test } from 'vitest';
import { isOver } from './lock-clock.ts';

const LIMIT = 600_000;
const touched = { wallMs: 1_800_000_000_000, ticksMs: 5_000 };
const after = (wallMs: number, ticksMs: number) => ({ wallMs: touched.wallMs + wallMs, ticksMs: touched.ticksMs + ticksMs });

describe('the deadline', () => {
  test('is there when the minutes are over, and not before', () => {
    expect(isOver(touched, LIMIT, after(LIMIT - 1, LIMIT - 1))).toBe(false);
    expect(isOver(touched, LIMIT, after(LIMIT, LIMIT))).toBe(true);
  });

  test('cannot be slept through: ticks that stood still do not count against the wall clock', () => {
    expect(isOver(touched, LIMIT, after(8 * 3_600_000, 1_000))).toBe(true);
  });

  test('cannot be put off by setting the clock back', () => {
    expect(isOver(touched, LIMIT, after(-50_000, LIMIT))).toBe(true);
    expect(isOver(touched, LIMIT, after(-60_001, 10))).toBe(true);
    expect(isOver(touched, LIMIT, after(-3_600_000, 10))).toBe(true);
  });

  test('survives the small corrections that a time server makes', () => {
    expect(isOver(touched, LIMIT, after(-2_000, 10_000))).toBe(false);
  });
});

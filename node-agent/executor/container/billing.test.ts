// Billed time under restarts, pauses and clocks that are set.
import { describe, expect, test } from 'vitest';
import { billedMs, elapsedMs, type Span } from './billing.ts';

const HOUR = 3_600_000;
const start = { wall: 1_000_000, mono: 500 };
const span = (part: Partial<Span> = {}): Span => ({ start, pausedMs: 0, pausedSince: null, ...part });
const after = (ms: number, clockSetBy = 0) => ({ wall: start.wall + ms + clockSetBy, mono: start.mono + ms });

describe('billed time', () => {
  test("is the engine's own span, to the millisecond", () => {
    expect(billedMs(span(), after(1_234), 10_000)).toBe(1_234);
  });

  test('cannot be made longer or shorter by setting the clock while the job runs', () => {
    expect(billedMs(span(), after(5_000, HOUR), 2 * HOUR)).toBe(5_000);
    expect(billedMs(span(), after(5_000, -HOUR), 2 * HOUR)).toBe(5_000);
  });

  test('cannot be more than the limit, nor less than nothing', () => {
    expect(billedMs(span(), after(50_000), 10_000)).toBe(10_000);
    expect(billedMs(span({ pausedMs: 9_000 }), after(5_000), 10_000)).toBe(0);
  });

  test('leaves out pauses, the one that goes on included', () => {
    expect(billedMs(span({ pausedMs: 1_000 }), after(5_000), 10_000)).toBe(4_000);
    expect(billedMs(span({ pausedMs: 1_000, pausedSince: start.mono + 3_000 }), after(5_000), 10_000)).toBe(2_000);
  });

  test('of an end that nobody saw is what the engine noted, never more than can have passed', () => {
    expect(elapsedMs(start, { wall: start.wall + 3_000, mono: start.mono + 60_000 }, false)).toBe(3_000);
    expect(elapsedMs(start, { wall: start.wall + HOUR, mono: start.mono + 60_000 }, false)).toBe(60_000);
    expect(elapsedMs(start, { wall: start.wall - HOUR, mono: start.mono + 60_000 }, false)).toBe(0);
  });
});

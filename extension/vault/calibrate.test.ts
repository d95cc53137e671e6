// The weight of the password's protection: never below the floor, never above the ceiling, never lighter than it was.
import { describe, expect, test } from 'vitest';
import { isHeavier, raised } from './calibrate.ts';
import { CEILING, FLOOR } from './envelope.ts';

describe('parameters', () => {
  test('stay when a derivation takes half a second or more', () => {
    for (const took of [500, 700, 1_000, 60_000]) expect(raised(FLOOR, took)).toBe(FLOOR);
  });

  test('rise in memory first, in proportion to what is left of 600 ms', () => {
    expect(raised(FLOOR, 350)).toEqual({ memoryKib: 104 * 1024, passes: 3 });
    expect(raised(FLOOR, 480)).toEqual({ memoryKib: 80 * 1024, passes: 3 });
  });

  test('rise in passes where memory is at its ceiling', () => {
    expect(raised(FLOOR, 175)).toEqual({ memoryKib: 128 * 1024, passes: 5 });
    expect(raised({ memoryKib: 128 * 1024, passes: 3 }, 350)).toEqual({ memoryKib: 128 * 1024, passes: 5 });
  });

  test('cannot leave the ceiling, or fall, whatever a clock says', () => {
    for (const took of [-5, 0, 0.01, 1, 10, 100, 499]) {
      for (const from of [FLOOR, { memoryKib: 100 * 1024, passes: 5 }, CEILING]) {
        const to = raised(from, took);
        expect(to.memoryKib).toBeGreaterThanOrEqual(from.memoryKib);
        expect(to.passes).toBeGreaterThanOrEqual(from.passes);
        expect(to.memoryKib).toBeLessThanOrEqual(CEILING.memoryKib);
        expect(to.passes).toBeLessThanOrEqual(CEILING.passes);
      }
    }
  });

  test('are compared by their work', () => {
    expect(isHeavier({ memoryKib: 2, passes: 3 }, { memoryKib: 3, passes: 2 })).toBe(false);
    expect(isHeavier({ memoryKib: 2, passes: 4 }, { memoryKib: 3, passes: 2 })).toBe(true);
  });
});

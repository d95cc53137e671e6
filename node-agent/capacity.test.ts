import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Capacity, shareOf } from './capacity.ts';

const total = { cpus: 4, memoryBytes: 1_000, diskBytes: 1_000, gpus: 1 };
const one = { cpus: 1, memoryBytes: 100, diskBytes: 100, gpus: 0 };

describe('capacity', () => {
  it('lends the share that the owner set, at least one CPU, and nothing outside 10 to 90 %', () => {
    expect(shareOf({ cpus: 9, memoryBytes: 1_001, diskBytes: 10, gpus: 2 }, { cpus: 50, memory: 90, disk: 10 })).toEqual({
      cpus: 4,
      memoryBytes: 900,
      diskBytes: 1,
      gpus: 2,
    });
    expect(shareOf({ cpus: 1, memoryBytes: 10, diskBytes: 10, gpus: 0 }, { cpus: 10, memory: 10, disk: 10 }).cpus).toBe(1);
    for (const wrong of [9, 91, NaN]) expect(() => shareOf(total, { cpus: wrong, memory: 50, disk: 50 })).toThrow('10 to 90');
  });

  it('tells what it never has from what is busy now', () => {
    const capacity = new Capacity(total);
    capacity.reserve('a', { resources: { ...one, cpus: 3 }, until: null });
    expect(capacity.problems('b', { ...one, cpus: 2 }, 0).map((r) => r.code)).toEqual(['capacity-busy']);
    expect(capacity.problems('b', { ...one, cpus: 5, gpus: 2 }, 0).map((r) => r.code)).toEqual([
      'capacity-too-small',
      'capacity-too-small',
    ]);
    expect(capacity.problems('a', { ...one, cpus: 4 }, 0)).toEqual([]);
  });

  it('frees a quote when its time is over and a job when it is released', () => {
    const capacity = new Capacity(total);
    capacity.reserve('quote', { resources: one, until: 90 });
    capacity.reserve('job', { resources: one, until: null });
    expect([89, 90].map((now) => capacity.free(now).cpus)).toEqual([2, 3]);
    capacity.releaseQuote('job');
    expect(capacity.has('job', 90)).toBe(true);
    capacity.release('job');
    expect(capacity.free(90)).toEqual(total);
  });

  it('cannot be lent twice, whatever is asked in whatever order', () => {
    const asks = fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c', 'd'),
        cpus: fc.integer({ min: 0, max: 6 }),
        memoryBytes: fc.integer({ min: 0, max: 1_500 }),
        release: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(asks, (steps) => {
        const capacity = new Capacity(total);
        const held = new Map<string, { cpus: number; memoryBytes: number }>();
        for (const { id, cpus, memoryBytes, release } of steps) {
          const resources = { ...one, cpus, memoryBytes, diskBytes: 0 };
          if (release) {
            capacity.release(id);
            held.delete(id);
          } else if (capacity.problems(id, resources, 0).length === 0) {
            capacity.reserve(id, { resources, until: null });
            held.set(id, resources);
          }
          const sum = (part: 'cpus' | 'memoryBytes'): number => [...held.values()].reduce((all, r) => all + r[part], 0);
          expect(sum('cpus')).toBeLessThanOrEqual(total.cpus);
          expect(capacity.free(0).cpus).toBe(total.cpus - sum('cpus'));
          expect(capacity.free(0).memoryBytes).toBe(total.memoryBytes - sum('memoryBytes'));
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Capacity, OWN_MEMORY_BYTES, shareOf } from './capacity.ts';
import type { LentGpu } from './gpu/allotment.ts';

const total = { cpus: 4, memoryBytes: 1_000, diskBytes: 1_000, gpus: 1 };
const gpu = (id: string, memoryBytes: number | null = 100, model = 'nvidia A'): LentGpu => ({ id, memoryBytes, model, isSlice: false });
const one = { cpus: 1, memoryBytes: 100, diskBytes: 100, gpus: 0 };

describe('capacity', () => {
  it('lends the share that the owner set, at least one CPU, and nothing outside 10 to 90 %', () => {
    expect(shareOf({ cpus: 9, memoryBytes: 1_001 * 2 ** 20, diskBytes: 10, gpus: 2 }, { cpus: 50, memory: 50, disk: 10 })).toEqual({
      cpus: 4,
      memoryBytes: 500.5 * 2 ** 20,
      diskBytes: 1,
      gpus: 2,
    });
    expect(shareOf({ cpus: 1, memoryBytes: 10, diskBytes: 10, gpus: 0 }, { cpus: 10, memory: 10, disk: 10 }).cpus).toBe(1);
    for (const wrong of [9, 91, NaN]) expect(() => shareOf(total, { cpus: wrong, memory: 50, disk: 50 })).toThrow('10 to 90');
  });

  it('keeps what the agent itself needs out of what is lent', () => {
    const small = { cpus: 2, memoryBytes: 2 ** 30, diskBytes: 10, gpus: 0 };
    expect(shareOf(small, { cpus: 50, memory: 90, disk: 10 }).memoryBytes).toBe(2 ** 30 - OWN_MEMORY_BYTES);
    expect(shareOf({ ...small, memoryBytes: 2 ** 28 }, { cpus: 50, memory: 90, disk: 10 }).memoryBytes).toBe(0);
  });

  it('tells what it never has from what is busy now', () => {
    const capacity = new Capacity(total, [gpu('0')]);
    capacity.reserve('a', { resources: { ...one, cpus: 3 }, until: null }, 0);
    expect(capacity.problems('b', { ...one, cpus: 2 }, 0).map((r) => r.code)).toEqual(['capacity-busy']);
    expect(capacity.problems('b', { ...one, cpus: 5, gpus: 2 }, 0).map((r) => r.code)).toEqual([
      'capacity-too-small',
      'capacity-too-small',
    ]);
    expect(capacity.problems('a', { ...one, cpus: 4 }, 0)).toEqual([]);
  });

  it('frees a quote when its time is over and a job when it is released', () => {
    const capacity = new Capacity(total, [gpu('0')]);
    capacity.reserve('quote', { resources: one, until: 90 }, 0);
    capacity.reserve('job', { resources: one, until: null }, 0);
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
        const capacity = new Capacity(total, [gpu('0')]);
        const held = new Map<string, { cpus: number; memoryBytes: number }>();
        for (const { id, cpus, memoryBytes, release } of steps) {
          const resources = { ...one, cpus, memoryBytes, diskBytes: 0 };
          if (release) {
            capacity.release(id);
            held.delete(id);
          } else if (capacity.problems(id, resources, 0).length === 0) {
            capacity.reserve(id, { resources, until: null }, 0);
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

  it('counts the disk of a job as memory too, where it lies there', () => {
    const capacity = new Capacity(total);
    const asked = { ...one, memoryBytes: 600, diskBytes: 500 };
    expect(capacity.problems('a', asked, 0)).toEqual([]);
    const [problem] = capacity.problems('a', { ...asked, diskIsMemory: true }, 0);
    expect(problem).toMatchObject({ code: 'capacity-too-small', message: expect.stringContaining('disk of such a job lies in memory') });
    capacity.reserve('a', { resources: { ...one, memoryBytes: 400, diskBytes: 500, diskIsMemory: true }, until: null }, 0);
    expect(capacity.free(0)).toMatchObject({ memoryBytes: 100, diskBytes: 500 });
  });

  it('gives each GPU to one job at a time, and the same ones to the job that its quote was held for', () => {
    const capacity = new Capacity(total, [gpu('0'), gpu('1'), gpu('2')]);
    const two = { ...one, gpus: 2 };
    const quoted = capacity.reserve('a', { resources: two, until: 90 }, 0);
    expect(quoted).toHaveLength(2);
    expect(capacity.problems('b', two, 0).map((r) => r.code)).toEqual(['capacity-busy']);
    expect(capacity.problems('b', { ...one, gpus: 4 }, 0).map((r) => r.code)).toEqual(['capacity-too-small']);
    expect(capacity.reserve('b', { resources: { ...one, gpus: 1 }, until: null }, 0)).toEqual(['2']);
    expect(capacity.reserve('a', { resources: two, until: null }, 50)).toEqual(quoted);
    expect(capacity.free(50).gpus).toBe(0);
    capacity.release('a');
    expect(capacity.free(50).gpus).toBe(2);
  });

  it('gives no job a GPU that is not fit, for as long as it is not', () => {
    const unfit = new Map([['0', 'memory is still taken']]);
    const capacity = new Capacity(total, [gpu('0'), gpu('1')], unfit);
    expect(capacity.free(0).gpus).toBe(1);
    expect(capacity.problems('a', { ...one, gpus: 2 }, 0).map((r) => r.code)).toEqual(['capacity-busy']);
    expect(capacity.reserve('a', { resources: { ...one, gpus: 1 }, until: null }, 0)).toEqual(['1']);
    unfit.clear();
    expect(capacity.reserve('b', { resources: { ...one, gpus: 1 }, until: null }, 0)).toEqual(['0']);
  });

  it('keeps the GPUs that a journal names, also one that is not lent any more', () => {
    const capacity = new Capacity(total, [gpu('0'), gpu('1')]);
    expect(capacity.reserve('a', { resources: { ...one, gpus: 2 }, until: null }, 0, ['1', 'gone'])).toEqual(['1', 'gone']);
    expect(capacity.lends(['1', 'gone'])).toBe(false);
    expect(capacity.lends(['1'])).toBe(true);
    expect(capacity.reserve('b', { resources: { ...one, gpus: 1 }, until: null }, 0)).toEqual(['0']);
  });
});

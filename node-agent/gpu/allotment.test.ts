import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allot, lentGpus, type LentGpu } from './allotment.ts';
import type { Gpu } from './gpu.ts';

const now = { usedBytes: null, busyPercent: null, temperatureC: null, powerW: null, processes: null };
const card = (id: string, name: string, memoryBytes: number | null, slices: Gpu['slices'] = []): Gpu => ({
  vendor: 'nvidia',
  id,
  name,
  pci: '0000:01:00.0',
  driver: null,
  architecture: null,
  memoryBytes,
  nodes: [],
  slices,
  now,
});
const MIG = [
  { id: 'MIG-a', name: 'MIG 1g.10gb' },
  { id: 'MIG-b', name: 'MIG 3g.40gb' },
];
const lent = (id: string, memoryBytes: number | null, model = 'nvidia A', isSlice = false): LentGpu => ({
  id,
  memoryBytes,
  model,
  isSlice,
});

describe('GPUs that are lent', () => {
  it('are the ones that the owner chose; a GPU that is cut stands for its slices', () => {
    const all = [card('GPU-1', 'A100', 80 * 2 ** 30, MIG), card('GPU-2', 'T4', 16 * 2 ** 30)];
    expect(lentGpus(all, ['GPU-2', 'GPU-9'])).toEqual({ lent: [lent('GPU-2', 16 * 2 ** 30, 'nvidia T4')], missing: ['GPU-9'] });
    const ten = lent('MIG-a', 10 * 2 ** 30, 'nvidia A100 MIG 1g.10gb', true);
    expect(lentGpus(all, ['GPU-1']).lent).toEqual([ten, lent('MIG-b', 40 * 2 ** 30, 'nvidia A100 MIG 3g.40gb', true)]);
    expect(lentGpus(all, ['MIG-a', 'GPU-1', 'MIG-a']).lent.map(({ id }) => id)).toEqual(['MIG-a', 'MIG-b']);
  });
});

describe('allotment', () => {
  it('takes the smallest that do', () => {
    const all = [lent('big', 80), lent('small', 10, 'nvidia B'), lent('middle', 40, 'nvidia C')];
    expect(allot(all, new Set(), { gpus: 1 })).toEqual(['small']);
    expect(allot(all, new Set(), { gpus: 1, gpuMemoryBytes: 11 })).toEqual(['middle']);
    expect(allot(all, new Set(['middle']), { gpus: 1, gpuMemoryBytes: 11 })).toEqual(['big']);
    expect(allot(all, new Set(), { gpus: 1, gpuMemoryBytes: 81 })).toBeNull();
  });

  it('does not promise memory that nobody has told', () => {
    expect(allot([lent('x', null)], new Set(), { gpus: 1, gpuMemoryBytes: 1 })).toBeNull();
    expect(allot([lent('x', null)], new Set(), { gpus: 1 })).toEqual(['x']);
  });

  it('gives several of one model only, and never several slices', () => {
    const mixed = [lent('a1', 80), lent('b1', 10, 'nvidia B'), lent('a2', 80)];
    expect(allot(mixed, new Set(), { gpus: 2 })).toEqual(['a1', 'a2']);
    expect(allot(mixed, new Set(['a2']), { gpus: 2 })).toBeNull();
    const slices = [lent('s1', 10, 'nvidia A MIG', true), lent('s2', 10, 'nvidia A MIG', true)];
    expect(allot(slices, new Set(), { gpus: 2 })).toBeNull();
    expect(allot(slices, new Set(['s1']), { gpus: 1 })).toEqual(['s2']);
  });

  it('cannot give one GPU twice', () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((id, index) => lent(id, index * 10, index < 3 ? 'nvidia A' : 'nvidia B'));
    const asks = fc.array(fc.record({ gpus: fc.integer({ min: 0, max: 3 }), gpuMemoryBytes: fc.integer({ min: 0, max: 50 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(asks, (asked) => {
        const taken = new Set<string>();
        for (const ask of asked) {
          const got = allot(all, taken, ask);
          if (got === null) continue;
          expect(got).toHaveLength(ask.gpus);
          expect(new Set(all.filter(({ id }) => got.includes(id)).map(({ model }) => model)).size).toBeLessThanOrEqual(1);
          for (const id of got) {
            expect(taken.has(id)).toBe(false);
            taken.add(id);
          }
        }
      }),
    );
  });
});

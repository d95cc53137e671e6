// What a job used and left of its GPUs: recorded outputs of a real one, idle and busy (fixtures/README.md), in an order made up here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createJobGpus } from './job-gpus.ts';
import { NVIDIA_PROCESSES } from './nvidia.ts';
import { readGpus, type RunTool } from './read-gpus.ts';
import { judged } from './scrub.ts';
import { gpuWatch, startGpuMeter } from './watch.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.txt`), 'utf8');
const H100 = 'GPU-11111111-2222-3333-4444-555555555555';
const NOWHERE = '/nonexistent';
const signal = new AbortController().signal;

/** One machine whose GPU is as recorded under `state`, and a clock that moves by hand. */
function machine(state: 'idle' | 'busy' | 'gone') {
  const at = { state, clock: 0, runs: 0, tool: 'there' as 'there' | 'absent' | 'hangs' };
  const run: RunTool = (name, args) => {
    if (name !== 'nvidia-smi') return Promise.resolve(null);
    at.runs += 1;
    if (at.tool === 'absent') return Promise.resolve(null);
    if (at.tool === 'hangs') return Promise.resolve({ code: null, output: '' });
    if (at.state === 'gone') return Promise.resolve({ code: 0, output: '' });
    return Promise.resolve({ code: 0, output: recorded(`h100-${at.state}-${args === NVIDIA_PROCESSES ? 'processes' : 'query'}`) });
  };
  const elapsed = (): number => at.clock;
  return {
    at,
    elapsed,
    watch: gpuWatch({ run, sys: NOWHERE, elapsed, maxAgeMs: 1_000 }),
    read: () => readGpus({ run, sys: NOWHERE, dev: NOWHERE }),
    sleep: (ms: number): Promise<void> => {
      at.clock += ms;
      return Promise.resolve();
    },
  };
}

describe('the watch', () => {
  test('tells how busy, hot and full a GPU is, one look for all who ask', async () => {
    const { at, watch } = machine('busy');
    const both = await Promise.all([watch.sample(), watch.sample()]);
    expect(both[0]).toEqual([{ id: H100, now: { usedBytes: 2_019 * 2 ** 20, busyPercent: 100, temperatureC: 56, powerW: 692.55 } }]);
    expect(at.runs).toBe(1);
    at.clock = 999;
    await watch.sample();
    expect(at.runs).toBe(1);
    at.clock = 1_000;
    await watch.sample();
    expect(at.runs).toBe(2);
  });

  test('asks a machine without nvidia-smi once a minute, and tells nothing where the driver hangs', async () => {
    const { at, watch } = machine('idle');
    at.tool = 'absent';
    for (; at.clock < 59_000; at.clock += 1_000) expect(await watch.sample()).toEqual([]);
    expect(at.runs).toBe(1);
    at.clock = 61_000;
    at.tool = 'hangs';
    expect(await watch.sample()).toEqual([]);
    at.tool = 'there';
    at.clock = 63_000;
    expect(await watch.sample()).toHaveLength(1);
  });
});

describe('the usage of a job', () => {
  test('is the time its GPUs were busy, and what it took of their memory beyond what was taken before', async () => {
    const { at, watch, elapsed } = machine('idle');
    const meter = await startGpuMeter({ watch, ids: [H100], elapsed, everyMs: 2 ** 30 });
    at.state = 'busy';
    at.clock = 10_000;
    expect(await meter.stop()).toEqual({ gpuMs: 10_000, gpuPeakMemoryBytes: 2_019 * 2 ** 20 });
  });

  test('is left out where it could not be read, and there is none without GPUs', async () => {
    const { at, watch, elapsed } = machine('idle');
    const meter = await startGpuMeter({ watch, ids: [H100], elapsed, everyMs: 2 ** 30 });
    at.tool = 'hangs';
    at.clock = 5_000;
    expect(await meter.stop()).toEqual({});
    expect(await (await startGpuMeter({ watch, ids: [], elapsed, everyMs: 1 })).stop()).toEqual({});
  });
});

describe('the next job', () => {
  const gpus = (m: ReturnType<typeof machine>, lines: string[] = []) => createJobGpus({ ...m, log: (line) => lines.push(line) });

  test('gets a GPU once nothing computes on it and its memory is free', async () => {
    const m = machine('idle');
    const using = await gpus(m).begin([H100]);
    m.at.state = 'busy';
    m.at.clock = 4_000;
    expect(await using.used()).toEqual({ gpuMs: 4_000, gpuPeakMemoryBytes: 2_019 * 2 ** 20 });
    const released = using.release(signal);
    m.at.state = 'idle';
    expect(await released).toEqual([{ id: H100, state: 'clean', why: expect.any(String) }]);
  });

  test('cannot get a GPU on which something of the last one still computes, until it does not', async () => {
    const m = machine('idle');
    const lines: string[] = [];
    const jobs = gpus(m, lines);
    const using = await jobs.begin([H100]);
    m.at.state = 'busy';
    await using.used();
    expect(await using.release(signal)).toEqual([{ id: H100, state: 'dirty', why: '2 processes still compute on it' }]);
    expect(m.at.clock).toBeGreaterThanOrEqual(30_000);
    expect([...jobs.unfit.keys()]).toEqual([H100]);
    await jobs.recheck(signal);
    expect(jobs.unfit.size).toBe(1);
    m.at.state = 'idle';
    await jobs.recheck(signal);
    expect(jobs.unfit.size).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/no further job: 2 processes/), expect.stringMatching(/takes jobs again/)]);
  });

  test('cannot get a GPU whose memory is still taken, or one that does not answer', async () => {
    const m = machine('busy');
    const {
      gpus: [busy],
    } = await m.read();
    if (busy === undefined) throw new Error('no GPU');
    const held = { ...busy, now: { ...busy.now, processes: 0 } };
    expect(judged(H100, [held], 0)).toMatchObject({ state: 'dirty', why: expect.stringContaining('2019 MiB') });
    expect(judged(H100, [held], 2_000 * 2 ** 20).state).toBe('clean');
    expect(judged(H100, [], 0).state).toBe('dirty');
    m.at.state = 'gone';
    const jobs = gpus(m);
    await (await jobs.begin([H100])).release(signal);
    expect(jobs.unfit.get(H100)).toMatch(/does not answer/);
  });

  test('cannot get a GPU on which a job of an earlier process still computes', async () => {
    const m = machine('busy');
    const jobs = gpus(m);
    await jobs.takeUp([H100]).release(signal);
    expect(jobs.unfit.get(H100)).toMatch(/2 processes/);
    m.at.state = 'idle';
    await jobs.recheck(signal);
    expect(jobs.unfit.size).toBe(0);
  });

  test('a slice, or a GPU that does not tell, is not called clean', async () => {
    const {
      gpus: [gpu],
    } = await machine('idle').read();
    if (gpu === undefined) throw new Error('no GPU');
    const slice = { id: 'MIG-c7384736-a75d-5afc-978f-d2f1294409fd', name: '1g.10gb' };
    expect(judged(slice.id, [{ ...gpu, slices: [slice] }], 0).state).toBe('unverified');
    expect(judged(H100, [{ ...gpu, now: { ...gpu.now, usedBytes: null } }], 0).state).toBe('unverified');
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { JobGpus } from '../gpu/job-gpus.ts';
import { hugeTensorJob, requestOf } from './conformance-jobs.ts';
import { systemClock } from './embedded.ts';
import { FakeExecutor, type FakeStep } from './fake.ts';
import { withGpus } from './with-gpus.ts';

const signal = new AbortController().signal;
const GPU = 'GPU-11111111-2222-3333-4444-555555555555';
const DONE: FakeStep[] = [{ do: 'output', name: 'y.npy', bytes: new Uint8Array(8) }];

/** A fake executor with one GPU, and what was asked of the GPU in order. */
async function setUp(steps: FakeStep[], gpus: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'with-gpus-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const asked: string[] = [];
  const jobGpus: JobGpus = {
    unfit: new Map(),
    begin: (ids) => {
      asked.push(`begin ${ids.join()}`);
      return Promise.resolve({
        used: () => {
          asked.push('used');
          return Promise.resolve({ gpuMs: 5, gpuPeakMemoryBytes: 7 });
        },
        release: () => {
          asked.push('release');
          return Promise.resolve([]);
        },
      });
    },
    takeUp: (ids) => {
      asked.push(`take up ${ids.join()}`);
      return { used: () => Promise.resolve({}), release: () => Promise.resolve(asked.push('release')).then(() => []) };
    },
    recheck: () => Promise.resolve(),
  };
  const fake = new FakeExecutor({ clock: systemClock, script: () => ({ steps }) });
  const executor = withGpus(fake, jobGpus, () => gpus, signal);
  return { executor, fake, asked, request: { ...(await requestOf(hugeTensorJob(), folder)), gpus } };
}

test('what a job used of its GPUs is in its result, and they are looked at when it has ended', async () => {
  const { executor, asked, request } = await setUp(DONE, [GPU]);
  const handle = await executor.start(request, () => Promise.resolve(), signal);
  const result = await executor.wait(handle, () => undefined, signal);
  expect(result).toMatchObject({ exit: { kind: 'completed' }, usage: { gpuMs: 5, gpuPeakMemoryBytes: 7 } });
  expect(asked).toEqual([`begin ${GPU}`, 'used', 'release']);
  await executor.remove(handle);
});

test('a job without GPUs has no GPU usage, and nobody looks', async () => {
  const { executor, asked, request } = await setUp(DONE, []);
  const handle = await executor.start(request, () => Promise.resolve(), signal);
  expect((await executor.wait(handle, () => undefined, signal)).usage).toBeUndefined();
  expect(asked).toEqual([]);
});

test('a job that an earlier process began is looked at as well when it has ended', async () => {
  const { executor, fake, asked, request } = await setUp(DONE, [GPU]);
  const handle = await fake.start(request, () => Promise.resolve());
  expect((await executor.wait(handle, () => undefined, signal)).exit).toEqual({ kind: 'completed' });
  expect(asked).toEqual([`take up ${GPU}`, 'release']);
});

test('a job that could not start gives its GPUs back', async () => {
  const { executor, asked, request } = await setUp(DONE, [GPU]);
  await expect(executor.start(request, () => Promise.reject(new Error('journal full')), signal)).rejects.toThrow('journal full');
  expect(asked).toEqual([`begin ${GPU}`, 'used', 'release']);
});

test('all else is asked of the executor itself', async () => {
  const { executor, fake } = await setUp(DONE, [GPU]);
  expect(executor.kind).toBe('fake');
  expect(await executor.fingerprint(signal)).toEqual(await fake.fingerprint());
  expect('sweep' in executor).toBe('sweep' in fake);
  expect('hasImage' in executor).toBe('hasImage' in fake);
});

// The check inside a real container of a real engine. No GPU is here: an image whose nvidia-smi prints a recorded output
// (gpu/fixtures) stands for one that the toolkit has given its devices; an engine that ignored the request gives nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gpu } from '../../gpu/gpu.ts';
import { containerDevices } from '../../gpu/container-devices.ts';
import { parseNvidiaQuery } from '../../gpu/nvidia.ts';
import { checkGpusInside } from './gpu-check.ts';
import type { ContainerOptions } from './limits.ts';
import { startTestEngine, type TestEngine } from './test-engine.ts';
import { busyboxEntries, importImage, testImage } from './test-images.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, '../../gpu/fixtures', `${name}.txt`), 'utf8');
const H100 = 'GPU-11111111-2222-3333-4444-555555555555';
const id = 'ab'.repeat(16);
let engine: TestEngine;
let signal: AbortSignal;

beforeAll(async () => {
  engine = await startTestEngine();
  signal = AbortSignal.timeout(120_000);
});
afterAll(() => engine.stop());

/** An image of busybox with what `nvidia-smi -L` says in it. */
async function imageSaying(name: string, list: string | null): Promise<string> {
  const tool = { type: 'file', path: 'bin/nvidia-smi', mode: 0o755, content: `#!/bin/sh\ncat <<'END'\n${list ?? ''}END\n` } as const;
  return importImage(
    engine.docker,
    await testImage(name, [...(await busyboxEntries()), ...(list === null ? [] : [tool])], { Env: ['PATH=/bin'] }),
  );
}
const options = (Image: string): ContainerOptions => ({
  name: `nunet-${id}`,
  Image,
  User: '65534:65534',
  Env: ['PATH=/bin'],
  Entrypoint: [],
  NetworkDisabled: true,
  HostConfig: { ReadonlyRootfs: true, NetworkMode: 'none', CapDrop: ['ALL'], CgroupnsMode: 'private' },
});
const check = (image: string, ids = [H100]): Promise<void> =>
  checkGpusInside(engine.docker, { id, gpus: ids.map((gpu) => ({ vendor: 'nvidia', id: gpu })) }, options(image), signal);
const left = async (): Promise<number> => (await engine.docker.listContainers({ all: true })).length;

describe('before a job with GPUs', () => {
  test('a container that has them is let through, with a read-only root and no rights; nothing is left of the check', async () => {
    await check(await imageSaying('has', recorded('h100-list')));
    expect(await left()).toBe(0);
  });

  test('cannot start in a container that has none, as of an engine that ignores the request', async () => {
    const image = await imageSaying('none', null);
    await expect(check(image)).rejects.toMatchObject({
      code: 'gpu-missing',
      message: expect.stringContaining(`want ${H100}, found nothing`),
    });
    expect(await left()).toBe(0);
  });

  test('cannot start with another GPU, or with one more', async () => {
    const other = await imageSaying('other', recorded('h200-list'));
    await expect(check(other)).rejects.toMatchObject({ code: 'gpu-missing' });
    const both = await imageSaying('both', recorded('h100-list') + recorded('h200-list'));
    await expect(check(both)).rejects.toMatchObject({ code: 'gpu-missing' });
  });

  test('cannot be checked without a shell, and says so', async () => {
    const image = await importImage(engine.docker, await testImage('no-shell', [{ type: 'file', path: 'data', content: 'x' }]));
    // Without our PID 1 the engine itself finds no program.
    await expect(check(image)).rejects.toMatchObject({ code: 'engine-start', message: expect.stringContaining('/bin/sh') });
    expect(await left()).toBe(0);
  });

  test('a job without GPUs needs no check, nor an engine for it', async () => {
    await checkGpusInside(engine.docker, { id, gpus: [] }, options('absent'), signal);
  });
});

describe('the devices of a container', () => {
  const [nvidia] = parseNvidiaQuery(recorded('h100-idle-query')).gpus;
  const amd: Gpu = {
    vendor: 'amd',
    id: '0000:c1:00.0',
    name: 'AMD',
    pci: '0000:c1:00.0',
    driver: null,
    architecture: null,
    memoryBytes: null,
    nodes: ['/dev/kfd', '/dev/dri/renderD128'],
    slices: [],
    now: { usedBytes: null, busyPercent: null, temperatureC: null, powerW: null, processes: null },
  };
  const gpus = nvidia === undefined ? [] : [{ ...nvidia, slices: [{ id: 'MIG-1', name: '1g.10gb' }] }, amd];

  test('are named by the vendor’s own ids', () => {
    expect(containerDevices([H100, 'MIG-1', '0000:c1:00.0'], gpus)).toEqual([
      { vendor: 'nvidia', id: H100 },
      { vendor: 'nvidia', id: 'MIG-1' },
      { vendor: 'amd', device: '/dev/dri/renderD128' },
    ]);
  });

  test('cannot be those of a GPU that does not answer any more', () => {
    expect(() => containerDevices(['GPU-gone'], gpus)).toThrow(/does not answer/);
  });
});

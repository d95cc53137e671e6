// Trouble from outside while a job runs: engine, helper, container and disk. It goes on or ends with the right fault, what stood still is not billed, and the next job runs.
import { execFile } from 'node:child_process';
import { chmod, writeFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { systemClock } from '../embedded.ts';
import type { ExecutionEvent, ExecutionHandle, ExecutionResult } from '../executor.ts';
import { ContainerExecutor } from './container.ts';
import { containerRequest, type ContainerJobParts } from './container-escapes.ts';
import { engineMissing, startTestEngine, type TestEngine, type TestEngineOptions } from './test-engine.ts';
import { busyboxImage, imagesMissing, importImage } from './test-images.ts';
import { testSettings } from './test-settings.ts';

const exec = promisify(execFile);
const { signal } = new AbortController();
const image = imagesMissing() === null ? await busyboxImage() : null;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface World {
  readonly engine: TestEngine;
  readonly executor: ContainerExecutor;
  readonly folder: string;
  readonly request: (parts: Partial<ContainerJobParts>) => ReturnType<typeof containerRequest>;
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-trouble-'));
  ends.push(async () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A disk of that many MiB, which the test can fill. */
async function smallDisk(mib: number): Promise<string> {
  const folder = await temporary();
  await chmod(folder, 0o755);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await exec('truncate', ['--size', `${mib}M`, join(folder, 'file')]);
  await exec('mkfs.ext4', ['-q', '-m', '0', join(folder, 'file')]);
  await exec('mount', ['-o', 'loop', join(folder, 'file'), disk]);
  ends.push(async () => exec('umount', [disk]));
  return disk;
}

const freeOf = async (disk: string): Promise<number> => Number((await exec('df', ['--output=avail', '-B1', disk])).stdout.split('\n')[1]);

/** Until nothing more goes onto it. */
async function fill(disk: string): Promise<() => Promise<void>> {
  const path = join(disk, 'full');
  const block = Buffer.alloc(2 ** 20, 1);
  for (let i = 0; (await freeOf(disk)) > 0 && i < 4_096; i++)
    await writeFile(path, block.subarray(0, Math.min(block.length, await freeOf(disk))), { flag: 'a' }).catch(() => {});
  return async () => rm(path);
}

async function world(options: TestEngineOptions & { workRoot?: string; engineBackMs?: number } = {}): Promise<World> {
  if (image === null) throw new Error('no image');
  const engine = await startTestEngine(options);
  ends.push(async () => engine.stop());
  await importImage(engine.docker, image);
  const folder = options.workRoot ?? (await temporary());
  const settings = testSettings({ folder, socket: engine.socket, ...(options.engineBackMs && { engineBackMs: options.engineBackMs }) });
  const executor = new ContainerExecutor({ clock: systemClock, settings });
  ends.push(async () => executor.close());
  const { kinds, detail } = await executor.fingerprint(signal);
  expect(kinds, detail).toEqual(['container']);
  let count = 0;
  const request: World['request'] = async (parts) =>
    containerRequest({ image: image.reference, command: ['/bin/true'], diskBytes: 2 ** 22, ...parts }, join(folder, `job-${count++}`));
  return { engine, executor, folder, request };
}

interface Running {
  readonly handle: ExecutionHandle;
  readonly lines: string[];
  readonly result: Promise<ExecutionResult>;
  /** Until the job has said that. */
  said(line: string): Promise<void>;
}

async function start({ executor, request }: World, script: string, parts: Partial<ContainerJobParts> = {}): Promise<Running> {
  const asked = await request({ command: ['/bin/sh', '-c', script], ...parts });
  await executor.prepare(asked, signal);
  const handle = await executor.start(asked, async () => {}, signal);
  const lines: string[] = [];
  const result = executor.wait(handle, (event: ExecutionEvent) => event.type === 'log' && lines.push(event.line), signal);
  result.catch(() => undefined);
  return { handle, lines, result, said: async (line) => expect.poll(() => lines, { timeout: 20_000 }).toContain(line) };
}

/** 1, 2, ... every tenth of a second; then an output. */
const counting = (to: number): string => `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo $i; sleep 0.1; done; echo done > /outputs/done`;
const numbersTo = (to: number): string[] => Array.from({ length: to }, (_, i) => String(i + 1));

async function nextJobRuns(place: World): Promise<void> {
  const { handle, result } = await start(place, 'echo next > /outputs/next');
  expect((await result).exit).toEqual({ kind: 'completed' });
  await place.executor.remove(handle);
}

const containerOf = ({ engine }: World, { handle }: Running) => engine.docker.getContainer(`nunet-${handle.id}`);

if (engineMissing('docker') === null && image !== null) {
  describe('an engine that is killed while a job runs', () => {
    test('and comes back: the job is the compute provider’s fault, and its containers are gone', async () => {
      const place = await world();
      const job = await start(place, counting(600));
      await job.said('3');
      await place.engine.kill();
      await place.engine.start();
      const { exit, billedMs, outputs } = await job.result;
      expect(exit).toMatchObject({ kind: 'computeProviderFault', code: expect.stringMatching(/^(child-vanished|engine-lost)$/) as string });
      expect(outputs).toEqual([]);
      expect(billedMs).toBeLessThan(30_000);
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });

    test('and comes back with live-restore: the job goes on, and every line of it is heard once', async () => {
      const place = await world({ liveRestore: true });
      const job = await start(place, counting(60));
      await job.said('3');
      await place.engine.kill();
      await place.engine.start();
      const { exit, outputs } = await job.result;
      expect(exit).toEqual({ kind: 'completed' });
      expect(outputs.map(({ name }) => name)).toEqual(['done']);
      expect(job.lines).toEqual(numbersTo(60));
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });

    test('and stays away: given up after a while, at its own cost; when it is back the next job runs', async () => {
      const place = await world({ engineBackMs: 2_000 });
      const job = await start(place, counting(600));
      await job.said('3');
      await place.engine.kill();
      const { exit } = await job.result;
      expect(exit).toMatchObject({ kind: 'computeProviderFault', code: 'engine-lost' });
      await place.engine.start();
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });
  });

  describe('a helper that is killed while a job runs', () => {
    test('is started again: the job goes on, is billed for its time once, and every line is heard once', async () => {
      const place = await world();
      const job = await start(place, counting(40));
      await job.said('3');
      process.kill(place.executor.helperPid ?? 0, 'SIGKILL');
      const { exit, billedMs, outputs } = await job.result;
      expect(exit).toEqual({ kind: 'completed' });
      expect(outputs.map(({ name }) => name)).toEqual(['done']);
      expect(job.lines).toEqual(numbersTo(40));
      expect(billedMs).toBeGreaterThanOrEqual(4_000);
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });

    test('cannot stretch the time limit of the job', async () => {
      const place = await world();
      const job = await start(place, counting(600), { timeLimitMs: 3_000 });
      await job.said('3');
      process.kill(place.executor.helperPid ?? 0, 'SIGKILL');
      const { exit, billedMs } = await job.result;
      expect(exit).toMatchObject({ kind: 'jobFault', code: 'time-limit' });
      expect(billedMs).toBeLessThanOrEqual(3_000);
      await place.executor.remove(job.handle);
    });
  });

  describe('a container that the owner lays hands on', () => {
    test('killed: the compute provider’s fault', async () => {
      const place = await world();
      const job = await start(place, counting(600));
      await job.said('3');
      await containerOf(place, job).kill();
      expect((await job.result).exit).toMatchObject({ kind: 'computeProviderFault', code: 'child-vanished' });
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });

    test('removed: the compute provider’s fault', async () => {
      const place = await world();
      const job = await start(place, counting(600));
      await job.said('3');
      await containerOf(place, job).remove({ force: true, v: true });
      expect((await job.result).exit).toMatchObject({ kind: 'computeProviderFault', code: 'child-vanished' });
      await place.executor.remove(job.handle);
      await nextJobRuns(place);
    });

    test('cannot be billed while it is paused by hand', async () => {
      const place = await world();
      const before = performance.now();
      const job = await start(place, counting(20));
      await job.said('3');
      await containerOf(place, job).pause();
      await delay(5_000);
      await containerOf(place, job).unpause();
      const { exit, billedMs } = await job.result;
      const wallMs = performance.now() - before;
      expect(exit).toEqual({ kind: 'completed' });
      // What it ran since, what it had run before, and what went unseen at both ends.
      expect(billedMs).toBeLessThan(wallMs - 5_000 + 2_500);
      await place.executor.remove(job.handle);
    });
  });

  describe('a disk that is full', () => {
    test('the agent’s: the job is refused, nothing of it stays, and the next one runs when there is room', async () => {
      const disk = await smallDisk(64);
      const place = await world({ workRoot: disk });
      const asked = await place.request({ command: ['/bin/sh', '-c', 'echo x > /outputs/x'], diskBytes: 2 ** 25 });
      const empty = await fill(disk);
      const started = place.executor.start(asked, async () => {}, signal);
      const error = await started.then(
        () => null,
        (caught: unknown) => caught,
      );
      expect(error).toBeInstanceOf(NunetError);
      expect((error as NunetError).message).toMatch(/space|room|disk|ENOSPC/i);
      await empty();
      await nextJobRuns(place);
    });

    test('the engine’s: the job is refused or ends as the compute provider’s fault, and the next one runs when there is room', async () => {
      const disk = await smallDisk(256);
      const place = await world({ dataRoot: disk });
      const empty = await fill(disk);
      const outcome = await start(place, 'echo x > /outputs/x').then(
        async ({ handle, result }) => {
          const { exit } = await result;
          await place.executor.remove(handle);
          return exit.kind;
        },
        (error: unknown) => {
          expect(error).toBeInstanceOf(NunetError);
          return 'refused';
        },
      );
      expect(['refused', 'computeProviderFault']).toContain(outcome);
      await empty();
      await nextJobRuns(place);
    });
  });
}

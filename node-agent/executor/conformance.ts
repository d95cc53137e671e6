// One suite for every executor: what the agent relies on, whatever runs underneath. Called from a test file of each kind.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseNpy } from '@nunet/shared/onnx/npy.ts';
import { onnxJobs, requestOf, type ConformanceJobs, type TestJob } from './conformance-jobs.ts';
import { startTime, usageOf } from './process-identity.ts';
import { executionHandle, type ExecutionEvent, type ExecutionHandle, type ExecutionResult, type Executor } from './executor.ts';

export interface ConformanceSubject {
  /** The suite's jobs as this executor takes them; ONNX programs by default. */
  readonly jobs?: ConformanceJobs;
  /** An execution outlives the agent that started it, and the next agent goes on with it. */
  readonly survivesAgent?: boolean;
  /** A fresh executor, as after a start of the agent. */
  open(): Executor & { close(): Promise<void> };
  /** Ends the process of a running execution as a stranger with `kill -9` would. */
  vanish(executor: Executor, handle: ExecutionHandle): Promise<void>;
  /** Processes of a running execution; none where it has none. */
  processes(handle: ExecutionHandle): Promise<number[]>;
}

export function describeExecutor(name: string, subject: ConformanceSubject): void {
  const { doublingJob, endlessJob, failingJob, largeOutputJob, memoryBombJob } = subject.jobs ?? onnxJobs;
  describe(`${name} executor`, () => {
    const { signal } = new AbortController();
    let folder = '';
    let executor: ReturnType<ConformanceSubject['open']>;
    let count = 0;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'nunet-conformance-'));
      executor = subject.open();
      await executor.fingerprint(signal);
    });
    afterAll(async () => {
      await executor.close();
      await rm(folder, { recursive: true, force: true });
    });

    const request = (job: TestJob) => requestOf(job, join(folder, String(count++)));
    const save = async (): Promise<void> => {};

    async function run(job: TestJob): Promise<{ handle: ExecutionHandle; events: ExecutionEvent[]; result: ExecutionResult }> {
      const asked = await request(job);
      await executor.prepare(asked, signal);
      const handle = await executor.start(asked, save, signal);
      const events: ExecutionEvent[] = [];
      const result = await executor.wait(handle, (event) => events.push(event), signal);
      return { handle, events, result };
    }

    /** Starts a job that never ends and waits until it says that it runs. */
    async function running(job = endlessJob()): Promise<{ handle: ExecutionHandle; result: Promise<ExecutionResult> }> {
      const handle = await executor.start(await request(job), save, signal);
      const started = Promise.withResolvers<void>();
      const result = executor.wait(handle, (event) => event.type === 'started' && started.resolve(), signal);
      await Promise.race([started.promise, result]);
      return { handle, result };
    }

    const cpuOf = async (pids: readonly number[]): Promise<number> =>
      (await Promise.all(pids.map(usageOf))).reduce((sum, usage) => sum + (usage?.cpuMs ?? 0), 0);

    /** A process in the middle of a computation is gone too, not only the launcher that it had. */
    const expectGone = (pids: readonly number[]): Promise<void> =>
      expect.poll(async () => (await Promise.all(pids.map(startTime))).filter((time) => time !== null), { timeout: 5000 }).toEqual([]);

    test('runs a job to its end: started first, metrics and outputs as the program names them', async () => {
      const { handle, events, result } = await run(doublingJob());
      expect(result.exit).toEqual({ kind: 'completed' });
      expect(events[0]?.type).toBe('started');
      expect(events.filter((event) => event.type === 'log').length).toBeGreaterThan(0);
      expect(events.findLast((event) => event.type === 'progress')).toMatchObject({ epoch: 3, epochs: 3 });
      expect(result.metrics).toEqual([{ name: 'mean', value: 3 }]);
      expect(result.outputs.map((output) => output.name).toSorted()).toEqual(['total.npy', 'y.npy']);
      const y = result.outputs.find((output) => output.name === 'y.npy');
      const bytes = await readFile(y?.path ?? '');
      expect(bytes.length).toBe(y?.bytes);
      expect(new Float32Array(parseNpy(bytes, 'y.npy').data.slice().buffer)).toEqual(Float32Array.of(2, 4, 6, 8, 10));
      expect(result.billedMs).toBeGreaterThanOrEqual(0);
      await executor.remove(handle);
    });

    test('saves the handle before anything of the job runs, as JSON that reads back', async () => {
      const asked = await request(doublingJob());
      const saved: string[] = [];
      const events: ExecutionEvent[] = [];
      const handle = await executor.start(
        asked,
        async (handle) => {
          saved.push(JSON.stringify(handle));
          expect(events).toEqual([]);
        },
        signal,
      );
      expect(executionHandle.parse(JSON.parse(saved[0] ?? ''))).toEqual(handle);
      await executor.wait(handle, (event) => events.push(event), signal);
      await executor.remove(handle);
    });

    test('runs nothing and leaves nothing when the handle cannot be saved', async () => {
      const asked = await request(endlessJob());
      const saved: ExecutionHandle[] = [];
      const failing = executor.start(
        asked,
        async (handle) => {
          saved.push(handle);
          throw new Error('disk full');
        },
        signal,
      );
      await expect(failing).rejects.toThrow('disk full');
      expect(existsSync(asked.workDir)).toBe(false);
      const [handle] = saved;
      if (handle === undefined) throw new Error('no handle was offered');
      expect(await executor.recover(handle)).toBe('gone');
    });

    test('names a fault of the job as such, with what the runtime said', async () => {
      const { handle, result } = await run(failingJob());
      expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'program-failed' });
      expect(result.outputs).toEqual([]);
      await executor.remove(handle);
    });

    test('ends a job at its time limit and bills no more than that', async () => {
      const { handle, result } = await run(endlessJob(400));
      expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'time-limit' });
      expect(result.billedMs).toBeGreaterThanOrEqual(390);
      expect(result.billedMs).toBeLessThanOrEqual(400);
      await executor.remove(handle);
    });

    test('cannot take more memory than the spec grants', async () => {
      const { handle, result } = await run(memoryBombJob());
      expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'memory-limit' });
      expect(result.peakMemoryBytes).toBeLessThan(512 * 2 ** 20);
      await executor.remove(handle);
    });

    test('cannot hand over more than the output limit', async () => {
      const { handle, result } = await run(largeOutputJob());
      expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'output-limit' });
      expect(result.outputs).toEqual([]);
      await executor.remove(handle);
    });

    test('stops in the middle of a run, by whom it was asked', async () => {
      const asked = await running();
      const processes = await subject.processes(asked.handle);
      await executor.stop(asked.handle, { by: 'asked', message: 'cancelled' });
      expect((await asked.result).exit).toEqual({ kind: 'jobFault', code: 'stopped', message: 'cancelled' });
      await expectGone(processes);
      await executor.stop(asked.handle, { by: 'asked', message: 'again' });
      await executor.remove(asked.handle);

      const shutDown = await running();
      await executor.stop(shutDown.handle, { by: 'agent', message: 'shutting down' });
      expect((await shutDown.result).exit).toEqual({ kind: 'computeProviderFault', code: 'agent-stopped', message: 'shutting down' });
      await executor.remove(shutDown.handle);
    });

    test('stands still when paused: the time is neither billed nor part of the time limit, and it can be stopped all the same', async () => {
      const { handle, result } = await running(endlessJob(1_000));
      const processes = await subject.processes(handle);
      await executor.pause(handle);
      const billed = executor.billed(handle);
      const cpu = await cpuOf(processes);
      // Longer than the time limit.
      await delay(1_200);
      expect(executor.billed(handle)).toBe(billed);
      expect(await cpuOf(processes)).toBe(cpu);
      await executor.pause(handle);
      await executor.resume(handle);
      await executor.resume(handle);
      await delay(150);
      expect(executor.billed(handle)).toBeGreaterThan(billed);
      await executor.pause(handle);
      await executor.stop(handle, { by: 'asked', message: 'not paid' });
      expect((await result).exit).toEqual({ kind: 'jobFault', code: 'stopped', message: 'not paid' });
      expect((await result).billedMs).toBeLessThanOrEqual(1_000);
      await expectGone(processes);
      await executor.remove(handle);
    });

    test('runs to its end after a pause, and bills only the time that it ran', async () => {
      const { handle, result } = await running(endlessJob(400));
      await executor.pause(handle);
      await delay(500);
      await executor.resume(handle);
      const { exit, billedMs } = await result;
      expect(exit).toMatchObject({ kind: 'jobFault', code: 'time-limit' });
      expect(billedMs).toBeLessThanOrEqual(400);
      await executor.remove(handle);
    });

    test('is at fault itself when the process is killed from outside', async () => {
      const { handle, result } = await running();
      await subject.vanish(executor, handle);
      expect((await result).exit).toMatchObject({ kind: 'computeProviderFault', code: 'child-vanished' });
      await executor.remove(handle);
    });

    test('goes on running when a waiter gives up', async () => {
      const { handle, result } = await running();
      const impatient = new AbortController();
      const gaveUp = executor.wait(handle, () => {}, impatient.signal);
      impatient.abort(new Error('no patience'));
      await expect(gaveUp).rejects.toThrow('no patience');
      expect(await executor.recover(handle)).toBe('running');
      await executor.stop(handle, { by: 'asked', message: 'enough' });
      await result;
      await executor.remove(handle);
    });

    test('removes an execution twice as well as once, running or not', async () => {
      const { handle, result } = await running();
      await executor.remove(handle);
      expect((await result).exit.kind).toBe('computeProviderFault');
      await executor.remove(handle);
      expect(existsSync(handle.workDir)).toBe(false);
      expect(await executor.recover(handle)).toBe('gone');
    });

    if (subject.survivesAgent === true) {
      test('goes on with an execution of an earlier agent, and tells its log where that one stopped', async () => {
        const earlier = subject.open();
        const handle = await earlier.start(await request(endlessJob()), save, signal);
        const processes = await subject.processes(handle);
        expect(processes.length).toBeGreaterThan(0);
        await earlier.close();
        const later = subject.open();
        expect(await later.recover(handle)).toBe('running');
        const events: ExecutionEvent[] = [];
        // The job says one line when it begins, and the earlier agent has passed that on.
        const result = later.wait(handle, (event) => events.push(event), signal, 1);
        await expect.poll(() => later.billed(handle)).toBeGreaterThan(0);
        await later.stop(handle, { by: 'asked', message: 'enough' });
        expect((await result).exit).toEqual({ kind: 'jobFault', code: 'stopped', message: 'enough' });
        expect((await result).billedMs).toBeGreaterThan(0);
        expect(events.filter((event) => event.type === 'log')).toEqual([]);
        await expectGone(processes);
        await later.remove(handle);
        expect(await later.recover(handle)).toBe('gone');
        await later.close();
      });
    } else {
      test('knows nothing of an execution of an earlier agent, and leaves nothing of it running', async () => {
        const { handle, result } = await running();
        const processes = await subject.processes(handle);
        const later = subject.open();
        expect(await later.recover(handle)).toBe('gone');
        await expectGone(processes);
        await expect(later.wait(handle, () => {}, signal)).rejects.toThrow('did not start it');
        await later.remove(handle);
        expect(existsSync(handle.workDir)).toBe(false);
        await later.close();
        // The first executor stands for the dead agent here; its view of the end does not matter, only that there is one.
        await executor.stop(handle, { by: 'agent', message: 'test over' });
        await result;
      });
    }

    test('runs several jobs at once, each in its own folder', async () => {
      const results = await Promise.all([run(doublingJob()), run(doublingJob()), run(failingJob())]);
      expect(results.map(({ result }) => result.exit.kind)).toEqual(['completed', 'completed', 'jobFault']);
      for (const { handle } of results) await executor.remove(handle);
    });
  });
}

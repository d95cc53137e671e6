// The embedded executor under the conformance suite, with real onnxruntime in real sandboxes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeExecutor } from './conformance.ts';
import { doublingJob, requestOf, testedConfinements } from './conformance-jobs.ts';
import { EmbeddedExecutor, systemClock } from './embedded.ts';
import { processTree } from './process-identity.ts';

for (const confinement of testedConfinements()) {
  describeExecutor(`embedded (${confinement.name})`, {
    open: () => new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true, confinements: [confinement] }),
    async vanish(_, handle) {
      // The innermost process: the launcher above it only passes its end on.
      const pids = [...(await processTree(handle.pid ?? 0)).keys()];
      process.kill(pids.at(-1) ?? 0, 'SIGKILL');
    },
    processes: async (handle) => [...(await processTree(handle.pid ?? 0)).keys()],
  });
}

describe('a child kept ready', () => {
  const { signal } = new AbortController();
  const children = async (): Promise<number[]> => [...(await processTree(process.pid)).keys()];

  test('runs the job that it was kept for, and no other', async () => {
    const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
    const folder = await mkdtemp(join(tmpdir(), 'nunet-spare-'));
    const request = await requestOf(doublingJob(), folder);
    await executor.fingerprint(signal);
    const before = new Set(await children());
    executor.anticipate(request.jobId, request.spec);
    executor.anticipate(request.jobId, request.spec);
    await expect.poll(async () => (await children()).filter((pid) => !before.has(pid)).length).toBeGreaterThan(0);

    const other = await requestOf(doublingJob(), join(folder, 'other'));
    const otherHandle = await executor.start(other, async () => {}, signal);
    expect((await executor.wait(otherHandle, () => {}, signal)).exit).toEqual({ kind: 'completed' });

    const ready = new Set(await children());
    const handle = await executor.start(request, async () => {}, signal);
    expect(ready.has(handle.pid ?? 0)).toBe(true);
    expect((await executor.wait(handle, () => {}, signal)).exit).toEqual({ kind: 'completed' });
    await executor.close();
    await rm(folder, { recursive: true });
  });

  test('is replaced when the job wants other limits or when it died, and is gone after close', async () => {
    const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
    const folder = await mkdtemp(join(tmpdir(), 'nunet-spare-'));
    const request = await requestOf(doublingJob(), folder);
    await executor.fingerprint(signal);
    const before = new Set(await children());
    const spawned = async (): Promise<number[]> => (await children()).filter((pid) => !before.has(pid));
    executor.anticipate(request.jobId, { ...request.spec, timeLimitMs: request.spec.timeLimitMs + 60_000 });
    await expect.poll(spawned).not.toEqual([]);
    const ready = new Set(await spawned());
    const handle = await executor.start(request, async () => {}, signal);
    expect(ready.has(handle.pid ?? 0)).toBe(false);
    expect((await executor.wait(handle, () => {}, signal)).exit).toEqual({ kind: 'completed' });
    executor.anticipate('never-comes', request.spec);
    await expect.poll(spawned).not.toEqual([]);
    await executor.close();
    await expect.poll(spawned).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

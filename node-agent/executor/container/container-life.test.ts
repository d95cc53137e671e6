// What a container job lives through: checkpoints and resuming, a helper or an agent that dies, leftovers, floods, outputs that are none.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { requestOf, type TestJob } from '../conformance-jobs.ts';
import { systemClock } from '../embedded.ts';
import type { ExecutionEvent, ExecutionHandle, ExecutionRequest, ExecutionResult } from '../executor.ts';
import { shellJob } from './conformance-shell-jobs.ts';
import { ContainerExecutor } from './container.ts';
import { mountsBelow } from './disk-workspace.ts';
import { startTestEngine } from './test-engine.ts';
import { busyboxImage, importImage } from './test-images.ts';
import { testSettings } from './test-settings.ts';

const engine = await startTestEngine();
const folder = await mkdtemp(join(tmpdir(), 'nunet-life-'));
const image = await busyboxImage();
await importImage(engine.docker, image);
const { signal } = new AbortController();
const MIB = 2 ** 20;
let count = 0;
const opened: ContainerExecutor[] = [];

const open = (): ContainerExecutor => {
  const executor = new ContainerExecutor({ clock: systemClock, settings: testSettings({ folder, socket: engine.socket }) });
  opened.push(executor);
  return executor;
};
/** Of all tests that need no agent of their own. */
const shared = new ContainerExecutor({ clock: systemClock, settings: testSettings({ folder, socket: engine.socket }) });
afterEach(async () => {
  for (const executor of opened.splice(0)) await executor.close();
});
afterAll(async () => {
  await shared.close();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const shell = (script: string, more = {}, rest: Partial<TestJob> = {}): TestJob =>
  shellJob(image.reference, script, more, { limits: { diskBytes: 16 * MIB }, ...rest });
const requestFor = async (job: TestJob): Promise<ExecutionRequest> => requestOf(job, join(folder, String(count++)));
const logsOf = (events: readonly ExecutionEvent[]): string[] => events.flatMap((event) => (event.type === 'log' ? [event.line] : []));

interface Run {
  handle: ExecutionHandle;
  events: ExecutionEvent[];
  result: Promise<ExecutionResult>;
}
async function begin(executor: ContainerExecutor, job: TestJob): Promise<Run> {
  const request = await requestFor(job);
  const handle = await executor.start(request, async () => {}, signal);
  const events: ExecutionEvent[] = [];
  return { handle, events, result: executor.wait(handle, (event) => events.push(event), signal) };
}

describe('a container job', () => {
  test('is kept by checkpoints, and goes on from the last one elsewhere', async () => {
    const executor = shared;
    const script =
      'n=$(cat state 2>/dev/null || echo 0); while [ $n -lt 60 ]; do n=$((n+1)); echo $n > state; echo "step $n"; sleep 0.1; done; cp state /outputs/state';
    const first = await begin(executor, shell(script, { checkpointEveryMs: 1_000 }));
    const checkpoint = (): Extract<ExecutionEvent, { type: 'checkpoint' }> | undefined =>
      first.events.findLast((event) => event.type === 'checkpoint');
    await expect.poll(() => checkpoint()?.number, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    const bytes = await readFile(checkpoint()?.path ?? '');
    expect(bytes.length).toBe(checkpoint()?.bytes);
    await executor.remove(first.handle);

    const second = await begin(executor, shell(script, { resumeFrom: 'saved.tar' }, { files: { 'saved.tar': bytes } }));
    const result = await second.result;
    expect(result.exit).toEqual({ kind: 'completed' });
    expect((await readFile(result.outputs[0]?.path ?? '')).toString()).toBe('60\n');
    // It did not begin at the beginning.
    expect(Number(logsOf(second.events)[0]?.split(' ')[1])).toBeGreaterThan(1);
    await executor.remove(second.handle);
  });

  test('cannot resume from an archive that leaves its folder, and nothing runs', async () => {
    const executor = shared;
    const evil = Buffer.alloc(1_536);
    evil.write('../../evil\0', 0);
    evil.write('0000644\0', 100);
    evil.write('00000000001\0', 124);
    evil.write('0', 156);
    evil.write('ustar\x0000', 257, 'latin1');
    evil.fill(' ', 148, 156);
    evil.write(
      `${evil
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    const request = await requestFor(shell('echo ran', { resumeFrom: 'saved.tar' }, { files: { 'saved.tar': evil } }));
    await expect(executor.start(request, async () => {}, signal)).rejects.toMatchObject({ code: 'archive-unsafe' });
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  });

  test('makes no second checkpoint of what has not changed', async () => {
    const executor = shared;
    const { handle, events, result } = await begin(executor, shell('echo same > state; sleep 4', { checkpointEveryMs: 1_000 }));
    expect((await result).exit).toEqual({ kind: 'completed' });
    expect(events.filter(({ type }) => type === 'checkpoint').length).toBe(1);
    await executor.remove(handle);
  });

  test('goes on when the helper is killed, with every line told once', async () => {
    const executor = shared;
    const { handle, events, result } = await begin(
      executor,
      shell('for n in 1 2 3 4 5 6 7 8 9 10; do echo "line $n"; sleep 0.2; done; echo done > /outputs/y'),
    );
    await expect.poll(() => logsOf(events).length).toBeGreaterThan(2);
    process.kill(executor.helperPid ?? 0, 'SIGKILL');
    const { exit, outputs, billedMs } = await result;
    expect(exit).toEqual({ kind: 'completed' });
    expect(outputs.map(({ name }) => name)).toEqual(['y']);
    expect(logsOf(events)).toEqual(Array.from({ length: 10 }, (_, i) => `line ${i + 1}`));
    expect(billedMs).toBeGreaterThan(1_900);
    await executor.remove(handle);
  });

  test('that ended while nobody looked is finished by the next agent', async () => {
    const earlier = open();
    const { handle, result } = await begin(earlier, shell('echo bye; sleep 0.5; echo 42 > /outputs/y'));
    result.catch(() => {});
    await earlier.close();
    await expect
      .poll(async () => (await engine.docker.getContainer(`nunet-${handle.id}`).inspect()).State.Status, { timeout: 10_000 })
      .toBe('exited');
    const later = open();
    expect(await later.recover(handle)).toBe('running');
    const events: ExecutionEvent[] = [];
    const found = await later.wait(handle, (event) => events.push(event), signal);
    expect(found.exit).toEqual({ kind: 'completed' });
    expect(found.outputs.map(({ name }) => name)).toEqual(['y']);
    expect(logsOf(events)).toEqual(['bye']);
    expect(found.billedMs).toBeGreaterThanOrEqual(490);
    await later.remove(handle);
  });

  test('that was made but never started is started once by the next agent', async () => {
    const earlier = open();
    const request = await requestFor(shell('echo ran >> /workspace/count; cp /workspace/count /outputs/count'));
    const saved: ExecutionHandle[] = [];
    // The agent dies right after its handle is on the disk.
    const died = new Promise<never>(() => {});
    void earlier
      .start(
        request,
        async (handle) => {
          saved.push(handle);
          await died;
        },
        signal,
      )
      .catch(() => {});
    await expect.poll(() => saved.length, { timeout: 10_000 }).toBe(1);
    const [handle] = saved as [ExecutionHandle];
    await earlier.close();
    const later = open();
    expect(await later.recover(handle)).toBe('running');
    const result = await later.wait(handle, () => {}, signal);
    expect(result.exit).toEqual({ kind: 'completed' });
    expect((await readFile(result.outputs[0]?.path ?? '')).toString()).toBe('ran\n');
    await later.remove(handle);
  });

  test('leaves nothing that a sweep does not find, and a sweep takes nothing that a handle names', async () => {
    const earlier = open();
    const kept = await begin(earlier, shell('sleep 60'));
    const left = await begin(earlier, shell('sleep 60'));
    for (const { result } of [kept, left]) result.catch(() => {});
    await earlier.close();
    const later = open();
    expect(await later.recover(kept.handle)).toBe('running');
    await later.sweep([kept.handle]);
    const all = await engine.docker.listContainers({ all: true });
    expect(all.map(({ Labels }) => Labels['nunet.execution'])).toEqual([kept.handle.id]);
    expect((await mountsBelow(folder)).map((path) => path.startsWith(kept.handle.workDir))).toEqual([true]);
    await later.remove(kept.handle);
    expect(await mountsBelow(folder)).toEqual([]);
  });

  test('cannot flood the log: it is ended and told so', async () => {
    const executor = shared;
    const { handle, events, result } = await begin(
      executor,
      shell('yes "a line of some length that is written again and again and again"'),
    );
    expect((await result).exit).toMatchObject({ kind: 'jobFault', code: 'log-limit' });
    expect(logsOf(events).length).toBe(10_000);
    await executor.remove(handle);
  });

  test('delivers files and folders, and says what it does not deliver', async () => {
    const executor = shared;
    const script =
      'cd /outputs; echo 1 > a.txt; mkdir -p model/deep; echo 2 > model/deep/w; ln -s /etc/passwd stolen; mkfifo pipe; echo x > "bad name"; ln a.txt again.txt';
    const { handle, events, result } = await begin(executor, shell(script));
    const { outputs } = await result;
    expect(outputs.map(({ name }) => name)).toEqual(['a.txt', 'again.txt', 'model.tar']);
    const notes = logsOf(events).filter((line) => line.startsWith('(not delivered'));
    expect(notes.map((line) => /"([^"]+)"/.exec(line)?.[1] ?? '').toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'bad name',
      'outputs/pipe',
      'outputs/stolen',
    ]);
    await executor.remove(handle);
  });

  test('cannot deliver a file of holes that is larger than it may be', async () => {
    const executor = shared;
    const { handle, result } = await begin(executor, shell('dd if=/dev/zero of=/outputs/holes bs=1 count=1 seek=200000000'));
    expect((await result).exit).toMatchObject({ kind: 'jobFault', code: 'output-limit' });
    await executor.remove(handle);
  });

  test('is the fault of the job, not of the compute provider, when it kills itself', async () => {
    const executor = shared;
    const { handle, result } = await begin(executor, shell('echo secret result; kill -9 $$'));
    expect((await result).exit).toMatchObject({ kind: 'jobFault', code: 'program-failed' });
    await executor.remove(handle);
  });
});

test('an engine that is not there gives no kinds and one sentence, and no process is left', async () => {
  const executor = new ContainerExecutor({ clock: systemClock, settings: testSettings({ folder, socket: '/nonexistent/engine.sock' }) });
  opened.push(executor);
  const fingerprint = await executor.fingerprint(signal);
  expect(fingerprint).toMatchObject({
    sandbox: 'none',
    kinds: [],
    detail: 'Cannot find a container engine: none answers at /nonexistent/engine.sock; "nunet-agent doctor" says what to do',
  });
  expect(executor.helperPid).toBeNull();
});

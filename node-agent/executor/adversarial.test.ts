// Models that mean harm, in real onnxruntime in the real sandbox; an agent that dies; a child that turns on the agent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doublingJob, endlessJob, requestOf, testedConfinements, type TestJob } from './conformance-jobs.ts';
import { EmbeddedExecutor, systemClock } from './embedded.ts';
import type { ExecutionEvent, ExecutionHandle } from './executor.ts';
import { externalDataJob } from './hostile-models.ts';
import { bootId, processTree, startTime } from './process-identity.ts';

const { signal } = new AbortController();
let folder = '';
let executor: EmbeddedExecutor;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-adversarial-'));
  executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
});
afterAll(async () => {
  await executor.close();
  await rm(folder, { recursive: true, force: true });
});
const request = (job: TestJob) => requestOf(job, join(folder, String(count++)));
async function run(job: TestJob) {
  const asked = await request(job);
  const handle = await executor.start(asked, async () => {}, signal);
  const result = await executor.wait(handle, () => {}, signal);
  await executor.remove(handle);
  return result;
}

describe('a hostile model', () => {
  test.each(['/etc/passwd', '../../../../etc/passwd', 'app/embedded-child.mjs', 'node'])(
    'cannot pull in %s as external data: refused before it runs, and again when it does',
    async (location) => {
      await expect(executor.prepare(await request(externalDataJob(location)), signal)).rejects.toMatchObject({
        code: 'graph-external-data',
      });
      expect((await run(externalDataJob(location))).exit).toMatchObject({ kind: 'jobFault', code: 'program-failed' });
    },
  );

  test('cannot get past the check with broken bytes, and cannot end the agent with them', async () => {
    const good = doublingJob().files['graph.onnx'] ?? new Uint8Array();
    for (let cut = 1; cut < good.length; cut += 37) {
      const job = { ...doublingJob(), files: { ...doublingJob().files, 'graph.onnx': good.subarray(0, cut) } };
      await expect(executor.prepare(await request(job), signal)).rejects.toMatchObject({
        code: expect.stringMatching(/^(graph|program)-/),
      });
    }
    const broken = { ...doublingJob(), files: { ...doublingJob().files, 'graph.onnx': good.subarray(0, good.length - 20) } };
    expect((await run(broken)).exit).toMatchObject({ kind: 'jobFault' });
  });
});

describe('an agent that dies', () => {
  test.each(testedConfinements().map(({ name }) => name))(
    'cannot leave an orphan behind in %s: the child ends with it, whatever it computes',
    async (name) => {
      const asked = await request(endlessJob());
      const agent = join(folder, 'agent.ts');
      await writeFile(
        agent,
        `import { readFileSync } from 'node:fs';
       import { EmbeddedExecutor, systemClock } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).pathname)};
       import { confinements } from ${JSON.stringify(new URL('./confinement.ts', import.meta.url).pathname)};
       const { spec, jobId, workDir, inputs } = JSON.parse(readFileSync(0, 'utf8'));
       const chosen = confinements().filter(({ name }) => name === ${JSON.stringify(name)});
       const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true, confinements: chosen });
       const { signal } = new AbortController();
       const request = { spec, jobId, workDir, inputPath: (name) => inputs + '/' + name };
       const handle = await executor.start(request, async () => {}, signal);
       await executor.wait(handle, (event) => event.type === 'started' && process.stdout.write(JSON.stringify(handle) + '\\n'), signal);`,
      );
      const child = spawn(process.execPath, ['--no-warnings', agent], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end(JSON.stringify({ ...asked, inputs: join(asked.workDir, '..', 'inputs') }));
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const handle = JSON.parse(line.toString()) as ExecutionHandle;
      const tree = [...(await processTree(handle.pid ?? 0)).keys()];
      expect(tree.length).toBeGreaterThan(0);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expect
        .poll(async () => (await Promise.all(tree.map((pid) => startTime(pid)))).filter((time) => time !== null), { timeout: 5000 })
        .toEqual([]);
      expect(await executor.recover(handle)).toBe('gone');
      await executor.remove(handle);
      expect(existsSync(asked.workDir)).toBe(false);
    },
  );

  test('cannot leave behind what a launcher lost when it was killed halfway', async () => {
    const launcher = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(launcher.stdout, 'data')) as [Buffer];
    const lost = Number(line.toString());
    const pid = launcher.pid ?? 0;
    const handle: ExecutionHandle = {
      v: 1,
      executor: 'embedded',
      id: 'cd'.repeat(16),
      jobId: 'lost',
      workDir: join(folder, 'lost'),
      pid,
      bootId: await bootId(),
      startTime: await startTime(pid),
    };
    launcher.kill('SIGKILL');
    await once(launcher, 'exit');
    expect(await startTime(lost)).not.toBeNull();
    expect(await executor.recover(handle)).toBe('gone');
    expect(await startTime(lost)).toBeNull();
  });

  test('cannot kill a stranger that got its old pid', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(bystander, 'spawn');
    const handle: ExecutionHandle = {
      v: 1,
      executor: 'embedded',
      id: 'ab'.repeat(16),
      jobId: 'old',
      workDir: join(folder, 'old'),
      pid: bystander.pid ?? null,
      bootId: await bootId(),
      startTime: '1',
    };
    expect(await executor.recover(handle)).toBe('gone');
    await delay(50);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
    await once(bystander, 'exit');
  });
});

describe('a child that turned on the agent', () => {
  /** A program in the child's place that says whatever it likes; the helpers frame messages and chunks. */
  async function hostile(body: string, job = doublingJob()) {
    const code = `
      const frame = (kind, payload) => { const h = Buffer.alloc(5); h.writeUInt32LE(payload.length, 0); h[4] = kind; return Buffer.concat([h, payload]); };
      const say = (message) => new Promise((resolve) => process.stdout.write(frame(2, Buffer.from(JSON.stringify(message))), resolve));
      const chunk = (bytes) => new Promise((resolve) => process.stdout.write(frame(1, bytes), resolve));
      const done = (outputs, more = {}) => say({ type: 'done', fault: null, metrics: [{ name: 'mean', value: 3 }], outputs, cpuMs: 1, peakMemoryBytes: 1, ...more });
      const checks = ['network', 'host-files', 'canary-file', 'other-processes', 'memory', 'empty-environment'].map((name) => ({ name, passed: true, detail: '' }));
      let seen = '';
      process.stdin.on('end', () => process.exit(0));
      process.stdin.on('data', async (piece) => {
        seen += piece.toString('latin1');
        if (seen.includes('"type":"probe"')) { seen = ''; await say({ type: 'probed', checks }); }
        if (seen.includes('"type":"run"')) { seen = ''; await say({ type: 'running' }); ${body} }
      });
      say({ type: 'ready', node: 'x', onnxruntime: 'x' });`;
    const impostor = new EmbeddedExecutor({
      clock: systemClock,
      allowBelowFloor: true,
      confinements: [
        { name: 'impostor', aims: 'none', launch: () => ({ command: process.execPath, args: ['-e', code], descriptor3: null }) },
      ],
    });
    const asked = await request(job);
    const handle = await impostor.start(asked, async () => {}, signal);
    const events: ExecutionEvent[] = [];
    const result = await impostor.wait(handle, (event) => events.push(event), signal);
    await impostor.remove(handle);
    await impostor.close();
    return { events, result };
  }
  const protocolFault = { kind: 'computeProviderFault', code: 'protocol' };

  test('cannot flood the log: lines are counted, cut and cleaned', async () => {
    const { events, result } = await hostile(`
      for (let i = 0; i < 12000; i++) await say({ type: 'log', line: '\\u001b[31m' + 'x'.repeat(1000) });
      process.exit(0);`);
    const lines = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
    expect(lines.length).toBe(10_000);
    expect(lines.at(-1)).toContain('log ends here');
    expect(lines.every((line) => line.length <= 500 && !line.includes('\u001b'))).toBe(true);
    expect(result.exit.kind).toBe('computeProviderFault');
  });

  test('cannot flood the agent with progress', async () => {
    const { events } = await hostile(`
      for (let i = 0; i < 5000; i++) await say({ type: 'progress', epoch: 1, epochs: 9, step: 1, steps: 9, metrics: { mean: 1, injected: 2 } });
      process.exit(0);`);
    const progress = events.flatMap((event) => (event.type === 'progress' ? [event] : []));
    expect(progress.length).toBeLessThan(200);
    expect(Object.keys(progress[0]?.metrics ?? {})).toEqual(['mean']);
  });

  test('cannot make the agent keep a huge frame', async () => {
    const { result } = await hostile(
      `const h = Buffer.alloc(5); h.writeUInt32LE(0xffffffff, 0); h[4] = 2; process.stdout.write(h); await new Promise(() => {});`,
    );
    expect(result.exit).toMatchObject(protocolFault);
  });

  test.each([
    ['name an output that climbs out of its folder', `await done([{ name: '../../escaped', bytes: 1 }, { name: 'total.npy', bytes: 1 }]);`],
    ['name an output that the program does not', `await done([{ name: 'other.npy', bytes: 1 }, { name: 'total.npy', bytes: 1 }]);`],
    ['leave outputs out', `await done([]); await say({ type: 'end' }); process.exit(0);`],
    ['send bytes before its outputs are due', `await chunk(Buffer.from('x'));`],
    [
      'send more bytes than it announced',
      `await done([{ name: 'y.npy', bytes: 1 }, { name: 'total.npy', bytes: 1 }]); await chunk(Buffer.from('xxx'));`,
    ],
    [
      'end before it handed over what it announced',
      `await done([{ name: 'y.npy', bytes: 1 }, { name: 'total.npy', bytes: 1 }]); await say({ type: 'end' });`,
    ],
    ['rename a metric', `await done([], { metrics: [{ name: 'accuracy', value: 1 }] });`],
    ['start its clock twice', `await say({ type: 'running' });`],
    ['send what is no message', `await say({ type: 'format-disk' });`],
    ['send what is no JSON', `process.stdout.write(frame(2, Buffer.from('{')));`],
  ])('cannot %s', async (_, body) => {
    const { result } = await hostile(`${body} await new Promise(() => {});`);
    expect(result.exit).toMatchObject(protocolFault);
    expect(result.outputs).toEqual([]);
    expect(existsSync(join(folder, 'escaped'))).toBe(false);
  });

  test('cannot announce more than the output limit', async () => {
    const { result } = await hostile(
      `await done([{ name: 'y.npy', bytes: 2 ** 40 }, { name: 'total.npy', bytes: 1 }]); await new Promise(() => {});`,
    );
    expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'output-limit' });
  });

  test('cannot run on by never saying that it is done', async () => {
    const { result } = await hostile(`await new Promise(() => {});`, { ...doublingJob(), limits: { timeLimitMs: 200 } });
    expect(result.exit).toMatchObject({ kind: 'jobFault', code: 'time-limit' });
  });
});

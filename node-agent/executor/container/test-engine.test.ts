// Test engines: they run containers, several at once, and leave nothing of themselves on the machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startTime } from '../process-identity.ts';
import { engineMissing, startTestEngine, type EngineKind, type TestEngine, type TestEngineOptions } from './test-engine.ts';
import { importBusybox } from './test-images.ts';

const engines: TestEngine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map(async (engine) => engine.stop()));
});

async function started(options: TestEngineOptions): Promise<TestEngine> {
  const engine = await startTestEngine(options);
  engines.push(engine);
  return engine;
}

/** Anything on the machine that names the folder: processes, mounts, cgroups, files. */
async function tracesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
  const commands = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const groups = await Promise.all(
    mounts
      .filter((line) => / - cgroup2? /.test(line))
      .map(async (line) => {
        const root = line.split(' ')[4] ?? '';
        return (await readdir(root)).filter((name) => folder.endsWith(`/${name}`)).map((name) => join(root, name));
      }),
  );
  return [...commands.filter((line) => line.includes(folder)), ...mounts.filter((line) => line.includes(folder)), ...groups.flat()];
}

const rules = async (): Promise<string> => {
  const forward = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
  const tables = await readFile('/proc/net/ip_tables_names', 'utf8').catch(() => '');
  const links = (await readdir('/sys/class/net')).sort().join(' ');
  return `${forward}${tables}${links}`;
};

// podman raises these above what a process without CAP_SYS_RESOURCE may.
const Ulimits = [
  { Name: 'nofile', Soft: 256, Hard: 256 },
  { Name: 'nproc', Soft: 256, Hard: 256 },
];

/** A container that sleeps; the machine's pid of it. */
async function sleeper(engine: TestEngine): Promise<number> {
  const image = await importBusybox(engine.docker);
  const container = await engine.docker.createContainer({
    Image: image,
    Cmd: ['/bin/sleep', '600'],
    HostConfig: { NetworkMode: 'none', Ulimits },
  });
  await container.start();
  return (await container.inspect()).State.Pid;
}

/** Runs a command in busybox without network; what it printed. */
async function output(engine: TestEngine, image: string, command: string[]): Promise<string> {
  const container = await engine.docker.createContainer({
    Image: image,
    Cmd: command,
    HostConfig: { NetworkMode: 'none', Ulimits },
    Tty: true,
  });
  await container.start();
  await container.wait();
  return (await container.logs({ stdout: true, stderr: true })).toString().trim();
}

/** Tests run on Docker; Podman is tried where somebody installed it, for `npm run conformance` for one. */
const KINDS: EngineKind[] = engineMissing('podman') === null ? ['docker', 'podman'] : ['docker'];

describe.each<EngineKind>(KINDS)('a test engine (%s)', (kind) => {
  const missing = engineMissing(kind);

  test.skipIf(missing !== null)('runs a container, and leaves no process, mount, cgroup, file or network rule behind', async () => {
    const before = await rules();
    const engine = await started({ kind });
    const image = await importBusybox(engine.docker);
    expect(await output(engine, image, ['/bin/echo', 'hello'])).toBe('hello');
    const pid = await sleeper(engine);
    expect(await startTime(pid)).not.toBeNull();
    expect(await tracesOf(engine.folder)).not.toEqual([]);
    await engine.stop();
    expect(await startTime(pid)).toBeNull();
    expect(await tracesOf(engine.folder)).toEqual([]);
    expect(existsSync(engine.folder)).toBe(false);
    expect(await rules()).toBe(before);
  });

  test.skipIf(missing !== null)('leaves nothing behind after a kill -9 either, with a container running', async () => {
    const engine = await started({ kind });
    const pid = await sleeper(engine);
    await engine.kill();
    expect(engine.pid()).toBeNull();
    await engine.stop();
    expect(await startTime(pid)).toBeNull();
    expect(await tracesOf(engine.folder)).toEqual([]);
  });

  test.skipIf(missing !== null)('starts again on the same data', async () => {
    const engine = await started({ kind });
    const image = await importBusybox(engine.docker);
    await engine.kill();
    await engine.start();
    expect(await output(engine, image, ['/bin/echo', 'again'])).toBe('again');
  });
});

test.skipIf(engineMissing('docker') !== null)('several run beside each other', async () => {
  const three = await Promise.all([started({}), started({ liveRestore: true }), started({ kind: KINDS.at(-1) ?? 'docker' })]);
  const words = await Promise.all(
    three.map(async (engine, i) => output(engine, await importBusybox(engine.docker), ['/bin/echo', `engine ${i}`])),
  );
  expect(words).toEqual(['engine 0', 'engine 1', 'engine 2']);
});

test.skipIf(engineMissing('docker') !== null)(
  'goes with a test run that is killed, and the next one clears away what that left',
  async () => {
    const code = `const { startTestEngine } = await import(${JSON.stringify(new URL('./test-engine.ts', import.meta.url).href)});
    const engine = await startTestEngine();
    process.stdout.write(JSON.stringify({ folder: engine.folder, pid: engine.pid() }));
    setInterval(() => {}, 1000);`;
    const run = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(run.stdout, 'data')) as [Buffer];
    const { folder, pid } = JSON.parse(line.toString()) as { folder: string; pid: number };
    expect(await startTime(pid)).not.toBeNull();
    run.kill('SIGKILL');
    await once(run, 'exit');
    await expect.poll(async () => startTime(pid), { timeout: 20_000 }).toBeNull();
    await started({});
    expect(existsSync(folder)).toBe(false);
    expect(await tracesOf(folder)).toEqual([]);
  },
);

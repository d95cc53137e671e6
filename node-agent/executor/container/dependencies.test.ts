// Dependencies against a real engine, a real pip and a package index on loopback.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { containerWorkOf, type ContainerProgram } from '@nunet/shared/container-program.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../embedded.ts';
import type { PrepareProgress } from '../executor.ts';
import { ContainerExecutor } from './container.ts';
import { openDependencies, type Dependencies, type DependencyParts } from './dependencies.ts';
import { openImageStore, type ImageProgress, type ImageStore, type ReadyImage } from './images.ts';
import { packagesFolder, repacked } from './package-archive.ts';
import { startTestEngine, type TestEngine } from './test-engine.ts';
import { importImage } from './test-images.ts';
import { testSettings } from './test-settings.ts';
import { pythonImage } from './test-python-image.ts';
import { TestIndex, wheelOf } from './test-wheels.ts';

let engine: TestEngine;
let index: TestIndex;
let other: TestIndex;
let store: ImageStore;
let base: ReadyImage;
let folder: string;
const signal = new AbortController().signal;
const TRAITS = { engine: 'docker', runtime: 'runc', hardLimits: null, seccompPath: '', gpuVendor: null } as const;

beforeAll(async () => {
  [engine, index, other, folder] = [
    await startTestEngine(),
    new TestIndex(),
    new TestIndex(),
    await mkdtemp(join(tmpdir(), 'nunet-deps-')),
  ];
  await Promise.all([index.listen(), other.listen()]);
  const image = await pythonImage();
  await importImage(engine.docker, image);
  store = await openImageStore({
    docker: engine.docker,
    recordPath: join(folder, 'images.json'),
    rules: { registries: [], images: [] },
    platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
    maxImageBytes: 2 ** 30,
    budgetBytes: 2 ** 30,
    packageIndex: index.url,
    now: Date.now,
    elapsed: () => performance.now(),
  });
  base = await store.ensure(image.reference, { signal });
}, 120_000);
afterAll(async () => {
  await Promise.all([index.close(), other.close(), engine.stop()]);
  await rm(folder, { recursive: true });
}, 60_000);
beforeEach(() => {
  for (const server of [index, other]) {
    server.hook = null;
    server.asked.length = 0;
    server.projects.clear();
  }
  index.as = 'html';
});

const open = (over: Partial<DependencyParts> = {}): Dependencies =>
  openDependencies({
    docker: engine.docker,
    store,
    traits: TRAITS,
    packageIndex: index.url,
    downloadHosts: ['*'],
    labels: { 'nunet.agent': 'test' },
    elapsed: () => performance.now(),
    bounds: { memoryBytes: 256 * 2 ** 20, cpus: 1 },
    ...over,
  });
const install = async (
  list: readonly string[],
  over: Partial<DependencyParts> = {},
  onProgress?: (progress: ImageProgress) => void,
): Promise<ReadyImage> => open(over).ensure(base, list, { signal, ...(onProgress !== undefined && { onProgress }) });

/** What a job's container would see. */
async function python(image: ReadyImage, program: string): Promise<string> {
  const container = await engine.docker.createContainer({
    Image: image.id,
    Cmd: ['python3', '-B', '-c', program],
    Tty: true,
    User: '65534:65534',
    HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true },
  });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true, stderr: true })).toString().trim();
  } finally {
    await container.remove({ force: true });
  }
}

/** Nothing of a step that failed stays in the engine, and the index heard nothing but what it should have. */
async function refused(code: string, list: readonly string[], over: Partial<DependencyParts> = {}): Promise<string> {
  const images = await engine.docker.listImages({ all: true });
  const error: unknown = await install(list, over).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code });
  expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  expect((await engine.docker.listImages({ all: true })).map(({ Id }) => Id).sort()).toEqual(images.map(({ Id }) => Id).sort());
  return (error as Error).message;
}

const hello = (version = '1.0'): ReturnType<typeof wheelOf> =>
  wheelOf({ name: 'hello-pkg', version, files: { 'hello_pkg/__init__.py': `VERSION = ${JSON.stringify(version)}\n` } });

test.each(['html', 'json'] as const)(
  'a list is installed from an index in %s, once, and is there for jobs that cannot write',
  async (as) => {
    index.as = as;
    const version = as === 'html' ? '1.0' : '2.0';
    index.add('hello-pkg', hello('0.9'));
    index.add('hello-pkg', hello(version));
    index.add(
      'second',
      wheelOf({ name: 'second', version, files: { 'second.py': 'import hello_pkg\nVALUE = 7\n' }, requires: ['hello-pkg>=0.9'] }),
    );
    const told: ImageProgress[] = [];
    const list = [`second==${version}`, `hello-pkg==${version}`];
    const dependencies = open();
    const both = await Promise.all([
      dependencies.ensure(base, list, { signal, onProgress: (progress) => told.push(progress) }),
      dependencies.ensure(base, list.toReversed(), { signal }),
    ]);
    expect(both[0].id).toBe(both[1].id);
    expect(told[0]).toEqual({ done: 0, total: 2 });
    expect(told.at(-1)).toEqual({ done: 2, total: 2 });
    expect(
      await python(both[0], 'import second, hello_pkg; print(second.VALUE, hello_pkg.VERSION, hello_pkg.__cached__.endswith(".pyc"))'),
    ).toBe(`7 ${version} True`);
    index.asked.length = 0;
    expect((await install(list)).id).toBe(both[0].id);
    expect(index.asked).toEqual([]);
    expect(store.expectedMs({ type: 'script', base: 'python', dependencies: list })).toBe(0);
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  },
  60_000,
);

test('the same packages are the same bytes, whenever they are installed', async () => {
  index.add('hello-pkg', hello('3.0'));
  const first = await install(['hello-pkg==3.0']);
  await engine.docker.getImage(`${first.inspect.RepoTags[0]}`).remove();
  const second = await install(['hello-pkg==3.0']);
  const layers = (image: ReadyImage): unknown => (image.inspect as unknown as { RootFS: { Layers: string[] } }).RootFS.Layers.at(-1);
  expect(layers(second)).toBe(layers(first));
}, 60_000);

test('an empty list is the base itself, and without an index there is no other', async () => {
  expect((await install([])).id).toBe(base.id);
  await refused('dependency-index', ['hello-pkg==1.0'], { packageIndex: null });
  await refused('dependency-list', ['hello-pkg==1.0', 'Hello.Pkg==2.0']);
  expect(index.asked).toEqual([]);
});

test('what is missing is named by its package', async () => {
  index.add('hello-pkg', hello());
  index.add('windows-only', wheelOf({ name: 'windows-only', version: '1', files: { 'w.py': '' }, tag: 'cp311-cp311-win_amd64' }));
  index.add(
    'lonely',
    wheelOf({ name: 'lonely', version: '1', files: { 'l.py': '' }, requires: ['nobody>=2', 'extra-only; extra == "more"'] }),
  );
  expect(await refused('dependency-unknown', ['hello-pkg==1.1'])).toBe(
    'Cannot install hello-pkg==1.1: the package index has no such version',
  );
  expect(await refused('dependency-unknown', ['absent==1.0'])).toContain('absent==1.0: the package index does not know it');
  expect(await refused('dependency-unfit', ['windows-only==1'])).toContain('windows-only==1: none of its wheels fits');
  expect(await refused('dependency-unmet', ['lonely==1'])).toBe(
    'Cannot install the packages: lonely 1 needs nobody>=2, found none. Add what is missing to the list',
  );
}, 60_000);

test('cannot build a package from source: its setup.py is neither fetched nor run', async () => {
  index.add('sourced', { filename: 'sourced-1.0.tar.gz', sha256: null, bytes: Buffer.from('setup.py would run') });
  expect(await refused('dependency-source', ['sourced==1.0'])).toContain('as source only');
  expect(index.asked).toEqual(['/root/simple/sourced/']);
});

test('cannot be given another wheel than the index names by its hash', async () => {
  index.add('hello-pkg', { ...hello(), sha256: 'ab'.repeat(32) });
  expect(await refused('dependency-hash', ['hello-pkg==1.0'])).toContain('hello-pkg==1.0: its wheel has sha256');
});

test('cannot write outside the packages folder from a wheel', async () => {
  const evil = wheelOf({ name: 'evil', version: '1', files: { '../../../../work/escaped.py': 'x', 'evil.py': '' } });
  index.add('evil', evil);
  expect(await refused('dependency-install', ['evil==1'])).toContain('evil==1');
});

test('cannot get more through than the folder takes', async () => {
  const big = wheelOf({ name: 'big', version: '1', files: { 'big.py': '', 'big.bin': Buffer.alloc(90 * 2 ** 20) } });
  index.add('big', big);
  // 128 MiB of folder hold the wheel, but not it and what is in it.
  await refused('dependency-install', ['big==1']);
});

test('cannot send more than all wheels together may have', async () => {
  index.add('endless', { ...hello(), filename: 'endless-1.0-py3-none-any.whl', sha256: null });
  index.hook = ({ url = '' }, response) => {
    if (!url.startsWith('/files/')) return false;
    const piece = Buffer.alloc(2 ** 20);
    const pour = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', pour);
    pour();
    return true;
  };
  expect(await refused('dependency-fetch', ['endless==1.0'])).toContain('sends more than');
});

test('cannot be kept waiting by an index that stops', async () => {
  index.add('hello-pkg', hello());
  index.hook = ({ url = '' }, response) => {
    if (!url.startsWith('/files/')) return false;
    response.writeHead(200, { 'Content-Length': 1_000 }).write('x');
    return true;
  };
  const web = { web: { resolve: async () => [] }, idleMs: 200 };
  expect(await refused('dependency-fetch', ['hello-pkg==1.0'], { web })).toContain('nothing came for 200 ms');
});

test('cannot take longer than the step may', async () => {
  index.hook = () => true;
  await refused('dependency-slow', ['hello-pkg==1.0'], { timeoutMs: 1_500 });
});

test.each([
  ['another port of this machine', () => `${other.origin}/x`],
  ['the metadata of a cloud', () => 'https://169.254.169.254/latest/'],
  ['a file', () => 'file:///etc/passwd'],
])('cannot be led elsewhere by a redirect of the index: %s', async (_, location) => {
  index.hook = (__, response) => {
    response.writeHead(302, { Location: location() }).end();
    return true;
  };
  await refused('dependency-fetch', ['hello-pkg==1.0']);
  expect(other.asked).toEqual([]);
});

test.each([
  ['over plain HTTP', () => `${other.origin}/files/hello_pkg-1.0-py3-none-any.whl`],
  ['behind this machine', () => 'https://127.0.0.1/hello_pkg-1.0-py3-none-any.whl'],
])('cannot fetch a wheel that the index names on another host %s', async (_, url) => {
  index.add('hello-pkg', { ...hello(), url: url() });
  other.add('hello-pkg', hello());
  await refused('dependency-fetch', ['hello-pkg==1.0']);
  expect(other.asked).toEqual([]);
});

test("cannot fetch a wheel from a host that the owner's list has not", async () => {
  index.add('hello-pkg', { ...hello(), url: 'https://files.example/hello_pkg-1.0-py3-none-any.whl' });
  expect(await refused('dependency-fetch', ['hello-pkg==1.0'], { downloadHosts: ['mirror.example'] })).toContain('mirror.example only');
});

test('cannot reach anything but the index from inside the step, nor the index beyond the list', async () => {
  // Code of a wheel runs at no time of the installing; this is what it would find.
  const probe = String.raw`
import json, os, socket, sys
found = {"interfaces": sorted(os.listdir("/sys/class/net"))}
for host, port in (("127.0.0.1", INDEX_PORT), ("10.0.0.1", 80), ("169.254.169.254", 80)):
    try:
        socket.create_connection((host, port), 1)
        found[host] = "reached"
    except OSError as error:
        found[host] = error.strerror
try:
    open("/written", "w")
    found["root"] = "written"
except OSError as error:
    found["root"] = error.strerror
found["uid"], found["caps"] = os.getuid(), [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")]
for path in ("/simple/elsewhere/", "/simple/../../secret", "/files/0/x", "http://127.0.0.1/", "/simple/hello-pkg/?x"):
    sys.stdout.write(json.dumps({"get": path}) + "\n"); sys.stdout.flush()
    head = json.loads(sys.stdin.readline()); sys.stdin.read(head["bytes"])
    found[path] = head["status"]
sys.stdout.write(json.dumps({"packages": "/usr/lib/dist-packages"}) + "\n" + json.dumps(found)); sys.stdout.flush()
`.replace('INDEX_PORT', new URL(index.url).port);
  const { runPackageStep } = await import('./package-step.ts');
  const { packageServer } = await import('./package-index.ts');
  index.add('hello-pkg', hello());
  const work = await mkdtemp(join(folder, 'probe-'));
  const access = { packageIndex: index.url, downloadHosts: [], web: { resolve: async () => [] }, maxBytes: 2 ** 20 };
  const server = packageServer(['hello-pkg==1.0'], work, access);
  const step = {
    imageId: base.id,
    list: [],
    server,
    traits: TRAITS,
    bounds: { memoryBytes: 256 * 2 ** 20, cpus: 1 },
    labels: {},
    timeoutMs: 30_000,
    signal,
    onProgress: () => undefined,
    program: probe,
  };
  const found = JSON.parse(await runPackageStep(engine.docker, step, async (said) => text(said))) as unknown;
  expect(found).toEqual({
    interfaces: ['lo'],
    '127.0.0.1': 'Connection refused',
    '10.0.0.1': 'Network is unreachable',
    '169.254.169.254': 'Network is unreachable',
    root: 'Read-only file system',
    uid: 65_534,
    caps: ['0000000000000000'],
    '/simple/elsewhere/': 404,
    '/simple/../../secret': 404,
    '/files/0/x': 404,
    'http://127.0.0.1/': 404,
    '/simple/hello-pkg/?x': 404,
  });
  expect(index.asked).toEqual([]);
});

test('cannot use a folder of packages that the base image does not own, nor an archive with more than plain files', async () => {
  for (const path of [
    '/',
    '/etc',
    '/usr/lib/../../etc/dist-packages',
    '/usr/lib',
    'usr/lib/python3/dist-packages',
    '/root/dist-packages',
    7,
  ])
    expect(() => packagesFolder(path)).toThrow(expect.objectContaining({ code: 'dependency-archive' }));
  expect(packagesFolder('/usr/local/lib/python3.11/dist-packages')).toBe('/usr/local/lib/python3.11/dist-packages');
  const entries: Parameters<ReturnType<typeof pack>['entry']>[0][] = [
    { name: '../up.py' },
    { name: '/etc/passwd' },
    { name: 'a/../../b' },
    { name: 'link', type: 'symlink', linkname: '/etc' },
    { name: 'hard', type: 'link', linkname: 'x' },
    { name: 'device', type: 'character-device' },
    { name: 'pipe', type: 'fifo' },
    { name: `${'d/'.repeat(50)}x` },
  ];
  for (const entry of entries) {
    const from = pack();
    from.entry(entry, '');
    from.finalize();
    const { tar, written } = repacked(Readable.from(from), '/usr/lib/python3/dist-packages', { maxBytes: 1_000, maxEntries: 10 }, signal);
    await expect(Promise.all([written, buffer(tar)])).rejects.toMatchObject({ code: 'dependency-archive' });
  }
});

test('cannot get through more files or bytes than allowed, nor the same name twice', async () => {
  const outcome = async (names: readonly string[], bytes: number): Promise<unknown> => {
    const from = pack();
    for (const name of names) from.entry({ name }, Buffer.alloc(bytes));
    from.finalize();
    const { tar, written } = repacked(Readable.from(from), '/usr/lib/python3/dist-packages', { maxBytes: 100, maxEntries: 3 }, signal);
    return Promise.all([written, buffer(tar)]).then(
      ([size]) => size,
      (error: unknown) => (error as Error).message,
    );
  };
  expect(await outcome(['a', 'b', 'c'], 30)).toBe(90);
  expect(await outcome(['a', 'b', 'c', 'd'], 1)).toContain('more than 3 files');
  expect(await outcome(['a', 'b'], 60)).toContain('more than 100 bytes');
  expect(await outcome(['a', 'a'], 1)).toContain('comes twice');
});

test("a script finds its packages, in the executor's own containers, and hears of them before billed time", async () => {
  index.add('hello-pkg', hello('4.0'));
  await engine.docker.getImage(base.id).tag({ repo: 'nunet-base/python', tag: 'test' });
  const script = join(folder, 'script.py');
  await writeFile(script, 'import hello_pkg, os\nopen(os.environ["NUNET_OUTPUTS"] + "/said.txt", "w").write(hello_pkg.VERSION)\n');
  const executor = new ContainerExecutor({
    clock: systemClock,
    settings: testSettings({ folder: join(folder, 'executor'), socket: engine.socket, packageIndex: index.url }),
  });
  try {
    expect((await executor.fingerprint(signal)).kinds).toEqual(['container']);
    const spec: JobSpec = {
      v: 1,
      network: 'devnet',
      nonce: '00'.repeat(16),
      title: 'a script with packages',
      delivery: 'open',
      replay: 'never',
      resources: { cpus: 1, memoryBytes: 128 * 2 ** 20, diskBytes: 8 * 2 ** 20, gpus: 0 },
      timeLimitMs: 60_000,
      outputLimitBytes: 2 ** 20,
      inputs: [{ name: 'script.py', cid: `b${'a'.repeat(58)}`, bytes: (await stat(script)).size }],
      program: {
        kind: 'container',
        run: { type: 'script', base: 'python', script: 'script.py', arguments: [], dependencies: ['hello-pkg==4.0'] },
        environment: {},
        downloads: [],
        checkpointEveryMs: null,
        resumeFrom: null,
      },
    };
    const request = { jobId: 'packages', spec, inputPath: () => script, workDir: join(folder, 'executor', 'job'), gpus: [] };
    const told: PrepareProgress[] = [];
    await executor.prepare(request, signal, (progress) => told.push(progress));
    expect(told.at(-1)).toEqual({ phase: 'dependencies', done: 1, total: 1 });
    const work = containerWorkOf(spec.program as ContainerProgram);
    const unknown = { ...work, run: { type: 'script' as const, base: 'python', dependencies: ['hello-pkg==9.9'] } };
    expect(executor.expectedStartMs(work)).toBeLessThan(executor.expectedStartMs(unknown));
    const handle = await executor.start(request, async () => undefined, signal);
    const result = await executor.wait(handle, () => undefined, signal);
    expect(result).toMatchObject({ exit: { kind: 'completed' }, outputs: [{ name: 'said.txt' }] });
    expect(await readFile(result.outputs[0]?.path ?? '', 'utf8')).toBe('4.0');
    await executor.remove(handle);
  } finally {
    await executor.close();
  }
}, 90_000);

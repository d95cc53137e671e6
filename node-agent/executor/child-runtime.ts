// What a confined child may see: the Node binary, its shared libraries, onnxruntime, and the child's own few scripts. Nothing else.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile, chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NunetError } from '@nunet/shared/errors.ts';
import { syscallFilter } from './syscall-filter.ts';

/** One file or folder of the host, and where the child sees it, read-only. */
export interface Visible {
  readonly from: string;
  readonly to: string;
  readonly folder: boolean;
}

export interface ChildRuntime {
  /** Everything the child sees when it has a view of its own. */
  readonly visible: readonly Visible[];
  /** Command inside the private view. */
  readonly inside: readonly string[];
  /** Command outside of one, and the folders that it reads. */
  readonly outside: readonly string[];
  readonly reads: readonly string[];
  /** Private folder of this process. `root` is an empty mount point. */
  readonly folder: string;
  readonly root: string;
  /** seccomp program, null on an architecture without one. */
  readonly filterFile: string | null;
  dispose(): Promise<void>;
}

/**
 * jitless: no writable-and-executable memory, and RLIMIT_DATA then counts 28 MB for an idle child instead of 575 MB (measured), so
 * that it is a precise memory limit. All heavy work is in onnxruntime. No worker threads of V8 for the same reason.
 */
const NODE_FLAGS = ['--jitless', '--v8-pool-size=0', '--no-warnings', '--disable-proto=delete'];

/** Sources of the child, with what they import. A file that is missing here fails at build, not in the sandbox. */
const SOURCES = [
  './embedded-child.ts',
  './child-probe.ts',
  './frames.ts',
  '@nunet/shared/errors.ts',
  '@nunet/shared/onnx/data-type.ts',
  '@nunet/shared/onnx/model-write.ts',
  '@nunet/shared/onnx/npy.ts',
  '@nunet/shared/onnx/protobuf.ts',
  '@nunet/shared/onnx/row-order.ts',
  '@nunet/shared/onnx/run.ts',
];

const pathOf = (source: string): string =>
  fileURLToPath(source.startsWith('.') ? new URL(source, import.meta.url) : import.meta.resolve(source));

/**
 * Asked of a plain Node process: the child's scripts with their types stripped (the child itself could not: that takes a WebAssembly
 * compiler, which jitless lacks), and the shared libraries that a process with onnxruntime really has open, whose names and places
 * differ by system.
 */
async function prepareParts(onnxruntime: string, signal: AbortSignal): Promise<{ scripts: string[]; libraries: string[] }> {
  const code = `
    const { readFileSync } = require('node:fs');
    const { stripTypeScriptTypes } = require('node:module');
    const { onnxruntime, sources } = JSON.parse(process.argv[1]);
    require(onnxruntime);
    process.report.excludeNetwork = true;
    process.stdout.write(JSON.stringify({
      scripts: sources.map((path) => stripTypeScriptTypes(readFileSync(path, 'utf8'))),
      libraries: process.report.getReport().sharedObjects,
    }));`;
  const asked = JSON.stringify({ onnxruntime, sources: SOURCES.map(pathOf) });
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', code, asked], {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    signal,
    maxBuffer: 8 * 2 ** 20,
  });
  const parts = JSON.parse(stdout) as { scripts: string[]; libraries: string[] };
  return { scripts: parts.scripts, libraries: parts.libraries.filter((path) => path.startsWith('/') && !path.startsWith(onnxruntime)) };
}

/** All scripts lie in one folder, so that imports lose their paths. */
function flattened(source: string, code: string): string {
  const names = new Set(SOURCES.map((one) => basename(one)));
  return code.replaceAll(/(from|import) '([^']+)\.ts'/g, (_, verb: string, target: string) => {
    if (!names.has(`${basename(target)}.ts`)) throw new Error(`${source} imports ${target}.ts, which the child's list of sources lacks`);
    return `${verb} './${basename(target)}.mjs'`;
  });
}

const PREFIX = 'nunet-child-';

/** Folders of agents that were killed before they could delete theirs. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      // ESRCH: nobody has this pid. What is not ours to delete stays.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** Builds the runtime below `parent` (the system's temporary folder by default). Throws `sandbox-runtime` when a part is missing. */
export async function buildChildRuntime(signal: AbortSignal, parent = tmpdir()): Promise<ChildRuntime> {
  const place = await realpath(parent);
  await sweep(place);
  const folder = await mkdtemp(join(place, `${PREFIX}${process.pid}-`));
  try {
    // Readable for the unprivileged uid that the child may run as; nothing secret is in it.
    await chmod(folder, 0o755);
    const app = join(folder, 'app');
    const root = join(folder, 'root');
    await mkdir(app);
    await mkdir(root);
    const require = createRequire(import.meta.url);
    const onnxruntime = dirname(require.resolve('onnxruntime-node/package.json'));
    const common = join(dirname(createRequire(join(onnxruntime, 'package.json')).resolve('onnxruntime-common')), '..', '..');
    const native = join('bin', 'napi-v6', process.platform, process.arch);
    const { scripts, libraries } = await prepareParts(onnxruntime, signal);
    for (const [i, source] of SOURCES.entries()) {
      await writeFile(join(app, `${basename(source, '.ts')}.mjs`), flattened(source, scripts[i] ?? ''));
    }
    // For a child without a private view; one with a view has its packages at the same place above /app.
    await mkdir(join(folder, 'node_modules'));
    await symlink(onnxruntime, join(folder, 'node_modules', 'onnxruntime-node'));
    const visible: Visible[] = [
      { from: process.execPath, to: '/node', folder: false },
      ...libraries.map((path) => ({ from: path, to: path, folder: false })),
      { from: app, to: '/app', folder: true },
      { from: join(onnxruntime, 'package.json'), to: '/node_modules/onnxruntime-node/package.json', folder: false },
      { from: join(onnxruntime, 'dist'), to: '/node_modules/onnxruntime-node/dist', folder: true },
      { from: join(onnxruntime, native), to: `/node_modules/onnxruntime-node/${native}`, folder: true },
      { from: join(common, 'package.json'), to: '/node_modules/onnxruntime-common/package.json', folder: false },
      { from: join(common, 'dist', 'cjs'), to: '/node_modules/onnxruntime-common/dist/cjs', folder: true },
    ];
    const filter = syscallFilter(process.arch);
    const filterFile = filter === null ? null : join(folder, 'filter.bpf');
    if (filter !== null && filterFile !== null) await writeFile(filterFile, filter);
    return {
      visible,
      inside: ['/node', ...NODE_FLAGS, '/app/embedded-child.mjs'],
      outside: [process.execPath, ...NODE_FLAGS],
      reads: [folder, onnxruntime, common],
      folder,
      root,
      filterFile,
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    if (signal.aborted) throw cause;
    throw new NunetError('sandbox-runtime', `Cannot build the confined child's runtime: ${(cause as Error).message}`, { cause });
  }
}

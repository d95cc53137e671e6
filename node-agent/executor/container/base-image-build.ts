// Builds the file tree of a base image with debootstrap and packs it: root of this machine while it builds, and no container engine.
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import { systemProgram } from '../confinement.ts';
import { purgeable, type BaseRecipe } from './base-image-recipes.ts';

export interface BuildOptions {
  /** The tree is made in a folder of its own below this one, and is gone afterwards. */
  readonly workFolder: string;
  /** null: Debian's own. */
  readonly mirror: string | null;
  readonly signal: AbortSignal;
  /** One line a step, and one a package. */
  readonly onStep: (text: string) => void;
}

const PROGRAMS = ['debootstrap', 'chroot', 'tar', 'unshare', 'dpkg-deb'];

/** What only a root may do, said before anything is fetched; null: nothing is missing. */
export function buildMissing(recipe: BaseRecipe): string | null {
  const missing = PROGRAMS.filter((name) => systemProgram(name) === null);
  const elsewhere = `or, on another machine: sudo nunet-agent images build ${recipe.name} --to ${recipe.name}.tar, and here: nunet-agent images build ${recipe.name} --from ${recipe.name}.tar`;
  if (missing.length > 0) return `${missing.join(', ')} is missing. Run: sudo apt-get install debootstrap; ${elsewhere}`;
  if (process.getuid?.() !== 0) return `debootstrap needs root. Run: sudo nunet-agent images build ${recipe.name}; ${elsewhere}`;
  return null;
}

/**
 * Calls `take` with a tar stream of the finished tree; reproducible for one state of Debian's archive. Throws `image-build`,
 * `image-build-disk`, `image-build-root`.
 */
export async function buildBaseImage<T>(recipe: BaseRecipe, options: BuildOptions, take: (tar: Readable) => Promise<T>): Promise<T> {
  const { signal, onStep } = options;
  const missing = buildMissing(recipe);
  if (missing !== null) throw new NunetError('image-build-root', `Cannot build ${recipe.name}: ${missing}`);
  await mkdir(options.workFolder, { recursive: true });
  const { bavail, bsize } = await statfs(options.workFolder);
  if (bavail * bsize < recipe.buildBytes)
    throw new NunetError(
      'image-build-disk',
      `Cannot build ${recipe.name} in ${options.workFolder}: ${bavail * bsize} bytes are free, want ${recipe.buildBytes}`,
    );
  const folder = await mkdtemp(join(options.workFolder, `${recipe.name}-`));
  try {
    // Debian's own users walk through it while packages are set up.
    await chmod(folder, 0o755);
    const tree = join(folder, 'tree');
    const run = runner(recipe, tree, signal);
    onStep(`fetching and unpacking ${recipe.packages.join(', ')} and what they need (Debian ${recipe.suite})`);
    await run.debootstrap(options.mirror, onStep);
    onStep('removing what no job reads');
    const installed = (await run.inside(['dpkg-query', '-W', '-f', '${Package}\\n'])).split('\n').filter((name) => name !== '');
    const gone = purgeable(recipe, installed);
    if (gone.length > 0) await run.inside(['dpkg', '--purge', '--force-depends', '--force-remove-essential', ...gone]);
    const madeAt = await archiveDate(tree);
    await strip(tree, madeAt);
    onStep('trying it');
    await run.confined(['python3', '-B', '-c', recipe.check]);
    await rm(join(tree, 'tmp'), { recursive: true });
    await mkdir(join(tree, 'tmp'));
    await chmod(join(tree, 'tmp'), 0o1777);
    onStep('packing');
    return await packed(tree, madeAt, signal, take);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  // Compiled Python would otherwise depend on the order of sets.
  PYTHONHASHSEED: '0',
};

function runner(recipe: BaseRecipe, tree: string, signal: AbortSignal) {
  return {
    async debootstrap(mirror: string | null, onStep: (text: string) => void): Promise<void> {
      const args = ['--variant=minbase', '--merged-usr', '--force-check-gpg', `--include=${recipe.packages.join(',')}`, recipe.suite, tree];
      // Its mounts end with it, even when it is killed.
      const command = [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        '--',
        'debootstrap',
        ...args,
        ...(mirror === null ? [] : [mirror]),
      ];
      await program(recipe, command, signal, (line) => {
        const said = /^I: (Retrieving|Unpacking|Configuring) (\S{1,80})/.exec(line);
        if (said !== null) onStep(`${said[1]?.toLowerCase()} ${said[2]?.replace(/\.+$/, '')}`);
      });
    },
    inside: async (command: readonly string[]): Promise<string> => program(recipe, ['chroot', tree, ...command], signal),
    /** As a job has it: its own /proc, which ONNX Runtime cannot be loaded without, and no network. */
    confined: async (command: readonly string[]): Promise<string> =>
      program(recipe, ['unshare', '--mount', '--net', '--pid', '--fork', `--mount-proc=${tree}/proc`, 'chroot', tree, ...command], signal),
  };
}

/** Resolves with its output. Throws `image-build` with the last lines that it said, and the reason of `signal`. */
async function program(
  recipe: BaseRecipe,
  command: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  signal.throwIfAborted();
  const [name = '', ...args] = command;
  // A group of its own: what it started ends with it.
  const child = spawn(name, args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const onAbort = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const lines: string[] = [];
  const last: string[] = [];
  const keep = (line: string): void => {
    last.push(line.slice(0, 300));
    if (last.length > 8) last.shift();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    keep(line);
    onLine(line);
  });
  createInterface({ input: child.stderr }).on('line', keep);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    if (code === 0) return lines.join('\n');
    throw new NunetError(
      'image-build',
      `Cannot build ${recipe.name}: ${command.slice(0, 3).join(' ')} ended with ${code}:\n${last.join('\n')}`,
    );
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** When the mirror's state was made, POSIX seconds: the one date that two builds of the same state share. */
async function archiveDate(tree: string): Promise<number> {
  const lists = join(tree, 'var/lib/apt/lists');
  const names = (await readdir(lists)).filter((name) => name.endsWith('Release'));
  const texts = await Promise.all(names.map(async (name) => readFile(join(lists, name), 'utf8')));
  const dates = texts.flatMap((text) => /^Date: (.{1,60})$/m.exec(text)?.[1] ?? []).map((text) => Date.parse(text));
  const newest = Math.max(...dates.filter((date) => !Number.isNaN(date)));
  if (!Number.isFinite(newest)) throw new NunetError('image-build', "Cannot build: the mirror's Release file has no date");
  return Math.floor(newest / 1_000);
}

/** Caches, logs, names of this machine and dates of this day: what would make two builds differ, and what no job reads. */
async function strip(tree: string, madeAt: number): Promise<void> {
  const gone = [
    ...['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'usr/share/lintian', 'usr/share/i18n'],
    ...['var/cache', 'var/log', 'var/lib/apt/lists', 'debootstrap', 'run', 'tmp', 'var/tmp'],
  ];
  // Licences stay: the image may be given on.
  const licences = await copyrightFiles(tree);
  for (const name of gone) await rm(join(tree, name), { recursive: true, force: true });
  for (const [path, bytes] of licences) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), bytes);
  }
  for (const name of ['run', 'var/cache', 'var/log', 'var/lib/apt/lists', 'usr/share/man'])
    await mkdir(join(tree, name), { recursive: true });
  for (const name of ['tmp', 'var/tmp']) {
    await mkdir(join(tree, name), { recursive: true });
    await chmod(join(tree, name), 0o1777);
  }
  for (const name of ['passwd-', 'group-', 'shadow-', 'gshadow-', 'resolv.conf', 'hostname', '.pwd.lock', 'machine-id'])
    await rm(join(tree, 'etc', name), { force: true });
  for (const name of ['status-old', 'available-old', 'diversions-old', 'statoverride-old'])
    await rm(join(tree, 'var/lib/dpkg', name), { force: true });
  // The day of the build stands in the third field of every account.
  const shadow = join(tree, 'etc/shadow');
  const day = Math.floor(madeAt / 86_400);
  const lines = (await readFile(shadow, 'utf8')).split('\n').map((line) => line.replace(/^([^:]*:[^:]*):\d*:/, `$1:${day}:`));
  await writeFile(shadow, lines.join('\n'));
}

async function copyrightFiles(tree: string): Promise<[string, Buffer][]> {
  const folder = 'usr/share/doc';
  const packages = await readdir(join(tree, folder), { withFileTypes: true });
  const found = packages
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }): Promise<[string, Buffer][]> => {
      const path = join(folder, name, 'copyright');
      const bytes = await readFile(join(tree, path)).catch(() => null);
      return bytes === null ? [] : [[path, bytes]];
    });
  return (await Promise.all(found)).flat();
}

async function packed<T>(tree: string, madeAt: number, signal: AbortSignal, take: (tar: Readable) => Promise<T>): Promise<T> {
  const args = ['--sort=name', '--format=gnu', '--numeric-owner', `--mtime=@${madeAt}`, '--clamp-mtime', '--one-file-system'];
  const exclude = ['./proc/*', './sys/*', './dev/*'].map((path) => `--exclude=${path}`);
  const child = spawn('tar', [...args, ...exclude, '-C', tree, '-c', '.'], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Whoever awaits `take` first must not leave this one unheard.
  ended.catch(() => undefined);
  const result = await take(child.stdout);
  const code = await ended;
  if (code !== 0) throw new NunetError('image-build', `Cannot build: tar ended with ${code}`);
  return result;
}

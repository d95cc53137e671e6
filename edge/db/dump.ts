// The prebuilt PGlite database: a fresh initdb costs 4.3 CPU-seconds and 700 MB, loading this dump a quarter of it.
// Built once a machine by a child process, kept under a name that changes with PGlite and with the migrations.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NunetError } from '@nunet/shared/errors.ts';

export const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

const PGLITE = createRequire(import.meta.url).resolve('@electric-sql/pglite');

/** Beside the installed packages, so that a clean install starts clean. */
function cacheFolder(): string {
  const modules = PGLITE.slice(0, PGLITE.lastIndexOf('node_modules') + 'node_modules'.length);
  return join(modules, '.cache', 'nunet');
}

/** Changes whenever the dump would. */
export async function dumpName(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(join(dirname(dirname(PGLITE)), 'package.json')));
  hash.update(await readFile(new URL('./build-dump.ts', import.meta.url)));
  for (const name of (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()) {
    hash.update(name).update(await readFile(join(MIGRATIONS, name)));
  }
  return `edge-${hash.digest('hex').slice(0, 24)}.tar.gz`;
}

/**
 * Path of a current dump; builds it when there is none. Several processes may ask at once: one builds, the others wait for as
 * long as it lives. Two that began in the same moment may both build, which costs seconds and harms nothing.
 */
export async function ensureDump(folder: string = cacheFolder()): Promise<string> {
  const name = await dumpName();
  const path = join(folder, name);
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  const own = `${path}.${process.pid}.building`;
  for (;;) {
    await othersAreDone(folder, name, path);
    if (await exists(path)) return path;
    await mkdir(own, { recursive: true });
    // Seen only now: whoever has the lower number builds.
    const others = await builders(folder, name);
    if (others.some((pid) => pid < process.pid)) {
      await rm(own, { recursive: true, force: true });
      continue;
    }
    try {
      await build(join(own, 'dump'));
      await rename(join(own, 'dump'), path);
      return path;
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }
}

const BUILD_LIMIT_MS = 180_000;

/** Other processes that build this dump now. What a dead one left is removed. */
async function builders(folder: string, name: string): Promise<number[]> {
  const alive: number[] = [];
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith('.building')) continue;
    const pid = Number(entry.slice(name.length + 1, -'.building'.length));
    if (pid === process.pid) continue;
    const made = await stat(join(folder, entry)).catch(() => null);
    if (made === null) continue;
    // A number may be another program's by now; no build takes longer than the limit.
    if (isAlive(pid) && Date.now() - made.ctimeMs < BUILD_LIMIT_MS) alive.push(pid);
    else await rm(join(folder, entry), { recursive: true, force: true });
  }
  return alive;
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It lives under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A builder in another process gives no event to await. */
async function othersAreDone(folder: string, name: string, path: string): Promise<void> {
  while (!(await exists(path)) && (await builders(folder, name)).length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
}

async function build(out: string): Promise<void> {
  const script = fileURLToPath(new URL('./build-dump.ts', import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [script, out], { timeout: BUILD_LIMIT_MS });
  } catch (cause) {
    throw new NunetError('database-dump', 'Cannot build the prebuilt database; its process failed, see the cause', { cause });
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

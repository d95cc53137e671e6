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

/** Path of a current dump; builds it when there is none. Several processes may ask at once: one builds, the others wait. */
export async function ensureDump(folder: string = cacheFolder()): Promise<string> {
  const path = join(folder, await dumpName());
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  const building = `${path}.building`;
  for (;;) {
    try {
      await mkdir(building);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await waitForOther(path, building)) return path;
      continue;
    }
    try {
      await build(join(building, 'dump'));
      await rename(join(building, 'dump'), path);
      return path;
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  }
}

const BUILD_LIMIT_MS = 180_000;

/** True once the other builder's dump is there; false when it gave up or died, and it is our turn. */
async function waitForOther(path: string, building: string): Promise<boolean> {
  for (;;) {
    if (await exists(path)) return true;
    const made = await stat(building).catch(() => null);
    if (made === null) return exists(path);
    if (Date.now() - made.ctimeMs > BUILD_LIMIT_MS) {
      await rm(building, { recursive: true, force: true });
      return false;
    }
    // A builder in another process gives no event to await.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
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

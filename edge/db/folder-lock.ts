// One process a data folder: PGlite itself lets two open the same folder and silently diverge.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';

interface Holder {
  pid: number;
  /** Start of the process in clock ticks since boot, and the boot it belongs to: a pid alone is reused. Empty off Linux. */
  started: string;
}

async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    try {
      process.kill(pid, 0);
      return '';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : null;
    }
  }
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
    // proc(5): field 22, counted after the command name, which may hold spaces.
    return `${boot.trim()}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return null;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : null;
  } catch {
    return null;
  }
}

const isAlive = async (holder: Holder | null): Promise<boolean> => holder !== null && (await startOf(holder.pid)) === holder.started;

/** Takes the folder for this process. Throws `folder-in-use`. The result gives it back. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'edge.lock');
  const mine = `${path}.${randomBytes(6).toString('hex')}`;
  const holder: Holder = { pid: process.pid, started: (await startOf(process.pid)) ?? '' };
  await writeFile(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // link(2) never replaces and puts the whole content there at once, unlike O_EXCL and a later write.
        await link(mine, path);
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      await removeDead(path, folder);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** A remover that died holds the others up for this long. */
const REMOVER_LIMIT_MS = 5_000;

/** Removes a dead holder's file, one remover at a time: else a slow one would remove the lock that a quick one has just taken. */
async function removeDead(path: string, folder: string): Promise<void> {
  const turn = `${path}.removing`;
  try {
    await mkdir(turn);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const made = await stat(turn).catch(() => null);
    if (made !== null && Date.now() - made.ctimeMs > REMOVER_LIMIT_MS) await rm(turn, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, 10));
    return;
  }
  try {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) return;
    const other = parseHolder(text);
    if (await isAlive(other)) {
      throw new NunetError(
        'folder-in-use',
        `Cannot open ${folder}: process ${other?.pid} has it open; stop it first or use another folder`,
      );
    }
    await rm(path, { force: true });
  } finally {
    await rm(turn, { recursive: true, force: true });
  }
}

// One process a data folder: PGlite itself lets two open the same folder and silently diverge.
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  const holder: Holder = { pid: process.pid, started: (await startOf(process.pid)) ?? '' };
  await writeFile(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        // link(2) never replaces and puts the whole content there at once, unlike O_EXCL and a later write.
        await link(mine, path);
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = parseHolder(await readFile(path, 'utf8').catch(() => ''));
      if (await isAlive(other)) {
        throw new NunetError(
          'folder-in-use',
          `Cannot open ${folder}: process ${other?.pid} has it open; stop it first or use another folder`,
        );
      }
      await breakStale(path, other);
    }
    throw new NunetError('folder-in-use', `Cannot open ${folder}: another process keeps taking it; try again`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** Moves a dead holder's lock away; when somebody else's new lock was caught instead, it is put back. */
async function breakStale(path: string, dead: Holder | null): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = parseHolder(await readFile(aside, 'utf8'));
  const caughtALiveOne = (moved?.pid !== dead?.pid || moved?.started !== dead?.started) && (await isAlive(moved));
  if (caughtALiveOne) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

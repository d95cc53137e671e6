// Formatted disks that wait for a job which is about to come: making one takes longer than mounting it.
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDisk } from './disk-workspace.ts';

/** What nobody took within a minute is given back. */
const KEEP_MS = 60_000;
const MAX_SPARES = 4;
const PREFIX = 'spare-';

export class SpareDisks {
  readonly #spares = new Map<string, { bytes: number; timer: NodeJS.Timeout }>();

  async add(stateDir: string, bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#spares.size >= MAX_SPARES) return;
    const folder = join(stateDir, `${PREFIX}${randomBytes(8).toString('hex')}`);
    await formatDisk(folder, bytes, signal);
    const timer = setTimeout(() => {
      this.#spares.delete(folder);
      void rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }, KEEP_MS);
    this.#spares.set(folder, { bytes, timer });
  }

  /** A folder with one of exactly that size: the caller's from now on. */
  take(bytes: number): string | null {
    for (const [folder, spare] of this.#spares) {
      if (spare.bytes !== bytes) continue;
      clearTimeout(spare.timer);
      this.#spares.delete(folder);
      return folder;
    }
    return null;
  }

  /** What an earlier helper left. */
  async sweep(stateDir: string): Promise<void> {
    for (const name of await readdir(stateDir)) {
      const folder = join(stateDir, name);
      if (name.startsWith(PREFIX) && !this.#spares.has(folder)) await rm(folder, { recursive: true, force: true });
    }
  }
}

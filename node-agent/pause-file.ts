// The pause on disk: an agent that was paused is paused after a restart too.
import { readFile, rm } from 'node:fs/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import { timeMs } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import { replaceFile } from './owner-book.ts';
import type { LiveSettings } from './settings.ts';

const pauseFile = z.strictObject({ version: z.literal(1), by: z.enum(['terminal', 'owner']), atMs: timeMs });

/** Throws `pause-invalid`: nobody can say any more what the owner wanted. */
export async function readPause(path: string): Promise<LiveSettings['pausedBy']> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return pauseFile.parse(JSON.parse(text)).by;
  } catch (cause) {
    throw new NunetError('pause-invalid', `Cannot read ${path}: it is damaged, or of a newer version; remove it to take jobs again`, {
      cause,
    });
  }
}

export async function writePause(path: string, by: LiveSettings['pausedBy'], nowMs: number): Promise<void> {
  if (by === null) await rm(path, { force: true });
  else await replaceFile(path, `${JSON.stringify({ version: 1, by, atMs: nowMs })}\n`);
}

// Where checkpoints of a job lie on this disk.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';

export const checkpointName = (number: number): string => `checkpoint-${number}.tar`;

/** Checkpoints in a folder, oldest first; none where there is no such folder. */
export async function checkpointsIn(folder: string): Promise<{ number: number; path: string }[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const number = Number(/^checkpoint-([1-9]\d{0,8})\.tar$/.exec(name)?.[1]);
      return Number.isNaN(number) ? [] : [{ number, path: join(folder, name) }];
    })
    .sort((a, b) => a.number - b.number);
}

/** The checkpoint that a person named: a file, or the last one of a folder, of a job's own folder too. Throws `checkpoint-missing`. */
export async function findCheckpoint(given: string): Promise<string> {
  const path = resolve(given);
  const info = await stat(path).catch(() => null);
  if (info?.isFile() === true) return path;
  const found = [...(await checkpointsIn(path)), ...(await checkpointsIn(join(path, 'checkpoints')))];
  const last = found.toSorted((a, b) => a.number - b.number).at(-1);
  if (last !== undefined) return last.path;
  const why = info === null ? 'it does not exist' : 'it holds no checkpoint-N.tar, nor does a folder "checkpoints" in it';
  throw new NunetError('checkpoint-missing', `Cannot go on from ${given}: ${why}`);
}

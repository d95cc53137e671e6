// What this machine has: the whole of which an owner lends a share.
import { lstat, opendir, statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Offer } from './capacity.ts';

/** `dataPath` lies on the disk that is lent. GPUs are lent by id (gpu/allotment.ts), so that there are 0 here. */
export async function machineOffer(dataPath: string): Promise<Offer> {
  const disk = await statfs(dataPath);
  // Inside a container the limit of its group counts, where there is one.
  const constrained = process.constrainedMemory();
  const memoryBytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  // What jobs have written already is reserved for them: without it each start would lend less than the one before.
  const diskBytes = disk.bavail * disk.bsize + (await usedBytes(dataPath));
  return { cpus: availableParallelism(), memoryBytes, diskBytes, gpus: 0 };
}

/** On the disk of the folder itself: what is mounted inside lies elsewhere. */
async function usedBytes(folder: string, device?: number): Promise<number> {
  const own = device ?? (await lstat(folder)).dev;
  let bytes = 0;
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    // A file may go while we look.
    const seen = await lstat(path).catch(() => null);
    if (seen === null || seen.dev !== own) continue;
    bytes += seen.isDirectory() ? await usedBytes(path, own).catch(() => 0) : seen.blocks * 512;
  }
  return bytes;
}

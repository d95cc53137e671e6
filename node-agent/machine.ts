// What this machine has: the whole of which an owner lends a share.
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { Offer } from './capacity.ts';

/** `dataPath` lies on the disk that is lent. GPUs are 0: the embedded executor computes on CPUs. */
export async function machineOffer(dataPath: string): Promise<Offer> {
  const disk = await statfs(dataPath);
  // Inside a container the limit of its group counts, where there is one.
  const constrained = process.constrainedMemory();
  const memoryBytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return { cpus: availableParallelism(), memoryBytes, diskBytes: disk.bavail * disk.bsize, gpus: 0 };
}

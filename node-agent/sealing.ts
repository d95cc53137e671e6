// Seals a finished job's outputs on disk: encrypted copies beside them in the job's own folder, taken into the store and served as any file.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { commitmentsOf, NOTHING_SEALED, sealedDelivery, sealFile, type SealedOutput } from '@nunet/shared/sealed/seal-outputs.ts';
import { realPathWithin, type BlobStore } from './blobs.ts';
import type { Delivered } from './delivered.ts';

async function readFrom(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new NunetError('file-changed', 'Cannot seal an output: it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

/** Throws `file-changed`, `file-outside`, `file-too-large`, or what the disk says. Doing it again gives the same files. */
async function sealOnDisk(
  key: string,
  jobId: string,
  output: { name: string; path: string },
  within: { workDir: string; folder: string; store: BlobStore },
): Promise<SealedOutput> {
  const { workDir, folder, store } = within;
  const path = join(folder, output.name);
  const source = await open(await realPathWithin(output.path, workDir), 'r');
  const target = await open(path, 'w', 0o600);
  try {
    const { size } = await source.stat();
    const read = (offset: number, length: number): Promise<Uint8Array> => readFrom(source, offset, length);
    const sealed = await sealFile(key, jobId, { name: output.name, bytes: size, read }, async (block) => {
      await target.writeFile(block);
    });
    const { cid } = await store.adoptFile(jobId, path, { within: workDir });
    if (cid !== sealed.file.cid)
      throw new NunetError('file-changed', `Cannot seal ${output.name}: what was written is not what was sealed`);
    return sealed;
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** One after the other: each is as fast as the disk. */
export async function sealOutputs(
  key: string,
  jobId: string,
  outputs: readonly { name: string; path: string }[],
  where: { workDir: string; store: BlobStore },
): Promise<Delivered> {
  if (outputs.length === 0) return { outputs: [], delivery: NOTHING_SEALED };
  const folder = join(where.workDir, 'sealed');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const sealed: SealedOutput[] = [];
  for (const output of outputs) sealed.push(await sealOnDisk(key, jobId, output, { ...where, folder }));
  const leaves = await where.store.putBytes(jobId, commitmentsOf(sealed));
  return { outputs: sealed.map(({ file }) => file), delivery: sealedDelivery(key, sealed, leaves) };
}

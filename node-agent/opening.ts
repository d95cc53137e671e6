// Opens sealed outputs that lie in the blob store into a folder, block by block.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import type { SealedSource } from '@nunet/shared/sealed/delivered-tree.ts';
import { openOutputs, type PlainSink, type SealedOpening } from '@nunet/shared/sealed/open-outputs.ts';
import type { BlobStore } from './blobs.ts';

export const sealedSource = (store: BlobStore, jobId: string): SealedSource => ({
  node: (cid) => store.node(jobId, cid),
  async block(fileCid, index) {
    const cid = store.node(jobId, fileCid)?.blocks[index];
    const bytes = cid === undefined ? null : await store.read(jobId, cid);
    if (bytes === null) throw new NunetError('file-incomplete', `Cannot use file ${fileCid}: its block ${index} has not arrived`);
    return bytes;
  },
});

/** The readable files come to lie in `folder` under their names, whole or not at all, and into the store. Throws as `openOutputs`. */
export async function openInto(
  folder: string,
  store: BlobStore,
  manifest: Manifest,
  key: string,
  signal: AbortSignal,
): Promise<SealedOpening> {
  const { jobId } = manifest;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const begin = async ({ name }: { name: string }): Promise<PlainSink> => {
    const path = join(folder, name);
    const temporary = `${path}.part`;
    const file = await open(temporary, 'w', 0o600);
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (isOpen) await file.close();
      isOpen = false;
    };
    return {
      write: (plaintext) => file.writeFile(plaintext),
      async finish() {
        await close();
        await rename(temporary, path);
        return store.importFile(jobId, path);
      },
      async abandon() {
        await close();
        await rm(temporary, { force: true });
      },
    };
  };
  return openOutputs(manifest, key, sealedSource(store, jobId), begin, signal);
}

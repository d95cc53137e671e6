// Sealed outputs in the database: ciphertext read block by block, plaintext gathered as blobs, which a browser may keep on disk.
import type { SealedSource } from '@nunet/shared/sealed/delivered-tree.ts';
import type { PlainSink } from '@nunet/shared/sealed/open-outputs.ts';
import type { BlockStore } from './block-store.ts';

export const sealedBlocks = (blocks: BlockStore, jobId: string): SealedSource => ({
  node: (cid) => blocks.node(jobId, cid),
  block: (cid, index) => blocks.block(cid, index),
});

export const plainBlob = (blocks: BlockStore, signal: AbortSignal) => async (): Promise<PlainSink> => {
  const parts: Blob[] = [];
  return {
    write: async (plaintext) => void parts.push(new Blob([plaintext as Uint8Array<ArrayBuffer>])),
    finish: () => blocks.keep(new Blob(parts), signal),
    abandon: async () => void parts.splice(0),
  };
};

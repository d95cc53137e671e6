// A file on disk -> its node: read once, block by block, never whole in memory.
import { open } from 'node:fs/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import { encodeFileNode, MAX_BLOCK_BYTES, MAX_FILE_BYTES, type FileNode } from '@nunet/shared/file-dag.ts';
import { rawCid } from './blob-file.ts';

/** Throws `file-missing`, `file-too-large`, `file-changed`. */
export async function cutFileOnDisk(path: string): Promise<FileNode> {
  const handle = await open(path, 'r');
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new NunetError('file-missing', `Cannot take ${path}: it is not a regular file`);
    if (info.size > MAX_FILE_BYTES) {
      throw new NunetError('file-too-large', `Cannot take ${path}: ${info.size} bytes, at most ${MAX_FILE_BYTES} are allowed`);
    }
    const blocks: string[] = [];
    const buffer = new Uint8Array(MAX_BLOCK_BYTES);
    for (let offset = 0; offset < info.size;) {
      const wanted = Math.min(MAX_BLOCK_BYTES, info.size - offset);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(buffer, filled, wanted - filled, offset + filled);
        if (bytesRead === 0) throw new NunetError('file-changed', `Cannot take ${path}: it became shorter while it was read`);
        filled += bytesRead;
      }
      blocks.push(rawCid(buffer.subarray(0, wanted)));
      offset += wanted;
    }
    return { bytes: info.size, blocks };
  } finally {
    await handle.close();
  }
}

/** True when the file there is the one that the CID names. */
export async function holdsFile(path: string, cid: string): Promise<boolean> {
  try {
    return encodeFileNode(await cutFileOnDisk(path)).cid === cid;
  } catch {
    return false;
  }
}

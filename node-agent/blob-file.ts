// One file of the blob store on disk: its node, where its bytes are, which blocks have arrived. Reading, writing, checking blocks.
import { createHash } from 'node:crypto';
import { copyFile, constants, link, open, readFile, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { matchesCid, rawCidOfHash } from '@nunet/shared/encoding.ts';
import { blockLength, decodeFileNode, MAX_BLOCK_BYTES, type FileNode } from '@nunet/shared/file-dag.ts';
import { z } from 'zod';

const sourceSchema = z.strictObject({ v: z.literal(1), path: z.string() });

export interface BlobFile {
  readonly cid: string;
  readonly folder: string;
  readonly node: FileNode;
  /** Path of the bytes: our own `data`, or the imported file where it is. */
  readonly path: string;
  readonly imported: boolean;
  readonly indexes: Map<string, number[]>;
  readonly missing: Set<string>;
  /** False for what an earlier process wrote: a power cut may have lost data that `have` claims. */
  verified: boolean;
  /** Open for writing while blocks arrive. A promise, so that two blocks at once open it once. */
  handle: Promise<{ data: FileHandle; have: FileHandle }> | undefined;
  writers: number;
}

/** sha2-256 of the platform: seven times faster than in JavaScript. */
export const rawCid = (bytes: Uint8Array): string => rawCidOfHash(createHash('sha256').update(bytes).digest());
export const isMissingFile = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** `have`: indexes of blocks whose bytes are at their place. */
export function blobFileOf(fields: Omit<BlobFile, 'indexes' | 'missing' | 'handle' | 'writers'>, have: Iterable<number>): BlobFile {
  const indexes = new Map<string, number[]>();
  fields.node.blocks.forEach((block, index) => {
    const known = indexes.get(block);
    if (known === undefined) indexes.set(block, [index]);
    else known.push(index);
  });
  const missing = new Set(fields.node.blocks);
  for (const index of have) {
    const block = fields.node.blocks[index];
    if (block !== undefined) missing.delete(block);
  }
  return { ...fields, indexes, missing, handle: undefined, writers: 0 };
}

/** What an earlier process left of a file; null when it is not usable. */
export async function readBlobFile(folder: string, cid: string): Promise<BlobFile | null> {
  try {
    const nodeBytes = await readFile(join(folder, 'node'));
    if (!matchesCid(nodeBytes, cid)) return null;
    const node = decodeFileNode(nodeBytes);
    const source = await readFile(join(folder, 'source.json'), 'utf8').catch((error: unknown) => {
      if (isMissingFile(error)) return null;
      throw error;
    });
    if (source !== null) {
      const { path } = sourceSchema.parse(JSON.parse(source));
      return blobFileOf({ cid, folder, node, path, imported: true, verified: false }, node.blocks.keys());
    }
    const marks = await readFile(join(folder, 'have'));
    const view = new DataView(marks.buffer, marks.byteOffset, marks.length);
    // A kill may leave part of the last mark: it is not counted, and cut off so that later marks stay aligned.
    const have = Array.from({ length: Math.floor(marks.length / 4) }, (_, at) => view.getUint32(4 * at));
    if (marks.length % 4 !== 0) await writeFile(join(folder, 'have'), marks.subarray(0, have.length * 4), { mode: 0o600 });
    const path = join(folder, 'data');
    if ((await stat(path)).size !== node.bytes) return null;
    return blobFileOf({ cid, folder, node, path, imported: false, verified: false }, have);
  } catch {
    // Whatever it is, it can be fetched again.
    return null;
  }
}

/**
 * The same bytes under another name: as good as copied for a file that is never written again, and at no cost. Copied where a link
 * cannot be, as between file systems.
 */
export async function takeOver(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOTSUP') throw error;
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

/** `have` of a whole file. */
export function marksOf(node: FileNode): Uint8Array {
  const marks = new Uint8Array(4 * node.blocks.length);
  const view = new DataView(marks.buffer);
  for (const index of node.blocks.keys()) view.setUint32(4 * index, index);
  return marks;
}

/** Closes what was open for writing. */
export async function closeHandle(entry: BlobFile): Promise<void> {
  const { handle } = entry;
  entry.handle = undefined;
  const files = await handle?.catch(() => undefined);
  await files?.data.close();
  await files?.have.close();
}

async function openForWriting(entry: BlobFile): Promise<{ data: FileHandle; have: FileHandle }> {
  const data = await open(entry.path, 'r+');
  try {
    return { data, have: await open(join(entry.folder, 'have'), 'a') };
  } catch (error) {
    await data.close();
    throw error;
  }
}

/** The block's bytes, or null when the disk no longer holds them. */
export async function readBlock(entry: BlobFile, index: number): Promise<Uint8Array | null> {
  let handle: FileHandle;
  try {
    handle = await open(entry.path, 'r');
  } catch {
    return null;
  }
  try {
    const bytes = new Uint8Array(blockLength(entry.node, index));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, index * MAX_BLOCK_BYTES);
    return bytesRead === bytes.length && rawCid(bytes) === entry.node.blocks[index] ? bytes : null;
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Reads a file through once; blocks that are not what they should be are wanted again. */
export async function verify(entry: BlobFile): Promise<void> {
  const bad: string[] = [];
  for (const [block, indexes] of entry.indexes) {
    if (entry.missing.has(block)) continue;
    for (const index of indexes) {
      if ((await readBlock(entry, index)) === null) {
        bad.push(block);
        break;
      }
    }
  }
  for (const block of bad) entry.missing.add(block);
  entry.verified = true;
}

/** Writes a checked block to all its places in the file, then marks it as here. */
export async function writeBlock(entry: BlobFile, blockCid: string, indexes: readonly number[], bytes: Uint8Array): Promise<void> {
  entry.handle ??= openForWriting(entry).catch((error: unknown) => {
    entry.handle = undefined;
    throw error;
  });
  const { data, have } = await entry.handle;
  for (const index of indexes) await writeAll(data, bytes, index * MAX_BLOCK_BYTES);
  // After the data: a kill between the two costs one block, the other order would claim a block that is not there.
  const mark = new Uint8Array(4 * indexes.length);
  indexes.forEach((index, at) => new DataView(mark.buffer).setUint32(4 * at, index));
  await have.appendFile(mark);
  entry.missing.delete(blockCid);
}

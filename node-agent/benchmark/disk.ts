// How fast the disk below the data folder takes and gives bytes: past the page cache, which would only measure memory.
import { randomFillSync, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

const CHUNK_BYTES = 8 * 2 ** 20;
const MAX_FILE_BYTES = 256 * 2 ** 20;
const BUDGET_MS = 700;
/** An owner's disk is not filled for a figure. */
const MIN_FREE_FACTOR = 8;

export interface DiskRates {
  writeBytesPerSecond: number | null;
  /** null: this file system gives bytes only through its cache. */
  readBytesPerSecond: number | null;
}

/** The chunk, at an address that O_DIRECT takes: the memory of WebAssembly begins at a page. */
const alignedChunk = (): Uint8Array => new Uint8Array(new WebAssembly.Memory({ initial: CHUNK_BYTES / 65_536 }).buffer);

/** With O_DIRECT, or without where the file system refuses it (tmpfs does). */
async function openDirect(path: string, flags: number): Promise<{ file: FileHandle; isDirect: boolean }> {
  try {
    return { file: await open(path, flags | constants.O_DIRECT, 0o600), isDirect: true };
  } catch {
    return { file: await open(path, flags, 0o600), isDirect: false };
  }
}

/** `elapsed`: monotonic ms. Leaves nothing behind. */
export async function measureDisk(folder: string, elapsed: () => number, signal: AbortSignal): Promise<DiskRates> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < MIN_FREE_FACTOR * MAX_FILE_BYTES) return { writeBytesPerSecond: null, readBytesPerSecond: null };
  const path = join(folder, `.benchmark-${randomBytes(6).toString('hex')}`);
  const chunk = alignedChunk();
  randomFillSync(chunk);
  try {
    const writing = await openDirect(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    let bytes = 0;
    let startedAt = elapsed();
    try {
      while (bytes < MAX_FILE_BYTES && (bytes === 0 || elapsed() - startedAt < BUDGET_MS)) {
        signal.throwIfAborted();
        bytes += (await writing.file.write(chunk)).bytesWritten;
      }
      // Until it is on the disk it is only promised.
      await writing.file.datasync();
    } finally {
      await writing.file.close();
    }
    const writeBytesPerSecond = bytes / ((elapsed() - startedAt) / 1000);
    const reading = await openDirect(path, constants.O_RDONLY);
    try {
      if (!reading.isDirect) return { writeBytesPerSecond, readBytesPerSecond: null };
      let got = 0;
      startedAt = elapsed();
      while (got < bytes && (got === 0 || elapsed() - startedAt < BUDGET_MS)) {
        signal.throwIfAborted();
        const { bytesRead } = await reading.file.read(chunk);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return { writeBytesPerSecond, readBytesPerSecond: got / ((elapsed() - startedAt) / 1000) };
    } finally {
      await reading.file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}

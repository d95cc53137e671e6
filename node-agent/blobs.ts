// BlobStore: files of jobs on disk, kept as the blocks they travel in. Every byte that comes in or goes out is checked against its CID.
// Folder: <root>/<jobId>/<fileCid>/ with `node` (the file's node), `data` (blocks at their offsets), `have` (indexes of blocks that
// arrived) and, for a file that stays where it is, `source.json`. Names are CIDs, so nothing from outside becomes a path.
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { join, sep } from 'node:path';
import { matchesCid, parseCid, rawCidOfHash } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { fileName } from '@nunet/shared/fields.ts';
import { blockLength, decodeFileNode, encodeFileNode, MAX_BLOCK_BYTES, MAX_FILE_BYTES, type FileNode } from '@nunet/shared/file-dag.ts';
import { z } from 'zod';

const VERSION = '1';
const sourceSchema = z.strictObject({ v: z.literal(1), path: z.string() });

export interface StoredFile {
  cid: string;
  bytes: number;
  /** Distinct blocks that have not arrived. */
  missingBlocks: number;
}

interface Entry {
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
const rawCid = (bytes: Uint8Array): string => rawCidOfHash(createHash('sha256').update(bytes).digest());
const isMissingFile = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Opens or makes the store. `maxBytes` bounds all files together, imported ones not counted. Throws `store-version`. */
export async function openBlobStore(options: { root: string; maxBytes: number }): Promise<BlobStore> {
  await mkdir(options.root, { recursive: true, mode: 0o700 });
  const versionPath = join(options.root, 'version');
  const version = await readFile(versionPath, 'utf8').catch((error: unknown) => {
    if (isMissingFile(error)) return null;
    throw error;
  });
  if (version === null) await writeFile(versionPath, VERSION, { mode: 0o600 });
  else if (version !== VERSION) {
    throw new NunetError(
      'store-version',
      `Cannot open ${options.root}: it has format ${version.slice(0, 10)}, this program knows ${VERSION}`,
    );
  }
  const store = new BlobStore(await realpath(options.root), options.maxBytes);
  await store.load();
  return store;
}

export class BlobStore {
  readonly #root: string;
  readonly #maxBytes: number;
  readonly #jobs = new Map<string, Map<string, Entry>>();
  #usedBytes = 0;

  constructor(root: string, maxBytes: number) {
    this.#root = root;
    this.#maxBytes = maxBytes;
  }

  /** Bytes reserved by files that are kept here, whether they have arrived or not. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Reads what an earlier process left. Folders that were not finished are removed. */
  async load(): Promise<void> {
    for (const jobId of await readdir(this.#root)) {
      if (!isCid(jobId)) continue;
      for (const cid of await readdir(join(this.#root, jobId))) {
        const folder = join(this.#root, jobId, cid);
        const entry = isCid(cid) ? await readEntry(folder, cid) : null;
        if (entry === null) await rm(folder, { recursive: true, force: true });
        else this.#add(jobId, entry);
      }
    }
  }

  files(jobId: string): StoredFile[] {
    return [...(this.#jobs.get(jobId)?.values() ?? [])].map(({ cid, node, missing }) => ({
      cid,
      bytes: node.bytes,
      missingBlocks: missing.size,
    }));
  }

  /** The file's node, once `begin` or an import has put it here. */
  node(jobId: string, cid: string): FileNode | undefined {
    return this.#jobs.get(jobId)?.get(cid)?.node;
  }

  /** Makes room for a file whose node has come; harmless when it is here. Throws `block-mismatch`, `store-full`. */
  async begin(jobId: string, nodeBytes: Uint8Array, cid: string): Promise<FileNode> {
    const known = this.node(jobId, cid);
    if (known !== undefined) return known;
    if (!matchesCid(nodeBytes, cid)) throw new NunetError('block-mismatch', `Cannot keep file ${cid}: its node has another hash`);
    const node = decodeFileNode(nodeBytes);
    this.#demandRoom(node.bytes);
    this.#usedBytes += node.bytes;
    try {
      const folder = await this.#makeFolder(jobId, cid, nodeBytes, async (temporary) => {
        const data = await open(join(temporary, 'data'), 'wx', 0o600);
        try {
          // Sparse: reserves the size without writing it.
          await data.truncate(node.bytes);
        } finally {
          await data.close();
        }
        await writeFile(join(temporary, 'have'), '', { mode: 0o600 });
      });
      const entry = entryOf({ cid, folder, node, path: join(folder, 'data'), imported: false, verified: true }, []);
      if (this.#put(jobId, entry)) this.#usedBytes -= node.bytes;
    } catch (error) {
      this.#usedBytes -= node.bytes;
      throw error;
    }
    return node;
  }

  /** Distinct blocks of the file that are still wanted, in file order. */
  missing(jobId: string, cid: string): string[] {
    return [...this.#entry(jobId, cid).missing];
  }

  /** Keeps one block. False: these are not the bytes that the CID and the file's size ask for. */
  async put(jobId: string, cid: string, blockCid: string, bytes: Uint8Array): Promise<boolean> {
    const entry = this.#entry(jobId, cid);
    const indexes = entry.indexes.get(blockCid);
    const first = indexes?.[0];
    if (indexes === undefined || first === undefined) return false;
    if (bytes.length !== blockLength(entry.node, first) || rawCid(bytes) !== blockCid) return false;
    if (!entry.missing.has(blockCid)) return true;
    entry.writers += 1;
    try {
      await this.#write(entry, blockCid, indexes, bytes);
    } finally {
      entry.writers -= 1;
      if (entry.missing.size === 0 && entry.writers === 0) await closeHandle(entry);
    }
    return true;
  }

  async #write(entry: Entry, blockCid: string, indexes: readonly number[], bytes: Uint8Array): Promise<void> {
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

  /**
   * A node or block of one of the job's files, or null. Bytes are hashed again: an imported file may have changed, and a
   * wrong block would make us look like the cheat.
   */
  async read(jobId: string, cid: string): Promise<Uint8Array | null> {
    for (const entry of this.#jobs.get(jobId)?.values() ?? []) {
      if (entry.cid === cid) return readFile(join(entry.folder, 'node'));
      const index = entry.indexes.get(cid)?.[0];
      if (index === undefined || entry.missing.has(cid)) continue;
      const bytes = await readBlock(entry, index);
      if (bytes !== null) return bytes;
    }
    return null;
  }

  /**
   * Takes a local file into the job where it lies: only its node and its path are stored. `within` is the folder that it must
   * really lie in, for files that somebody else's program made. Throws `file-too-large`, `file-missing`, `file-outside`. What
   * is read later is checked, so a file that changes is no longer served.
   */
  async importFile(jobId: string, path: string, options: { within?: string } = {}): Promise<{ cid: string; bytes: number }> {
    const real = await realpath(path).catch((cause: unknown) => {
      throw new NunetError('file-missing', `Cannot take file ${path}: it is not there or cannot be read`, { cause });
    });
    if (options.within !== undefined && !real.startsWith(join(await realpath(options.within), sep))) {
      throw new NunetError('file-outside', `Cannot take file ${path}: it leads out of the job's own folder`);
    }
    const node = await cutFileOnDisk(real);
    const encoded = encodeFileNode(node);
    if (this.node(jobId, encoded.cid) === undefined) {
      const folder = await this.#makeFolder(jobId, encoded.cid, encoded.bytes, (temporary) =>
        writeFile(join(temporary, 'source.json'), JSON.stringify({ v: 1, path: real }), { mode: 0o600 }),
      );
      const all = node.blocks.map((_, index) => index);
      this.#put(jobId, entryOf({ cid: encoded.cid, folder, node, path: real, imported: true, verified: true }, all));
    }
    return { cid: encoded.cid, bytes: node.bytes };
  }

  /** Keeps bytes that are in memory as a file of the job: a graph, a small output. Throws `store-full`. */
  async putBytes(jobId: string, bytes: Uint8Array): Promise<{ cid: string; bytes: number }> {
    const blocks: string[] = [];
    for (let offset = 0; offset < bytes.length; offset += MAX_BLOCK_BYTES)
      blocks.push(rawCid(bytes.subarray(offset, offset + MAX_BLOCK_BYTES)));
    const { cid, bytes: nodeBytes } = encodeFileNode({ bytes: bytes.length, blocks });
    await this.begin(jobId, nodeBytes, cid);
    for (const [index, blockCid] of blocks.entries()) {
      await this.put(jobId, cid, blockCid, bytes.subarray(index * MAX_BLOCK_BYTES, (index + 1) * MAX_BLOCK_BYTES));
    }
    return { cid, bytes: bytes.length };
  }

  /** Path of a whole file, to be read and never written: what an executor is given. Throws `file-incomplete`. */
  async pathOf(jobId: string, cid: string): Promise<string> {
    const entry = this.#entry(jobId, cid);
    if (!entry.verified) await verify(entry);
    if (entry.missing.size > 0) {
      throw new NunetError('file-incomplete', `Cannot use file ${cid}: ${entry.missing.size} of its blocks have not arrived`);
    }
    return entry.path;
  }

  /**
   * Saves a whole file as `folder/name`, at once or not at all. Never writes over a file: the same content there is fine,
   * anything else throws `output-exists`. Throws `file-incomplete`, `file-name-invalid`.
   */
  async saveAs(jobId: string, cid: string, folder: string, name: string): Promise<string> {
    const safe = fileName.safeParse(name);
    if (!safe.success) throw new NunetError('file-name-invalid', `Cannot save a file as "${name.slice(0, 100)}": want one plain file name`);
    const source = await this.pathOf(jobId, cid);
    await mkdir(folder, { recursive: true });
    const target = join(folder, safe.data);
    const temporary = join(folder, `.${safe.data}.${randomBytes(6).toString('hex')}.part`);
    try {
      // A copy, not a link: whoever edits the saved file must not edit the store. Clones on file systems that can.
      await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      const copy = await open(temporary, 'r+');
      try {
        await copy.chmod(0o644);
        await copy.sync();
      } finally {
        await copy.close();
      }
      // link fails where rename would replace, also on a symlink.
      await link(temporary, target);
    } catch (error) {
      if (!isThere(error)) throw error;
      if (!(await holdsFile(target, cid))) {
        throw new NunetError('output-exists', `Cannot save ${target}: another file is there; move it away or choose another folder`);
      }
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
    return target;
  }

  /** Forgets all files of a job; imported ones stay where they are. */
  async remove(jobId: string): Promise<void> {
    const files = this.#jobs.get(jobId);
    if (files === undefined) return;
    this.#jobs.delete(jobId);
    for (const entry of files.values()) {
      await closeHandle(entry);
      if (!entry.imported) this.#usedBytes -= entry.node.bytes;
    }
    await rm(this.#jobFolder(jobId), { recursive: true, force: true });
  }

  /** Closes open files; the store may be opened again. */
  async close(): Promise<void> {
    for (const files of this.#jobs.values()) for (const entry of files.values()) await closeHandle(entry);
  }

  #demandRoom(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maxBytes) {
      const free = Math.max(0, this.#maxBytes - this.#usedBytes);
      throw new NunetError('store-full', `Cannot keep a file of ${bytes} bytes: ${free} of ${this.#maxBytes} bytes are free`);
    }
  }

  #entry(jobId: string, cid: string): Entry {
    const entry = this.#jobs.get(jobId)?.get(cid);
    if (entry === undefined) throw new NunetError('file-unknown', `Cannot find file ${cid.slice(0, 80)}: this job has not stored it`);
    return entry;
  }

  #jobFolder(jobId: string): string {
    return join(this.#root, parseCid(jobId).toString());
  }

  /** Makes the file's folder whole under another name and moves it into place, so that a kill leaves none that is half made. */
  async #makeFolder(jobId: string, cid: string, nodeBytes: Uint8Array, fill: (temporary: string) => Promise<void>): Promise<string> {
    const job = this.#jobFolder(jobId);
    const folder = join(job, parseCid(cid).toString());
    const temporary = join(job, `tmp-${randomBytes(6).toString('hex')}`);
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    await writeFile(join(temporary, 'node'), nodeBytes, { mode: 0o600 });
    await fill(temporary);
    try {
      await rename(temporary, folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another call of the same moment made the same folder first; both hold the same.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))) throw error;
    }
    return folder;
  }

  /** True when the file was here already and stays as it is. */
  #put(jobId: string, entry: Entry): boolean {
    if (this.node(jobId, entry.cid) !== undefined) return true;
    const files = this.#jobs.get(jobId) ?? new Map<string, Entry>();
    files.set(entry.cid, entry);
    this.#jobs.set(jobId, files);
    return false;
  }

  #add(jobId: string, entry: Entry): void {
    if (!this.#put(jobId, entry) && !entry.imported) this.#usedBytes += entry.node.bytes;
  }
}

function isCid(text: string): boolean {
  try {
    return parseCid(text).toString() === text;
  } catch {
    return false;
  }
}

function entryOf(fields: Omit<Entry, 'indexes' | 'missing' | 'handle' | 'writers'>, have: Iterable<number>): Entry {
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
async function readEntry(folder: string, cid: string): Promise<Entry | null> {
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
      return entryOf({ cid, folder, node, path, imported: true, verified: false }, node.blocks.keys());
    }
    const marks = await readFile(join(folder, 'have'));
    const view = new DataView(marks.buffer, marks.byteOffset, marks.length);
    // A kill may leave part of the last mark: it is not counted, and cut off so that later marks stay aligned.
    const have = Array.from({ length: Math.floor(marks.length / 4) }, (_, at) => view.getUint32(4 * at));
    if (marks.length % 4 !== 0) await writeFile(join(folder, 'have'), marks.subarray(0, have.length * 4), { mode: 0o600 });
    const path = join(folder, 'data');
    if ((await stat(path)).size !== node.bytes) return null;
    return entryOf({ cid, folder, node, path, imported: false, verified: false }, have);
  } catch {
    // Whatever it is, it can be fetched again.
    return null;
  }
}

async function closeHandle(entry: Entry): Promise<void> {
  const { handle } = entry;
  entry.handle = undefined;
  const files = await handle?.catch(() => undefined);
  await files?.data.close();
  await files?.have.close();
}

async function openForWriting(entry: Entry): Promise<{ data: FileHandle; have: FileHandle }> {
  const data = await open(entry.path, 'r+');
  try {
    return { data, have: await open(join(entry.folder, 'have'), 'a') };
  } catch (error) {
    await data.close();
    throw error;
  }
}

/** The block's bytes, or null when the disk no longer holds them. */
async function readBlock(entry: Entry, index: number): Promise<Uint8Array | null> {
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
async function verify(entry: Entry): Promise<void> {
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

async function cutFileOnDisk(path: string): Promise<FileNode> {
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

async function holdsFile(path: string, cid: string): Promise<boolean> {
  try {
    return encodeFileNode(await cutFileOnDisk(path)).cid === cid;
  } catch {
    return false;
  }
}

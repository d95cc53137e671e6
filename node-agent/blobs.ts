// BlobStore: files of jobs on disk, kept as the blocks they travel in. Every byte that comes in or goes out is checked against its CID.
// Folder: <root>/<jobId>/<fileCid>/ with `node` (the file's node), `data` (blocks at their offsets), `have` (indexes of blocks that
// arrived) and, for a file that stays where it is, `source.json`. Names are CIDs, so nothing from outside becomes a path.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, realpath, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { matchesCid, parseCid } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { fileName } from '@nunet/shared/fields.ts';
import { blockLength, decodeFileNode, encodeFileNode, MAX_BLOCK_BYTES, type FileNode } from '@nunet/shared/file-dag.ts';
import {
  blobFileOf,
  closeHandle,
  isMissingFile,
  marksOf,
  rawCid,
  readBlobFile,
  readBlock,
  takeOver,
  verify,
  writeBlock,
  type BlobFile,
} from './blob-file.ts';
import { cutFileOnDisk, holdsFile } from './cut-file.ts';

const VERSION = '1';

export interface StoredFile {
  cid: string;
  bytes: number;
  /** It lies where it was written, and goes when it is deleted there. */
  imported: boolean;
  /** Distinct blocks that have not arrived. */
  missingBlocks: number;
}

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Where a path really leads; `within` as in `importFile`. Throws `file-missing`, `file-outside`. */
export async function realPathWithin(path: string, within?: string): Promise<string> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw new NunetError('file-missing', `Cannot take file ${path}: it is not there or cannot be read`, { cause });
  });
  if (within !== undefined && !real.startsWith(join(await realpath(within), sep))) {
    throw new NunetError('file-outside', `Cannot take file ${path}: it leads out of the job's own folder`);
  }
  return real;
}

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
  #maxBytes: number;
  readonly #jobs = new Map<string, Map<string, BlobFile>>();
  #usedBytes = 0;

  constructor(root: string, maxBytes: number) {
    this.#root = root;
    this.#maxBytes = maxBytes;
  }

  /** Another bound from now on; what is kept beyond it stays. */
  bound(maxBytes: number): void {
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
        const entry = isCid(cid) ? await readBlobFile(folder, cid) : null;
        if (entry === null) await rm(folder, { recursive: true, force: true });
        else this.#add(jobId, entry);
      }
    }
  }

  files(jobId: string): StoredFile[] {
    return [...(this.#jobs.get(jobId)?.values() ?? [])].map(({ cid, node, missing, imported }) => ({
      cid,
      bytes: node.bytes,
      imported,
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
      const entry = blobFileOf({ cid, folder, node, path: join(folder, 'data'), imported: false, verified: true }, []);
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
      await writeBlock(entry, blockCid, indexes, bytes);
    } finally {
      entry.writers -= 1;
      if (entry.missing.size === 0 && entry.writers === 0) await closeHandle(entry);
    }
    return true;
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
    const real = await realPathWithin(path, options.within);
    const node = await cutFileOnDisk(real);
    const encoded = encodeFileNode(node);
    if (this.node(jobId, encoded.cid) === undefined) {
      const folder = await this.#makeFolder(jobId, encoded.cid, encoded.bytes, (temporary) =>
        writeFile(join(temporary, 'source.json'), JSON.stringify({ v: 1, path: real }), { mode: 0o600 }),
      );
      const all = node.blocks.map((_, index) => index);
      this.#put(jobId, blobFileOf({ cid: encoded.cid, folder, node, path: real, imported: true, verified: true }, all));
    }
    return { cid: encoded.cid, bytes: node.bytes };
  }

  /**
   * As `importFile`, but the file stays here when it is deleted where it was: its bytes get a second name in the store. It must not be
   * written again. Throws `file-too-large`, `file-missing`, `file-outside`. Room was reserved by whoever wrote it, so none is asked for.
   */
  async adoptFile(jobId: string, path: string, options: { within?: string } = {}): Promise<{ cid: string; bytes: number }> {
    const job = this.#jobFolder(jobId);
    await mkdir(job, { recursive: true, mode: 0o700 });
    // Taken before it is read: whoever wrote it may replace it meanwhile.
    const own = join(job, `tmp-${randomBytes(6).toString('hex')}.data`);
    await takeOver(await realPathWithin(path, options.within), own);
    try {
      const node = await cutFileOnDisk(own);
      const encoded = encodeFileNode(node);
      if (this.node(jobId, encoded.cid) === undefined) {
        const folder = await this.#makeFolder(jobId, encoded.cid, encoded.bytes, async (temporary) => {
          await rename(own, join(temporary, 'data'));
          await writeFile(join(temporary, 'have'), marksOf(node), { mode: 0o600 });
        });
        const all = node.blocks.map((_, index) => index);
        const fields = { cid: encoded.cid, folder, node, path: join(folder, 'data'), imported: false, verified: true };
        if (!this.#put(jobId, blobFileOf(fields, all))) this.#usedBytes += node.bytes;
      }
      return { cid: encoded.cid, bytes: node.bytes };
    } finally {
      await rm(own, { force: true });
    }
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

  /** Forgets files of a job, but for those that `keep` names; imported ones stay where they are. */
  async retain(jobId: string, keep: ReadonlySet<string>): Promise<void> {
    const files = this.#jobs.get(jobId);
    for (const entry of [...(files?.values() ?? [])]) {
      if (keep.has(entry.cid)) continue;
      files?.delete(entry.cid);
      await closeHandle(entry);
      if (!entry.imported) this.#usedBytes -= entry.node.bytes;
      await rm(entry.folder, { recursive: true, force: true });
    }
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

  #entry(jobId: string, cid: string): BlobFile {
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
  #put(jobId: string, entry: BlobFile): boolean {
    if (this.node(jobId, entry.cid) !== undefined) return true;
    const files = this.#jobs.get(jobId) ?? new Map<string, BlobFile>();
    files.set(entry.cid, entry);
    this.#jobs.set(jobId, files);
    return false;
  }

  #add(jobId: string, entry: BlobFile): void {
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

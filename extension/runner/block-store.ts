// A job's files in the database: inputs and yardsticks whole, outputs block by block until they are. A BlockSink of shared/fetch-file.ts.
import { matchesCid, rawCidOfHash } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { BlockSink } from '@nunet/shared/fetch-file.ts';
import { decodeFileNode, encodeFileNode, MAX_BLOCK_BYTES, type FileNode } from '@nunet/shared/file-dag.ts';
import { MAX_BLOCKS_A_REQUEST } from '@nunet/shared/wire.ts';
import { ofJob, STRICT, type RunnerDatabase } from './database.ts';

/** Read at once for a peer, which asks for its blocks in order: each read of a stored file takes some 4 ms, however small (measured). */
const AHEAD_BYTES = MAX_BLOCKS_A_REQUEST * MAX_BLOCK_BYTES;

/** Hashes a file block by block; no more than one block of it is in memory. */
export async function hashFile(content: Blob, signal: AbortSignal): Promise<{ cid: string; node: Uint8Array }> {
  const blocks: string[] = [];
  for (let at = 0; at < content.size; at += MAX_BLOCK_BYTES) {
    signal.throwIfAborted();
    const bytes = await content.slice(at, at + MAX_BLOCK_BYTES).arrayBuffer();
    blocks.push(rawCidOfHash(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))));
  }
  const encoded = encodeFileNode({ bytes: content.size, blocks });
  return { cid: encoded.cid, node: encoded.bytes };
}

interface Known {
  node: FileNode;
  nodeBytes: Uint8Array;
  missing: Set<string>;
  content: Blob | null;
}

/** What a full disk throws; the browser's own words say nothing to a person. */
function translated(error: unknown): unknown {
  if (error instanceof DOMException && error.name === 'QuotaExceededError')
    return new NunetError('store-full', 'Cannot keep the file: this browser has no more room for it', { cause: error });
  return error;
}

export interface BlockStore extends BlockSink {
  /** Null until it is whole. */
  content(cid: string): Blob | null;
  /** One block of a file that is whole. Throws `file-incomplete`. */
  block(cid: string, index: number): Promise<Uint8Array>;
  /** Keeps a file that is whole already. Throws `store-full`. */
  keep(content: Blob, signal: AbortSignal): Promise<{ cid: string }>;
  /** Forgets a file, whole or not; harmless when it is not here. */
  drop(cid: string): Promise<void>;
  /** One block, or the node, of a file among `served`: what peers ask for. */
  read(cid: string, served: ReadonlySet<string>): Promise<Uint8Array | null>;
}

/** Opens the files of one job; what the database holds of them is known from then on. */
export async function openBlocks(database: RunnerDatabase, jobId: string): Promise<BlockStore> {
  const files = new Map<string, Known>();
  const keys = await database.getAllKeys('files', ofJob(jobId));
  const stored = await database.getAll('files', ofJob(jobId));
  for (const [index, { node: nodeBytes, content }] of stored.entries()) {
    const cid = keys[index]?.[1] ?? '';
    const node = decodeFileNode(nodeBytes);
    files.set(cid, { node, nodeBytes, content, missing: new Set(content === null ? node.blocks : []) });
  }
  for (const [, cid, block] of await database.getAllKeys('blocks', ofJob(jobId))) files.get(cid)?.missing.delete(block);

  let ahead: { file: string; from: number; bytes: Promise<ArrayBuffer> } | undefined;

  const demand = (cid: string): Known => {
    const file = files.get(cid);
    if (file === undefined) throw new NunetError('file-unknown', `Cannot find file ${cid.slice(0, 80)}: this job has not stored it`);
    return file;
  };

  /** Puts the blocks of a file together and lets them go, at once or not at all. */
  const complete = async (cid: string, file: Known): Promise<void> => {
    const range = IDBKeyRange.bound([jobId, cid], [jobId, cid, []]);
    const blockKeys = await database.getAllKeys('blocks', range);
    const bytes = await database.getAll('blocks', range);
    const byCid = new Map(blockKeys.map(([, , block], index) => [block, bytes[index]]));
    const parts = file.node.blocks.map((block) => {
      const part = byCid.get(block);
      // Lost in a power cut before it was durable: asked for again.
      if (part === undefined) file.missing.add(block);
      return part ?? new Uint8Array(0);
    });
    if (file.missing.size > 0) return;
    const content = new Blob(parts as Uint8Array<ArrayBuffer>[]);
    const transaction = database.transaction(['files', 'blocks'], 'readwrite', STRICT);
    await Promise.all([
      transaction.objectStore('files').put({ node: file.nodeBytes, content }, [jobId, cid]),
      transaction.objectStore('blocks').delete(range),
      transaction.done,
    ]);
    file.content = content;
  };

  const store: BlockStore = {
    node: (_job, cid) => files.get(cid)?.node,
    async begin(_job, nodeBytes, cid) {
      const known = files.get(cid);
      if (known !== undefined) return known.node;
      if (!matchesCid(nodeBytes, cid)) throw new NunetError('block-mismatch', `Cannot take file ${cid}: its node hashes to something else`);
      const node = decodeFileNode(nodeBytes);
      const file: Known = { node, nodeBytes, content: null, missing: new Set(node.blocks) };
      await database.put('files', { node: nodeBytes, content: null }, [jobId, cid]).catch((error: unknown) => {
        throw translated(error);
      });
      files.set(cid, file);
      if (file.missing.size === 0) await complete(cid, file);
      return node;
    },
    missing: (_job, cid) => [...demand(cid).missing],
    async put(_job, cid, block, bytes) {
      const file = demand(cid);
      if (!file.node.blocks.includes(block) || !matchesCid(bytes, block)) return false;
      if (!file.missing.has(block)) return true;
      try {
        // A copy of its own size: the bytes may be a window into a much larger buffer.
        await database.put('blocks', bytes.slice(), [jobId, cid, block]);
        file.missing.delete(block);
        if (file.missing.size === 0 && file.content === null) await complete(cid, file);
      } catch (error) {
        throw translated(error);
      }
      return true;
    },
    content: (cid) => files.get(cid)?.content ?? null,
    async block(cid, index) {
      const content = files.get(cid)?.content ?? null;
      if (content === null) throw new NunetError('file-incomplete', `Cannot use file ${cid}: it is not kept whole`);
      return new Uint8Array(await content.slice(index * MAX_BLOCK_BYTES, (index + 1) * MAX_BLOCK_BYTES).arrayBuffer());
    },
    async keep(content, signal) {
      const { cid, node: nodeBytes } = await hashFile(content, signal);
      await database.put('files', { node: nodeBytes, content }, [jobId, cid]).catch((error: unknown) => {
        throw translated(error);
      });
      files.set(cid, { node: decodeFileNode(nodeBytes), nodeBytes, content, missing: new Set() });
      return { cid };
    },
    async drop(cid) {
      files.delete(cid);
      const transaction = database.transaction(['files', 'blocks'], 'readwrite', STRICT);
      await Promise.all([
        transaction.objectStore('files').delete([jobId, cid]),
        transaction.objectStore('blocks').delete(IDBKeyRange.bound([jobId, cid], [jobId, cid, []])),
        transaction.done,
      ]);
    },
    async read(cid, served) {
      const whole = served.has(cid) ? files.get(cid) : undefined;
      if (whole !== undefined) return whole.nodeBytes;
      for (const [file, { node, content }] of files) {
        if (!served.has(file)) continue;
        const index = node.blocks.indexOf(cid);
        if (index === -1 || content === null) continue;
        const at = index * MAX_BLOCK_BYTES;
        if (ahead === undefined || ahead.file !== file || at < ahead.from || at >= ahead.from + AHEAD_BYTES)
          ahead = { file, from: at, bytes: content.slice(at, at + AHEAD_BYTES).arrayBuffer() };
        const { from, bytes } = ahead;
        const inside = Math.min(MAX_BLOCK_BYTES, content.size - at);
        return new Uint8Array(await bytes, at - from, inside);
      }
      return null;
    },
  };
  return store;
}

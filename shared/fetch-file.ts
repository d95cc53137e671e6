// Files of a job from a peer, block by block: asks only for what is lacking and keeps only what hashes right.
import { matchesCid } from './encoding.ts';
import { NunetError } from './errors.ts';
import { PeerFailure } from './exchange.ts';
import { blockLength, decodeFileNode, MAX_BLOCK_BYTES, type FileNode } from './file-dag.ts';
import { peerOf, requestMany, type Dialer, type Target } from './peer-client.ts';
import { MAX_BLOCKS_A_REQUEST } from './wire.ts';

/** Where fetched blocks go; the agent's `BlobStore` is one, the extension's block store another. */
export interface BlockSink {
  node(jobId: string, cid: string): FileNode | undefined;
  begin(jobId: string, nodeBytes: Uint8Array, cid: string): Promise<FileNode>;
  missing(jobId: string, cid: string): string[];
  put(jobId: string, cid: string, blockCid: string, bytes: Uint8Array): Promise<boolean>;
}

interface Fetch {
  dialer: Dialer;
  peer: Target;
  jobId: string;
  store: BlockSink;
  onProgress?: (progress: { doneBytes: number; totalBytes: number }) => void;
  /** Rejects with the signal's reason. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

interface WantedFile {
  cid: string;
  /** Size that the spec or the manifest says; a file of another size is refused before any block is asked for. */
  expectedBytes: number;
}

export type FetchFile = Fetch & WantedFile;
export type FetchFiles = Fetch & { files: readonly WantedFile[] };

/** 2 MiB each on its own stream, below the 4 MiB at which a WebRTC stream is reset; three keep the link busy while one is opened and one is written away. */
const REQUESTS_IN_FLIGHT = 3;
const MAX_WINDOW_BYTES = MAX_BLOCKS_A_REQUEST * MAX_BLOCK_BYTES;
/** Tries in a row that bring nothing before the fetch gives up. */
const MAX_FRUITLESS_TRIES = 7;
const FIRST_PAUSE_MS = 100;

/**
 * Fetches a file into the store. What has arrived stays, so calling again goes on from there. Throws `block-mismatch` (the
 * peer sent other bytes; named), `file-size-mismatch`, `block-unavailable`, `peer-*`, or the signal's reason.
 */
export async function fetchFile({ cid, expectedBytes, ...fetch }: FetchFile): Promise<FileNode> {
  const [file] = await fetchFiles({ ...fetch, files: [{ cid, expectedBytes }] });
  if (file === undefined) throw new NunetError('block-unavailable', `Cannot fetch file ${cid}: nothing came`);
  return file;
}

/** The same for many files at once, with progress over all of them: a request brings blocks of several, so small files cost no round trips each. */
export async function fetchFiles(fetch: FetchFiles): Promise<FileNode[]> {
  const { jobId, store } = fetch;
  const nodes = await fetchNodes(fetch);

  const missing = new Map<string, { bytes: number; files: string[] }>();
  for (const [cid, node] of nodes) {
    const indexes = new Map(node.blocks.map((block, index) => [block, index]));
    for (const block of store.missing(jobId, cid)) {
      const wanted = missing.get(block) ?? { bytes: blockLength(node, indexes.get(block) ?? 0), files: [] };
      wanted.files.push(cid);
      missing.set(block, wanted);
    }
  }
  const files = fetch.files.map(({ cid }) => nodes.get(cid)).filter((node) => node !== undefined);
  // A block may stand in a file, or among the files, more than once.
  const left = new Map<string, number>();
  for (const node of files) {
    node.blocks.forEach((block, index) => {
      if (missing.has(block)) left.set(block, (left.get(block) ?? 0) + blockLength(node, index));
    });
  }
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = totalBytes - [...left.values()].reduce((sum, bytes) => sum + bytes, 0);
  fetch.onProgress?.({ doneBytes, totalBytes });

  await fetchBlocks(fetch, missing, async (block, bytes) => {
    for (const cid of missing.get(block)?.files ?? []) {
      if (!(await store.put(jobId, cid, block, bytes))) throw mismatch(fetch, block, 'sent other bytes than its hash says');
    }
    doneBytes += left.get(block) ?? 0;
    fetch.onProgress?.({ doneBytes, totalBytes });
  });
  return files;
}

/** The nodes of all wanted files, each of the size that was announced. */
async function fetchNodes(fetch: FetchFiles): Promise<Map<string, FileNode>> {
  const { jobId, store, files } = fetch;
  const nodes = new Map<string, FileNode>();
  const unknown = new Map<string, { bytes: number }>();
  for (const { cid, expectedBytes } of files) {
    const known = store.node(jobId, cid);
    if (known === undefined) unknown.set(cid, { bytes: nodeBytesOf(expectedBytes) });
    else nodes.set(cid, known);
  }
  const judge = (cid: string, node: FileNode): void => {
    for (const file of files) if (file.cid === cid) demandSize(file, node);
  };
  for (const [cid, node] of nodes) judge(cid, node);
  await fetchBlocks(fetch, unknown, async (cid, bytes) => {
    if (!matchesCid(bytes, cid)) throw mismatch(fetch, cid, 'sent other bytes than its hash says');
    // Judged before it reserves room in the store.
    judge(cid, decodeFileNode(bytes));
    nodes.set(cid, await store.begin(jobId, bytes, cid));
  });
  return nodes;
}

/** About what a node of a file of this size takes: 41 bytes a link. Only windows are sized by it. */
const nodeBytesOf = (fileBytes: number): number => 64 + 41 * Math.ceil(fileBytes / MAX_BLOCK_BYTES);

/** Asks for all of them, several windows at once; `keep` judges and keeps each. */
async function fetchBlocks(
  fetch: Fetch,
  blocks: ReadonlyMap<string, { bytes: number }>,
  keep: (cid: string, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { jobId } = fetch;
  const waiting = [...blocks];
  const work = async (): Promise<void> => {
    for (;;) {
      const wanted = new Set(takeWindow(waiting));
      if (wanted.size === 0) return;
      await patiently(fetch, async (force, progress) => {
        const request = { jobId, cids: [...wanted] };
        for await (const { cid, bytes } of requestMany(fetch.dialer, fetch.peer, 'blocks', request, fetch.signal, { force })) {
          if (!wanted.has(cid)) throw mismatch(fetch, cid, 'sent a block that nobody asked for');
          if (bytes === null) throw unavailable(fetch, cid);
          await keep(cid, bytes);
          wanted.delete(cid);
          progress();
          if (wanted.size === 0) return;
        }
        if (wanted.size > 0) throw new NunetError('stream-closed', `Cannot finish the fetch: the peer left out ${wanted.size} blocks`);
      });
    }
  };
  // All are awaited even when one fails, so that nothing of this fetch runs on after it has thrown.
  const results = await Promise.allSettled(Array.from({ length: REQUESTS_IN_FLIGHT }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Takes as many from the front as one request may bring. */
function takeWindow(waiting: [string, { bytes: number }][]): string[] {
  let bytes = 0;
  let count = 0;
  for (const [, block] of waiting.slice(0, MAX_BLOCKS_A_REQUEST)) {
    bytes += block.bytes;
    if (count > 0 && bytes > MAX_WINDOW_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count).map(([cid]) => cid);
}

function demandSize({ cid, expectedBytes }: WantedFile, file: FileNode): void {
  if (file.bytes === expectedBytes) return;
  throw new NunetError('file-size-mismatch', `Cannot take file ${cid}: it has ${file.bytes} bytes, ${expectedBytes} were announced`);
}

const mismatch = (fetch: Fetch, block: string, what: string): NunetError =>
  new NunetError('block-mismatch', `Cannot take block ${block}: peer ${peerOf(fetch.peer)} ${what}`);

const unavailable = (fetch: Fetch, block: string): NunetError =>
  new NunetError('block-unavailable', `Cannot take block ${block}: peer ${peerOf(fetch.peer)} has it not, or not for us`);

/** Failures of the way, or a peer that has too much to do: worth another try. */
const PASSING = new Set(['peer-unreachable', 'peer-timeout', 'stream-closed', 'frame-invalid', 'busy', 'too-fast']);

/** Tries again after a pause that doubles, from the second time on over a new connection; progress starts the count anew. */
async function patiently<T>(fetch: Fetch, attempt: (force: boolean, progress: () => void) => Promise<T>): Promise<T> {
  let fruitless = 0;
  for (;;) {
    try {
      return await attempt(fruitless > 1, () => (fruitless = 0));
    } catch (error) {
      fetch.signal.throwIfAborted();
      const passing = error instanceof NunetError && PASSING.has(error instanceof PeerFailure ? error.peerCode : error.code);
      fruitless += 1;
      if (!passing || fruitless >= MAX_FRUITLESS_TRIES) throw error;
      await fetch.sleep(FIRST_PAUSE_MS * 2 ** fruitless, fetch.signal);
    }
  }
}

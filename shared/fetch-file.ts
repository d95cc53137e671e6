// A job's file from a peer, block by block: asks only for what is lacking and keeps only what hashes right.
import { matchesCid } from './encoding.ts';
import { NunetError } from './errors.ts';
import { PeerFailure } from './exchange.ts';
import { blockLength, decodeFileNode, type FileNode } from './file-dag.ts';
import { peerOf, requestMany, type Dialer, type Target } from './peer-client.ts';
import { MAX_BLOCKS_A_REQUEST } from './wire.ts';

/** Where fetched blocks go; the agent's `BlobStore` is one, the extension's block store another. */
export interface BlockSink {
  node(jobId: string, cid: string): FileNode | undefined;
  begin(jobId: string, nodeBytes: Uint8Array, cid: string): Promise<FileNode>;
  missing(jobId: string, cid: string): string[];
  put(jobId: string, cid: string, blockCid: string, bytes: Uint8Array): Promise<boolean>;
}

export interface FetchFile {
  dialer: Dialer;
  peer: Target;
  jobId: string;
  cid: string;
  /** Size that the spec or the manifest says; a file of another size is refused before any block is asked for. */
  expectedBytes: number;
  store: BlockSink;
  onProgress?: (progress: { doneBytes: number; totalBytes: number }) => void;
  /** Rejects with the signal's reason. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

/** 2 MiB each on its own stream, below the 4 MiB at which a WebRTC stream is reset; three keep the link busy while one is opened and one is written away. */
const REQUESTS_IN_FLIGHT = 3;
/** Tries in a row that bring nothing before the fetch gives up. */
const MAX_FRUITLESS_TRIES = 7;
const FIRST_PAUSE_MS = 100;

/**
 * Fetches a file into the store. What has arrived stays, so calling again goes on from there. Throws `block-mismatch` (the
 * peer sent other bytes; named), `file-size-mismatch`, `block-unavailable`, `peer-*`, or the signal's reason.
 */
export async function fetchFile(fetch: FetchFile): Promise<FileNode> {
  const { jobId, cid, store } = fetch;
  const file = store.node(jobId, cid) ?? (await store.begin(jobId, await patiently(fetch, (force) => fetchNode(fetch, force)), cid));
  demandSize(fetch, file);

  const missing = new Set(store.missing(jobId, cid));
  const blockBytes = new Map(file.blocks.map((block, index) => [block, blockLength(file, index)]));
  const repeats = new Map<string, number>();
  for (const block of file.blocks) repeats.set(block, (repeats.get(block) ?? 0) + 1);
  let doneBytes = file.bytes;
  for (const block of missing) doneBytes -= (blockBytes.get(block) ?? 0) * (repeats.get(block) ?? 1);
  fetch.onProgress?.({ doneBytes, totalBytes: file.bytes });

  const waiting = [...missing];
  const work = async (): Promise<void> => {
    for (;;) {
      const window = waiting.splice(0, MAX_BLOCKS_A_REQUEST);
      if (window.length === 0) return;
      const wanted = new Set(window);
      await patiently(fetch, async (force, progress) => {
        for await (const { cid: block, bytes } of requestMany(
          fetch.dialer,
          fetch.peer,
          'blocks',
          { jobId, cids: [...wanted] },
          fetch.signal,
          { force },
        )) {
          if (!wanted.has(block)) throw mismatch(fetch, block, 'sent a block that nobody asked for');
          if (bytes === null) throw unavailable(fetch, block);
          if (!(await store.put(jobId, cid, block, bytes))) throw mismatch(fetch, block, 'sent other bytes than its hash says');
          wanted.delete(block);
          doneBytes += bytes.length * (repeats.get(block) ?? 1);
          fetch.onProgress?.({ doneBytes, totalBytes: file.bytes });
          progress();
          if (wanted.size === 0) return;
        }
        if (wanted.size > 0) throw new NunetError('stream-closed', `Cannot finish file ${cid}: the peer left out ${wanted.size} blocks`);
      });
    }
  };
  // Both are awaited even when one fails, so that nothing of this fetch runs on after it has thrown.
  const results = await Promise.allSettled(Array.from({ length: REQUESTS_IN_FLIGHT }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return file;
}

async function fetchNode(fetch: FetchFile, force: boolean): Promise<Uint8Array> {
  const { jobId, cid } = fetch;
  for await (const answer of requestMany(fetch.dialer, fetch.peer, 'blocks', { jobId, cids: [cid] }, fetch.signal, { force })) {
    if (answer.bytes === null) throw unavailable(fetch, cid);
    if (answer.cid !== cid || !matchesCid(answer.bytes, cid)) throw mismatch(fetch, cid, 'sent other bytes than its hash says');
    // Judged here too: a node of another size must not reserve room in the store.
    demandSize(fetch, decodeFileNode(answer.bytes));
    return answer.bytes;
  }
  throw new NunetError('stream-closed', `Cannot fetch file ${cid}: the peer ended without sending its node`);
}

function demandSize(fetch: FetchFile, file: FileNode): void {
  if (file.bytes === fetch.expectedBytes) return;
  throw new NunetError(
    'file-size-mismatch',
    `Cannot take file ${fetch.cid}: it has ${file.bytes} bytes, ${fetch.expectedBytes} were announced`,
  );
}

const mismatch = (fetch: FetchFile, block: string, what: string): NunetError =>
  new NunetError('block-mismatch', `Cannot take block ${block} of file ${fetch.cid}: peer ${peerOf(fetch.peer)} ${what}`);

const unavailable = (fetch: FetchFile, block: string): NunetError =>
  new NunetError(
    'block-unavailable',
    `Cannot take block ${block} of file ${fetch.cid}: peer ${peerOf(fetch.peer)} has it not, or not for us`,
  );

/** Failures of the way, or a peer that has too much to do: worth another try. */
const PASSING = new Set(['peer-unreachable', 'peer-timeout', 'stream-closed', 'frame-invalid', 'busy', 'too-fast']);

/** Tries again after a pause that doubles, from the second time on over a new connection; progress starts the count anew. */
async function patiently<T>(fetch: FetchFile, attempt: (force: boolean, progress: () => void) => Promise<T>): Promise<T> {
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

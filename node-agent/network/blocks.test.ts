// Files between two real nodes: whole, resumable, and never a byte that is not the announced one.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { cutFile, MAX_BLOCK_BYTES } from '@nunet/shared/file-dag.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openBlobStore, type BlobStore } from '../blobs.ts';
import type { ReadBlock } from '@nunet/shared/peer-server.ts';
import { fetchFile, fetchFiles, serveBlocks, type FetchFile } from './blocks.ts';
import { addressOf, dialingNode, loopbackNode, TRANSPORTS } from './loopback-nodes.ts';
import { requestMany } from '@nunet/shared/peer-client.ts';
import { serve } from './protocol.ts';
import type { NetworkNode } from './node.ts';

const signal = new AbortController().signal;
const jobId = cidOf(encode('job'));
const content = randomBytes(20 * MAX_BLOCK_BYTES + 77);
const file = cutFile(content);

async function emptyStore(): Promise<BlobStore> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-blocks-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return openBlobStore({ root: folder, maxBytes: 2 ** 30 });
}

/** Reads blocks of `content` from memory. */
const readContent: ReadBlock = async (job, cid) => {
  if (job !== jobId) return null;
  if (cid === file.cid) return file.nodeBytes;
  const index = file.node.blocks.indexOf(cid);
  return index < 0 ? null : file.block(index);
};

async function peers(read: ReadBlock): Promise<{ agent: NetworkNode; fetching: (changes?: Partial<FetchFile>) => Promise<FetchFile> }> {
  const agent = await loopbackNode('agent');
  await serveBlocks(agent, read);
  const node = await dialingNode('service provider');
  return {
    agent,
    fetching: async (changes) => ({
      node,
      peer: addressOf(agent, 'tcp'),
      jobId,
      cid: file.cid,
      expectedBytes: content.length,
      store: await emptyStore(),
      signal,
      ...changes,
    }),
  };
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  test('a file arrives whole, from disk to disk, with progress up to its last byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nunet-source-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'model.onnx'), content);
    const source = await openBlobStore({ root: join(folder, 'blobs'), maxBytes: 0 });
    await source.importFile(jobId, join(folder, 'model.onnx'));
    const { agent, fetching } = await peers((job, cid) => source.read(job, cid));
    const progress: number[] = [];
    const fetch = await fetching({ peer: addressOf(agent, transport), onProgress: ({ doneBytes }) => progress.push(doneBytes) });
    await fetchFile(fetch);
    const store = fetch.store as BlobStore;
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
    expect(progress[0]).toBe(0);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('a fetch goes on where the last one broke off, and asks for nothing twice', async () => {
    const asked: string[] = [];
    let limit = 9;
    const { agent, fetching } = await peers(async (job, cid, peerId) => {
      if (asked.length >= limit) return null;
      asked.push(cid);
      return readContent(job, cid, peerId);
    });
    const fetch = await fetching({ peer: addressOf(agent, transport) });
    await expect(fetchFile(fetch)).rejects.toMatchObject({ code: 'block-unavailable' });
    const arrived = file.node.blocks.length - fetch.store.missing(jobId, file.cid).length;
    expect(arrived).toBeGreaterThan(0);
    limit = Infinity;
    await fetchFile(fetch);
    expect(fetch.store.missing(jobId, file.cid)).toEqual([]);
    expect(asked).toHaveLength(new Set(asked).size);
    expect(new Set(asked)).toEqual(new Set([file.cid, ...file.node.blocks]));
  });

  test('a connection that breaks in the middle is made again by itself', async () => {
    let served = 0;
    const { agent, fetching } = await peers(async (job, cid, peerId) => {
      served += 1;
      if (served === 6 || served === 12)
        for (const connection of agent.libp2p.getConnections()) connection.abort(new Error('cable pulled'));
      return readContent(job, cid, peerId);
    });
    const fetch = await fetching({ peer: addressOf(agent, transport) });
    await fetchFile(fetch);
    expect(fetch.store.missing(jobId, file.cid)).toEqual([]);
  });
});

describe('many files at once', () => {
  const small = Array.from({ length: 10 }, () => cutFile(randomBytes(1_000)));
  /** Shares its first blocks with `file`. */
  const double = cutFile(content.subarray(0, 3 * MAX_BLOCK_BYTES));
  const all = [file, ...small, double];

  test('come in few requests, and a block that several of them hold comes once', async () => {
    const asked: string[][] = [];
    const agent = await loopbackNode('agent');
    await serve(agent, 'blocks', async function* ({ cids }) {
      asked.push(cids);
      for (const cid of cids) {
        const holder = all.find(({ node }) => node.blocks.includes(cid));
        const block = holder?.block(holder.node.blocks.indexOf(cid)) ?? null;
        yield { type: 'block', cid, bytes: all.find((one) => one.cid === cid)?.nodeBytes ?? block };
      }
    });
    const store = await emptyStore();
    const progress: number[] = [];
    const nodes = await fetchFiles({
      node: await dialingNode('service provider'),
      peer: addressOf(agent, 'tcp'),
      jobId,
      files: all.map(({ cid, node }) => ({ cid, expectedBytes: node.bytes })),
      store,
      onProgress: ({ doneBytes }) => progress.push(doneBytes),
      signal,
    });
    expect(nodes).toEqual(all.map(({ node }) => node));
    for (const { cid } of all) expect(store.missing(jobId, cid)).toEqual([]);
    expect(content.subarray(0, double.node.bytes).equals(await readFile(await store.pathOf(jobId, double.cid)))).toBe(true);
    expect(asked.flat()).toHaveLength(new Set(asked.flat()).size);
    // 12 nodes and 31 blocks, eight a request.
    expect(asked).toHaveLength(2 + 4);
    expect(progress.at(-1)).toBe(all.reduce((sum, { node }) => sum + node.bytes, 0));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('cannot bring one of another size than was announced', async () => {
    const { fetching } = await peers(readContent);
    const { cid, expectedBytes, ...fetch } = await fetching();
    const files = [
      { cid, expectedBytes },
      { cid, expectedBytes: expectedBytes + 1 },
    ];
    await expect(fetchFiles({ ...fetch, files })).rejects.toMatchObject({ code: 'file-size-mismatch' });
    expect((fetch.store as BlobStore).usedBytes).toBe(0);
  });
});

describe('a peer that sends wrong bytes', () => {
  test('cannot have them kept; it is named, and what was right stays', async () => {
    const bad = file.node.blocks[5];
    const { agent, fetching } = await peers(async (job, cid, peerId) => {
      const bytes = await readContent(job, cid, peerId);
      if (cid !== bad || bytes === null) return bytes;
      const wrong = Uint8Array.from(bytes);
      wrong[100] = (wrong[100] ?? 0) ^ 1;
      return wrong;
    });
    const fetch = await fetching({ peer: { peerId: agent.peerId, addresses: [addressOf(agent, 'tcp')] } });
    await expect(fetchFile(fetch)).rejects.toMatchObject({
      code: 'block-mismatch',
      message: expect.stringContaining(agent.peerId) as string,
    });
    expect(fetch.store.missing(jobId, file.cid)).toContain(bad);
    expect(fetch.store.missing(jobId, file.cid).length).toBeLessThan(file.node.blocks.length);
  });

  test('cannot pass another file’s node off as this one', async () => {
    const other = cutFile(randomBytes(1_000));
    const { fetching } = await peers(async () => other.nodeBytes);
    await expect(fetchFile(await fetching())).rejects.toMatchObject({ code: 'block-mismatch' });
  });

  test('cannot make the receiver reserve more room than was announced', async () => {
    const { fetching } = await peers(readContent);
    const fetch = await fetching({ expectedBytes: content.length - 1 });
    await expect(fetchFile(fetch)).rejects.toMatchObject({ code: 'file-size-mismatch' });
    expect((fetch.store as BlobStore).usedBytes).toBe(0);
  });

  test('cannot send a block that nobody asked for, nor leave some out without end', async () => {
    const agent = await loopbackNode('agent');
    const node = await dialingNode('service provider');
    let mode: 'other' | 'short' = 'other';
    let requests = 0;
    await serve(agent, 'blocks', async function* ({ cids }) {
      requests += 1;
      if (cids[0] === file.cid) yield { type: 'block', cid: file.cid, bytes: file.nodeBytes };
      else if (mode === 'other') yield { type: 'block', cid: file.node.blocks.at(-1) ?? '', bytes: file.block(20) };
    });
    const fetch = {
      node,
      peer: addressOf(agent, 'tcp'),
      jobId,
      cid: file.cid,
      expectedBytes: content.length,
      store: await emptyStore(),
      signal,
    };
    await expect(fetchFile(fetch)).rejects.toMatchObject({ code: 'block-mismatch' });
    mode = 'short';
    requests = 0;
    const leaving = new AbortController();
    const fetching = fetchFile({ ...fetch, signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('waited long enough')), 1_500);
    await expect(fetching).rejects.toThrow(/waited long enough|left out/);
    // Three windows at a time, seven tries each.
    expect(requests).toBeLessThanOrEqual(21);
  });
});

describe('a reader', () => {
  test('cannot read a block that the access rule keeps from it, nor learn whether it is there', async () => {
    const agent = await loopbackNode('agent');
    const owner = await dialingNode('service provider');
    const stranger = await dialingNode('stranger');
    await serveBlocks(agent, async (job, cid, peerId) => (peerId === owner.peerId ? readContent(job, cid, peerId) : null));
    const read = async (node: NetworkNode, cid: string): Promise<number | null> => {
      for await (const { bytes } of requestMany(node, addressOf(agent, 'tcp'), 'blocks', { jobId, cids: [cid] }, signal))
        return bytes?.length ?? null;
      return -1;
    };
    const block = file.node.blocks[0] ?? '';
    expect(await read(owner, block)).toBe(MAX_BLOCK_BYTES);
    expect(await read(stranger, block)).toBeNull();
    expect(await read(stranger, cidOf(encode('nothing')))).toBeNull();
  });

  test('cannot ask for more blocks at once than a window', async () => {
    const agent = await loopbackNode('agent');
    const node = await dialingNode('service provider');
    await serveBlocks(agent, readContent);
    const ask = requestMany(node, addressOf(agent, 'tcp'), 'blocks', { jobId, cids: file.node.blocks.slice(0, 9) }, signal);
    await expect(ask.next()).rejects.toMatchObject({ code: 'peer-failure', peerCode: 'message-invalid' });
  });

  test('a peer that has gone ends in a plain error, after a few tries', async () => {
    const agent = await loopbackNode('agent');
    const node = await dialingNode('service provider');
    await serveBlocks(agent, readContent);
    const address = addressOf(agent, 'tcp');
    await agent.stop();
    const leaving = AbortSignal.timeout(2_000);
    const fetch = { node, peer: address, jobId, cid: file.cid, expectedBytes: content.length, store: await emptyStore(), signal: leaving };
    await expect(fetchFile(fetch)).rejects.toThrow();
  });
});

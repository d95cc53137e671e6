// Files of a job: hashed as everybody hashes, fetched block by block, kept only when they hash right, read only by who may.
import { cutFile, MAX_BLOCK_BYTES } from '@nunet/shared/file-dag.ts';
import { fetchFile } from '@nunet/shared/fetch-file.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { expect, onTestFinished, test } from 'vitest';
import { PortStream } from '../network/stream-port.ts';
import { hashFile, openBlocks } from './block-store.ts';
import { emptyDatabase } from './sample-database.ts';

const signal = AbortSignal.timeout(60_000);
const content = Uint8Array.from({ length: 3 * MAX_BLOCK_BYTES + 1_234 }, (_, index) => (index * 7 + (index >> 16) * 13) & 255);
const file = cutFile(content);
const JOB = file.cid;

/** A peer that gives what `block` says, over real ports. */
function peerWith(block: (cid: string) => Uint8Array | null): Dialer {
  const ports: MessagePort[] = [];
  onTestFinished(() => ports.forEach((port) => port.close()));
  const answer = streamServer(
    'blocks',
    blockAnswerer(async (_job, cid) => block(cid)),
    { now: () => performance.now(), signal },
  );
  return {
    open: async () => {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      void answer(new PortStream(port2), 'peer');
      return new PortStream(port1);
    },
  };
}

const honest = (cid: string): Uint8Array | null =>
  cid === file.cid ? file.nodeBytes : file.node.blocks.includes(cid) ? file.block(file.node.blocks.indexOf(cid)) : null;

const fetchInto = (store: Awaited<ReturnType<typeof openBlocks>>, dialer: Dialer) => {
  const clock = timerClock(() => Date.now());
  const sleep = (ms: number, within: AbortSignal): Promise<void> => clock.sleep(ms, within);
  return fetchFile({ dialer, peer: 'peer', jobId: JOB, cid: file.cid, expectedBytes: content.length, store, sleep, signal });
};

test('a file is hashed as the node agent hashes it', async () => {
  expect(await hashFile(new Blob([content]), signal)).toEqual({ cid: file.cid, node: file.nodeBytes });
  const empty = cutFile(new Uint8Array(0));
  expect((await hashFile(new Blob([]), signal)).cid).toBe(empty.cid);
});

test('a fetched file is whole, and its blocks are let go of', async () => {
  const { database } = await emptyDatabase();
  const store = await openBlocks(database, JOB);
  await fetchInto(store, peerWith(honest));
  expect(new Uint8Array((await store.content(file.cid)?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(content);
  expect(await database.count('blocks')).toBe(0);
  const again = await openBlocks(database, JOB);
  expect(again.content(file.cid)?.size).toBe(content.length);
});

test('what has arrived stays, also over a restart', async () => {
  const { database } = await emptyDatabase();
  let given = 0;
  const failing = peerWith((cid) => (cid !== file.cid && given++ > 1 ? null : honest(cid)));
  await expect(fetchInto(await openBlocks(database, JOB), failing)).rejects.toMatchObject({ code: 'block-unavailable' });
  const restarted = await openBlocks(database, JOB);
  const left = restarted.missing(JOB, file.cid).length;
  expect(left).toBeLessThan(file.node.blocks.length);
  const asked: string[] = [];
  await fetchInto(
    restarted,
    peerWith((cid) => {
      asked.push(cid);
      return honest(cid);
    }),
  );
  expect(asked).toHaveLength(left);
  expect(restarted.content(file.cid)?.size).toBe(content.length);
});

test('a block that was lost after it was counted is asked for again', async () => {
  const { database } = await emptyDatabase();
  const store = await openBlocks(database, JOB);
  await store.begin(JOB, file.nodeBytes, file.cid);
  const [first = '', ...rest] = file.node.blocks;
  await store.put(JOB, file.cid, first, file.block(0));
  await database.clear('blocks');
  for (const [index, block] of rest.entries()) await store.put(JOB, file.cid, block, file.block(index + 1));
  expect(store.content(file.cid)).toBeNull();
  expect(store.missing(JOB, file.cid)).toEqual([first]);
  await store.put(JOB, file.cid, first, file.block(0));
  expect(store.content(file.cid)?.size).toBe(content.length);
});

test('cannot be given other bytes, a foreign block or a false node', async () => {
  const { database } = await emptyDatabase();
  const store = await openBlocks(database, JOB);
  await expect(store.begin(JOB, cutFile(new Uint8Array(3)).nodeBytes, file.cid)).rejects.toMatchObject({ code: 'block-mismatch' });
  await store.begin(JOB, file.nodeBytes, file.cid);
  const [first = ''] = file.node.blocks;
  expect(await store.put(JOB, file.cid, first, file.block(1))).toBe(false);
  expect(await store.put(JOB, file.cid, cutFile(new Uint8Array(9)).node.blocks[0] ?? '', new Uint8Array(9))).toBe(false);
  expect(await database.count('blocks')).toBe(0);
});

test('cannot be read by a peer unless the file is served', async () => {
  const { database } = await emptyDatabase();
  const { cid, node } = await hashFile(new Blob([content]), signal);
  await database.put('files', { node, content: new Blob([content]) }, [JOB, cid]);
  const store = await openBlocks(database, JOB);
  const [, second = ''] = file.node.blocks;
  expect(await store.read(cid, new Set())).toBeNull();
  expect(await store.read(second, new Set(['another file']))).toBeNull();
  expect(await store.read(cid, new Set([cid]))).toEqual(Uint8Array.from(node));
  // In any order, the short last one too.
  for (const index of [1, 3, 0, 2, 2]) expect(await store.read(file.node.blocks[index] ?? '', new Set([cid]))).toEqual(file.block(index));
});

// How fast a file comes over each transport: two processes on loopback, disk to disk, every byte hashed on both sides.
// node node-agent/network/transfer.bench.ts [megabytes] [rounds]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { openBlobStore } from '../blobs.ts';
import { fetchFile, serveBlocks } from './blocks.ts';
import { createNode, type NetworkNode, type NodeOptions } from './node.ts';
import { request } from '@nunet/shared/peer-client.ts';
import { serve } from './protocol.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const jobId = cidOf(encode('bench'));
const signal = new AbortController().signal;

export interface TransferFigures {
  transport: string;
  /** Median: a node that dials for the first time, up to the first answer. */
  connectMs: number;
  /** Median: request and answer of 60 bytes on an open connection, new stream included. */
  requestMs: number;
  /** Median, 10^6 bytes. */
  megabytesPerSecond: number;
  /** The same bytes over one stream of libp2p's own, from memory to nowhere: what the transport gives. Median. */
  rawMegabytesPerSecond: number;
  /** Median over rounds of file to raw, which are measured one after the other. */
  ofRaw: number;
}

const node = (listen: NodeOptions['listen']) =>
  createNode({ network: 'devnet', privateKey: randomBytes(32), listen, hub: false, allowPrivate: true, signal });
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const RAW = '/bench/raw/1';
const RAW_CHUNK = new Uint8Array(randomBytes(64 * 1024));

/** Sends that many bytes as fast as the stream takes them. */
async function sendRaw(stream: Stream, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= RAW_CHUNK.length)
    if (!stream.send(RAW_CHUNK.subarray(0, Math.min(left, RAW_CHUNK.length)))) await once(stream, 'drain');
  await stream.close();
}

/** Milliseconds until all of it was here. */
async function receiveRaw(from: NetworkNode, peer: string, bytes: number): Promise<number> {
  const startedAt = performance.now();
  const stream = await from.libp2p.dialProtocol(multiaddr(peer), RAW);
  let got = 0;
  for await (const piece of stream) {
    got += piece.byteLength;
    if (got >= bytes) break;
  }
  const took = performance.now() - startedAt;
  void stream.close().catch(() => undefined);
  if (got !== bytes) throw new Error(`the raw stream gave ${got} of ${bytes} bytes`);
  return took;
}

/** The serving process: prints where it is and what it holds, then waits to be ended. */
async function serveFile(path: string): Promise<void> {
  const agent = await node({ tcp: LOOPBACK, ws: LOOPBACK, webrtcDirect: LOOPBACK });
  const store = await openBlobStore({ root: `${path}.blobs`, maxBytes: 0 });
  const { cid, bytes } = await store.importFile(jobId, path);
  const limit = { maxOpenAPeer: 64, maxOpen: 64, burst: 1e6, perSecond: 1e6 };
  await serveBlocks(agent, (job, block) => store.read(job, block), { limit });
  await agent.libp2p.handle(RAW, (stream) => sendRaw(stream, bytes).catch((error: unknown) => stream.abort(error as Error)));
  await serve(agent, 'answer', async () => ({ type: 'noted' }), { limit });
  console.log(JSON.stringify({ addresses: agent.addresses(), cid, bytes }));
}

export async function measureTransfers(megabytes: number, rounds: number): Promise<TransferFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-transfer-'));
  const path = join(folder, 'file');
  await writeFile(path, randomBytes(megabytes * 1e6));
  const server = spawn(process.execPath, [import.meta.filename, '--serve', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const { addresses, cid, bytes } = JSON.parse(line.toString()) as { addresses: string[]; cid: string; bytes: number };
    const figures: TransferFigures[] = [];
    for (const transport of ['tcp', 'ws', 'webrtc-direct']) {
      const peer =
        addresses.find((address) => (transport === 'tcp' ? !/\/(ws|webrtc-direct)\//.test(address) : address.includes(`/${transport}/`))) ??
        '';
      const connects: number[] = [];
      const requests: number[] = [];
      const speeds: number[] = [];
      const raws: number[] = [];
      const message = { jobId, kind: 'ack' as const, envelope: new Uint8Array(1) };
      for (let round = 0; round < rounds; round++) {
        const client = await node({});
        const store = await openBlobStore({ root: join(folder, `${transport}-${round}`), maxBytes: 2 ** 33 });
        let started = performance.now();
        await request(client, peer, 'answer', message, signal);
        connects.push(performance.now() - started);
        for (let turn = 0; turn < 20; turn++) {
          started = performance.now();
          await request(client, peer, 'answer', message, signal);
          requests.push(performance.now() - started);
        }
        started = performance.now();
        await fetchFile({ node: client, peer, jobId, cid, expectedBytes: bytes, store, signal });
        speeds.push(bytes / 1000 / (performance.now() - started));
        raws.push(bytes / 1000 / (await receiveRaw(client, peer, bytes)));
        await client.stop();
        await store.remove(jobId);
      }
      figures.push({
        transport,
        connectMs: median(connects),
        requestMs: median(requests),
        megabytesPerSecond: median(speeds),
        rawMegabytesPerSecond: median(raws),
        ofRaw: median(speeds.map((speed, round) => speed / (raws[round] ?? Number.NaN))),
      });
    }
    return figures;
  } finally {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

const [, program, first, second] = process.argv;
if (program === import.meta.filename) {
  if (first === '--serve') await serveFile(second ?? '');
  else console.table(await measureTransfers(Number(first ?? 30), Number(second ?? 5)));
}

// Runs inside a page of the extension, put there by tests and benches: a network frame of the product, driven through its client.
import './no-eval.ts';
import { hostFrame, type FrameHost } from '@nunet/extension/network/frame-host.ts';
import { mountFrameElement } from '@nunet/extension/host/frame-element.ts';
import { FrameClient } from '@nunet/extension/network/client.ts';
import type { FrameStatus } from '@nunet/extension/network/frame-link.ts';
import type { NetworkFrameState } from '@nunet/extension/host/messages.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { CREDIT_BYTES } from './credited-stream.ts';
import { matchesCid } from '@nunet/shared/encoding.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { ByteStream } from '@nunet/shared/frames.ts';
import { fetchFile, type BlockSink } from '@nunet/shared/fetch-file.ts';
import { decodeFileNode, type FileNode } from '@nunet/shared/file-dag.ts';
import { request, type Target } from '@nunet/shared/peer-client.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';

export interface FrameSettings {
  seed: string;
  hubs: string[];
  /** True unless given. */
  allowPrivate?: boolean;
}

/** Milliseconds and bytes of one transfer, from the request to the last byte. */
export interface Transfer {
  ms: number;
  bytes: number;
}

const signal = (ms = 60_000): AbortSignal => AbortSignal.timeout(ms);
const page = { states: [] as (NetworkFrameState & { mount: number; remounts: number })[], broken: [] as string[] };
let host: FrameHost | undefined;
let client: FrameClient | undefined;

const connected = (): FrameClient => {
  if (client === undefined) throw new Error('no frame is mounted');
  return client;
};

/** Reads to the end, as fast as it comes, and says how far it is (`sendCredited`). */
function readAll(stream: ByteStream): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let told = 0;
    stream.addEventListener('message', (event) => {
      bytes += (event as MessageEvent<Uint8Array>).data.length;
      const credits = Math.floor(bytes / CREDIT_BYTES) - told;
      told += credits;
      if (credits > 0) stream.send(new Uint8Array(credits));
    });
    stream.addEventListener('end', () => {
      resolve(bytes);
      void stream.close();
    });
    stream.addEventListener('close', (event) => {
      const { error } = event as Event & { error?: Error };
      if (error !== undefined) reject(error);
      else resolve(bytes);
    });
  });
}

/** Hashes every block and keeps none: 100 MB would otherwise be measured with the memory they take. */
function countingSink(): BlockSink {
  const missing = new Set<string>();
  let file: FileNode | undefined;
  return {
    node: () => file,
    begin: async (_, nodeBytes) => {
      file = decodeFileNode(nodeBytes);
      for (const block of file.blocks) missing.add(block);
      return file;
    },
    missing: () => [...missing],
    put: async (_, __, blockCid, bytes) => matchesCid(bytes, blockCid) && missing.delete(blockCid),
  };
}

const inPage = {
  /** Mounts the product's frame and resolves with its peer id. A frame that is there is removed. */
  mount({ seed, hubs, allowPrivate = true }: FrameSettings): Promise<string> {
    host?.close();
    client?.detach('mounted anew');
    client = new FrameClient({
      now: () => performance.now(),
      onBroken: (why) => page.broken.push(why),
      serve: {
        blocks: streamServer(
          'blocks',
          // Longer than one message of a WebRTC stream.
          blockAnswerer(async (_, cid, peerId) => new TextEncoder().encode(`${cid} for ${peerId}`.padEnd(200_000))),
          { now: () => performance.now(), signal: new AbortController().signal },
        ),
      },
    });
    return new Promise((resolve) => {
      let started = false;
      const attach = (): void => {
        const { port1, port2 } = new MessageChannel();
        client?.attach(port1);
        host?.addClient(port2, 'runner');
      };
      host = hostFrame({
        mount: (onLoad) => mountFrameElement(document, '/net.html', onLoad),
        config: { seed: hexToBytes(seed), network: 'devnet', allowPrivate, hubs },
        onState: (frame, counts) => {
          page.states.push({ ...frame, ...counts });
          if (frame.state === 'gone') client?.detach(frame.why);
          if (frame.state !== 'starting' && frame.state !== 'ready') return;
          // The first `starting` comes while `hostFrame` is still running.
          if (frame.state === 'starting') queueMicrotask(attach);
          if (frame.state === 'ready' && !started) {
            started = true;
            resolve(frame.peerId);
          }
        },
        now: () => performance.now(),
        after: (ms, act) => {
          const timer = setTimeout(act, ms);
          return () => clearTimeout(timer);
        },
      });
    });
  },
  /** Takes the frame away. */
  async unmount(): Promise<void> {
    host?.close();
    client?.detach('unmounted');
    page.states = [];
  },
  states: async () => page.states,
  broken: async () => page.broken,
  status: async (): Promise<FrameStatus> => connected().status(),
  /** One request and its answer; the time it took, or the code of the failure. */
  async ask(target: Target): Promise<{ ms: number } | { code: string; message: string }> {
    const started = performance.now();
    try {
      const jobId = 'bafyr4ihdiaqcvk3l7a5ydjd2fukbgqdrnjkyunbh3nggcxfdvmjlm2hxai';
      await request(connected(), target, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(60) }, signal());
      return { ms: performance.now() - started };
    } catch (error) {
      return safeError(error);
    }
  },
  /** Bytes of a stream on which the peer sends without being asked, taken as they come. */
  async read(target: Target, name: ProtocolName): Promise<Transfer> {
    const started = performance.now();
    const stream = await connected().open(target, name, signal(), false);
    const bytes = await readAll(stream);
    return { ms: performance.now() - started, bytes };
  },
  /** Times of so many round trips of 64 bytes on one stream. */
  async echo(target: Target, name: ProtocolName, times: number): Promise<number[]> {
    const stream = await connected().open(target, name, signal(), false);
    let back = (): void => undefined;
    stream.addEventListener('message', () => back());
    const taken: number[] = [];
    for (let turn = 0; turn < times; turn++) {
      const started = performance.now();
      const answered = new Promise<void>((resolve) => (back = resolve));
      stream.send(new Uint8Array(64));
      await answered;
      taken.push(performance.now() - started);
    }
    stream.abort(new Error('done'));
    return taken;
  },
  /** Starts a read that goes on while others are made; `finish` tells how it ended. */
  async begin(target: Target, name: ProtocolName): Promise<void> {
    const stream = await connected().open(target, name, signal(), false);
    running = readAll(stream).then(
      (bytes) => ({ bytes }),
      (error: unknown) => ({ ...safeError(error), message: String(error) }),
    );
  },
  finish: (): Promise<{ bytes: number } | { code: string; message: string }> => running,
  /** A file by the block protocol, every block hashed here. */
  async fetch(target: Target, file: { jobId: string; cid: string; bytes: number }): Promise<Transfer> {
    const started = performance.now();
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    await fetchFile({
      dialer: connected(),
      peer: target,
      jobId: file.jobId,
      cid: file.cid,
      expectedBytes: file.bytes,
      store: countingSink(),
      sleep,
      signal: signal(),
    });
    return { ms: performance.now() - started, bytes: file.bytes };
  },
};
let running: Promise<{ bytes: number } | { code: string; message: string }> = Promise.resolve({ bytes: 0 });

export type NetworkPage = typeof inPage;
Object.assign(globalThis, { nunetNetwork: inPage });

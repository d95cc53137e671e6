// The frame over real ports, with a node whose "libp2p streams" end in this process.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ByteStream } from '@nunet/shared/frames.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { request, requestMany } from '@nunet/shared/peer-client.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import { samplePeerId } from '@nunet/shared/samples.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FrameClient, type FrameClientOptions } from './client.ts';
import type { FrameNode } from './frame-node.ts';
import { runFrame } from './frame.ts';
import { PortStream } from './stream-port.ts';

const signal = AbortSignal.timeout(30_000);
const peerId = samplePeerId('agent');
const jobId = cidOf(encode('a job'));
const now = (): number => performance.now();

function streamPair(): [PortStream, PortStream] {
  const { port1, port2 } = new MessageChannel();
  return [new PortStream(port1), new PortStream(port2)];
}

/** A frame whose node reaches one peer; `answer` is what that peer does with a stream. */
function frameWith(answer: (stream: ByteStream, name: ProtocolName) => void) {
  const served = new Map<ProtocolName, (stream: never, peerId: string) => void>();
  const opened: ByteStream[] = [];
  const node: Pick<FrameNode, 'peerId' | 'status' | 'onChange'> & Record<'open' | 'serve', unknown> = {
    peerId,
    status: () => ({ addresses: ['/ip4/127.0.0.1/tcp/1'], connections: [] }),
    onChange: () => undefined,
    serve: async (name: ProtocolName, take: (stream: never, peerId: string) => void) => void served.set(name, take),
    open: async (target: unknown, name: ProtocolName, dialSignal: AbortSignal) => {
      if (target === 'nobody') throw new NunetError('peer-unreachable', 'Cannot reach nobody');
      if (target === 'slow') await new Promise((_, reject) => dialSignal.addEventListener('abort', () => reject(new Error('aborted'))));
      if (name === 'adverts') throw new NunetError('protocol-unsupported', 'Cannot ask it');
      const [ours, theirs] = streamPair();
      opened.push(ours);
      answer(theirs, name);
      return ours;
    },
  };
  const { port1: host, port2 } = new MessageChannel();
  const heard: unknown[] = [];
  host.addEventListener('message', ({ data }: MessageEvent) => heard.push(data));
  host.start();
  runFrame(port2, async () => node as unknown as FrameNode);
  host.postMessage({ type: 'start', v: 1, config: { seed: new Uint8Array(32), network: 'devnet', allowPrivate: true, hubs: [] } }, []);
  onTestFinished(() => {
    host.close();
    for (const stream of opened) stream.abort(new Error('the test is over'));
  });
  const client = (role: 'runner' | 'page', options: Partial<FrameClientOptions> = {}): FrameClient => {
    const made = new FrameClient({ now, ...options });
    const { port1, port2 } = new MessageChannel();
    made.attach(port1);
    host.postMessage({ type: 'client', role }, [port2]);
    onTestFinished(() => made.detach('the test is over'));
    return made;
  };
  return { host, heard, served, client, opened };
}

const blocks = streamServer(
  'blocks',
  blockAnswerer(async (_, cid) => (cid === jobId ? null : new Uint8Array(200_000).fill(5))),
  { now, signal },
);

test('requests and answers of the protocols go through it, small and large', async () => {
  const { client } = frameWith((stream) => void blocks(stream, peerId));
  const cids = Array.from({ length: 8 }, (_, n) => cidOf(encode(n)));
  let bytes = 0;
  for await (const answer of requestMany(client('runner'), peerId, 'blocks', { jobId, cids }, signal)) bytes += answer.bytes?.length ?? 0;
  expect(bytes).toBe(1_600_000);
});

test('streams that are done leave nothing behind in the frame', async () => {
  const { client, opened } = frameWith((stream) => void blocks(stream, peerId));
  const runner = client('runner');
  for (let n = 0; n < 20; n++) await request(runner, peerId, 'blocks', { jobId, cids: [cidOf(encode(n))] }, signal);
  await vi.waitFor(() => expect(opened.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'closed')));
});

test('a peer out of reach and a protocol that it does not speak are told apart', async () => {
  const { client } = frameWith(() => undefined);
  const runner = client('runner');
  await expect(runner.open('nobody', 'quote', signal, false)).rejects.toMatchObject({ code: 'peer-unreachable' });
  await expect(runner.open(peerId, 'adverts', signal, false)).rejects.toMatchObject({ code: 'protocol-unsupported' });
});

test('a stream that the peer resets is reset here', async () => {
  const { client } = frameWith((stream) => stream.abort(new Error('no')));
  await expect(request(client('runner'), peerId, 'blocks', { jobId, cids: [jobId] }, signal)).rejects.toMatchObject({
    code: 'stream-closed',
  });
});

test('a client that leaves ends its dials and streams in the frame', async () => {
  const { client, opened } = frameWith(() => undefined);
  const page = client('page');
  await page.open(peerId, 'quote', signal, false);
  page.detach('closed');
  await vi.waitFor(() => expect(opened[0]?.status).not.toBe('open'));
});

test('streams of strangers go to the runner', async () => {
  const { client, served } = frameWith(() => undefined);
  const names: string[] = [];
  client('runner', {
    serve: {
      blocks: async (stream, from) => {
        names.push(from);
        await blocks(stream, from);
      },
    },
  });
  await vi.waitFor(() => expect(served.has('blocks')).toBe(true));
  const [ours, theirs] = streamPair();
  served.get('blocks')?.(theirs as never, peerId);
  const dialer = { open: async () => ours };
  expect(await request(dialer, peerId, 'blocks', { jobId, cids: [jobId] }, signal)).toMatchObject({ bytes: null });
  expect(names).toEqual([peerId]);
});

test('cannot serve strangers from a page', async () => {
  const { client, served } = frameWith(() => undefined);
  const page = client('page', { serve: { blocks: async () => undefined } });
  await page.open(peerId, 'quote', signal, false);
  expect(served.size).toBe(0);
});

test('cannot keep others out with ports that nobody uses', async () => {
  const { client } = frameWith((stream) => void blocks(stream, peerId));
  const runner = client('runner');
  for (let n = 0; n < 100; n++) client('page');
  for (const one of [runner, client('page')]) {
    expect(await request(one, peerId, 'blocks', { jobId, cids: [jobId] }, signal)).toMatchObject({ bytes: null });
  }
});

test('cannot open streams without end, even with a client of its own making', async () => {
  const { host } = frameWith(() => undefined);
  const { port1, port2 } = new MessageChannel();
  const answers: { type: string; code?: string }[] = [];
  port1.addEventListener('message', ({ data }: MessageEvent) => answers.push(data));
  port1.start();
  host.postMessage({ type: 'client', role: 'page' }, [port2]);
  const ports: MessagePort[] = [];
  for (let stream = 0; stream < 300; stream++) {
    const channel = new MessageChannel();
    ports.push(channel.port1);
    port1.postMessage({ type: 'open', stream, target: 'slow', protocol: 'quote', force: false }, [channel.port2]);
  }
  await vi.waitFor(() => expect(answers.filter(({ code }) => code === 'streams-exhausted')).toHaveLength(300 - 192));
  for (const port of [...ports, port1]) port.close();
});

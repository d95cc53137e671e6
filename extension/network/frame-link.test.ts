import { samplePeerId } from '@nunet/shared/samples.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FrameClient, type FrameClientOptions } from './client.ts';
import { CHUNK_BYTES, PortStream, WINDOW_BYTES } from './stream-port.ts';

const signal = AbortSignal.timeout(30_000);
const peerId = samplePeerId('agent');

/** A client, and the raw end of its port on which a test plays the frame. */
function hostileFrame(options: Partial<FrameClientOptions> = {}) {
  const { port1, port2: frame } = new MessageChannel();
  const broken: string[] = [];
  const heard: { data: { type: string; stream?: number }; port: MessagePort | undefined }[] = [];
  frame.addEventListener('message', ({ data, ports: [port] }: MessageEvent) => heard.push({ data, port }));
  frame.start();
  const client = new FrameClient({ now: () => performance.now(), onBroken: (why) => broken.push(why), ...options });
  client.attach(port1);
  onTestFinished(() => {
    client.detach('the test is over');
    frame.close();
  });
  const opened = async () => {
    await vi.waitFor(() => expect(heard.some(({ data }) => data.type === 'open')).toBe(true));
    const { data, port } = heard.find((message) => message.data.type === 'open') ?? {};
    if (port === undefined || data?.stream === undefined) throw new Error('no stream was asked for');
    return { stream: data.stream, port };
  };
  return { client, frame, broken, heard, opened };
}

test('a stream is given once the frame has opened it, and a refusal is an error of its code', async () => {
  const { client, frame, opened, heard } = hostileFrame();
  const opening = client.open({ peerId, addresses: [] }, 'quote', signal, false);
  const { stream, port } = await opened();
  frame.postMessage({ type: 'opened', stream }, []);
  const given = await opening;
  const other = new PortStream(port);
  const received = new Promise((resolve) => given.addEventListener('message', (event) => resolve((event as MessageEvent).data)));
  other.send(new Uint8Array([1, 2, 3]));
  expect(await received).toEqual(new Uint8Array([1, 2, 3]));
  heard.length = 0;
  const refused = client.open(peerId, 'quote', signal, false);
  frame.postMessage({ type: 'refused', stream: (await opened()).stream, code: 'peer-unreachable', message: 'nobody there' }, []);
  await expect(refused).rejects.toMatchObject({ code: 'peer-unreachable', message: 'nobody there' });
});

test('a dial that nobody waits for is cancelled in the frame too', async () => {
  const { client, opened, heard } = hostileFrame();
  const leaving = new AbortController();
  const opening = client.open(peerId, 'quote', leaving.signal, false);
  const { stream } = await opened();
  leaving.abort(new Error('changed my mind'));
  await expect(opening).rejects.toThrow('changed my mind');
  await vi.waitFor(() => expect(heard.map(({ data }) => data)).toContainEqual({ type: 'cancel', stream }));
});

test('when the frame is gone its streams fail, and a new dial waits for the next frame', async () => {
  const { client, frame, opened } = hostileFrame();
  const opening = client.open(peerId, 'quote', signal, false);
  frame.postMessage({ type: 'opened', stream: (await opened()).stream }, []);
  const stream = await opening;
  const closed = new Promise((resolve) => stream.addEventListener('close', (event) => resolve((event as Event & { error?: Error }).error)));
  client.detach('it fell silent');
  expect(await closed).toMatchObject({ code: 'stream-closed' });
  const waiting = client.open(peerId, 'quote', signal, false);
  const { port1, port2: next } = new MessageChannel();
  next.addEventListener('message', ({ data }: MessageEvent) => next.postMessage({ type: 'opened', stream: data.stream }, []));
  next.start();
  client.attach(port1);
  expect((await waiting).status).toBe('open');
  next.close();
});

test('a frame that closes its port fails its dials at once', async () => {
  const { client, frame, opened } = hostileFrame();
  const opening = client.open(peerId, 'quote', signal, false);
  await opened();
  frame.close();
  await expect(opening).rejects.toMatchObject({ code: 'stream-closed' });
});

test.each([
  ['no message', { type: 'noise' }],
  ['text', 'hello'],
  ['a field too many', { type: 'opened', stream: 1, more: true }],
  ['an unknown error code', { type: 'refused', stream: 1, code: 'quote-wrong', message: '' }],
  ['a long message', { type: 'refused', stream: 1, code: 'peer-unreachable', message: 'x'.repeat(5000) }],
  ['thousands of addresses', { type: 'status', addresses: Array.from({ length: 5000 }, () => '/ip4/1.2.3.4'), connections: [] }],
  ['an incoming stream without port', { type: 'incoming', protocol: 'blocks', peerId }],
  ['an incoming stream of no protocol', { type: 'incoming', protocol: 'wallet', peerId }],
])('cannot send %s', async (_, message) => {
  const { frame, broken } = hostileFrame();
  frame.postMessage(message, []);
  await vi.waitFor(() => expect(broken).toHaveLength(1));
});

test('cannot open a stream that nobody asked for', async () => {
  const { client, frame, broken, opened } = hostileFrame();
  for (let stream = 1000; stream < 1100; stream++) frame.postMessage({ type: 'opened', stream }, []);
  const opening = client.open(peerId, 'quote', signal, false);
  frame.postMessage({ type: 'opened', stream: (await opened()).stream }, []);
  expect((await opening).status).toBe('open');
  expect(broken).toEqual([]);
});

test('cannot flood its clients with messages', async () => {
  const { frame, broken } = hostileFrame({ now: () => 0 });
  for (let stream = 0; stream < 10_000; stream++) frame.postMessage({ type: 'opened', stream }, []);
  await vi.waitFor(() => expect(broken).toEqual(['it floods its clients with messages']));
});

test('cannot have thousands of incoming streams answered', async () => {
  let answering = 0;
  const answer = (): Promise<void> => {
    answering += 1;
    return new Promise(() => undefined);
  };
  const { frame, broken } = hostileFrame({ now: () => 0, serve: { blocks: answer } });
  const refused: unknown[] = [];
  const ports: MessagePort[] = [];
  for (let n = 0; n < 1_500; n++) {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', ({ data }: MessageEvent) => refused.push(data));
    port1.start();
    ports.push(port1);
    frame.postMessage({ type: 'incoming', protocol: 'blocks', peerId: samplePeerId(`stranger ${n}`) }, [port2]);
  }
  await vi.waitFor(() => expect(refused).toHaveLength(1_500 - 64), { timeout: 10_000 });
  expect(answering).toBe(64);
  expect(broken).toEqual([]);
  for (const port of ports) port.close();
});

test('cannot hand over streams that this client does not serve', async () => {
  const { frame } = hostileFrame();
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => port1.addEventListener('message', ({ data }: MessageEvent) => resolve(data)));
  port1.start();
  frame.postMessage({ type: 'incoming', protocol: 'blocks', peerId }, [port2]);
  expect(await answer).toEqual({ type: 'close', reason: 'refused' });
});

test('cannot send more than its credit on one stream without losing that stream alone', async () => {
  const { client, frame, opened, broken } = hostileFrame();
  const opening = client.open(peerId, 'quote', signal, false);
  const { stream, port } = await opened();
  frame.postMessage({ type: 'opened', stream }, []);
  const given = await opening;
  const closed = new Promise((resolve) => given.addEventListener('close', (event) => resolve((event as Event & { error?: Error }).error)));
  for (let n = 0; n <= WINDOW_BYTES / CHUNK_BYTES; n++) port.postMessage(new ArrayBuffer(CHUNK_BYTES), []);
  expect(await closed).toMatchObject({ message: expect.stringContaining('more bytes than credit') as string });
  expect(broken).toEqual([]);
});

test('cannot make the client open streams without end', async () => {
  const { client, frame } = hostileFrame();
  frame.addEventListener('message', ({ data }: MessageEvent) => {
    if (data.type === 'open') frame.postMessage({ type: 'opened', stream: data.stream }, []);
  });
  for (let n = 0; n < 128; n++) await client.open(peerId, 'quote', signal, false);
  await expect(client.open(peerId, 'quote', signal, false)).rejects.toMatchObject({ code: 'streams-exhausted' });
});

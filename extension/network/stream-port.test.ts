import { FramedStream } from '@nunet/shared/frames.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CHUNK_BYTES, PortStream, WINDOW_BYTES } from './stream-port.ts';

const signal = AbortSignal.timeout(30_000);
const bytes = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);

function ports(): [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  return [port1, port2];
}

function pair(): [PortStream, PortStream] {
  const [left, right] = ports();
  return [new PortStream(left), new PortStream(right)];
}

/** Everything that the stream gives, and how it ended. */
function collect(stream: PortStream): { chunks: Uint8Array[]; ended: Promise<void>; closed: Promise<Error | undefined> } {
  const chunks: Uint8Array[] = [];
  stream.addEventListener('message', (event) => chunks.push((event as MessageEvent<Uint8Array>).data));
  const ended = new Promise<void>((resolve) => stream.addEventListener('end', () => resolve()));
  const closed = new Promise<Error | undefined>((resolve) =>
    stream.addEventListener('close', (event) => resolve((event as Event & { error?: Error }).error)),
  );
  return { chunks, ended, closed };
}

/** A raw port that plays a hostile end. */
function hostile(): { stream: PortStream; port: MessagePort; closed: Promise<Error | undefined> } {
  const [ours, port] = ports();
  const stream = new PortStream(ours);
  const { closed } = collect(stream);
  return { stream, port, closed };
}

test('bytes arrive whole and in order, and each end may go on after the other has ended', async () => {
  const [left, right] = pair();
  const sent = bytes(3 * CHUNK_BYTES + 17);
  const received = collect(right);
  const back = collect(left);
  left.send(sent.subarray(0, 100));
  left.send(sent.subarray(100));
  await left.close();
  await received.ended;
  expect(Buffer.concat(received.chunks).equals(sent)).toBe(true);
  expect(right.status).toBe('open');
  right.send(bytes(5));
  await right.close();
  await back.ended;
  expect(Buffer.concat(back.chunks)).toHaveLength(5);
  expect(await received.closed).toBeUndefined();
  expect(await back.closed).toBeUndefined();
  expect([left.status, right.status]).toEqual(['closed', 'closed']);
});

test('the first bytes go at once, and what comes close behind them travels together', async () => {
  const [left, right] = pair();
  const received = collect(right);
  for (let n = 0; n < 1000; n++) left.send(bytes(1000, n));
  await left.close();
  await received.ended;
  expect(received.chunks[0]).toHaveLength(1000);
  expect(received.chunks.length).toBeLessThan(8);
  expect(Buffer.concat(received.chunks)).toHaveLength(1_000_000);
});

test('a reader that pauses holds the sender back at one window, and loses nothing', async () => {
  const [left, right] = pair();
  right.pause();
  const received = collect(right);
  const total = WINDOW_BYTES + 3 * CHUNK_BYTES;
  const sent = bytes(total);
  expect(left.send(sent)).toBe(false);
  await vi.waitFor(() => expect(left.writeBufferLength).toBe(3 * CHUNK_BYTES));
  expect(left.writableNeedsDrain).toBe(true);
  const drained = new Promise<void>((resolve) => left.addEventListener('drain', () => resolve()));
  expect(received.chunks).toHaveLength(0);
  right.resume();
  await drained;
  await left.close();
  await received.ended;
  expect(Buffer.concat(received.chunks).equals(sent)).toBe(true);
});

test('frames of the protocols go through it with their own backpressure', async () => {
  const [left, right] = pair();
  const writer = new FramedStream(left);
  const reader = new FramedStream(right);
  const frame = bytes(200_000);
  const write = async (): Promise<void> => {
    for (let n = 0; n < 100; n++) await writer.write(frame, signal);
    await writer.close(signal);
  };
  const writing = write();
  let count = 0;
  for (;;) {
    const read = await reader.read(300_000, signal);
    if (read === undefined) break;
    expect(Buffer.compare(read, frame)).toBe(0);
    count += 1;
  }
  await reader.close(signal);
  await writing;
  expect(count).toBe(100);
});

test('a close in good order lets a slow reader read to the end', async () => {
  const [left, right] = pair();
  right.pause();
  const received = collect(right);
  left.send(bytes(100_000));
  left.shut();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(right.status).toBe('open');
  right.resume();
  expect(await received.closed).toBeUndefined();
  expect(Buffer.concat(received.chunks)).toHaveLength(100_000);
});

test('a reset reaches the other end with its reason, and throws away what was not read', async () => {
  const [left, right] = pair();
  right.pause();
  const received = collect(right);
  left.send(bytes(10));
  left.abort(new Error('no more'));
  expect((await received.closed)?.message).toBe('no more');
  expect(received.chunks).toHaveLength(0);
  expect(() => right.send(bytes(1))).toThrow('reset');
});

test('an end that is closed without farewell resets the stream', async () => {
  const { stream, port, closed } = hostile();
  port.close();
  expect((await closed)?.message).toContain('gone');
  expect(stream.status).toBe('reset');
});

test('a close that the reader never makes room for ends with its signal', async () => {
  const [left, right] = pair();
  right.pause();
  left.send(bytes(WINDOW_BYTES + 1));
  await expect(left.close({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('cannot send more than its credit', async () => {
  const { stream, port, closed } = hostile();
  stream.pause();
  for (let n = 0; n <= WINDOW_BYTES / CHUNK_BYTES; n++) port.postMessage(new ArrayBuffer(CHUNK_BYTES), []);
  expect((await closed)?.message).toContain('more bytes than credit');
  expect(stream.status).toBe('aborted');
});

test.each([
  ['a buffer above the size limit', new ArrayBuffer(CHUNK_BYTES + 1)],
  ['an empty buffer', new ArrayBuffer(0)],
  ['a message of no kind', { type: 'noise' }],
  ['text', 'hello'],
  ['credit for bytes that were never sent', { type: 'taken', bytes: 1 }],
  ['a negative credit', { type: 'taken', bytes: -1 }],
  ['a reason without end', { type: 'close', reason: 'x'.repeat(1000) }],
])('cannot send %s', async (_, message) => {
  const { port, closed } = hostile();
  port.postMessage(message, []);
  expect((await closed)?.message).toContain('the other end of the port sent');
});

test('cannot send bytes after its end', async () => {
  const { port, closed } = hostile();
  port.postMessage({ type: 'end' }, []);
  port.postMessage(new ArrayBuffer(1), []);
  expect((await closed)?.message).toContain('bytes out of order');
});

test('cannot give the same credit twice', async () => {
  const { stream, port, closed } = hostile();
  stream.send(bytes(10));
  port.postMessage({ type: 'taken', bytes: 10 }, []);
  port.postMessage({ type: 'taken', bytes: 10 }, []);
  expect((await closed)?.message).toContain('credit for bytes');
});

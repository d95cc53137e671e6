import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeReplayResponse, openReplayRequest, type ReplayRequest } from '@nunet/shared/replay.ts';
import { replayOver } from './replay-client.ts';

let folder: string;
let server: Server;
const request: ReplayRequest = {
  v: 1,
  lock: { txId: 'ab'.repeat(32), index: 0 },
  quote: Uint8Array.of(1),
  manifest: Uint8Array.of(2),
  dispute: Uint8Array.of(3),
  spec: Uint8Array.of(4),
  sources: ['/ip4/127.0.0.1/tcp/1'],
};
const serve = async (listener: RequestListener): Promise<string> => {
  const path = join(folder, 'replay.sock');
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
};
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'edge-replay-'))));
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});
const signal = () => AbortSignal.timeout(5_000);

test('asks over the socket and hears the outcome', async () => {
  let heard: ReplayRequest | undefined;
  const path = await serve((message, answer) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      heard = openReplayRequest(new Uint8Array(Buffer.concat(chunks)));
      answer.end(encodeReplayResponse({ v: 1, outcome: 'rejected', detail: 'the same output root', score: null }));
    });
  });
  expect(await replayOver(path)(request, signal())).toMatchObject({ outcome: 'rejected' });
  expect(heard).toEqual(request);
});

test.each<[string, RequestListener, string]>([
  ['an error status', (_, answer) => answer.writeHead(500).end(), 'replay-failed'],
  ['nonsense', (_, answer) => answer.end('nonsense'), 'bytes-invalid'],
  ['more bytes than an answer may have', (_, answer) => answer.end(Buffer.alloc(100_000)), 'replay-unreachable'],
  ['a broken connection', (message) => message.socket.destroy(), 'replay-unreachable'],
])('%s is a failure, never an outcome', async (_, listener, code) => {
  await expect(replayOver(await serve(listener))(request, signal())).rejects.toMatchObject({ code });
});

test('an agent that is not there is unreachable, one that hangs ends with the signal', async () => {
  await expect(replayOver(join(folder, 'nobody.sock'))(request, signal())).rejects.toMatchObject({ code: 'replay-unreachable' });
  const path = await serve(() => undefined);
  await expect(replayOver(path)(request, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('cannot be pointed at another machine', () => {
  expect(() => replayOver('http://example.com/')).toThrow(/want a socket path/);
  expect(() => replayOver('http://127.0.0.1.evil.test:80')).toThrow(/want a socket path/);
  expect(() => replayOver('http://127.0.0.1:4000')).not.toThrow();
});

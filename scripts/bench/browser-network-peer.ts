// The other end of the browser's network, a process of its own: one node that sends and echoes, and beside it the bare WebSocket
// and the bare RTCDataChannel that it is measured against. Prints where it is, then serves until it is ended.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createNode } from '@nunet/node-agent/network/node.ts';
import { serve } from '@nunet/node-agent/network/protocol.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { sendCredited } from '../browser/credited-stream.ts';
import type { ByteStream } from '@nunet/shared/frames.ts';
import { PROTOCOLS } from '@nunet/shared/wire.ts';
import { RTCPeerConnection } from 'node-datachannel/polyfill';

export interface PeerLine {
  peerId: string;
  addresses: string[];
  /** Page, `/offer` and WebSocket of the bare peer. */
  bareUrl: string;
}

const CHUNK_BYTES = 256 * 1024;
const LOOPBACK = { host: '127.0.0.1', port: 0 };

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '0' }, hub: { type: 'boolean', default: false } },
});
const total = Number(values.bytes);
const noLimit = { maxOpenAPeer: 256, maxOpen: 256, burst: 1e9, perSecond: 1e9 };

const node = await createNode({
  network: 'devnet',
  privateKey: randomBytes(32),
  listen: { ws: LOOPBACK, webrtcDirect: LOOPBACK },
  hub: values.hub,
  allowPrivate: true,
  signal: new AbortController().signal,
});
await serve(node, 'answer', async () => ({ type: 'noted' }), { limit: noLimit });
const streams = { maxInboundStreams: 256 };
await node.libp2p.handle(PROTOCOLS.follow.id, (stream) => sendCredited(stream, total), streams);
await node.libp2p.handle(PROTOCOLS.quote.id, (stream) => echo(stream), streams);

function echo(stream: ByteStream): void {
  stream.addEventListener('message', (event) => {
    stream.send((event as Event & { data: { subarray(): Uint8Array } }).data.subarray());
  });
}

/** A binary frame of a WebSocket, as a server sends it: RFC 6455 section 5.2, never masked. */
function webSocketFrame(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(bytes.length < 126 ? 2 : 10);
  header[0] = 0x82;
  if (bytes.length < 126) header[1] = bytes.length;
  else {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  return Buffer.concat([header, bytes]);
}

/** "send.16384" asks for the transfer; anything else is to be echoed. */
function sendSize(message: Uint8Array): number | null {
  const size = /^send\.(\d+)$/.exec(new TextDecoder().decode(message))?.[1];
  return size === undefined ? null : Number(size);
}

/** The bare WebSocket; what it is sent is shorter than 126 bytes. */
function serveWebSocket(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    const length = (data[1] ?? 0) & 0x7f;
    if (((data[0] ?? 0) & 0x0f) !== 2 || length >= 126) return socket.destroy();
    const mask = data.subarray(2, 6);
    const message = data.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    if (sendSize(message) !== null) void sendRaw(socket);
    else socket.write(webSocketFrame(message));
  });
}

async function sendRaw(socket: Duplex): Promise<void> {
  const frame = webSocketFrame(new Uint8Array(CHUNK_BYTES));
  for (let left = total; left > 0; left -= CHUNK_BYTES) {
    const last = left < CHUNK_BYTES ? webSocketFrame(new Uint8Array(left)) : frame;
    if (!socket.write(last)) await once(socket, 'drain');
  }
}

/** The bare channel, which sends messages of the size that was asked for. */
async function answerOffer(sdp: string): Promise<string> {
  const connection = new RTCPeerConnection({ iceServers: [] });
  connection.addEventListener('datachannel', (event) => {
    const { channel } = event as unknown as { channel: RTCDataChannel };
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = 1024 * 1024;
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      const messageBytes = sendSize(Buffer.from(data));
      if (messageBytes === null) return channel.send(data);
      let left = total;
      const more = (): void => {
        while (left > 0 && channel.bufferedAmount < 4 * 1024 * 1024) {
          channel.send(new Uint8Array(Math.min(left, messageBytes)));
          left -= messageBytes;
        }
      };
      channel.addEventListener('bufferedamountlow', more);
      more();
    });
  });
  await connection.setRemoteDescription({ type: 'offer', sdp });
  await connection.setLocalDescription(await connection.createAnswer());
  if (connection.iceGatheringState !== 'complete') {
    await new Promise<void>((resolve) => {
      connection.addEventListener('icegatheringstatechange', () => {
        if (connection.iceGatheringState === 'complete') resolve();
      });
    });
  }
  const answer = connection.localDescription?.sdp;
  if (answer === undefined) throw new NunetError('answer-missing', 'Cannot answer the offer: no local description');
  return answer;
}

const bare = createServer((request, response) => {
  if (request.method !== 'POST') return void response.setHeader('content-type', 'text/html').end('<!doctype html><title>bare</title>');
  let offer = '';
  request.on('data', (data: Buffer) => (offer += data.toString()));
  request.on('end', () => void answerOffer(offer).then((answer) => response.end(answer)));
});
bare.on('upgrade', serveWebSocket);
bare.listen(0, '127.0.0.1');
await once(bare, 'listening');
const { port } = bare.address() as AddressInfo;
const line: PeerLine = { peerId: node.peerId, addresses: node.addresses(), bareUrl: `http://127.0.0.1:${port}/` };
console.log(JSON.stringify(line));

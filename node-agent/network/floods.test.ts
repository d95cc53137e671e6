// Floods on the agent's ports: the owner and the other peer of a running job get through, memory stays bounded, all is well afterwards.
// The agent is a process of its own; attackers come from many addresses of 127.0.0.0/8, honest peers from 127.0.0.1.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { expect, onTestFinished, test } from 'vitest';
import { dialingNode, sampleKey } from './loopback-nodes.ts';

const PROGRAM = `
  import { createNode } from ${JSON.stringify(new URL('./node.ts', import.meta.url).href)};
  const any = { host: '127.0.0.1', port: 0 };
  const node = await createNode({ network: 'devnet', privateKey: new Uint8Array(32).fill(7), hub: false, allowPrivate: true,
    listen: { tcp: any, ws: any, webrtcDirect: any }, limits: { maxPendingAnAddress: 8, maxConnectionsAnAddress: 32 }, signal: new AbortController().signal });
  node.reserve(process.argv[1]);
  await node.libp2p.handle('/test/1', (stream) => stream.close());
  process.on('message', () => process.send({ rss: process.memoryUsage.rss(), connections: node.libp2p.getConnections().length }));
  process.send({ addresses: node.addresses() });`;

interface Agent {
  address(transport: 'tcp' | 'ws' | 'webrtc-direct'): string;
  port(transport: 'tcp' | 'ws' | 'webrtc-direct'): number;
  /** Answers only when its event loop turns. */
  ask(): Promise<{ rss: number; connections: number }>;
}

async function agentFor(owner: string): Promise<Agent> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, owner], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [{ addresses }] = (await once(child, 'message')) as [{ addresses: string[] }];
  const address: Agent['address'] = (transport) =>
    addresses.find(
      (text) => text.includes(transport === 'tcp' ? '/tcp/' : `/${transport}`) && (transport !== 'tcp' || !text.includes('/ws')),
    ) ?? '';
  return {
    address,
    port: (transport) => Number(/\/(?:tcp|udp)\/(\d+)/.exec(address(transport))?.[1]),
    ask: async () => {
      child.send('');
      const [answer] = (await once(child, 'message')) as [{ rss: number; connections: number }];
      return answer;
    },
  };
}

const attacker = (index: number): string => `127.${1 + (index % 200)}.${1 + (Math.floor(index / 200) % 200)}.9`;

/** STUN binding requests (RFC 8489), each for another user name that no connection has; from 100 addresses until it is stopped. */
async function stunFlood(port: number, perSecond: number): Promise<{ sent(): number; stop(): void }> {
  const sockets = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const socket = createSocket('udp4').bind(0, attacker(index));
      socket.on('error', () => undefined);
      await once(socket, 'listening');
      return socket;
    }),
  );
  const request = (): Buffer => {
    const name = `libp2p+webrtc+v1/${randomBytes(16).toString('hex')}`;
    const user = Buffer.from(`${name}:${name}`);
    const padding = Buffer.alloc((4 - (user.length % 4)) % 4);
    const attributes = Buffer.concat([Buffer.from([0, 6, 0, user.length]), user, padding, Buffer.from([0, 8, 0, 20]), Buffer.alloc(20)]);
    const head = Buffer.alloc(20);
    head.writeUInt16BE(1, 0);
    head.writeUInt16BE(attributes.length, 2);
    head.writeUInt32BE(0x2112a442, 4);
    randomBytes(12).copy(head, 8);
    return Buffer.concat([head, attributes]);
  };
  let sent = 0;
  const since = performance.now();
  const timer = setInterval(() => {
    for (const due = ((performance.now() - since) / 1_000) * perSecond; sent < due; sent++)
      sockets[sent % sockets.length]?.send(request(), port, '127.0.0.1');
  }, 5);
  const stop = (): void => {
    clearInterval(timer);
    for (const socket of sockets.splice(0)) socket.close();
  };
  onTestFinished(stop);
  return { sent: () => sent, stop };
}

/** Sockets that are opened and say `words` and nothing more, from many addresses. `open`: those that the agent has not closed. */
async function silentSockets(port: number, count: number, words = ''): Promise<{ open(): number; stop(): void }> {
  const sockets = new Set<Socket>();
  const attempts = Array.from({ length: count }, (_, index) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: attacker(Math.floor(index / 4)) });
    sockets.add(socket);
    const settled = Promise.withResolvers<void>();
    socket.on('connect', () => {
      if (words !== '') socket.write(words);
      settled.resolve();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      settled.resolve();
    });
    socket.resume();
    return settled.promise;
  });
  const stop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(stop);
  await Promise.all(attempts);
  return { open: () => sockets.size, stop };
}

const soon = (): AbortSignal => AbortSignal.timeout(15_000);

/** A round trip on a stream of its own. */
async function reaches(connection: Connection): Promise<void> {
  const stream = await connection.newStream('/test/1', { signal: soon() });
  await stream.close({ signal: soon() });
}

/** Dials as people do: again when the first try fails. */
async function dials(name: string, address: string, tries = 3): Promise<Connection> {
  const node = await dialingNode(name);
  for (let turn = 1; ; turn++) {
    try {
      return await node.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(8_000) });
    } catch (error) {
      if (turn === tries) throw error;
    }
  }
}

const MB = 10 ** 6;

test('cannot be kept from its owner and running jobs by a flood of WebRTC attempts', { timeout: 90_000 }, async () => {
  const owner = sampleKey('owner').peerId;
  const agent = await agentFor(owner);
  // The owner was here before, from its own address; a job's peer is connected.
  await (await dials('owner', agent.address('webrtc-direct'))).close();
  const job = await dials('service provider', agent.address('webrtc-direct'));
  await reaches(job);
  const before = await agent.ask();

  const flood = await stunFlood(agent.port('webrtc-direct'), 2_000);
  while (flood.sent() < 4_000) await sleep(50);
  await reaches(job);
  await reaches(await dials('owner', agent.address('webrtc-direct')));
  // Who has not been here before gets in by the other ports.
  await reaches(await dials('newcomer', agent.address('tcp')));
  const during = await agent.ask();
  expect(during.rss - before.rss).toBeLessThan(150 * MB);

  flood.stop();
  await reaches(job);
  await reaches(await dials('stranger', agent.address('webrtc-direct'), 5));
});

test.each([
  ['TCP sockets that say nothing', 'tcp', ''],
  ['half a handshake', 'tcp', '\x13/multistream/1.0.0\n'],
  ['WebSocket sockets that say nothing', 'ws', ''],
  ['requests that never end', 'ws', 'GET / HTTP/1.1\r\nHost: a\r\nX: '],
  ['requests for no WebSocket', 'ws', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
] as const)('cannot be kept from its owner by %s', { timeout: 90_000 }, async (_name, transport, words) => {
  const agent = await agentFor(sampleKey('owner').peerId);
  await (await dials('owner', agent.address(transport))).close();
  const before = await agent.ask();
  const sockets = await silentSockets(agent.port(transport), 600, words);
  await reaches(await dials('owner', agent.address(transport)));
  // What is over the limit is closed at once, the others when their time is over.
  while (sockets.open() > 64) await sleep(50);
  expect((await agent.ask()).rss - before.rss).toBeLessThan(100 * MB);
  while (sockets.open() > 0) await sleep(50);
  await reaches(await dials('stranger', agent.address(transport), 5));
});

test.each(['tcp', 'webrtc-direct'] as const)(
  'cannot be filled by streams that are opened and never used (%s)',
  { timeout: 90_000 },
  async (transport) => {
    const agent = await agentFor(sampleKey('owner').peerId);
    const before = await agent.ask();
    const opening: Promise<unknown>[] = [];
    for (let index = 0; index < 4; index++) {
      const node = await dialingNode(`attacker ${index}`);
      const connection = await node.libp2p.dial(multiaddr(agent.address(transport)), { signal: soon() });
      // A protocol that nobody serves: the negotiation never ends by itself.
      for (let stream = 0; stream < 400; stream++)
        opening.push(connection.newStream('/nobody/1', { signal: AbortSignal.timeout(10_000) }).catch(() => undefined));
    }
    const owner = await dials('owner', agent.address(transport));
    await reaches(owner);
    await Promise.all(opening);
    expect((await agent.ask()).rss - before.rss).toBeLessThan(150 * MB);
    await reaches(owner);
  },
);

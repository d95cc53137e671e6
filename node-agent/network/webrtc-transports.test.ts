// What strangers may do to a node through WebRTC: neither fill its memory with streams that have come and gone, nor crash it.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { multiaddr } from '@multiformats/multiaddr';
import type { Stream } from '@libp2p/interface';
import { expect, onTestFinished, test } from 'vitest';
import { addressOf, dialingNode, loopbackNode } from './loopback-nodes.ts';

test('cannot fill the memory by opening and closing streams on one WebRTC connection', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const agent = await loopbackNode('agent');
  const dialer = await dialingNode('stranger');
  const incoming: WeakRef<Stream>[] = [];
  await agent.libp2p.handle('/test/1', async (stream) => {
    incoming.push(new WeakRef(stream));
    await stream.close({ signal: AbortSignal.timeout(1_000) });
  });
  const connection = await dialer.libp2p.dial(multiaddr(addressOf(agent, 'webrtc-direct')));
  for (let turn = 0; turn < 40; turn++) {
    const stream = await connection.newStream('/test/1');
    await stream.close({ signal: AbortSignal.timeout(1_000) });
  }
  const kept = (): number => incoming.filter((reference) => reference.deref() !== undefined).length;
  for (let turn = 0; turn < 50 && kept() > 5; turn++) {
    // Collection needs turns of the event loop in between: a WeakRef holds its target until the turn ends.
    await sleep(100);
    collectGarbage();
  }
  expect(incoming).toHaveLength(40);
  expect(kept()).toBeLessThanOrEqual(5);
  expect(agent.libp2p.getConnections()).toHaveLength(1);
});

/** A STUN binding request (RFC 8489) for a user that no connection has, with an integrity that nobody can check. */
function strangersRequest(): Buffer {
  const user = Buffer.from('stranger:stranger123');
  const attributes = Buffer.concat([Buffer.from([0, 6, 0, user.length]), user, Buffer.from([0, 8, 0, 20]), Buffer.alloc(20)]);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(1, 0);
  head.writeUInt16BE(attributes.length, 2);
  head.writeUInt32BE(0x2112a442, 4);
  return Buffer.concat([head, attributes]);
}

/** Four nodes, one after the other; each writes its UDP port. */
const STOPPING = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { createNode } from ${JSON.stringify(new URL('./node.ts', import.meta.url).href)};
  for (let turn = 0; turn < 4; turn++) {
    const node = await createNode({ network: 'devnet', privateKey: new Uint8Array(32).fill(7), hub: false, allowPrivate: true,
      listen: { webrtcDirect: { host: '127.0.0.1', port: 0 } }, signal: new AbortController().signal });
    console.log(/udp.(\\d+)/.exec(node.addresses()[0])[1]);
    await sleep(100);
    await node.stop();
    await sleep(100);
  }
  process.exit();`;

test('cannot crash a node that stops by STUN requests of strangers', { timeout: 20_000 }, async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', STOPPING], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ports: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => ports.push(Number(line)));
  const socket = createSocket('udp4');
  const request = strangersRequest();
  let sent = 0;
  const sending = setInterval(() => {
    for (const port of new Set(ports)) for (let copy = 0; copy < 10; copy++, sent++) socket.send(request, port, '127.0.0.1');
  }, 2);
  onTestFinished(() => {
    clearInterval(sending);
    socket.close();
  });
  expect(await ended).toEqual([0, null]);
  expect(sent).toBeGreaterThan(100);
  // The port of a stopped node cannot be closed, so the next node takes it: nothing adds up in a process that goes on.
  expect(ports).toHaveLength(4);
  expect(new Set(ports).size).toBe(1);
});

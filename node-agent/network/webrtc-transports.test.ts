// A WebRTC connection that lives long must not keep the streams that have come and gone on it.
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { multiaddr } from '@multiformats/multiaddr';
import type { Stream } from '@libp2p/interface';
import { expect, test } from 'vitest';
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

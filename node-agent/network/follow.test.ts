// Following a job over real transports: resumable, paced by the follower, and bounded whatever either side does.
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import { sampleManifest, sampleSigner, sampleSpec } from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { PROTOCOLS } from '@nunet/shared/wire.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { follow } from '@nunet/shared/peer-client.ts';
import { serveFollow, type FollowedEvent } from './follow.ts';
import { addressOf, dialingNode, loopbackNode, TRANSPORTS } from './loopback-nodes.ts';

const signal = new AbortController().signal;
const jobId = jobIdOf(sampleSpec);
const fromStart = { jobId, fromEvent: 0, fromLog: 0 };

describe.each(TRANSPORTS)('over %s', (transport) => {
  test('gives states, progress, log lines and the manifest in order, from the asked offset, then ends', async () => {
    const manifest = await signStatement('manifest', sampleManifest(cidOf(encode('quote'))), sampleSigner('agent'));
    const agent = await loopbackNode('agent');
    await serveFollow(agent, async function* ({ fromEvent, fromLog }) {
      for (let event = fromEvent; event < 3; event++) yield { type: 'state', event, state: 'running', atMs: 5, detail: null };
      yield { type: 'progress', phase: 'steps', done: 1, total: 10, epoch: 0, metrics: [{ name: 'loss', value: 0.5 }] };
      for (let offset = fromLog; offset < 20; offset++) yield { type: 'log', offset, line: `line ${offset}` };
      yield { type: 'manifest', envelope: manifest.envelope };
      yield { type: 'end' };
    });
    const serviceProvider = await dialingNode('service provider');
    const seen: FollowedEvent[] = [];
    for await (const event of follow(serviceProvider, addressOf(agent, transport), { jobId, fromEvent: 1, fromLog: 17 }, signal))
      seen.push(event);
    expect(seen.map((event) => event.type)).toEqual(['state', 'state', 'progress', 'log', 'log', 'log', 'manifest', 'end']);
    expect(seen.flatMap((event) => (event.type === 'log' ? [event.offset] : []))).toEqual([17, 18, 19]);
  });

  test('can be resumed after the connection was lost: no line twice, none left out', async () => {
    const agent = await loopbackNode('agent');
    await serveFollow(agent, async function* ({ fromLog }, caller) {
      for (let offset = fromLog; offset < 300; offset++) {
        if (offset === 100 && fromLog < 100) {
          await sleep(50, undefined, { signal: caller.signal });
          for (const connection of agent.libp2p.getConnections()) connection.abort(new Error('cable pulled'));
          return;
        }
        yield { type: 'log', offset, line: `line ${offset}` };
      }
      yield { type: 'end' };
    });
    const serviceProvider = await dialingNode('service provider');
    const target = addressOf(agent, transport);
    const offsets: number[] = [];
    let losses = 0;
    for (let ended = false; !ended && losses < 5;) {
      try {
        for await (const event of follow(serviceProvider, target, { ...fromStart, fromLog: offsets.length }, signal)) {
          if (event.type === 'log') offsets.push(event.offset);
          ended = event.type === 'end';
        }
      } catch {
        losses += 1;
      }
    }
    expect(losses).toBeGreaterThan(0);
    expect(offsets).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });

  test('a job that logs without end cannot make the agent run ahead of a follower that does not read', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    let produced = 0;
    await serveFollow(agent, async function* () {
      for (let offset = 0; ; offset++) {
        produced += 1;
        yield { type: 'log', offset, line: 'x'.repeat(200) };
      }
    });
    const events = follow(serviceProvider, addressOf(agent, transport), fromStart, signal);
    await events.next();
    let before = -1;
    while (before !== produced) {
      before = produced;
      await sleep(150);
    }
    expect(produced * 200).toBeLessThan(PROTOCOLS.follow.windowBytes + 1_000);
    // A follower that reads on gets on, and in order.
    for (let offset = 1; offset < 10_000; offset++) expect((await events.next()).value).toMatchObject({ offset });
    await events.return();
  });

  test('a job that logs as fast as it can is never further ahead of the follower than the window', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const lines = 30_000;
    let produced = 0;
    await serveFollow(agent, async function* () {
      for (let offset = 0; offset < lines; offset++) {
        produced += 1;
        yield { type: 'log', offset, line: 'epoch 3 step 1200 loss 0.2345' };
      }
      yield { type: 'end' };
    });
    let taken = 0;
    let mostAhead = 0;
    for await (const event of follow(serviceProvider, addressOf(agent, transport), fromStart, signal)) {
      if (event.type === 'log') taken += 1;
      mostAhead = Math.max(mostAhead, produced - taken);
    }
    expect(taken).toBe(lines);
    // 58 bytes a message; the window counts from what the follower has said it took, a quarter of it late at most.
    expect(mostAhead).toBeLessThan((1.25 * PROTOCOLS.follow.windowBytes) / 58 + 1);
  });

  test('tells the agent when the follower leaves', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const left = vi.fn();
    await serveFollow(agent, async function* (_, caller) {
      yield { type: 'log', offset: 0, line: 'one' };
      caller.signal.addEventListener('abort', left, { once: true });
      await new Promise(() => undefined);
    });
    for await (const event of follow(serviceProvider, addressOf(agent, transport), fromStart, signal)) {
      expect(event).toMatchObject({ line: 'one' });
      break;
    }
    await vi.waitFor(() => expect(left).toHaveBeenCalledOnce());
  });
});

// The agent with its real executor: a small ONNX job over the real network, in the real sandbox.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { parseNpy } from '@nunet/shared/onnx/npy.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';
import { openBlobStore } from './blobs.ts';
import { doublingJob } from './executor/conformance-jobs.ts';
import { EmbeddedExecutor, systemClock } from './executor/embedded.ts';
import { fetchFile } from './network/blocks.ts';

let executor: EmbeddedExecutor;
let world: World;
beforeAll(async () => {
  executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
  world = await openWorld({ job: doublingJob(), executor });
});
afterAll(async () => {
  await world.close();
  await executor.close();
});

it('computes what the graph says and delivers it', async () => {
  const { client, chain } = world;
  const quote = await client.goodQuote();
  const lock = chain.lock(quote);
  await client.run(quote, lock);
  const events: FollowEvent[] = [];
  const times = new Map<string, number>();
  const following = (async () => {
    for await (const event of client.follow(quote.body.jobId)) {
      events.push(event);
      const key = event.type === 'state' ? event.state : event.type;
      if (!times.has(key)) times.set(key, performance.now());
    }
  })();
  await world.whileBlocksCome(following);
  const envelope = events.find((event) => event.type === 'manifest');
  if (envelope?.type !== 'manifest') throw new Error(JSON.stringify(events));
  const { body } = openEvidence('manifest', envelope.envelope, { quote, lock }) as Signed<Manifest>;
  expect(body.exit).toEqual({ kind: 'completed' });
  expect(body.outputs.map(({ name }) => name).sort()).toEqual(['total.npy', 'y.npy']);
  console.log(`locked to first log line: ${((times.get('log') ?? NaN) - (times.get('locked') ?? NaN)).toFixed(0)} ms`);

  const folder = await mkdtemp(join(tmpdir(), 'real-'));
  const store = await openBlobStore({ root: folder, maxBytes: 2 ** 20 });
  const doubled = body.outputs.find(({ name }) => name === 'y.npy');
  if (doubled === undefined) throw new Error('no y.npy');
  const { jobId } = quote.body;
  const peer = { peerId: world.agent.peerId, addresses: world.agent.addresses() };
  const signal = AbortSignal.timeout(10_000);
  await fetchFile({ node: client.node, peer, jobId, cid: doubled.cid, expectedBytes: doubled.bytes, store, signal });
  const { data } = parseNpy(new Uint8Array(await readFile(await store.pathOf(jobId, doubled.cid))), 'y.npy');
  expect([...new Float32Array(data.slice().buffer)]).toEqual([2, 4, 6, 8, 10]);
  await store.close();
  await rm(folder, { recursive: true });
});

// A whole agent with everything of telemetry on: what its owner and the owner's collector see of a job.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';
import { requestRun } from './network/run.ts';
import { otlpReceiver } from './telemetry/otlp-receiver.ts';
import { sampleFigures } from './telemetry/sample-figures.ts';
import { openTraces } from './telemetry/traces.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const TRACE = 'ab'.repeat(16);
const PARENT = 'cd'.repeat(8);

it('a job goes on in the trace of its service provider, from the quote to the money, without a name in it', async () => {
  const { got, url } = await otlpReceiver();
  const traces = await openTraces({ url, version: '0', now: Date.now, log: () => undefined, exportEveryMs: 20 });
  await world.restart({ traces });
  const { client, chain } = world;
  world.script = {
    steps: [
      { do: 'log', line: 'hello' },
      { do: 'output', name: 'out.npy', bytes: new Uint8Array(100) },
    ],
  };
  const quote = await client.goodQuote();
  const lock = chain.lock(quote);
  const target = { peerId: world.agent.peerId, addresses: world.agent.addresses() };
  const asked = { computeProviderPeerId: world.agent.peerId, signal: AbortSignal.timeout(20_000) };
  const message = { spec: client.spec, quote: quote.envelope, lock, trace: `00-${TRACE}-${PARENT}-01` };
  expect(await requestRun(client.node, target, message, asked)).toMatchObject({ type: 'accepted' });
  await world.whileBlocksCome(client.toEnd(quote.body.jobId));
  chain.spend(lock, quote.body.amountBaseUnits);
  await world.whileBlocksCome(vi.waitFor(() => expect(got.spans.map(({ name }) => name)).toContain('job'), 20_000));

  const names = got.spans.map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(['quote', 'lock wait', 'inputs', 'prepare', 'start', 'run', 'collect', 'report', 'job']));
  expect(names).toHaveLength(9);
  expect(got.spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
  expect(got.spans.find(({ name }) => name === 'job')?.parentSpanId).toBe(PARENT);
  // Nothing that names the job, a party or a machine is in what left the agent.
  const text = JSON.stringify(got);
  for (const secret of [
    quote.body.jobId,
    quote.cid,
    lock.txId,
    world.agent.peerId,
    client.peerId,
    quote.body.computeProvider.address,
    'a test job',
    '127.0.0.1',
  ])
    expect(text).not.toContain(secret);
  await traces.close();
});

it('status and figures tell how busy the machine is, and which jobs there are', async () => {
  const { machine, gpus } = sampleFigures;
  await world.restart({ sample: () => Promise.resolve({ machine, gpus }) });
  expect((await world.agent.status()).usage).toEqual({ machine, gpus });
  expect(await world.agent.usage()).toMatchObject({ machine, gpus, jobs: { running: 0, waiting: 0, ended: 0 }, hubsConnected: 0 });
  const { client, chain } = world;
  const goOn = Promise.withResolvers<void>();
  world.script = {
    steps: [
      { do: 'wait', until: goOn.promise },
      { do: 'output', name: 'out.npy', bytes: new Uint8Array(100) },
    ],
  };
  const quote = await client.goodQuote();
  await client.run(quote, chain.lock(quote));
  await world.whileBlocksCome(vi.waitFor(async () => expect((await world.agent.usage()).jobs.running).toBe(1), 20_000));
  goOn.resolve();
  await world.whileBlocksCome(
    vi.waitFor(async () => expect((await world.agent.usage()).jobs).toEqual({ running: 0, waiting: 0, ended: 1 }), 20_000),
  );
});

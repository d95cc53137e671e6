// A restart of the agent: what it had promised is still reserved, what ran is taken up again, and nothing is left that nobody owns.
import { openEvidence } from '@nunet/shared/evidence.ts';
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { expect, it, onTestFinished } from 'vitest';
import { openWorld, type World, type WorldOptions } from './agent-fixtures.ts';
import type { FakeEngine } from './executor/fake.ts';

async function worldOf(options: WorldOptions): Promise<World> {
  const world = await openWorld(options);
  onTestFinished(() => world.close());
  return world;
}

const later = <T>(): PromiseWithResolvers<T> => Promise.withResolvers<T>();
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
};
const stateOf = async (world: World): Promise<string | undefined> => (await world.agent.status()).jobs[0]?.state;
const logsOf = (events: readonly FollowEvent[]): string[] => events.flatMap((event) => (event.type === 'log' ? [event.line] : []));

it('takes up a job again that ran on while the agent was dead: once, with every line of its log, and it is paid in full', async () => {
  const engine: FakeEngine = new Map();
  const world = await worldOf({ fake: { engine } });
  const whileDead = later<void>();
  const end = later<void>();
  world.script = {
    steps: [
      { do: 'log', line: 'before' },
      { do: 'wait', until: whileDead.promise },
      { do: 'log', line: 'while the agent was dead' },
      { do: 'wait', until: end.promise },
      { do: 'log', line: 'after' },
      { do: 'output', name: 'out.npy', bytes: new Uint8Array(1_000) },
    ],
  };
  const quote = await world.client.goodQuote();
  const lock = world.chain.lock(quote);
  await world.client.run(quote, lock);
  const { jobId } = quote.body;
  const seen: string[] = [];
  await world.whileBlocksCome(
    (async () => {
      for await (const event of world.client.follow(jobId)) {
        if (event.type === 'log') seen.push(event.line);
        if (seen.length === 1) break;
      }
    })(),
  );
  await world.kill();
  whileDead.resolve();
  await until(() => [...engine.values()].some(({ events }) => events.length === 3));
  await world.begin();
  const following = world.client.toEnd(jobId);
  end.resolve();
  const events = await world.whileBlocksCome(following);
  expect(logsOf(events)).toEqual(['before', 'while the agent was dead', 'after']);
  expect(events.flatMap((event) => (event.type === 'state' ? [event.state] : []))).toEqual([
    'quoted',
    'locked',
    'preparing',
    'running',
    'finished',
  ]);
  const told = events.find((event) => event.type === 'manifest');
  if (told?.type !== 'manifest') throw new Error('no manifest');
  const { body } = openEvidence('manifest', told.envelope, { quote, lock }) as { body: Manifest };
  expect(body).toMatchObject({ exit: { kind: 'completed' }, outputs: [{ name: 'out.npy', bytes: 1_000 }] });
  expect(world.calls().filter((call) => call === 'start')).toEqual(['start']);
  expect(world.calls().filter((call) => call === 'recover')).toEqual(['recover']);
});

it('finishes what ended while the agent was dead', async () => {
  const engine: FakeEngine = new Map();
  const world = await worldOf({ fake: { engine } });
  const end = later<void>();
  world.script = {
    steps: [
      { do: 'wait', until: end.promise },
      { do: 'output', name: 'out.npy', bytes: new Uint8Array(10) },
    ],
  };
  const quote = await world.client.goodQuote();
  await world.client.run(quote, world.chain.lock(quote));
  await world.whileBlocksCome(until(async () => (await stateOf(world)) === 'running'));
  await world.kill();
  end.resolve();
  await Promise.all([...engine.values()].map(({ result }) => result));
  await world.begin();
  await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
  expect(await stateOf(world)).toBe('finished');
});

it('removes an execution that no handle names, and none that one names', async () => {
  const engine: FakeEngine = new Map();
  const world = await worldOf({ fake: { engine } });
  world.script = { steps: [{ do: 'hang' }] };
  const quote = await world.client.goodQuote();
  await world.client.run(quote, world.chain.lock(quote));
  await world.whileBlocksCome(until(async () => (await stateOf(world)) === 'running'));
  await world.kill();
  const [named] = [...engine];
  if (named === undefined) throw new Error('nothing runs');
  // As after a death between the making of a container and the journal's word of it.
  engine.set('f'.repeat(32), { ...named[1], jobId: 'nobody' });
  await world.begin();
  expect([...engine.keys()]).toEqual([named[0]]);
  expect(await stateOf(world)).toBe('running');
});

it('reserves over a restart what jobs and open quotes hold, each GPU for the job that has it', async () => {
  const gpus = ['GPU-0', 'GPU-1', 'GPU-2'].map((id) => ({ id, memoryBytes: 2 ** 30, model: 'nvidia A', isSlice: false }));
  const requests: (readonly string[])[] = [];
  const world = await worldOf({
    survives: true,
    changes: { gpus },
    fake: {
      script: (request) => {
        requests.push(request.gpus);
        return { steps: [{ do: 'hang' }] };
      },
    },
  });
  const { client } = world;
  client.spec.resources.gpus = 2;
  const answer = await client.quote({ jobId: jobIdOf(client.spec), resources: client.spec.resources });
  if (answer.type !== 'quote') throw new Error(JSON.stringify(answer.refusal.body.reasons));
  await client.run(answer.quote, world.chain.lock(answer.quote), client.spec);
  await world.whileBlocksCome(until(async () => (await stateOf(world)) === 'running'));
  const [own] = requests;
  expect(own).toHaveLength(2);
  const OTHER = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
  const other = { ...client.spec.resources, gpus: 1, cpus: 3 };
  expect((await client.quote({ jobId: OTHER, resources: other })).type).toBe('quote');
  const free = async () => (await world.agent.status()).capacity.free;
  const before = await free();
  expect(before).toMatchObject({ cpus: 0, gpus: 0 });
  await world.kill();
  await world.begin({ gpus });
  expect(await free()).toEqual(before);
  const third = await client.quote({ jobId: OTHER.replace('zy', 'za'), resources: { ...other, cpus: 1 } });
  expect(third.type === 'refusal' && third.refusal.body.reasons.map(({ code }) => code)).toContain('capacity-busy');
});

it('gives the money back for a job that had not begun when its GPU went away', async () => {
  const gpus = [{ id: 'GPU-0', memoryBytes: null, model: 'nvidia A', isSlice: false }];
  const world = await worldOf({ changes: { gpus } });
  const { client } = world;
  client.spec.resources.gpus = 1;
  const answer = await client.quote({ jobId: jobIdOf(client.spec), resources: client.spec.resources });
  if (answer.type !== 'quote') throw new Error('refused');
  client.serving = false;
  await client.run(answer.quote, world.chain.lock(answer.quote), client.spec);
  await world.kill();
  client.serving = true;
  await world.begin({ gpus: [] });
  const events = await world.whileBlocksCome(client.toEnd(answer.quote.body.jobId));
  const states = events.flatMap((event) => (event.type === 'state' ? [`${event.state} ${event.detail ?? ''}`] : []));
  expect(states.at(-1)).toContain('refused Cannot run the job: a GPU that was kept for it is not lent any more');
  expect(world.calls()).not.toContain('start');
});

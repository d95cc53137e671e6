// Trouble from outside while a job runs: clocks that jump, a network or a chain that is gone, a service provider that never comes back.
// Nothing is lost, and nobody is paid for nothing.
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OUTPUT = { do: 'output', name: 'out.npy', bytes: new Uint8Array(1_000).fill(7) } as const;

let world: World;
/** How far the machine's clock is off. */
let ahead = 0;
beforeEach(async () => {
  ahead = 0;
  world = await openWorld({ changes: { clock: { now: () => Date.now() + ahead, elapsed: () => performance.now() } } });
});
afterEach(() => world.close());

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
};
const job = async () => (await world.agent.status()).jobs[0];
const isState = (state: string) => async (): Promise<boolean> => (await job())?.state === state;
const told = (kind: string) => (): boolean => world.oracles.every((oracle) => oracle.kinds().includes(kind));
const allFree = async (): Promise<boolean> => {
  const { free, total } = (await world.agent.status()).capacity;
  return free.cpus === total.cpus && free.memoryBytes === total.memoryBytes;
};

/** A job that runs until `end` is called. */
async function running(): Promise<{ quote: Signed<Quote>; lock: OutputReference; end: () => void }> {
  const ending = Promise.withResolvers<void>();
  world.script = { steps: [{ do: 'log', line: 'before' }, { do: 'wait', until: ending.promise }, { do: 'log', line: 'after' }, OUTPUT] };
  const quote = await world.client.goodQuote();
  const lock = world.chain.lock(quote);
  await world.client.run(quote, lock);
  await world.whileBlocksCome(until(isState('running')));
  return { quote, lock, end: () => ending.resolve() };
}

function manifestOf(quote: Signed<Quote>, lock: OutputReference): Manifest {
  const item = world.oracles[0]?.bundles.flatMap(({ items }) => items).find(({ kind }) => kind === 'manifest');
  if (item === undefined) throw new Error('no oracle has a manifest');
  return (openEvidence('manifest', item.envelope, { quote, lock }) as Signed<Manifest>).body;
}

describe('a clock that jumps while a job runs', () => {
  it.each([
    ['an hour forward', HOUR],
    ['an hour back', -HOUR],
  ])('cannot change what is billed or when it ends: %s', async (_name, jump) => {
    const { quote, lock, end } = await running();
    ahead = jump;
    // The agent goes on quoting by the chain's time.
    const other = await world.client.quote({ timeLimitMs: 5_000, jobId: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' });
    expect(other.type === 'quote' && other.quote.body.issuedAt - quote.body.issuedAt).toBeLessThan(HOUR / 2);
    end();
    await world.whileBlocksCome(until(isState('finished')));
    await until(told('manifest'));
    const manifest = manifestOf(quote, lock);
    expect(manifest.exit).toEqual({ kind: 'completed' });
    expect(manifest.billedMs).toBeLessThanOrEqual(quote.body.timeLimitMs);
    expect(manifest.finishedAt).toBeLessThanOrEqual(quote.body.finishBy);
    expect(manifest.payBaseUnits).toBeLessThanOrEqual(quote.body.amountBaseUnits);
  });
});

describe('a network that is lost while a job runs', () => {
  const lose = (): void => {
    world.chain.gone = true;
    world.chain.paused = true;
    for (const oracle of world.oracles) oracle.awake = false;
  };
  const back = (afterMs: number): void => {
    world.chain.makeBlock(afterMs);
    world.chain.gone = false;
    world.chain.paused = false;
    for (const oracle of world.oracles) oracle.awake = true;
  };

  it('cannot lose a result in a minute: the job ends, every oracle hears of it, and it is paid', async () => {
    const { quote, lock, end } = await running();
    lose();
    await world.client.node.stop();
    end();
    await until(isState('finished'));
    back(Math.min(MINUTE, quote.body.finishBy - world.chain.timeMs - 1_000));
    await world.whileBlocksCome(until(told('manifest')));
    const manifest = manifestOf(quote, lock);
    world.chain.spend(lock, manifest.payBaseUnits);
    await world.whileBlocksCome(until(async () => (await job())?.paidBaseUnits === String(manifest.payBaseUnits)));
    expect(world.calls().filter((call) => call === 'start')).toEqual(['start']);
  });

  it('cannot be paid for a result that came an hour too late, and holds nothing for it any more', async () => {
    const { quote, lock, end } = await running();
    lose();
    end();
    await until(isState('finished'));
    back(HOUR);
    expect(world.chain.timeMs).toBeGreaterThan(quote.body.disputeBy);
    await world.whileBlocksCome(until(told('manifest')));
    // Oracles refund a lock whose evidence missed its time.
    world.chain.spend(lock, 0n);
    await world.whileBlocksCome(until(async () => (await job())?.paidBaseUnits === '0'));
    await world.whileBlocksCome(until(allFree));
    expect((await world.agent.status()).earnedBaseUnits).toBe('0');
    expect(
      (await world.client.quote({ timeLimitMs: 5_000, jobId: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' })).type,
    ).toBe('quote');
  });

  it('cannot start a job an hour after it was due: its money goes back', async () => {
    world.script = { steps: [OUTPUT] };
    const quote = await world.client.goodQuote();
    const lock = world.chain.lock(quote);
    world.chain.gone = true;
    await world.client.run(quote, lock);
    back(HOUR);
    await world.whileBlocksCome(until(told('lock-refusal')));
    expect((await job())?.state).toBe('expired');
    expect(world.calls()).not.toContain('start');
  });
});

describe('a chain source that is gone while a job runs', () => {
  it('cannot stop the job, and its end is told as soon as it is there', async () => {
    const { quote, lock, end } = await running();
    world.chain.gone = true;
    end();
    // Oracles need no chain of ours.
    await until(told('manifest'));
    expect(manifestOf(quote, lock).exit).toEqual({ kind: 'completed' });
    world.chain.gone = false;
    world.chain.spend(lock, 5n);
    await world.whileBlocksCome(until(async () => (await job())?.paidBaseUnits === '5'));
  });

  it('cannot make a restarted agent forget the job', async () => {
    const { end } = await running();
    end();
    await world.whileBlocksCome(until(isState('finished')));
    world.chain.gone = true;
    await world.kill();
    // Without a chain there is no time, so it waits for one with what it has.
    const starting = world.begin();
    await starting;
    expect((await job())?.state).toBe('finished');
    world.chain.gone = false;
    await world.whileBlocksCome(until(told('manifest')));
  }, 30_000);
});

describe('a service provider that is gone', () => {
  it.each([
    ['completed', [OUTPUT], 'finished', 'manifest'],
    [
      "failed by the job's own fault",
      [{ do: 'fail', exit: { kind: 'jobFault', code: 'program-failed', message: 'exit code 3' } }],
      'failed',
      'manifest',
    ],
    [
      "failed by the compute provider's fault",
      [{ do: 'fail', exit: { kind: 'computeProviderFault', code: 'disk', message: 'no space' } }],
      'failed',
      'manifest',
    ],
  ] as const)('cannot keep the oracles from hearing how the job ended: %s', async (_name, steps, state, evidence) => {
    const gone = Promise.withResolvers<void>();
    world.script = { steps: [{ do: 'wait', until: gone.promise }, ...steps] };
    const quote = await world.client.goodQuote();
    await world.client.run(quote, world.chain.lock(quote));
    await world.whileBlocksCome(until(isState('running')));
    await world.client.node.stop();
    gone.resolve();
    await world.whileBlocksCome(until(told(evidence)));
    expect((await job())?.state).toBe(state);
  });

  it('cannot keep its money locked by being gone before its inputs came', async () => {
    const quote = await world.client.goodQuote();
    await world.client.run(quote, world.chain.lock(quote));
    await world.client.node.stop();
    await world.whileBlocksCome(until(told('lock-refusal')));
    expect((await job())?.state).toBe('expired');
    expect(world.calls()).not.toContain('start');
  });
});

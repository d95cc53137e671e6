// The agent dies around every one of its journal writes, is started again, and the job still ends once, with evidence at every oracle.
import { isJobEnd, type JobState } from '@nunet/shared/job-state.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';

/** From the given write on nothing reaches the disk any more, as for a process that is gone. */
function deathAt(write: number, when: 'before' | 'after', onDeath: () => void) {
  let writes = 0;
  let dead = false;
  let hasDied = false;
  const die = (): void => {
    dead = true;
    hasDied = true;
    onDeath();
    throw new NunetError('journal-dead', 'this process is dead');
  };
  return {
    get isDead() {
      return dead;
    },
    get hasDied() {
      return hasDied;
    },
    get writes() {
      return writes;
    },
    revive: () => {
      dead = false;
      write = Infinity;
    },
    hooks: {
      before: () => {
        if (dead || (when === 'before' && writes === write)) die();
      },
      after: () => {
        writes += 1;
        if (when === 'after' && writes - 1 === write) die();
      },
    },
  };
}

async function ended(world: World): Promise<Awaited<ReturnType<World['agent']['status']>>['jobs'][number]> {
  for (;;) {
    const [job] = (await world.agent.status()).jobs;
    if (job !== undefined && isJobEnd(job.state as JobState)) return job;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** quoted, accepted, locked, preparing, handle, running, manifest, finished, three receipts. */
const WRITES = 11;

async function told(world: World): Promise<void> {
  const isTold = (): boolean => world.oracles.every((o) => o.kinds().includes('manifest') || o.kinds().includes('lock-refusal'));
  while (!isTold()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** One job with a death on the way; the service provider asks again whatever got no answer. Resolves with whether the death came. */
async function runWithDeath(write: number, when: 'before' | 'after', delivery: 'open' | 'sealed' = 'open'): Promise<{ reached: boolean }> {
  // Restarts take no chain time here, so that no deadline passes meanwhile.
  const death = deathAt(write, when, () => (world.chain.paused = true));
  const world: World = await openWorld({ hooks: death.hooks, delivery });
  const restart = async (): Promise<void> => {
    death.revive();
    await world.restart();
    world.chain.paused = false;
  };
  try {
    world.script = {
      steps: [
        { do: 'log', line: 'works' },
        { do: 'output', name: 'out.npy', bytes: new Uint8Array(1_000) },
      ],
    };
    const afterDeath = async <T>(ask: () => Promise<T>): Promise<T> => {
      try {
        return await ask();
      } catch (error) {
        if (!death.isDead) throw error;
        await restart();
        return ask();
      }
    };
    const quote = await afterDeath(() => world.client.goodQuote());
    const lock = world.chain.lock(quote);
    await afterDeath(() => world.client.run(quote, lock));
    const finishing = async (): Promise<void> => {
      const allWritten = async (): Promise<void> => {
        while (death.writes < WRITES) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      const over = Promise.all([ended(world), told(world), allWritten()]);
      const died = world.agent.stopped.then(
        () => 'stopped' as const,
        () => 'died' as const,
      );
      if ((await Promise.race([over.then(() => 'over' as const), died])) === 'over' && !death.isDead) return;
      await died;
      await restart();
      // The service provider follows again, which also is how the agent reaches its inputs.
      await Promise.all([world.client.toEnd(quote.body.jobId), told(world)]);
    };
    await world.whileBlocksCome(finishing());

    const job = await ended(world);
    expect(['finished', 'failed'], job.detail ?? '').toContain(job.state);
    expect(world.calls().filter((call) => call === 'start').length).toBeLessThanOrEqual(2);
    const signed = new Set(
      world.oracles.flatMap((oracle) =>
        oracle.bundles.flatMap((bundle) => bundle.items.filter(({ kind }) => kind !== 'quote').map(({ envelope }) => String(envelope))),
      ),
    );
    expect(signed.size, 'one signed end, the same for all oracles').toBe(1);
    return { reached: death.hasDied };
  } finally {
    death.revive();
    await world.close();
  }
}

const deaths = Array.from({ length: WRITES }, (_, write) => write);

it.each(deaths)('ends its job once when it dies before journal write %i, and when it dies after it', async (write) => {
  expect(await runWithDeath(write, 'before')).toEqual({ reached: true });
  expect(await runWithDeath(write, 'after')).toEqual({ reached: true });
});

/** As above, with the key of what is sealed between running and manifest. */
it.each([6, 7])('seals its outputs under one key when it dies before journal write %i, and when it dies after it', async (write) => {
  expect(await runWithDeath(write, 'before', 'sealed')).toEqual({ reached: true });
  expect(await runWithDeath(write, 'after', 'sealed')).toEqual({ reached: true });
});

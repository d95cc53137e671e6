// The whole flow against a programmable world: every way a job can end, and a kill around every journal write.
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { isJobEnd } from '../job-state.ts';
import { isLockEnd } from '../lock-state.ts';
import { billedPay } from '../quote.ts';
import { driveJob } from './drive.ts';
import { FakeWorld, Killed, type WorldOptions } from './fake-world.ts';
import { jobHasEnded, readJob, type JobRecord } from './job-record.ts';
import type { JobEvent } from './running-job.ts';

const never = new AbortController().signal;

interface Run {
  world: FakeWorld;
  record: JobRecord;
  events: JobEvent[];
}

async function run(options: WorldOptions = {}, cancel?: AbortSignal): Promise<Run> {
  const world = await FakeWorld.open(options);
  world.begin();
  const events: JobEvent[] = [];
  const record = await driveJob(world.process(), {
    record: world.record,
    signal: never,
    onEvent: (event) => events.push(event),
    ...(cancel === undefined ? {} : { cancel }),
  });
  return { world, record, events };
}

const jobWay = (record: JobRecord): string => record.jobHistory.map((change) => change.state).join(' ');
const lockWay = (record: JobRecord): string => record.lockHistory.map((change) => change.state).join(' ');
const notices = (events: JobEvent[]): string => events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');

/** What must hold at every end, whatever happened. */
function expectSound({ world, record }: Pick<Run, 'world' | 'record'>): void {
  expect(jobHasEnded(record)).toBe(true);
  expect(world.counts.locksTaken).toBeLessThanOrEqual(1 + (world.options.rollBackAfterMs === undefined ? 0 : 1));
  expect(new Set(world.transactions.filter((tx) => tx.kind === 'lock').map((tx) => tx.txId)).size).toBeLessThanOrEqual(1);
  expect(readJob(world.readEntries())).toEqual(record);
}

describe('a job ends as it should', () => {
  test('an honest job is run, checked, acknowledged and paid for its billed time', async () => {
    const outcome = await run();
    expectSound(outcome);
    const { record, world, events } = outcome;
    expect(jobWay(record)).toBe('draft quoted locked preparing running finished');
    expect(lockWay(record)).toBe('building submitted locked attested withdrawn');
    expect(record.answer?.kind).toBe('ack');
    expect(record.spent?.paidBaseUnits).toBe(billedPay(world.quote.body, 4_000));
    expect(world.log).toEqual(['line 0', 'line 1', 'line 2']);
    expect(world.saved).toEqual(new Set(['y.npy']));
    expect(events.some((event) => event.type === 'progress')).toBe(true);
    expect(world.counts.acksSigned).toBe(1);
    for (const key of world.quote.body.oracleKeys) expect(world.evidence.get(key)?.ack).toBeDefined();
    expect(world.answersHeard).toEqual(['ack']);
  });

  test('outputs that fail the check are disputed, with the spec and sources of a public job, and refunded when the dispute is upheld', async () => {
    const outcome = await run({ check: { accept: false, score: 0.1, detail: 'accuracy 0.1, want at least 0.9' } });
    expectSound(outcome);
    const { record, world } = outcome;
    expect(jobWay(record)).toContain('finished');
    expect(record.lock).toBe('refunded');
    expect(record.answer?.kind === 'dispute' && record.answer.signed.body.reason).toBe('accuracy 0.1, want at least 0.9');
    const bundle = [...world.evidence.values()][0]?.bundle;
    expect(bundle?.spec).not.toBeNull();
    expect(bundle?.sources).toContain('/ip4/127.0.0.1/tcp/5000');
  });

  test('a dispute that a replay rejects is paid', async () => {
    const outcome = await run({ check: { accept: false, score: 0.1, detail: 'no' }, replay: 'rejected' });
    expectSound(outcome);
    expect(outcome.record.lock).toBe('withdrawn');
  });

  test('a lock that the agent refuses is refunded at once', async () => {
    const outcome = await run({ agent: 'refuses' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('refused');
    expect(outcome.record.jobHistory.at(-1)?.detail).toContain('it holds too little');
    expect(outcome.record.lock).toBe('refunded');
    expect(outcome.world.clock.now()).toBeLessThan(outcome.world.quote.body.finishBy);
  });

  test('an agent that dies in mid-run leads to a missed deadline and a refund by the oracles', async () => {
    const outcome = await run({ agent: 'dies-running' });
    expectSound(outcome);
    expect(jobWay(outcome.record)).toBe('draft quoted locked preparing running expired');
    expect(outcome.record.lock).toBe('refunded');
    expect(outcome.world.clock.now()).toBeGreaterThan(outcome.world.quote.body.finishBy);
    expect(notices(outcome.events)).toContain('no address of the agent answers');
  });

  test('an agent that never answers leads to a refund', async () => {
    const outcome = await run({ agent: 'never-answers' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('expired');
    expect(outcome.record.lock).toBe('refunded');
  });

  test('with all oracles off too, the money is reclaimed', async () => {
    const outcome = await run({ agent: 'dies-running', oraclesUp: 0 });
    expectSound(outcome);
    expect(outcome.record.job).toBe('expired');
    expect(lockWay(outcome.record)).toBe('building submitted locked reclaimed');
    expect(outcome.world.clock.now()).toBeGreaterThan(outcome.world.quote.body.reclaimAfter);
  });

  test('one oracle of three being off changes nothing', async () => {
    const outcome = await run({ oraclesUp: 2 });
    expectSound(outcome);
    expect(outcome.record.lock).toBe('withdrawn');
  });

  test('a fault of the job itself is settled by share without an answer', async () => {
    const outcome = await run({ agent: 'job-fault' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('failed');
    expect(outcome.record.jobHistory.at(-1)?.detail).toContain('own fault');
    expect(outcome.record.lock).toBe('distributed');
    expect(outcome.record.answer).toBeUndefined();
  });

  test('a fault that the compute provider admits is refunded', async () => {
    const outcome = await run({ agent: 'own-fault' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('failed');
    expect(outcome.record.lock).toBe('refunded');
  });

  test('cannot be paid more than its billed time: a manifest with another pay is disputed', async () => {
    const outcome = await run({ agent: 'wrong-pay' });
    expectSound(outcome);
    expect(outcome.record.answer?.kind).toBe('dispute');
    expect(outcome.record.check?.detail).toContain('asks for');
    expect(outcome.world.counts.acksSigned).toBe(0);
  });

  test('cannot replay a manifest of another lock: it is ignored and the deadline refunds', async () => {
    const outcome = await run({ agent: 'foreign-manifest' });
    expectSound(outcome);
    expect(outcome.record.manifest).toBeUndefined();
    expect(notices(outcome.events)).toContain('belongs to another job or lock');
    expect(outcome.record.answer).toBeUndefined();
  });

  test('cannot end a job with an unsigned word', async () => {
    const outcome = await run({ agent: 'unsigned-end' });
    expectSound(outcome);
    expect(jobWay(outcome.record)).not.toContain('failed');
    expect(outcome.record.answer).toBeUndefined();
  });

  test('cannot be paid for wrong bytes: they are disputed after three tries', async () => {
    const outcome = await run({ agent: 'wrong-bytes' });
    expectSound(outcome);
    expect(outcome.record.answer?.kind).toBe('dispute');
    expect(outcome.record.check?.detail).toContain('not what the manifest commits to');
    expect(outcome.world.counts.fetches).toBe(3);
    expect(outcome.record.lock).toBe('refunded');
  });

  test('cannot be paid for outputs that never come: they are disputed while a dispute still counts', async () => {
    const outcome = await run({ agent: 'never-delivers' });
    expectSound(outcome);
    expect(outcome.record.answer?.kind).toBe('dispute');
    const disputedAt = outcome.events.findLast((event) => event.type === 'entry' && event.entry.type === 'answer');
    expect(disputedAt?.type === 'entry' && disputedAt.entry.atMs).toBeLessThan(outcome.world.quote.body.disputeBy);
  });

  test.each(['in silence', 'behind a log'] as const)(
    'cannot be paid by hiding its result %s from the service provider: an oracle tells it, and wrong bytes are disputed',
    async (hides) => {
      const outcome = await run({ agent: 'wrong-bytes', hides });
      expectSound(outcome);
      expect(jobWay(outcome.record)).toBe('draft quoted locked preparing running finished');
      expect(outcome.record.answer?.kind).toBe('dispute');
      expect(outcome.record.check?.detail).toContain('not what the manifest commits to');
      expect(outcome.record.lock).toBe('refunded');
    },
  );

  test.each(['in silence', 'behind a log'] as const)(
    'an honest result that the agent hides %s is fetched from an oracle, acknowledged and paid',
    async (hides) => {
      const outcome = await run({ hides });
      expectSound(outcome);
      expect(outcome.record.job).toBe('finished');
      expect(outcome.record.answer?.kind).toBe('ack');
      expect(outcome.record.lock).toBe('withdrawn');
      // Whatever the stream still says or does not say holds nothing up.
      const [taken, answered] = (['manifest', 'answer'] as const).map((type) =>
        outcome.world.readEntries().find((entry) => entry.type === type),
      );
      expect((answered?.atMs ?? Infinity) - (taken?.atMs ?? 0)).toBeLessThan(1_000);
    },
  );

  test('cannot pass off a result of another lock as an oracle: it is ignored, told once, and the agent’s own is taken', async () => {
    const outcome = await run({ hides: 'in silence', lyingOracle: true });
    expectSound(outcome);
    expect(notices(outcome.events).match(/belongs to another job or lock/g)).toHaveLength(1);
    expect(outcome.record.manifest?.body.lock).toEqual(outcome.record.lockTx?.reference);
    expect(outcome.record.lock).toBe('withdrawn');
  });

  test('an agent that comes back at another address is found again', async () => {
    const outcome = await run({ moves: true });
    expectSound(outcome);
    expect(outcome.record.lock).toBe('withdrawn');
    expect(notices(outcome.events)).toContain('nobody is at that address any more');
    expect(outcome.world.answersHeard).toEqual(['ack']);
  });

  test('cannot take back at once what the oracles have awarded: they get the claim window again', async () => {
    const outcome = await run({ neverSettles: true });
    expectSound(outcome);
    expect(lockWay(outcome.record)).toBe('building submitted locked attested reclaimed');
    const { reclaimAfter, disputeBy } = outcome.world.quote.body;
    const reclaimed = outcome.record.lockHistory.at(-1);
    expect(reclaimed?.atMs).toBeGreaterThanOrEqual(reclaimAfter + (reclaimAfter - disputeBy));
  });

  test('a check that cannot be run is no dispute', async () => {
    const outcome = await run({ check: 'broken' });
    expectSound(outcome);
    expect(outcome.record.answer).toBeUndefined();
    expect(outcome.world.counts.disputesSigned).toBe(0);
    expect(outcome.record.lock).toBe('withdrawn');
    expect(notices(outcome.events)).toContain('a file of the check is missing');
  });
});

describe('a lock and the chain', () => {
  test('a wallet that cannot pay locks nothing and says so', async () => {
    const outcome = await run({ poor: true });
    expectSound(outcome);
    expect(outcome.record.job).toBe('failed');
    expect(outcome.record.lock).toBe('dropped');
    expect(outcome.record.jobHistory.at(-1)?.detail).toBe('Cannot lock 60 NTX: the wallet holds 0');
    // The agent held capacity for it, which others may have now.
    expect(outcome.world.released).toHaveLength(1);
  });

  test('cannot take a refusal back: a person who will not sign ends the job, nothing is locked and the quote is given back', async () => {
    const outcome = await run({ person: 'refuses' });
    expectSound(outcome);
    expect(jobWay(outcome.record)).toBe('draft quoted cancelled');
    expect(lockWay(outcome.record)).toBe('building dropped');
    expect(outcome.record.jobHistory.at(-1)?.detail).toBe('you refused to sign the lock');
    expect(outcome.world.counts).toMatchObject({ locksBuilt: 1, locksTaken: 0 });
    expect(outcome.world.released).toHaveLength(1);
    const again = await driveJob(outcome.world.process(), { record: outcome.world.record, signal: never });
    expect(again).toEqual(outcome.record);
    expect(outcome.world.counts.locksBuilt).toBe(1);
  });

  test('a cancel ends the waiting for a person who says nothing', async () => {
    const cancel = new AbortController();
    const world = await FakeWorld.open({ person: 'says nothing' });
    world.begin();
    const driving = driveJob(world.process(), { record: world.record, signal: never, cancel: cancel.signal });
    await world.clock.sleep(3_000, never);
    cancel.abort();
    const record = await driving;
    expect(jobWay(record)).toBe('draft quoted cancelled');
    expect(record.lock).toBe('dropped');
    expect(world.clock.now()).toBeLessThan(world.quote.body.expiresAt);
    expect(world.counts).toMatchObject({ locksBuilt: 1, locksTaken: 0 });
  });

  test('a wallet that is locked when the money may come back takes it back as soon as it is unlocked', async () => {
    const waits = await run({ agent: 'never-answers', oraclesUp: 0, walletLockedMs: 80_000 });
    expectSound(waits);
    expect(waits.record.lock).toBe('reclaimed');
    expect(notices(waits.events)).toContain('Unlock the wallet: 60 NTX can come back');
    const back = waits.record.lockHistory.at(-1)?.atMs ?? 0;
    const unlockedAt = waits.world.quote.body.reclaimAfter + 25_000;
    expect(back - unlockedAt).toBeGreaterThanOrEqual(0);
    expect(back - unlockedAt).toBeLessThan(3_000);
  });

  test('cannot stand still at the end of a lock because the wallet stays locked', async () => {
    const waits = await run({ agent: 'refuses', refusalCloses: 'honestly', walletLockedMs: 500_000 });
    expectSound(waits);
    expect(waits.record.lock).toBe('refunded');
    expect(waits.record.finalVoucher).toBeUndefined();
  });

  test('an expired quote is not locked', async () => {
    const outcome = await run({ quote: { issuedAt: 1, expiresAt: 2 } });
    expectSound(outcome);
    expect(outcome.record.job).toBe('expired');
    expect(outcome.world.counts.locksBuilt).toBe(0);
  });

  test('a lock that the chain forgot is submitted again, the same bytes', async () => {
    const outcome = await run({ forgets: 3 });
    expectSound(outcome);
    expect(outcome.record.lock).toBe('withdrawn');
    expect(outcome.world.counts.locksBuilt).toBe(1);
  });

  test('a lock that the ledger refuses is dropped only when its validity has ended', async () => {
    const outcome = await run({ rejects: 'an input is spent already' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('failed');
    expect(outcome.record.lock).toBe('dropped');
    expect(outcome.record.jobHistory.at(-1)?.detail).toContain('an input is spent already');
    expect(outcome.world.clock.now()).toBeGreaterThan(outcome.world.quote.body.expiresAt);
  });

  test('a rollback takes the lock back to submitted and the same lock is sent again', async () => {
    const outcome = await run({ rollBackAfterMs: 3_500 });
    expectSound(outcome);
    expect(lockWay(outcome.record)).toContain('locked submitted locked');
    expect(outcome.record.lock).toBe('withdrawn');
    expect(outcome.world.counts.locksBuilt).toBe(1);
  });

  test('a rollback of the settle takes an end back to locked until it is settled again', async () => {
    const outcome = await run({ rollBackSpendAfterMs: 500 });
    expectSound(outcome);
    expect(lockWay(outcome.record)).toMatch(/withdrawn locked (attested )?withdrawn$/);
  });

  test('cannot keep a reclaim that a rollback took back: the money is reclaimed again', async () => {
    const outcome = await run({ agent: 'never-answers', oraclesUp: 0, rollBackSpendAfterMs: 500 });
    expectSound(outcome);
    expect(lockWay(outcome.record)).toMatch(/reclaimed locked reclaimed$/);
    expect(outcome.world.transactions.map(({ kind }) => kind)).toEqual(['lock', 'reclaim']);
  });

  test('cannot wait for ever for a lock that a rollback took away after its validity: nothing is locked any more', async () => {
    const outcome = await run({ agent: 'never-answers', rollBackAfterMs: 19_000 });
    expectSound(outcome);
    expect(lockWay(outcome.record)).toBe('building submitted locked submitted dropped');
    expect(outcome.world.transactions).toEqual([]);
    // Only blocks on top of the end of its validity prove that no fork brings it back.
    const dropped = outcome.record.lockHistory.find((change) => change.state === 'dropped');
    expect(dropped?.atMs).toBeGreaterThanOrEqual(outcome.world.quote.body.expiresAt + 3_000);
  });
});

describe('cancel', () => {
  test('before anything is locked it costs nothing', async () => {
    const cancel = new AbortController();
    cancel.abort();
    const outcome = await run({}, cancel.signal);
    expectSound(outcome);
    expect(outcome.record.job).toBe('cancelled');
    expect(outcome.record.lock).toBe('dropped');
    expect(outcome.world.counts.locksBuilt).toBe(0);
  });

  test('before it runs it refunds all', async () => {
    const world = await FakeWorld.open({ agent: 'never-answers' });
    world.begin();
    const cancel = new AbortController();
    const record = await driveJob(world.process(), {
      record: world.record,
      signal: never,
      cancel: cancel.signal,
      onEvent: (event) => {
        if (event.type === 'entry' && event.entry.type === 'lock' && event.entry.state === 'locked') cancel.abort();
      },
    });
    expectSound({ world, record });
    expect(record.job).toBe('cancelled');
    expect(record.lock).toBe('refunded');
    expect(world.counts.cancelsSigned).toBe(1);
    expect(world.clock.now()).toBeLessThan(world.quote.body.finishBy);
  });

  test('cannot cancel what runs already', async () => {
    const world = await FakeWorld.open();
    world.begin();
    const cancel = new AbortController();
    const record = await driveJob(world.process(), {
      record: world.record,
      signal: never,
      cancel: cancel.signal,
      onEvent: (event) => {
        if (event.type === 'entry' && event.entry.type === 'job' && event.entry.state === 'running') cancel.abort();
      },
    });
    expectSound({ world, record });
    expect(record.job).toBe('finished');
    expect(world.counts.cancelsSigned).toBe(0);
  });
});

/** Drives through kills: each process lives for so many journal writes. */
async function runThroughKills(options: WorldOptions, kills: readonly { at: number; when: 'before' | 'after' }[]): Promise<Run> {
  const world = await FakeWorld.open(options);
  world.begin();
  for (const kill of kills) {
    try {
      const record = await driveJob(world.process(kill), { record: world.record, signal: never });
      return { world, record, events: [] };
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
  return { world, record: await driveJob(world.process(), { record: world.record, signal: never }), events: [] };
}

const STORIES: Readonly<Record<string, WorldOptions>> = {
  'an honest job': {},
  'a disputed job': { check: { accept: false, score: 0, detail: 'no' } },
  'a refused lock': { agent: 'refuses' },
  'a dead agent without oracles': { agent: 'dies-running', oraclesUp: 0 },
  'a forgotten lock': { forgets: 2 },
  'a rolled back lock': { rollBackAfterMs: 3_500 },
  'a hidden result': { hides: 'in silence' },
  'a hidden result of wrong bytes': { agent: 'wrong-bytes', hides: 'behind a log' },
};

describe('cannot be lost or paid twice by a kill', () => {
  for (const [name, options] of Object.entries(STORIES)) {
    test(`${name} ends the same after a kill before and after every journal write`, async () => {
      const straight = await run(options);
      const writes = straight.world.entries.length - 2;
      expect(writes).toBeGreaterThan(4);
      for (let at = 0; at < writes; at++) {
        for (const when of ['before', 'after'] as const) {
          const killed = await runThroughKills(options, [{ at, when }]);
          expectSound(killed);
          expect([at, when, killed.record.job, killed.record.lock, killed.record.answer?.kind]).toEqual([
            at,
            when,
            straight.record.job,
            straight.record.lock,
            straight.record.answer?.kind,
          ]);
          expect(killed.world.entries.filter((line) => line.includes('"type":"answer"')).length).toBeLessThanOrEqual(1);
        }
      }
      // Some fifty whole jobs: two seconds alone, more beside other suites.
    }, 240_000);
  }

  test('any series of kills and any latencies end paid, refunded, reclaimed or dropped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.values(STORIES)),
        fc.array(fc.record({ at: fc.nat(6), when: fc.constantFrom('before' as const, 'after' as const) }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 1_500 }), { maxLength: 7 }),
        async (options, kills, latenciesMs) => {
          const outcome = await runThroughKills({ ...options, latenciesMs }, kills);
          expectSound(outcome);
          expect(isJobEnd(outcome.record.job)).toBe(true);
          expect(outcome.record.lock !== null && isLockEnd(outcome.record.lock)).toBe(true);
          const answers = outcome.world.entries.filter((line) => line.includes('"type":"answer"'));
          expect(answers.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60 },
    );
  }, 240_000);
});

describe('a stopped run', () => {
  test('ends with the reason it was given and goes on later', async () => {
    const world = await FakeWorld.open();
    world.begin();
    const stop = new AbortController();
    const stopped = driveJob(world.process(), {
      record: world.record,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'entry' && event.entry.type === 'job' && event.entry.state === 'running') stop.abort(new Error('Ctrl-C'));
      },
    });
    await expect(stopped).rejects.toThrow('Ctrl-C');
    const record = await driveJob(world.process(), { record: world.record, signal: never });
    expectSound({ world, record });
    expect(record.lock).toBe('withdrawn');
  });

  test('an ended job is only looked at again', async () => {
    const { world, record } = await run();
    const written = world.entries.length;
    expect(await driveJob(world.process(), { record: world.record, signal: never })).toEqual(record);
    expect(world.entries.length).toBe(written);
  });
});

describe('checkpoints', () => {
  const entriesOf = ({ world }: Run): number[] =>
    world.readEntries().flatMap((entry) => (entry.type === 'checkpoint' ? [entry.number] : []));

  test('of a job that fails are kept, and the last one is what the record names', async () => {
    const outcome = await run({ checkpoints: 3, agent: 'own-fault' });
    expectSound(outcome);
    expect(outcome.record.job).toBe('failed');
    expect(outcome.record.checkpoint).toMatchObject({ number: 3, file: { name: 'checkpoint-3.tar', bytes: 1_003 } });
    expect(outcome.world.checkpoints.at(-1)).toBe(3);
    expect(entriesOf(outcome)).toEqual(outcome.world.checkpoints);
    expect(outcome.events.filter(({ type }) => type === 'checkpoint').length).toBe(outcome.world.checkpoints.length);
  });

  test('cannot keep a result from being checked and paid for', async () => {
    const outcome = await run({ checkpoints: 2 });
    expectSound(outcome);
    expect(outcome.record.lock).toBe('withdrawn');
  });

  test('that are not what their CIDs say are told of and left: they cost nobody anything', async () => {
    const outcome = await run({ checkpoints: 2, agent: 'wrong-bytes' });
    expect(jobHasEnded(outcome.record)).toBe(true);
    expect(outcome.record.checkpoint).toBeUndefined();
    expect(notices(outcome.events)).toMatch(/Checkpoint \d could not be kept/);
  });

  test('cannot be more than the job has disk for', async () => {
    const outcome = await run({ checkpoints: 2, checkpointsTooLarge: true });
    expectSound(outcome);
    expect(outcome.world.checkpoints).toEqual([]);
    expect(notices(outcome.events)).toContain('a checkpoint that this job did not ask for');
  });

  test('cannot make us fetch without an end: no more often than the job asked for, twice over', async () => {
    const outcome = await run({ checkpoints: 60, agent: 'own-fault' });
    expectSound(outcome);
    // 60 within 3 seconds, asked for one a second.
    expect(outcome.world.checkpoints.length).toBeLessThan(10);
    expect(outcome.record.checkpoint?.number).toBe(60);
  });

  test('are kept once, wherever a process is killed', async () => {
    const whole = await run({ checkpoints: 2, agent: 'own-fault' });
    for (let at = 0; at < whole.world.entries.length; at++) {
      for (const when of ['before', 'after'] as const) {
        const world = await FakeWorld.open({ checkpoints: 2, agent: 'own-fault' });
        world.begin();
        await driveJob(world.process({ at, when }), { record: world.record, signal: never }).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
        const record = await driveJob(world.process(), { record: world.record, signal: never });
        expectSound({ world, record });
        expect(record.checkpoint?.number).toBe(2);
      }
    }
  });
});

test('the agent is given the trace that its own continues, and none where there is none', async () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const world = await FakeWorld.open();
  world.begin();
  await driveJob(world.process(), { record: world.record, signal: never, trace });
  expect(world.trace).toBe(trace);
  expect((await run()).world.trace).toBeUndefined();
});

// One job against a programmable world, its journal in a database: paid, disputed, undecided, killed at every write; one decision a job.
import { FakeWorld, Killed, type WorldOptions } from '@nunet/shared/job-flow/fake-world.ts';
import { jobHasEnded, readJob, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import type { CheckResult, JobKeys } from '@nunet/shared/job-flow/ports.ts';
import { paceOf } from '@nunet/shared/job-flow/running-job.ts';
import { orAborted } from '@nunet/shared/job-flow/waiting.ts';
import { SAMPLE_TIME_MS, sampleSigner } from '@nunet/shared/samples.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { describe, expect, test, vi } from 'vitest';
import type { VaultState } from '../vault/messages.ts';
import type { JobNote, RunnerDatabase } from './database.ts';
import { openJob, type Job, type JobParts } from './job.ts';
import { openJournal } from './journal.ts';
import type { Linked } from './linked.ts';
import type { Online } from './online.ts';
import { emptyDatabase, keepWorld, sampleJobFile, sampleKeyNote } from './sample-database.ts';
import type { RunnerVaultRequest, VaultLink } from './vault-link.ts';

/** Wide, because virtual time runs while the database works. */
const WIDE = {
  expiresAt: SAMPLE_TIME_MS + 300_000,
  startBy: SAMPLE_TIME_MS + 310_000,
  finishBy: SAMPLE_TIME_MS + 500_000,
  disputeBy: SAMPLE_TIME_MS + 520_000,
  reclaimAfter: SAMPLE_TIME_MS + 700_000,
};
const PACE = { ...paceOf('devnet'), pollMs: 2_000, retryMs: 2_000, agentFirstMs: 300_000 };

interface Seen {
  tipTimeMs: number | null;
  held: bigint | null;
}

interface Opened {
  vault: ReturnType<typeof vaultOf>;
  seen: Seen;
  /** The network goes. */
  end: () => void;
  job: Job;
  online: Online;
  world: FakeWorld;
  database: RunnerDatabase;
  changes: string[];
}

/** A vault that holds the world's keys and says what a test makes it say. */
function vaultOf(keys: JobKeys, state: Partial<VaultState> = {}) {
  const account = { index: 0, name: '', payment: sampleKeyNote.payment, stake: sampleSigner('stake').publicKey, drep: '' };
  let now = { state: 'open', accounts: [account], selected: 0, jobs: [], ...state } as unknown as VaultState;
  const looks = new Set<() => void>();
  const asked: RunnerVaultRequest[] = [];
  const link = {
    state: () => now,
    isHere: () => true,
    async ask(request: RunnerVaultRequest) {
      asked.push(request);
      if (request.type !== 'job-sign') return null;
      const signer = await keys.signer(request.jobId, new AbortController().signal);
      return { signature: await signer.sign(request.bytes) };
    },
    until: (holds: (state: VaultState | null) => boolean, signal: AbortSignal) =>
      orAborted(
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (holds(now)) resolve();
          };
          looks.add(look);
          look();
        }),
        signal,
      ),
  } as unknown as VaultLink;
  return {
    link,
    account,
    asked,
    say(next: Partial<VaultState>) {
      now = { ...now, ...next };
      for (const look of looks) look();
    },
  };
}

/** A runner with one job, as it starts on this database. */
async function start(
  database: RunnerDatabase,
  world: FakeWorld,
  more: Partial<JobParts> & { state?: Partial<VaultState>; prove?: () => Promise<void> } = {},
): Promise<Opened> {
  const ports = world.process();
  const changes: string[] = [];
  const [note] = await database.getAll('jobs');
  if (note === undefined) throw new Error('no job');
  const life = new AbortController();
  const vault = vaultOf(ports.keys, more.state);
  /** What the chain says, in a test's hand. */
  const seen: Seen = { tipTimeMs: null, held: null };
  const online: Online = {
    url: 'http://127.0.0.1:1',
    record: world.record,
    assetUnit: assetUnit(world.record.asset),
    network: ports.network,
    oracles: ports.oracles,
    tipTimeMs: () => seen.tipTimeMs,
    chainTimeMs: (signal) => ports.escrow.chainTimeMs(signal),
    escrowFor: () => ports.escrow,
    signal: life.signal,
  };
  const { asset } = world.record;
  const linked = {
    account: vault.account,
    record: world.record,
    ntx: asset,
    utxos: () => (seen.held === null ? null : [{ lovelace: 1n, assets: [{ ...asset, quantity: seen.held }] }]),
  } as unknown as Linked;
  const job = await openJob(
    {
      database,
      vault: vault.link,
      signings: {} as JobParts['signings'],
      linked: () => linked,
      inputs: { promise: () => undefined, setApart: () => undefined, free: (_, utxos) => [...utxos], buildersFor: () => ({}) as never },
      scorer: { prove: more.prove ?? (async () => undefined), score: async () => 1 },
      dialer: { open: () => Promise.reject(new Error('nothing is fetched here')) },
      clock: world.clock,
      after: (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
      ticks: () => performance.now(),
      pace: PACE,
      onChange: (_, what) => changes.push(what),
      ...more,
    },
    note,
  );
  const end = (): void => life.abort(new DOMException('offline', 'AbortError'));
  return { job, online, world, database, changes, vault, seen, end };
}

async function opened(options: WorldOptions = {}, note: { askBeforeAnswer?: boolean } = {}): Promise<Opened> {
  const { database } = await emptyDatabase();
  const world = await FakeWorld.open({ ...options, quote: { ...WIDE, ...options.quote } });
  world.begin();
  await keepWorld(database, world, note);
  return start(database, world);
}

const ended = ({ job }: Opened): Promise<void> =>
  vi.waitFor(() => expect(job.summary()).toMatchObject({ hasEnded: true, isDriven: false }), { timeout: 20_000 });

const way = ({ job }: Opened): string =>
  job
    .record()
    .lockHistory.map(({ state }) => state)
    .join(' ');

describe('a job that is driven', () => {
  test('is paid, with what happened in its snapshot and its log', async () => {
    const run = await opened();
    run.job.drive(run.online);
    run.job.drive(run.online);
    await ended(run);
    // Virtual time may jump over the moment in which the verdict was signed and not yet in a block.
    expect(way(run)).toMatch(/^building submitted locked (attested )?withdrawn$/);
    const snapshot = run.job.snapshot(run.online);
    expect(snapshot.summary).toMatchObject({ job: 'finished', lock: 'withdrawn', wantsDecision: false });
    expect(snapshot.summary.paidBaseUnits).toBeGreaterThan(0n);
    expect(snapshot.live.curve).toEqual([{ epoch: 1, metrics: [{ name: 'loss', value: 0.5 }] }]);
    expect(snapshot.live.outputs).toEqual([{ name: 'y.npy', bytes: 1, doneBytes: 1, isStored: true }]);
    expect(snapshot.transactionPage).toBe('http://127.0.0.1:1/tx/');
    expect(await run.job.log.read(0)).toEqual(['line 0', 'line 1', 'line 2']);
    expect(run.world.counts).toMatchObject({ locksTaken: 1, acksSigned: 1 });
    expect(structuredClone(snapshot)).toEqual(snapshot);
    // Opened again it is as it was, and nothing goes on.
    const again = await start(run.database, run.world);
    again.job.drive(again.online);
    expect(again.job.summary()).toEqual(snapshot.summary);
    expect(again.job.isOver()).toBe(true);
  });

  test('goes on after the runner was offline', async () => {
    const { database, world } = await opened();
    const run = await start(database, world, {
      afterWrite: (_, entry) => {
        if (entry.type === 'job' && entry.state === 'running') run.end();
      },
    });
    run.job.drive(run.online);
    await vi.waitFor(() => expect(run.job.summary().isDriven).toBe(false), 20_000);
    expect(run.job.record().job).toBe('running');
    expect(run.job.summary().hasEnded).toBe(false);
    const again = await start(run.database, run.world);
    again.job.drive(again.online);
    await ended(again);
    expect(again.job.record().lock).toBe('withdrawn');
    expect(await again.job.log.read(0)).toEqual(['line 0', 'line 1', 'line 2']);
  });

  test('goes on with a newer record of its network, one drive at a time', async () => {
    const run = await opened();
    run.job.drive(run.online);
    const newer = await start(run.database, run.world);
    run.end();
    run.job.drive(newer.online);
    expect(run.job.summary().isDriven).toBe(true);
    await ended(run);
    expect(run.job.record().lock).toBe('withdrawn');
    expect(run.world.counts).toMatchObject({ locksTaken: 1, acksSigned: 1 });
  });

  test('shows a rollback as it happened', async () => {
    const run = await opened({ rollBackAfterMs: 4_000 });
    run.job.drive(run.online);
    await ended(run);
    expect(way(run)).toMatch(/^building submitted locked submitted locked/);
    expect(run.job.record().lock).toBe('withdrawn');
  });

  test('cannot go on with another wallet than its own, and can then be removed', async () => {
    const { database, world, vault } = await opened();
    const other = { ...vault.account, payment: sampleSigner('another wallet').publicKey };
    const lost = await start(database, world, { state: { accounts: [other] } });
    lost.job.drive(lost.online);
    expect(lost.job.summary()).toMatchObject({ isDriven: false, key: 'lost', hasEnded: false });
    expect(lost.job.isOver()).toBe(true);
    await expect(lost.job.preflight(lost.online)).rejects.toMatchObject({ code: 'job-taken' });
    // The words of its own wallet bring it back.
    lost.vault.say({ accounts: [vault.account] });
    expect(lost.job.summary().key).toBe('ready');
    lost.job.keyChanged(lost.online);
    await ended(lost);
    expect(lost.job.record().lock).toBe('withdrawn');
  });

  test('stops when the wallet is replaced by another, without a word to anybody', async () => {
    const run = await opened({ agent: 'never-answers' });
    run.job.drive(run.online);
    await vi.waitFor(() => expect(run.job.record().lock).toBe('locked'), 20_000);
    run.vault.say({ accounts: [] });
    run.job.keyChanged(run.online);
    await vi.waitFor(() => expect(run.job.summary()).toMatchObject({ isDriven: false, key: 'lost' }), 20_000);
    expect(run.world.counts).toMatchObject({ locksTaken: 1, cancelsSigned: 0 });
  });

  test('of a version whose keys were gone with the browser is lost and can be removed', async () => {
    const { database, world } = await opened();
    const [note] = await database.getAll('jobs');
    await database.put('jobs', { ...(note as JobNote), key: null });
    const old = await start(database, world);
    old.job.drive(old.online);
    expect(old.job.summary()).toMatchObject({ isDriven: false, key: 'lost' });
    expect(old.job.isOver()).toBe(true);
  });

  test('waits for an unlock with what has to be signed, says so, and goes on by itself', async () => {
    const { database, world } = await opened();
    const run = await start(database, world, { state: { state: 'locked' } });
    expect(run.job.summary().key).toBe('wanted');
    run.job.drive(run.online);
    const told = (): string[] => run.job.snapshot(run.online).notices.map(({ code }) => code);
    await vi.waitFor(() => expect(told()).toContain('vault-locked'), 20_000);
    expect(run.job.record()).toMatchObject({ job: 'finished', outputsStored: true });
    expect(world.counts.acksSigned).toBe(0);
    run.vault.say({ state: 'open' });
    await ended(run);
    expect(world.counts).toMatchObject({ acksSigned: 1, locksTaken: 1 });
  });

  test('signs while the wallet is locked when its lock was approved before', async () => {
    const { database, world } = await opened();
    const run = await start(database, world, { state: { state: 'locked', jobs: [world.quote.body.jobId] } });
    expect(run.job.summary().key).toBe('ready');
    run.job.drive(run.online);
    await ended(run);
    expect(world.counts.acksSigned).toBe(1);
    // The vault may forget its key now.
    expect(run.vault.asked.at(-1)).toEqual({ type: 'job-end', jobId: world.quote.body.jobId });
  });

  test('cannot be driven on another devnet than its own', async () => {
    const { job, online } = await opened();
    job.drive({ ...online, assetUnit: 'of another genesis' });
    expect(job.summary().isDriven).toBe(false);
    expect(job.snapshot({ ...online, assetUnit: 'of another genesis' }).transactionPage).toBeNull();
  });
});

describe('the person decides', () => {
  const asked = async (options: WorldOptions = {}): Promise<Opened> => {
    const run = await opened(options, { askBeforeAnswer: true });
    run.job.drive(run.online);
    await vi.waitFor(() => expect(run.job.summary().wantsDecision).toBe(true), 20_000);
    return run;
  };

  test('the snapshot says what the check found and until when; the word is answered', async () => {
    const run = await asked();
    const { decision } = run.job.snapshot(run.online);
    expect(decision).toMatchObject({ check: { accept: true }, error: null, disputeBy: WIDE.disputeBy });
    run.job.decide({ accept: false, reason: 'it sounds wrong' });
    expect(() => run.job.decide({ accept: true, reason: '' })).toThrow(expect.objectContaining({ code: 'decision-made' }));
    await ended(run);
    const { answer, check, lock } = run.job.record();
    expect(answer?.kind).toBe('dispute');
    expect(check?.detail).toBe('it sounds wrong');
    expect(lock).toBe('refunded');
    expect(run.world.counts).toMatchObject({ acksSigned: 0, disputesSigned: 1 });
    expect(() => run.job.decide({ accept: true, reason: '' })).toThrow(expect.objectContaining({ code: 'decision-made' }));
  });

  test('silence is answered by nobody: it pays, and the snapshot says so', async () => {
    const run = await opened({}, { askBeforeAnswer: true });
    run.job.drive(run.online);
    await ended(run);
    const { answer, lock } = run.job.record();
    expect(answer).toBeUndefined();
    expect(lock).toBe('withdrawn');
    expect(run.world.counts).toMatchObject({ acksSigned: 0, disputesSigned: 0 });
    const { notices, summary } = run.job.snapshot(run.online);
    expect(notices.map(({ code }) => code)).toContain('undecided');
    expect(notices.map(({ code }) => code)).not.toContain('check-failed');
    expect(summary.wantsDecision).toBe(false);
  });

  test('cannot decide what does not wait', async () => {
    const { job } = await opened();
    expect(() => job.decide({ accept: true, reason: '' })).toThrow(expect.objectContaining({ code: 'decision-unwanted' }));
  });
});

describe('cannot be lost by a kill', () => {
  const scenarios: [string, WorldOptions, boolean, CheckResult['accept']][] = [
    ['an honest job', {}, false, true],
    ['a result that is disputed', {}, true, false],
  ];
  for (const [name, options, ask, accept] of scenarios) {
    test(`${name}, killed at every journal write`, async () => {
      for (let at = 0, writes = Infinity; at < writes; at++) {
        const { database } = await emptyDatabase();
        const world = await FakeWorld.open({ ...options, quote: WIDE });
        world.begin();
        await keepWorld(database, world, { askBeforeAnswer: ask });
        let written = 0;
        const decideWhenAsked = (run: Opened): void => {
          if (run.job.summary().wantsDecision) run.job.decide({ accept, reason: '' });
        };
        let first: Opened | undefined;
        const killed = Promise.withResolvers<void>();
        first = await start(database, world, {
          afterWrite: () => {
            if (written++ !== at) return;
            killed.resolve();
            void first?.job.stop();
            throw new Killed();
          },
          onChange: () => queueMicrotask(() => first !== undefined && decideWhenAsked(first)),
        });
        first.job.drive(first.online);
        await Promise.race([killed.promise, ended(first)]);
        await first.job.stop();
        if (written <= at) writes = written;
        let second: Opened | undefined;
        second = await start(database, world, { onChange: () => queueMicrotask(() => second !== undefined && decideWhenAsked(second)) });
        second.job.drive(second.online);
        await ended(second);
        const record = second.job.record();
        expect(jobHasEnded(record)).toBe(true);
        expect(world.counts.locksTaken, `write ${at}`).toBe(1);
        expect(record.lock, `write ${at}`).toBe(options.agent === 'refuses' || !accept ? 'refunded' : 'withdrawn');
        if (options.agent !== 'refuses') expect(record.answer?.kind, `write ${at}`).toBe(accept ? 'ack' : 'dispute');
        // What the database holds is the whole truth.
        expect(readJob(await (await openJournal(database, record.jobId)).read())).toEqual(record);
        database.close();
        if (at > 60) throw new Error('more writes than any job makes');
      }
    }, 120_000);
  }
});

describe('two pages on one draft', () => {
  async function draft(options: WorldOptions = {}, more: Parameters<typeof start>[2] = {}, note: Partial<JobNote> = {}): Promise<Opened> {
    const { database } = await emptyDatabase();
    const world = await FakeWorld.open({ ...options, quote: WIDE });
    world.begin();
    const [entry] = world.readEntries();
    await keepWorld(database, world, note, [entry as JobEntry]);
    return start(database, world, more);
  }

  test('share what is asked, and one of them takes an offer', async () => {
    const { job, online, world } = await draft();
    const [one, two] = await Promise.all([job.preflight(online), job.preflight(online)]);
    expect(one).toBe(two);
    const [offer] = one.offers;
    expect(offer).toBeDefined();
    const cid = offer?.quote.cid ?? '';
    const taking = await Promise.allSettled([job.take(cid, online), job.take(cid, online)]);
    expect(taking.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(taking.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 'job-taken' });
    await expect(job.preflight(online)).rejects.toMatchObject({ code: 'job-taken' });
    await expect(job.letGo(online)).rejects.toMatchObject({ code: 'job-taken' });
    expect(job.record().jobHistory.map(({ state }) => state)).toContain('quoted');
    expect(world.counts.locksTaken).toBeLessThan(2);
    await job.stop();
  });

  test('cannot take an offer that was not the newest, nor cancel a draft', async () => {
    const { job, online } = await draft();
    await expect(job.take('bafyunknown', online)).rejects.toMatchObject({ code: 'offer-gone' });
    await job.preflight(online);
    await expect(job.take('bafyunknown', online)).rejects.toMatchObject({ code: 'offer-gone' });
    expect(() => job.cancel()).toThrow(expect.objectContaining({ code: 'job-not-taken' }));
    expect(job.record().job).toBe('draft');
  });

  test('cannot take an offer that has expired or that the wallet cannot pay; the draft stays', async () => {
    const { job, online, seen } = await draft();
    const { offers } = await job.preflight(online);
    const cid = offers[0]?.quote.cid ?? '';
    seen.tipTimeMs = WIDE.expiresAt;
    await expect(job.take(cid, online)).rejects.toMatchObject({ code: 'offer-expired' });
    seen.tipTimeMs = null;
    seen.held = 1n;
    await expect(job.take(cid, online)).rejects.toThrow('the wallet holds 0.000001');
    expect(job.record().job).toBe('draft');
    seen.held = null;
    await job.take(cid, online);
    expect(job.record().job).toBe('quoted');
    await job.stop();
  });

  test('cannot be asked for or taken with another account or wallet than the one that it was prepared with', async () => {
    const { job, online } = await draft({}, { linked: () => null });
    await expect(job.preflight(online)).rejects.toMatchObject({ code: 'account-other' });
    await expect(job.take('bafyunknown', online)).rejects.toMatchObject({ code: 'account-other' });
    const lost = await draft({}, { state: { accounts: [] } });
    await expect(lost.job.preflight(lost.online)).rejects.toMatchObject({ code: 'key-lost' });
  });

  test('cannot lock money for a result that could not be scored here', async () => {
    const evaluation = {
      graph: 'y.npy',
      feeds: { x: { from: 'file', file: 'x.npy', rows: false } },
      batchSize: null,
      metric: { name: 'accuracy', output: 'accuracy' },
    };
    const check = { type: 'score', evaluation, files: {}, atLeast: 0.9 };
    const jobFile = JSON.stringify({ ...(JSON.parse(sampleJobFile) as object), check });
    const unavailable = new NunetError('score-unavailable', 'Cannot score models in this browser: it has no WebAssembly');
    const { job, online, world } = await draft({}, { prove: () => Promise.reject(unavailable) }, { jobFile });
    const { offers } = await job.preflight(online);
    await expect(job.take(offers[0]?.quote.cid ?? '', online)).rejects.toMatchObject({ code: 'score-unavailable' });
    expect(job.record().job).toBe('draft');
    expect(world.counts.locksBuilt).toBe(0);
  });

  test('what a discarded draft holds is given back', async () => {
    const { job, online, world } = await draft();
    await job.preflight(online);
    await job.letGo(online);
    expect(world.released).toEqual([world.quote.body.jobId]);
  });

  test('a cancel before it runs is journaled once', async () => {
    const run = await draft();
    const { offers } = await run.job.preflight(run.online);
    await run.job.take(offers[0]?.quote.cid ?? '', run.online);
    run.job.cancel();
    expect(() => run.job.cancel()).toThrow(expect.objectContaining({ code: 'job-cancelled' }));
    await ended(run);
    expect(run.job.record().job).toBe('cancelled');
    expect(['dropped', 'refunded']).toContain(run.job.record().lock);
    expect(() => run.job.cancel()).toThrow(expect.objectContaining({ code: 'job-ended' }));
  });
});

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@nunet/shared/encoding.ts';
import { ownerJobs, ownerLog, ownerStatus } from '@nunet/shared/owner-views.ts';
import { MAX_OWNER_ANSWER_BYTES, ownerAnswer, type OwnerAnswer, type OwnerOrder } from '@nunet/shared/owner-command.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';
import { pricesOf, readConfig, writeConfig } from './config.ts';
import { sampleConfig } from './config-fixture.ts';
import { Confirmations } from './confirmations.ts';
import { createControls, type Controls, type GivenBy } from './controls.ts';
import { OwnerBook } from './owner-book.ts';
import { readPause, writePause } from './pause-file.ts';
import { randomBytes } from 'node:crypto';

const machine = { cpus: 8, memoryBytes: 2 ** 32, diskBytes: 2 ** 34, gpus: 0 };
const terminal: GivenBy = { kind: 'terminal' };
const owner: GivenBy = { kind: 'owner', publicKey: 'aa'.repeat(32), name: 'laptop' };
const config = sampleConfig({ hours: { from: '20:00', to: '08:00' } });

let world: World;
let folder: string;
let owners: OwnerBook;
let controls: Controls;
let elapsed: number;
const said: string[] = [];
beforeEach(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'controls-'));
  await writeConfig(join(folder, 'config.json'), config);
  owners = await OwnerBook.open(join(folder, 'owners.json'));
  elapsed = 0;
  said.length = 0;
  const clock = { now: () => 1_000_000 + elapsed, elapsed: () => elapsed };
  world.agent.settings.set({ prices: pricesOf(config), policy: config.policy, hours: config.hours, limits: config.limits });
  controls = createControls({
    agent: world.agent,
    owners,
    confirmations: new Confirmations(clock, randomBytes),
    file: { read: () => readConfig(join(folder, 'config.json')), write: (next) => writeConfig(join(folder, 'config.json'), next) },
    running: config,
    offerOf: (share) => Promise.resolve({ ...machine, cpus: Math.floor((machine.cpus * share.cpus) / 100) }),
    savePause: (by) => writePause(join(folder, 'pause.json'), by, clock.now()),
    now: () => clock.now(),
    log: (line) => said.push(line),
  });
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const stored = () => readConfig(join(folder, 'config.json'));
const read = (answer: OwnerAnswer): unknown => JSON.parse(answer.type === 'done' ? answer.json : 'null');
const change = (what: Extract<OwnerOrder, { type: 'change' }>['change']): OwnerOrder => ({ type: 'change', change: what });
const cheaper = change({ prices: { ...config.prices, cpuHour: '0' } });

describe('an owner from afar', () => {
  it('changes what narrows at once, in the file and in the running agent', async () => {
    const answer = await controls.carryOut(change({ share: { ...config.share, cpus: 25 }, hours: { from: '22:00', to: '06:00' } }), owner);
    expect(read(answer)).toEqual({
      changed: ['the share of the CPUs from 50 % to 25 %', 'the hours from 20:00 to 08:00 to 22:00 to 06:00'],
    });
    expect(await stored()).toEqual({ ...config, share: { ...config.share, cpus: 25 }, hours: { from: '22:00', to: '06:00' } });
    expect(world.agent.settings.now).toMatchObject({ offer: { cpus: 2 }, hours: { from: '22:00' } });
    expect((await stat(join(folder, 'config.json'))).mode & 0o777).toBe(0o600);
  });

  it.each<[string, OwnerOrder]>([
    ['lower a price', cheaper],
    ['lend more', change({ share: { ...config.share, memory: 51 } })],
    ['lend at more hours', change({ hours: null })],
    ['take another kind of job', change({ kinds: ['onnx', 'container'] })],
    ['let jobs run longer', change({ maxTimeLimitMs: config.limits.maxTimeLimitMs + 1 })],
    ['tell operators', change({ telemetry: true })],
    ['smuggle what widens in with what narrows', change({ share: { ...config.share, cpus: 10 }, telemetry: true })],
  ])('cannot %s before the terminal says yes', async (_, order) => {
    const before = world.agent.settings.now;
    const answer = await controls.carryOut(order, owner);
    if (answer.type !== 'pending') throw new Error('it was carried out');
    expect(await stored()).toEqual(config);
    expect(world.agent.settings.now).toBe(before);
    expect(said.at(-1)).toContain(`nunet-agent confirm ${answer.confirmation}`);
    await controls.confirm(answer.confirmation.toLowerCase());
    expect(await stored()).not.toEqual(config);
    expect(world.agent.settings.now).not.toEqual(before);
    expect(controls.waiting()).toEqual([]);
  });

  it('cannot have the terminal say yes twice, to what it refused, or after an hour', async () => {
    const ask = async (): Promise<string> => {
      const answer = await controls.carryOut(cheaper, owner);
      return answer.type === 'pending' ? answer.confirmation : '';
    };
    const dropped = await ask();
    expect(controls.drop(dropped).what).toBe('the price of a CPU hour from 1 to 0 NTX');
    await expect(controls.confirm(dropped)).rejects.toThrow('nothing of that name waits');
    const late = await ask();
    elapsed += 60 * 60_000;
    await expect(controls.confirm(late)).rejects.toThrow('nothing of that name waits');
    const once = await ask();
    await controls.confirm(once);
    await expect(controls.confirm(once)).rejects.toThrow('nothing of that name waits');
  });

  it('cannot have a yes count for more than the terminal was shown', async () => {
    const wide = await controls.carryOut(change({ share: { cpus: 80, memory: 50, disk: 50 } }), owner);
    if (wide.type !== 'pending') throw new Error('it was carried out');
    expect(wide.what).toBe('the share of the CPUs from 50 % to 80 %');
    await controls.carryOut(change({ share: { cpus: 50, memory: 20, disk: 50 } }), owner);
    // What was asked for brings the memory back as well by now.
    await expect(controls.confirm(wide.confirmation)).rejects.toMatchObject({ code: 'confirmation-changed' });
    expect((await stored()).share).toEqual({ cpus: 50, memory: 20, disk: 50 });
    const [again] = controls.waiting();
    expect(again?.what).toBe('the share of the CPUs from 50 % to 80 %, the share of the memory from 20 % to 50 %');
    await controls.confirm(again?.id ?? '');
    expect((await stored()).share).toEqual({ cpus: 80, memory: 50, disk: 50 });
  });

  it('cannot widen unseen what a person narrowed in the file for the next start', async () => {
    await writeConfig(join(folder, 'config.json'), { ...config, limits: { ...config.limits, maxTimeLimitMs: 1_000 } });
    expect(await controls.carryOut(change({ maxTimeLimitMs: 60_000 }), owner)).toMatchObject({ type: 'pending' });
  });

  it('cannot fill the terminal with questions, and the same one waits once', async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => controls.carryOut(cheaper, owner)));
    // Under one name, so that a person has time to type it, and said once.
    for (const other of others) expect(other).toEqual(first);
    expect(controls.waiting()).toHaveLength(1);
    expect(said).toHaveLength(1);
    for (let count = 1; count < 8; count += 1) {
      await controls.carryOut(change({ maxTimeLimitMs: config.limits.maxTimeLimitMs + count }), owner);
    }
    await expect(controls.carryOut(change({ telemetry: true }), owner)).rejects.toMatchObject({ code: 'confirmations-full' });
    expect(controls.waiting()).toHaveLength(8);
  });

  it('pauses and resumes at once, and the pause outlives a restart', async () => {
    await controls.carryOut({ type: 'pause' }, owner);
    expect(world.agent.settings.now.pausedBy).toBe('owner');
    expect(await readPause(join(folder, 'pause.json'))).toBe('owner');
    await controls.carryOut({ type: 'resume' }, owner);
    expect(world.agent.settings.now.pausedBy).toBeNull();
    expect(await readPause(join(folder, 'pause.json'))).toBeNull();
  });

  it('cannot resume what the terminal paused', async () => {
    await controls.carryOut({ type: 'pause' }, terminal);
    await controls.carryOut({ type: 'pause' }, owner);
    const answer = await controls.carryOut({ type: 'resume' }, owner);
    expect(answer).toMatchObject({ type: 'pending' });
    expect(world.agent.settings.now.pausedBy).toBe('terminal');
    await controls.confirm(answer.type === 'pending' ? answer.confirmation : '');
    expect(world.agent.settings.now.pausedBy).toBeNull();
  });

  it('cannot shut another owner out, but may leave itself; what it asked for goes with it', async () => {
    const peerId = world.client.peerId;
    await owners.add({ publicKey: owner.publicKey, name: 'laptop', peerId, nowMs: 1 });
    await owners.add({ publicKey: 'bb'.repeat(32), name: 'phone', peerId, nowMs: 2 });
    const answer = await controls.carryOut({ type: 'revoke-owner', publicKey: 'bb'.repeat(32) }, owner);
    expect(answer).toMatchObject({ type: 'pending', what: 'revoking the owner phone' });
    expect(owners.find('bb'.repeat(32))?.revokedAtMs).toBeNull();
    await controls.carryOut({ type: 'revoke-owner', publicKey: owner.publicKey }, owner);
    expect(owners.find(owner.publicKey)?.revokedAtMs).toBe(1_000_000);
    expect(controls.waiting()).toEqual([]);
  });
});

describe('the terminal', () => {
  it('is obeyed at once, whatever widens', async () => {
    expect(await controls.carryOut(cheaper, terminal)).toMatchObject({ type: 'done' });
    expect(world.agent.settings.now.prices.cpuHour).toBe(0n);
    expect((await stored()).prices.cpuHour).toBe('0');
  });
});

describe('what an owner is told', () => {
  it('is what the extension’s parsers take, with a job, its log and a change that waits', async () => {
    const line = 'é'.repeat(1_900);
    world.script = {
      steps: [
        ...Array.from({ length: 1_000 }, () => ({ do: 'log' as const, line })),
        { do: 'output', name: 'out.npy', bytes: new Uint8Array(8) },
      ],
    };
    const quote = await world.client.goodQuote();
    await world.client.run(quote, world.chain.lock(quote));
    await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
    await controls.carryOut(cheaper, owner);
    const status = ownerStatus.parse(read(await controls.carryOut({ type: 'status' }, owner)));
    expect(status).toMatchObject({
      peerId: world.agent.peerId,
      jobs: { running: 0, ended: 1 },
      settings: { prices: config.prices, share: config.share, hours: config.hours, kinds: config.policy.kinds },
      waiting: [{ what: 'the price of a CPU hour from 1 to 0 NTX' }],
    });
    const jobs = ownerJobs.parse(read(await controls.carryOut({ type: 'jobs', limit: 10 }, owner)));
    expect(jobs).toMatchObject({ total: 1, jobs: [{ jobId: quote.body.jobId, state: 'finished', title: 'a test job' }] });
    const answer = await controls.carryOut({ type: 'logs', jobId: quote.body.jobId, fromLine: 0, lines: 1_000 }, owner);
    expect(ownerAnswer.safeParse(answer).success).toBe(true);
    expect(encode(answer).length).toBeLessThan(MAX_OWNER_ANSWER_BYTES);
    const log = ownerLog.parse(read(answer));
    // As many lines as one answer holds; the rest is asked for from there on.
    expect(log).toMatchObject({ fromLine: 0, total: 1_000 });
    expect(log.lines.length).toBeGreaterThan(50);
    expect(log.lines[0]).toBe(line);
  });

  it('cannot be the log of a job that is not here', async () => {
    const jobId = world.client.request().jobId;
    await expect(controls.carryOut({ type: 'logs', jobId, fromLine: 0, lines: 1 }, owner)).rejects.toMatchObject({ code: 'job-unknown' });
    await expect(controls.carryOut({ type: 'stop-job', jobId }, owner)).rejects.toMatchObject({ code: 'job-unknown' });
  });

  it('never shows an address of the file system or a secret of the configuration', async () => {
    const told = JSON.stringify([
      await controls.carryOut({ type: 'status' }, owner),
      await controls.carryOut({ type: 'owners' }, owner),
      await controls.carryOut({ type: 'jobs', limit: 200 }, owner),
    ]);
    expect(told).not.toContain(folder);
    expect(told).not.toContain(config.chainUrl);
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toContain(config.chainUrl);
  });
});

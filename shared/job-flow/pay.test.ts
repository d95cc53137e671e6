// A job that is paid by vouchers, against a programmable agent and chain: what it pays, when it stops to pay, and how it ends without an oracle.
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { closeBytes } from '../lock.ts';
import { billedPay } from '../quote.ts';
import { driveJob } from './drive.ts';
import { FakeWorld, Killed, type WorldOptions } from './fake-world.ts';
import { jobHasEnded, readJob, type JobEntry, type JobRecord } from './job-record.ts';
import type { JobEvent } from './running-job.ts';

const never = new AbortController().signal;
/** The sample quote: 1,000 base units a second, 60,000 in all. */
const STREAM = { maxUnpaidBaseUnits: 1_600n, holdBackBaseUnits: 1_000n };
const RATE_A_MS = 1n;
/** Some vouchers fewer, for what is done again for every journal write. */
const FEW = { maxUnpaidBaseUnits: 6_000n, holdBackBaseUnits: 1_000n };

interface Run {
  world: FakeWorld;
  record: JobRecord;
  events: JobEvent[];
}

async function run(options: WorldOptions = {}, onEvent?: (event: JobEvent, cancel: () => void) => void): Promise<Run> {
  const world = await FakeWorld.open({ stream: STREAM, ...options });
  world.begin();
  const events: JobEvent[] = [];
  const cancel = new AbortController();
  const record = await driveJob(world.process(), {
    record: world.record,
    signal: never,
    cancel: cancel.signal,
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event, () => cancel.abort());
    },
  });
  expect(jobHasEnded(record)).toBe(true);
  expect(readJob(world.readEntries())).toEqual(record);
  return { world, record, events };
}

/** As the whole run, with the process killed at write number `at` and started again until the job has ended. */
async function killed(
  options: WorldOptions,
  at: number,
  when: 'before' | 'after',
): Promise<{ world: FakeWorld; record: JobRecord; died: boolean }> {
  const world = await FakeWorld.open({ stream: STREAM, ...options });
  world.begin();
  const drive = (ports: ReturnType<FakeWorld['process']>): Promise<JobRecord> => driveJob(ports, { record: world.record, signal: never });
  try {
    return { world, record: await drive(world.process({ at, when })), died: false };
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return { world, record: await drive(world.process()), died: true };
  }
}

const lockWay = (record: JobRecord): string => record.lockHistory.map((change) => change.state).join(' ');
const vouchers = (world: FakeWorld): Extract<JobEntry, { type: 'voucher' }>[] =>
  world.readEntries().filter((entry) => entry.type === 'voucher');
const notices = (events: JobEvent[]): string => events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])).join('\n');

describe('a job that is paid by vouchers', () => {
  test('is paid while it runs, closed by both at its end, and withdrawn with every oracle off', async () => {
    const { record, world, events } = await run({ oraclesUp: 0 });
    expect(lockWay(record)).toBe('building submitted locked agreed withdrawn');
    expect(record.spent?.how).toBe('agree');
    expect(record.spent?.paidBaseUnits).toBe(billedPay(world.quote.body, 4_000));
    // No acknowledgement was needed: the final voucher is one.
    expect(record.answer).toBeUndefined();
    const paid = vouchers(world).map((voucher) => voucher.paidBaseUnits);
    expect(paid.length).toBeGreaterThan(5);
    expect(paid).toEqual(paid.toSorted((a, b) => (a < b ? -1 : 1)));
    // While it runs the last part stays open.
    expect(paid.at(-2)).toBeLessThanOrEqual((paid.at(-1) ?? 0n) - STREAM.holdBackBaseUnits);
    expect(events.some((event) => event.type === 'due')).toBe(true);
  });

  test('is brought on chain by the service provider’s own wallet when nobody else does', async () => {
    const { record, world } = await run({ oraclesUp: 0, claims: false });
    expect(record.spent?.how).toBe('agree');
    expect(record.lock).toBe('withdrawn');
    expect(world.counts.agreesBuilt).toBe(1);
  });

  test('cannot be made to pay for time that has not passed, whatever the agent says is due', async () => {
    const { world } = await run({ agent: 'greedy', oraclesUp: 0 });
    const entries = world.readEntries();
    const since = entries.find((entry) => entry.type === 'job' && entry.state === 'running')?.atMs ?? 0;
    const running = vouchers(world).filter((voucher) => !voucher.final);
    expect(running.length).toBeGreaterThan(0);
    // Two seconds of slack between two clocks, less what is held back.
    for (const { paidBaseUnits, atMs } of running)
      expect(paidBaseUnits).toBeLessThanOrEqual(BigInt(atMs - since + 2_000) * RATE_A_MS - STREAM.holdBackBaseUnits);
  });

  test('cannot be made to pay above the quote', async () => {
    const { world } = await run({ agent: 'greedy', oraclesUp: 0, quote: { amountBaseUnits: 3_000n, rateBaseUnitsPerHour: 3_600_000n } });
    for (const { paidBaseUnits, final } of vouchers(world))
      expect(paidBaseUnits).toBeLessThanOrEqual(final ? 3_000n : 3_000n - STREAM.holdBackBaseUnits);
  });

  test('cannot be paid in full for outputs that fail the check: no final voucher is signed, and they are disputed', async () => {
    const { world, record } = await run({ check: { accept: false, score: 0.1, detail: 'accuracy 0.1, want at least 0.9' } });
    expect(vouchers(world).some((voucher) => voucher.final)).toBe(false);
    expect(record.answer?.kind).toBe('dispute');
    expect(record.agreement).toBeUndefined();
  });

  test.each(['never-closes', 'forges-close', 'closes-elsewhere'] as const)(
    'an agent that %s is acknowledged to the oracles instead, and paid by them',
    async (agent) => {
      const { record } = await run({ agent });
      expect(record.agreement).toBeUndefined();
      expect(record.answer?.kind).toBe('ack');
      expect(record.spent?.how).toBe('settle');
      expect(record.lock).toBe('withdrawn');
    },
  );

  test('an agent that dies in mid-run is paid no further', async () => {
    const { record, world } = await run({ agent: 'dies-running' });
    expect(record.lock).toBe('refunded');
    expect(vouchers(world).every((voucher) => !voucher.final)).toBe(true);
    expect(vouchers(world).at(-1)?.paidBaseUnits).toBeLessThan(billedPay(world.quote.body, 2_200));
  });

  test('can be stopped while it runs: what is due then is split by both, without an oracle', async () => {
    const { record, world } = await run({ oraclesUp: 0 }, (event, cancel) => {
      if (event.type === 'due' && event.billedMs >= 2_000) cancel();
    });
    expect(record.job).toBe('failed');
    expect(record.jobHistory.at(-1)?.detail).toContain('stopped');
    // A share of what was locked, as both sides split it.
    expect(lockWay(record)).toBe('building submitted locked agreed distributed');
    const billed = record.manifest?.body.billedMs ?? 0;
    expect(billed).toBeGreaterThanOrEqual(2_000);
    expect(billed).toBeLessThan(4_000);
    expect(record.spent?.paidBaseUnits).toBe(billedPay(world.quote.body, billed));
    expect(world.closes.size).toBe(1);
  });
});

describe('a sealed result', () => {
  const kinds = (world: FakeWorld): string[] => world.readEntries().map((entry) => entry.type);

  test('is verified, paid for, opened and checked, in this order, with every oracle off', async () => {
    const { record, world } = await run({ sealed: true, oraclesUp: 0 });
    expect(lockWay(record)).toBe('building submitted locked agreed withdrawn');
    expect(record.finalVoucher?.keyHash).toBe(record.manifest?.body.delivery.keyHash);
    expect(record.opened?.map(({ name }) => name)).toEqual(['y.npy']);
    expect(record.check?.accept).toBe(true);
    const order = kinds(world).filter((type) => ['manifest', 'outputs-stored', 'close', 'opened-outputs', 'checked'].includes(type));
    expect(order).toEqual(['manifest', 'outputs-stored', 'close', 'opened-outputs', 'checked']);
  });

  test('is opened with the key that the claim reveals when the agent does not hand it over', async () => {
    const { record, world } = await run({ sealed: true, agent: 'keeps-key', oraclesUp: 0 });
    expect(record.agreement).toBeUndefined();
    expect(record.spent?.how).toBe('agree');
    expect(record.spent?.secret).not.toBeNull();
    expect(world.saved).toEqual(new Set(['y.npy']));
    expect(record.check?.accept).toBe(true);
  });

  test('is opened with the key that an oracle was given', async () => {
    const { record, world } = await run({ sealed: true, agent: 'never-closes', oraclesHaveKey: true });
    expect(world.heard).toContain('voucher');
    expect(record.spent?.how).toBe('settle');
    expect(record.opened).toBeDefined();
  });

  test('cannot be paid for before its ciphertext is what the manifest commits to', async () => {
    const { record, world } = await run({ sealed: true, agent: 'wrong-bytes' });
    expect(record.finalVoucher).toBeUndefined();
    expect(world.counts.acksSigned).toBe(0);
    expect(record.answer?.kind).toBe('dispute');
    expect(record.opened).toBeUndefined();
  });

  test('cannot pass as another plaintext: the proof is journaled and told', async () => {
    const { record, events } = await run({ sealed: true, agent: 'wrong-plaintext', claims: false, oraclesUp: 0 });
    expect(record.wrongPlaintext?.file).toBe('y.npy');
    expect(record.check).toBeUndefined();
    expect(notices(events)).toContain('not what was committed to');
  });

  test('ends the same after a kill before and after every journal write', async () => {
    for (let at = 0; ; at++) {
      for (const when of ['before', 'after'] as const) {
        const { record, died } = await killed({ sealed: true, oraclesUp: 0, stream: FEW }, at, when);
        if (!died) {
          expect(at).toBeGreaterThan(15);
          return;
        }
        expect(record.lock).toBe('withdrawn');
        expect(record.opened).toBeDefined();
        expect(record.check?.accept).toBe(true);
      }
    }
  });
});

describe('a refusal that brings its close', () => {
  test('is money back at once, with every oracle off and long before any deadline', async () => {
    const { record, world } = await run({ agent: 'refuses', refusalCloses: 'honestly', oraclesUp: 0 });
    expect(record.job).toBe('refused');
    expect(lockWay(record)).toBe('building submitted locked agreed refunded');
    expect(record.spent).toMatchObject({ how: 'agree', paidBaseUnits: 0n });
    expect(world.clock.now()).toBeLessThan(world.quote.body.finishBy);
  });

  test('cannot be forged: the lock then comes back as it always does', async () => {
    const { record, events } = await run({ agent: 'refuses', refusalCloses: 'forged' });
    expect(record.agreement).toBeUndefined();
    expect(notices(events)).toContain('close cannot be used');
    expect(record.lock).toBe('refunded');
    expect(record.spent?.how).toBe('settle');
  });
});

describe('a kill around any journal write', () => {
  test.each(['before', 'after'] as const)('cannot pay twice, nor lose what was agreed, when killed %s it', async (when) => {
    for (let at = 0; ; at++) {
      const { world, record, died } = await killed({ oraclesUp: 0, stream: FEW }, at, when);
      if (!died) {
        expect(at).toBeGreaterThan(15);
        return;
      }
      expect(jobHasEnded(record)).toBe(true);
      expect(record.lock).toBe('withdrawn');
      expect(record.spent?.paidBaseUnits).toBe(billedPay(world.quote.body, record.manifest?.body.billedMs ?? 0));
      const paid = vouchers(world).map((voucher) => voucher.paidBaseUnits);
      expect(paid).toEqual(paid.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(world.counts.locksTaken).toBe(1);
      expect(world.closes.size).toBe(1);
    }
  });

  test('cannot keep a stopped job unpaid for by a kill: the split is signed after it', async () => {
    const world = await FakeWorld.open({ stream: STREAM, oraclesUp: 0 });
    world.begin();
    const cancel = new AbortController();
    const onEvent = (event: JobEvent): void => {
      if (event.type === 'due' && event.billedMs >= 1_000) cancel.abort();
    };
    const entries = (): number => world.readEntries().length;
    // Dies right after it wrote that it wants the job stopped.
    let at = 0;
    const first = await FakeWorld.open({ stream: STREAM, oraclesUp: 0 });
    first.begin();
    const begun = first.readEntries().length;
    const trial = new AbortController();
    await driveJob(first.process(), {
      record: first.record,
      signal: never,
      cancel: trial.signal,
      onEvent: (event) => {
        if (event.type === 'due' && event.billedMs >= 1_000) trial.abort();
        if (event.type === 'entry' && event.entry.type === 'cancel-wanted') at = first.readEntries().length - begun - 1;
      },
    });
    await expect(
      driveJob(world.process({ at, when: 'after' }), { record: world.record, signal: never, cancel: cancel.signal, onEvent }),
    ).rejects.toThrow(Killed);
    expect(world.readEntries().at(-1)?.type).toBe('cancel-wanted');
    expect(entries()).toBe(begun + at + 1);
    const record = await driveJob(world.process(), { record: world.record, signal: never });
    expect(record.spent?.how).toBe('agree');
    expect(record.spent?.paidBaseUnits).toBe(billedPay(world.quote.body, record.manifest?.body.billedMs ?? 0));
  });
});

test('the agent’s half is over the very bytes that the escrow checks', async () => {
  const { record } = await run({ oraclesUp: 0 });
  const { agreement, lockTx } = record;
  if (agreement === undefined || lockTx === undefined) throw new Error('nothing was agreed');
  const { createPublicKey, verify } = await import('node:crypto');
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), hexToBytes(record.quote?.body.closeKey ?? '')]),
    format: 'der',
    type: 'spki',
  });
  expect(verify(null, closeBytes(lockTx.reference, agreement.paid), key, hexToBytes(agreement.closeSignature))).toBe(true);
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RunnerMessage } from '../messages.ts';
import { FakeRunner, sampleApp } from './fake-runner.ts';
import { RunnerClient } from './runner-client.ts';
import { sampleSnapshot } from './sample-jobs.ts';

const START = 1_767_225_600_000;
let now = START;
let tick = (): void => {};
const closing: { close(): void }[] = [];
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
  now = START;
});

async function open(change: Parameters<typeof sampleApp>[1] = {}) {
  const job = await sampleSnapshot('running', START);
  const fake = new FakeRunner({ app: sampleApp(START, change), jobs: [job], logLine: (offset) => `line ${offset}` }, () => now);
  const ensureHost = vi.fn();
  const opened: MessagePort[] = [];
  const client = new RunnerClient({
    open: () => {
      const port = fake.open();
      opened.push(port);
      return port;
    },
    ensureHost,
    now: () => now,
    every: (_, act) => {
      tick = act;
      return () => {};
    },
  });
  closing.push(client, fake);
  return { fake, client, ensureHost, opened, jobId: job.summary.jobId };
}

describe('the client of the runner', () => {
  test('answers reach the one who asked, a "no" with its code', async () => {
    const { fake, client, jobId } = await open();
    fake.refusals.set('cancel', { code: 'cancel-late', message: 'it runs' });
    const [log, no] = await Promise.all([
      client.ask({ type: 'log', jobId, from: 3 }),
      client.ask({ type: 'cancel', jobId }).catch((error: unknown) => error),
    ]);
    expect(log).toMatchObject({ from: 3 });
    expect(log.lines[0]).toBe('line 3');
    expect(no).toMatchObject({ code: 'cancel-late' });
  });

  test('shows the watched job and no other', async () => {
    const { fake, client, jobId } = await open();
    await client.watch(jobId);
    expect(client.job.value?.summary.jobId).toBe(jobId);
    const other = await sampleSnapshot('paid', START, 'another');
    fake.set(other);
    await client.ask({ type: 'log', jobId, from: 0 });
    expect(client.job.value?.summary.jobId).toBe(jobId);
    await client.watch(null);
    expect(client.job.value).toBeNull();
  });

  test('asks for the host while it is missing, not with every message', async () => {
    const { fake, client, ensureHost } = await open({ host: 'missing' });
    await vi.waitFor(() => expect(client.app.value).not.toBeNull());
    fake.push();
    fake.push();
    await client.ask({ type: 'watch', jobId: null });
    expect(ensureHost).toHaveBeenCalledTimes(1);
    now += 3_000;
    tick();
    expect(ensureHost).toHaveBeenCalledTimes(2);
  });

  test('a runner that falls silent is opened again, watches on, and pending requests say so', async () => {
    const { fake, client, opened, jobId } = await open();
    await client.watch(jobId);
    fake.isDead = true;
    const pending = client.ask({ type: 'preflight', jobId }).catch((error: unknown) => error);
    now += 4_000;
    tick();
    expect(client.silent.value).toBe(false);
    now += 12_000;
    tick();
    expect(client.silent.value).toBe(true);
    expect(await pending).toMatchObject({ code: 'runner-silent' });
    expect(opened).toHaveLength(2);
    fake.isDead = false;
    fake.asked.length = 0;
    now += 12_000;
    tick();
    await vi.waitFor(() => expect(fake.asked).toContainEqual({ type: 'watch', jobId }));
    await vi.waitFor(() => expect(client.silent.value).toBe(false));
  });

  test('a port that was given up cannot speak any more', async () => {
    const { client, fake, opened, jobId } = await open();
    await client.watch(jobId);
    fake.isDead = true;
    now += 4_000;
    tick();
    now += 12_000;
    tick();
    const ghost: RunnerMessage = { type: 'app', app: sampleApp(START, { wallet: null }) };
    opened[0]?.onmessage?.(new MessageEvent('message', { data: ghost }));
    expect(client.app.value?.wallet).not.toBeNull();
  });

  test('log lines reach who listens, in order and with their offset', async () => {
    const { client, fake, jobId } = await open();
    await client.watch(jobId);
    const heard: [number, number][] = [];
    const stop = client.onLines((from, lines) => heard.push([from, lines.length]));
    fake.addLines(jobId, 2_500);
    await client.ask({ type: 'watch', jobId });
    stop();
    expect(heard.map(([, count]) => count)).toEqual([1_000, 1_000, 500]);
    expect(heard.map(([from]) => from - (heard[0]?.[0] ?? 0))).toEqual([0, 1_000, 2_000]);
  });
});

// What pages are told: coalesced, in order, without a gap, and only of the job that they watch.
import { afterEach, expect, test, vi } from 'vitest';
import type { AppState, RunnerMessage } from '../messages.ts';
import type { Job } from './job.ts';
import { openPages, type Pages } from './pages.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A job with nothing but a log. */
function logged(jobId: string) {
  const lines: string[] = [];
  const job = {
    note: { jobId },
    log: { kept: () => lines.length, read: async (from: number) => lines.slice(from, from + 1_000) },
    snapshot: () => ({ live: { jobId }, summary: { jobId } }),
  } as unknown as Job;
  return { job, lines };
}

function begin(jobs: Job[]) {
  const told: { atMs: number; message: RunnerMessage }[] = [];
  let watch: (jobId: string | null) => void = () => undefined;
  const pages: Pages = openPages({
    answer: async (_, page) => {
      watch = page.watch;
      return null;
    },
    app: () => ({ jobs: [] }) as unknown as AppState,
    job: (jobId) => jobs.find(({ note }) => note.jobId === jobId),
    online: () => null,
    now: () => performance.now(),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
  });
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  port1.onmessage = ({ data }: MessageEvent<RunnerMessage>) => told.push({ atMs: performance.now(), message: data });
  const forget = pages.add(port2);
  port1.postMessage({ id: 0, request: { type: 'disconnect' } });
  const of = <Type extends RunnerMessage['type']>(type: Type) =>
    told.flatMap((one) => (one.message.type === type ? [{ ...one, message: one.message as Extract<RunnerMessage, { type: Type }> }] : []));
  return { pages, of, forget, ready: vi.waitFor(() => expect(of('reply')).toHaveLength(1)), watch: (jobId: string | null) => watch(jobId) };
}

test('new lines come in order and without a gap, in bounded batches, from where watching began', async () => {
  const { job, lines } = logged('a');
  lines.push('before');
  const { pages, of, ready, watch } = begin([job]);
  await ready;
  watch('a');
  const began = performance.now();
  for (let line = 0; line < 3_500; line++) {
    lines.push(`line ${line}`);
    pages.jobChanged('a', 'log');
  }
  await vi.waitFor(() => expect(of('lines').flatMap(({ message }) => message.lines)).toHaveLength(3_500), 5_000);
  let next = 1;
  for (const { message } of of('lines')) {
    expect(message.from).toBe(next);
    expect(message.lines.length).toBeLessThanOrEqual(1_000);
    next += message.lines.length;
  }
  // Four batches at least, and a pause between them.
  expect(performance.now() - began).toBeGreaterThan(250);
});

test('a thousand changes are a few tellings, and the last one is told', async () => {
  const { job } = logged('a');
  const { pages, of, ready, watch } = begin([job]);
  await ready;
  watch('a');
  const before = of('app').length;
  const began = performance.now();
  while (performance.now() - began < 600) {
    pages.jobChanged('a', 'live');
    pages.appChanged();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(of('live').length).toBeGreaterThan(1);
  expect(of('live').length).toBeLessThanOrEqual(8);
  expect(of('app').length - before).toBeLessThanOrEqual(5);
  expect(of('live').at(-1)?.atMs).toBeGreaterThan(began + 500);
});

test('cannot be told of a job that it does not watch, nor of anything once it was let go of', async () => {
  const [a, b] = [logged('a'), logged('b')];
  const { pages, of, forget, ready, watch } = begin([a.job, b.job]);
  await ready;
  watch('a');
  await vi.waitFor(() => expect(of('job')).toHaveLength(1));
  b.lines.push('of b');
  for (const what of ['job', 'live', 'log'] as const) pages.jobChanged('b', what);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(of('lines')).toEqual([]);
  expect(of('live')).toEqual([]);
  expect(of('job')).toHaveLength(1);
  forget();
  pages.appChanged();
  pages.jobChanged('a', 'job');
  const apps = of('app').length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(of('app')).toHaveLength(apps);
});

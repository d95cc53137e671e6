import type { Tip } from '@nunet/contracts/chain/chain.ts';
import { expect, it } from 'vitest';
import { ChainWatch } from './chain-watch.ts';

const tipAt = (height: number): Tip => ({ slot: height, height, hash: `h${height}`, timeMs: height * 1_000 });

function world() {
  let height = 10;
  let down = false;
  let asked = 0;
  let elapsed = 0;
  const failures: unknown[] = [];
  const watch = new ChainWatch({
    tip: async () => {
      asked += 1;
      if (down) throw new Error('the source is down');
      return tipAt(height);
    },
    pollMs: 1,
    elapsed: () => elapsed,
    onFailure: (error) => failures.push(error),
  });
  return {
    watch,
    failures,
    asked: () => asked,
    at: (to: number) => (height = to),
    down: (is: boolean) => (down = is),
    pass: (ms: number) => (elapsed += ms),
  };
}

it('gives the tip at once and each new one, to all who listen, from one poll', async () => {
  const w = world();
  const stop = new AbortController();
  const seen: [number, number][] = [];
  const listen = async (id: number): Promise<void> => {
    for await (const tip of w.watch.tips(stop.signal)) {
      seen.push([id, tip.height]);
      w.pass(5);
      if (tip.height === 10) w.at(11);
      else return;
    }
  };
  await Promise.all([listen(1), listen(2)]);
  expect(seen.map(([, height]) => height).toSorted((a, b) => a - b)).toEqual([10, 10, 11, 11]);
});

it('ends with the signal, and does not poll when nobody listens', async () => {
  const w = world();
  const stop = new AbortController();
  const listening = (async () => {
    for await (const _ of w.watch.tips(stop.signal)) stop.abort(new Error('enough'));
  })();
  await expect(listening).rejects.toThrow('enough');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = w.asked();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(w.asked()).toBe(before);
});

it('tells chain time between blocks, follows a jump, and goes on while the source is down', async () => {
  const w = world();
  const signal = new AbortController().signal;
  expect(await w.watch.now(signal)).toBe(10_000);
  w.pass(400);
  expect(await w.watch.now(signal)).toBe(10_400);
  w.at(500);
  w.pass(1_200);
  expect(await w.watch.now(signal)).toBe(500_000);
  w.down(true);
  w.pass(2_000);
  expect(await w.watch.now(signal)).toBe(502_000);
  expect(w.failures).toHaveLength(1);
});

it('has no time before the source has answered once', async () => {
  const w = world();
  w.down(true);
  await expect(w.watch.now(new AbortController().signal)).rejects.toThrow('down');
});

it('asks a failing source again for those who wait', async () => {
  const w = world();
  w.down(true);
  const first = w.watch.tips(new AbortController().signal).next();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(w.failures.length).toBeGreaterThan(0);
  w.down(false);
  expect((await first).value).toMatchObject({ height: 10 });
});

it('cannot be made to ask a failing source without a pause, whoever comes to listen meanwhile', async () => {
  const w = world();
  await w.watch.now(new AbortController().signal);
  w.down(true);
  w.pass(10_000);
  const stop = new AbortController();
  const before = w.asked();
  const listening = [0, 1, 2].map(async () => {
    for await (const _ of w.watch.tips(stop.signal)) throw new Error('a source that fails has no tip to tell');
  });
  // One question each millisecond at most, and turns of the event loop in between: without them this timer would never come.
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort(new Error('enough'));
  for (const listener of listening) await expect(listener).rejects.toThrow('enough');
  expect(w.asked() - before).toBeGreaterThan(0);
  expect(w.asked() - before).toBeLessThanOrEqual(60);
});

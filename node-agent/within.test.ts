// A bound on closing: quick work is awaited, work without end is not, and a failure is heard.
import { expect, it } from 'vitest';
import { within } from './within.ts';

it('waits for the work, and no longer than its limit', async () => {
  let done = false;
  await within(
    10_000,
    Promise.resolve().then(() => (done = true)),
  );
  expect(done).toBe(true);
  const before = performance.now();
  await within(20, new Promise(() => {}));
  expect(performance.now() - before).toBeGreaterThanOrEqual(15);
});

it('passes a failure on', async () => {
  await expect(within(10_000, Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
});

import { expect, test, vi } from 'vitest';
import { sharedWork } from './shared-work.ts';

const ask = (signal = new AbortController().signal) => ({ signal, onProgress: vi.fn<(progress: number) => void>() });

test('work is done once for all who ask at once, and again for who asks later', async () => {
  const work = sharedWork<string, number>();
  const done = Promise.withResolvers<string>();
  const begin = vi.fn(async (_: AbortSignal, tell: (progress: number) => void) => {
    await Promise.resolve();
    tell(1);
    return done.promise;
  });
  const [one, two] = [ask(), ask()];
  const both = Promise.all([work.run('a', begin, one), work.run('a', begin, two)]);
  done.resolve('result');
  expect(await both).toEqual(['result', 'result']);
  expect(begin).toHaveBeenCalledTimes(1);
  expect([one, two].map(({ onProgress }) => onProgress.mock.calls)).toEqual([[[1]], [[1]]]);
  await work.run('a', begin, ask());
  expect(begin).toHaveBeenCalledTimes(2);
});

test('a failure reaches all who wait, and is forgotten', async () => {
  const work = sharedWork<string, number>();
  const fails = async (): Promise<string> => Promise.reject(new Error('no'));
  const both = await Promise.allSettled([work.run('a', fails, ask()), work.run('a', fails, ask())]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await work.run('a', async () => 'yes', ask())).toBe('yes');
});

test('work ends when the last who asked gives up, and who comes then begins anew', async () => {
  const work = sharedWork<string, number>();
  const signals: AbortSignal[] = [];
  const begin = async (signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const waits = [one, two].map(async ({ signal }) => work.run('a', begin, ask(signal)));
  one.abort(new Error('one left'));
  await expect(waits[0]).rejects.toThrow('one left');
  expect(signals[0]?.aborted).toBe(false);
  two.abort(new Error('two left'));
  await expect(waits[1]).rejects.toThrow('two left');
  expect(signals[0]?.aborted).toBe(true);
  expect(await work.run('a', async () => 'fresh', ask())).toBe('fresh');
});

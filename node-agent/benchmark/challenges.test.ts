import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askChallenge } from '@nunet/shared/ask-challenge.ts';
import { challengeMatrix, rowBytes, rowTree } from '@nunet/shared/challenge.ts';
import { request } from '@nunet/shared/peer-client.ts';
import type { Answerer } from '@nunet/shared/exchange.ts';
import { serveChallenges } from '../network/challenge.ts';
import { addressOf, dialingNode, loopbackNode } from '../network/loopback-nodes.ts';
import type { NetworkNode } from '../network/node.ts';
import { createChallenges, type ChallengeParts } from './challenges.ts';
import { startCompute, type Compute } from './compute.ts';

const SIZE = 128;
const NONCE = 'ab'.repeat(16);
const UNLIMITED = { limit: { maxOpenAPeer: 8, maxOpen: 64, burst: 1e6, perSecond: 1e6 } };
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const options = (changes: object = {}) => ({
  size: SIZE,
  deadlineMs: 60_000,
  random,
  elapsed: () => performance.now(),
  signal: AbortSignal.timeout(60_000),
  ...changes,
});

/** A node that answers with `answer`, and one that asks it. */
async function pair(answer: Answerer<'challenge'>): Promise<{ agent: NetworkNode; asker: NetworkNode; at: string }> {
  const agent = await loopbackNode('agent');
  await serveChallenges(agent, answer, UNLIMITED);
  return { agent, asker: await dialingNode('asker'), at: addressOf(agent, 'tcp') };
}

/** The real answerer, with a clock that moves by hand and a count of the children it started. */
function real(changes: Partial<ChallengeParts> = {}) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen = { clock: 0, started: [] as Compute[] };
  const answer = createChallenges({
    freeCpus: () => Promise.resolve(1),
    start: () => {
      const compute = startCompute({ isPolite: true });
      seen.started.push(compute);
      return compute;
    },
    elapsed: () => seen.clock,
    signal: stop.signal,
    ...changes,
  });
  return { answer, seen };
}

const commit = (node: NetworkNode, at: string, nonce = NONCE, size = SIZE) =>
  request(node, at, 'challenge', { step: 'commit', nonce, size }, AbortSignal.timeout(60_000));
const open = (node: NetworkNode, at: string, rows: number[], nonce = NONCE) =>
  request(node, at, 'challenge', { step: 'open', nonce, rows }, AbortSignal.timeout(60_000));

describe('an agent', () => {
  test('proves what it computes, to whoever asks, and rests before the next', async () => {
    const { answer, seen } = real();
    const { asker, at } = await pair(answer);
    const result = await askChallenge(asker, at, options());
    expect(result.size).toBe(SIZE);
    expect(result.flops).toBeCloseTo((2 * SIZE ** 3) / (result.elapsedMs / 1000));
    await expect(askChallenge(asker, at, options())).rejects.toThrow(/challenge-busy/);
    seen.clock += 5_001;
    await askChallenge(asker, at, options());
    expect(seen.started).toHaveLength(2);
  });

  test('cannot be made to answer two at a time', async () => {
    const { answer } = real();
    const { asker, at } = await pair(answer);
    await commit(asker, at);
    const other = await dialingNode('other');
    await expect(commit(other, at, 'cd'.repeat(16))).rejects.toThrow(/challenge-busy/);
    // Nor may another peer open what was committed to this one.
    await expect(open(other, at, [1])).rejects.toThrow(/challenge-unknown/);
    expect((await open(asker, at, [1, 2])).type).toBe('opened');
  });

  test('cannot be made to compute while jobs hold all CPUs', async () => {
    const { asker, at } = await pair(real({ freeCpus: () => Promise.resolve(0) }).answer);
    await expect(commit(asker, at)).rejects.toThrow(/jobs hold all CPUs/);
  });

  test('cannot be asked for rows of a nonce that it has not committed to, twice, or outside the matrix', async () => {
    const { answer, seen } = real();
    const { asker, at } = await pair(answer);
    await expect(open(asker, at, [1])).rejects.toThrow(/challenge-unknown/);
    await commit(asker, at);
    await expect(open(asker, at, [1], 'cd'.repeat(16))).rejects.toThrow(/challenge-unknown/);
    await open(asker, at, [1]);
    await expect(open(asker, at, [2])).rejects.toThrow(/challenge-unknown/);
    seen.clock += 5_001;
    await commit(asker, at);
    await expect(open(asker, at, [SIZE])).rejects.toThrow(/challenge-invalid/);
  });
});

describe('whoever asks', () => {
  /** What an honest agent would have computed for this nonce, here by hand. */
  function computed(nonce: string, size: number): Float32Array {
    const [a, b] = [challengeMatrix(nonce, 'A', size), challengeMatrix(nonce, 'B', size)];
    return Float32Array.from({ length: size * size }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (a[Math.floor(at / size) * size + k] ?? 0) * (b[k * size + (at % size)] ?? 0);
      return sum;
    });
  }
  /** Answers from a matrix that `make` gives. */
  const cheat = (
    make: (nonce: string, size: number) => Float32Array,
    as: (nonce: string) => string = (nonce) => nonce,
  ): Answerer<'challenge'> => {
    let c = new Float32Array();
    let size = 0;
    return (message) => {
      if (message.step === 'commit') {
        size = message.size;
        c = make(message.nonce, size) as Float32Array<ArrayBuffer>;
        return Promise.resolve({ type: 'committed', root: rowTree(as(message.nonce), c, size).root, elapsedMs: 1 });
      }
      const tree = rowTree(as(message.nonce), c, size);
      const rows = message.rows.map((row) => ({ row, values: rowBytes(c.slice(row * size, (row + 1) * size)), path: tree.path(row) }));
      return Promise.resolve({ type: 'opened', rows });
    };
  };

  test('takes an honest answer, whoever computed it', async () => {
    const { asker, at } = await pair(cheat(computed));
    expect((await askChallenge(asker, at, options({ size: 64 }))).size).toBe(64);
  });

  test.each([
    ['zeros', (_: string, size: number) => new Float32Array(size * size)],
    ['NaN', (_: string, size: number) => new Float32Array(size * size).fill(Number.NaN)],
    ['garbage', (_: string, size: number) => Float32Array.from({ length: size * size }, (__, at) => Math.sin(at))],
    ['what was computed for another nonce', (_: string, size: number) => computed(NONCE, size)],
  ])('cannot be given %s', async (_, make) => {
    const { asker, at } = await pair(cheat(make));
    await expect(askChallenge(asker, at, options({ size: 64 }))).rejects.toMatchObject({ code: 'challenge-failed' });
  });

  test('cannot be given a replayed answer for another nonce', async () => {
    const { asker, at } = await pair(
      cheat(
        (_, size) => computed(NONCE, size),
        () => NONCE,
      ),
    );
    await expect(askChallenge(asker, at, options({ size: 64 }))).rejects.toThrow(/not of the root/);
  });

  test('cannot be given an answer after the deadline, whatever the agent says of its time', async () => {
    const { asker, at } = await pair(cheat(computed));
    let clock = 0;
    // Each look at the clock is 600 ms later than the last.
    const elapsed = (): number => (clock += 600);
    await expect(askChallenge(asker, at, options({ size: 64, deadlineMs: 500, elapsed }))).rejects.toMatchObject({
      code: 'challenge-late',
    });
  });

  test('cannot be answered out of turn', async () => {
    const early = await pair(() => Promise.resolve({ type: 'opened', rows: [] }));
    await expect(askChallenge(early.asker, early.at, options())).rejects.toMatchObject({ code: 'challenge-failed' });
  });
});

describe('the computing child', () => {
  test('measures a rate, and says so when it cannot', async () => {
    const compute = startCompute({ isPolite: true });
    const task = { type: 'flops', size: 128, threads: 1, way: 'cpu', budgetMs: 1 } as const;
    expect((await compute.ask(task, 'rate', AbortSignal.timeout(60_000))).perSecond).toBeGreaterThan(1e6);
    expect(
      (await compute.ask({ type: 'memory', bytes: 2 ** 20, budgetMs: 1 }, 'rate', AbortSignal.timeout(60_000))).perSecond,
    ).toBeGreaterThan(1e6);
    await expect(compute.ask({ type: 'open', rows: [0] }, 'opened', AbortSignal.timeout(60_000))).rejects.toThrow(/nothing was committed/);
    // A child that failed is gone.
    await expect(compute.ask(task, 'rate', AbortSignal.timeout(60_000))).rejects.toMatchObject({ code: 'compute-failed' });
  });

  test('ends with the signal of whoever asked', async () => {
    const compute = startCompute({ isPolite: true });
    const stop = new AbortController();
    const asked = compute.ask({ type: 'flops', size: 2048, threads: 1, way: 'cpu', budgetMs: 600_000 }, 'rate', stop.signal);
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});

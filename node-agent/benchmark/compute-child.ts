// The computing child: measures, and answers challenges, in a process of its own, so that the agent neither stands still nor keeps the memory.
import { challengeMatrix, flopsOf, rowBytes, rowTree, type RowTree } from '@nunet/shared/challenge.ts';
import type { FromCompute, ToCompute } from './compute-messages.ts';
import { openProduct } from './matrix-product.ts';

const FEWEST_RUNS = 2;
const MOST_RUNS = 9;
/** Any numbers will do for a measurement; these have no zeros and no infinities. */
const SOME_NONCE = '6e756e6574206d6174726978206e6f6e';

const say = (message: FromCompute): void => void process.send?.(message);

/** The best of as many runs as the budget has room for: what others do on the machine only makes a run slower. */
async function best(work: number, budgetMs: number, run: () => Promise<unknown> | void): Promise<number> {
  const startedAt = performance.now();
  let fastestMs = Infinity;
  for (let turn = 0; turn < MOST_RUNS && (turn < FEWEST_RUNS || performance.now() - startedAt < budgetMs); turn++) {
    const before = performance.now();
    await run();
    fastestMs = Math.min(fastestMs, performance.now() - before);
  }
  return work / (fastestMs / 1000);
}

async function flops({ size, threads, way, budgetMs }: Extract<ToCompute, { type: 'flops' }>): Promise<number> {
  const product = await openProduct(size, threads, way);
  const [a, b] = [challengeMatrix(SOME_NONCE, 'A', size), challengeMatrix(SOME_NONCE, 'B', size)];
  const rate = await best(flopsOf(size), budgetMs, () => product.multiply(a, b));
  await product.release();
  return rate;
}

/** Bytes copied a second; each is read and written once. */
function memory(bytes: number, budgetMs: number): Promise<number> {
  const [from, to] = [new Uint8Array(bytes).fill(1), new Uint8Array(bytes).fill(2)];
  return best(bytes, budgetMs, () => to.set(from));
}

let held: { product: Float32Array; size: number; tree: RowTree } | null = null;

async function commit({ nonce, size, threads }: Extract<ToCompute, { type: 'commit' }>): Promise<FromCompute> {
  const startedAt = performance.now();
  const product = await openProduct(size, threads);
  const c = await product.multiply(challengeMatrix(nonce, 'A', size), challengeMatrix(nonce, 'B', size));
  held = { product: c, size, tree: rowTree(nonce, c, size) };
  return { type: 'committed', root: held.tree.root, elapsedMs: performance.now() - startedAt };
}

function open(rows: readonly number[]): FromCompute {
  if (held === null) throw new Error('nothing was committed to');
  const { product, size, tree } = held;
  return {
    type: 'opened',
    rows: rows.map((row) => ({ row, values: rowBytes(product.slice(row * size, (row + 1) * size)), path: tree.path(row) })),
  };
}

async function answer(task: ToCompute): Promise<FromCompute> {
  switch (task.type) {
    case 'flops':
      return { type: 'rate', perSecond: await flops(task) };
    case 'memory':
      return { type: 'rate', perSecond: await memory(task.bytes, task.budgetMs) };
    case 'commit':
      return commit(task);
    case 'open':
      return open(task.rows);
  }
}

process.on('message', (task: ToCompute) => {
  answer(task).then(say, (error: unknown) =>
    say({ type: 'failed', message: (error instanceof Error ? error.message : String(error)).slice(0, 300) }),
  );
});
// The agent is gone or has no more questions.
process.on('disconnect', () => process.exit(0));

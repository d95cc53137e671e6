// The runner over a runtime of plain functions: what it feeds, feeds back, averages, shuffles and puts together.
import { describe, expect, test } from 'vitest';
import { compareOutputs } from '../replay-compare.ts';
import type { Evaluation } from '../onnx-program.ts';
import { GraphBuilder } from './build.ts';
import { readGraphDetails } from './graph.ts';
import { parseNpy, writeNpy } from './npy.ts';
import { rowOrder } from './row-order.ts';
import { runProgram, type RunPlan, type RunProgress } from './run.ts';
import { score } from './score.ts';
import type { OnnxRuntime, OnnxTensor } from './session.ts';

type Step = (
  feeds: Record<string, { dims: readonly number[]; data: Float32Array }>,
) => Record<string, { dims: number[]; data: Float32Array }>;

/** A runtime whose graph is a function over float32 tensors. */
const runtimeOf = (step: Step, released: { count: number } = { count: 0 }): OnnxRuntime => ({
  open: async () => ({
    inputNames: [],
    outputNames: [],
    run: async (feeds) =>
      Object.fromEntries(
        Object.entries(step(feeds as never)).map(([name, tensor]) => [name, { type: 'float32', ...tensor } satisfies OnnxTensor]),
      ),
    release: async () => void (released.count += 1),
  }),
  tensor: (dtype, shape, bytes) => ({
    type: dtype,
    dims: shape,
    data: new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / 4),
  }),
});

const floats = (values: number[], shape: number[]): Uint8Array =>
  writeNpy({ dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) });
const valuesOf = (file: Uint8Array | undefined): number[] => [
  ...new Float32Array(parseNpy(file ?? new Uint8Array(0), 'out').data.slice().buffer),
];

/** A model with one weight, to write state into. */
const model = (() => {
  const graph = new GraphBuilder();
  graph.node('Add', ['w', 'w'], 'y');
  return graph.model('m', [{ name: 'w', dtype: 'float32', shape: [1] }], [{ name: 'y', dtype: 'float32', shape: [1] }]);
})();
const data: Record<string, Uint8Array> = { 'graph.onnx': model, 'x.npy': floats([1, 2, 3, 4, 5], [5, 1]), 'w.npy': floats([100], [1]) };
const file = (name: string): Uint8Array => data[name] ?? new Uint8Array(0);

const plan: RunPlan = {
  graph: 'graph.onnx',
  feeds: { x: { from: 'file', file: 'x.npy', rows: true }, w: { from: 'file', file: 'w.npy', rows: false } },
  feedback: [{ output: 'wNext', input: 'w' }],
  batches: { size: 2, dropLast: false, shuffleSeed: null },
  epochs: 2,
  metrics: [{ name: 'mean', output: 'mean' }],
  outputs: [],
};
const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);
const step: Step = ({ x, w }) => {
  const rows = x?.data ?? new Float32Array();
  return {
    y: { dims: [rows.length, 1], data: rows.map((value) => value * 10) },
    mean: { dims: [], data: Float32Array.of(sum(rows) / rows.length) },
    wNext: { dims: [1], data: Float32Array.of((w?.data[0] ?? 0) + sum(rows)) },
  };
};
const run = (part: Partial<RunPlan> = {}, seen: RunProgress[] = [], how: Step = step) =>
  runProgram({ ...plan, ...part }, { runtime: runtimeOf(how), file, onProgress: (progress) => seen.push(progress) });

describe('runProgram', () => {
  test('feeds back state over batches and epochs, from the first value on', async () => {
    const { outputs } = await run({ outputs: [{ kind: 'tensor', name: 'w.npy', output: 'wNext', rows: false }] });
    expect(valuesOf(outputs[0]?.bytes)).toEqual([130]);
  });

  test('averages metrics over rows, not over batches of unequal size', async () => {
    const seen: RunProgress[] = [];
    const told: Record<string, number>[] = [];
    const { metrics } = await runProgram(plan, {
      runtime: runtimeOf(step),
      file,
      onProgress: (progress) => {
        seen.push(progress);
        told.push(progress.metrics());
      },
    });
    expect(metrics).toEqual([{ name: 'mean', value: 3 }]);
    expect(seen.map(({ epoch, step, steps }) => [epoch, step, steps])).toEqual([
      [1, 1, 3],
      [1, 2, 3],
      [1, 3, 3],
      [2, 1, 3],
      [2, 2, 3],
      [2, 3, 3],
    ]);
    expect(told[1]).toEqual({ mean: 2.5 });
  });

  test('puts rows of a shuffled epoch back in file order', async () => {
    const batches: number[][] = [];
    const { outputs } = await run(
      { batches: { size: 2, dropLast: false, shuffleSeed: 3 }, outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: true }] },
      [],
      (feeds) => {
        batches.push([...(feeds['x']?.data ?? [])]);
        return step(feeds);
      },
    );
    expect(valuesOf(outputs[0]?.bytes)).toEqual([10, 20, 30, 40, 50]);
    expect(
      batches
        .slice(0, 3)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3, 4, 5]);
    expect(batches.slice(0, 3).flat()).not.toEqual([1, 2, 3, 4, 5]);
    expect(batches.slice(3).flat()).not.toEqual(batches.slice(0, 3).flat());
  });

  test('leaves out a last, smaller batch where it is told to', async () => {
    const { outputs, metrics } = await run({
      batches: { size: 2, dropLast: true, shuffleSeed: null },
      outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: true }],
    });
    expect(valuesOf(outputs[0]?.bytes)).toEqual([10, 20, 30, 40]);
    expect(metrics[0]?.value).toBe(2.5);
  });

  test('runs once over the whole files without batches', async () => {
    const seen: RunProgress[] = [];
    await run({ batches: null, epochs: 1 }, seen);
    expect(seen.map(({ steps }) => steps)).toEqual([1]);
  });

  test('writes the last state into a model, which then is complete', async () => {
    const { outputs } = await run({
      outputs: [{ kind: 'model', name: 'm.onnx', graph: 'graph.onnx', initializers: [{ initializer: 'w', state: 'w' }] }],
    });
    const details = readGraphDetails(outputs[0]?.bytes ?? new Uint8Array(0));
    expect(details.inputs).toEqual([]);
    expect(details.initializers.map(({ name }) => name)).toEqual(['w']);
  });

  test('gives the session back when a step fails, and says what the runtime said without its source paths', async () => {
    const released = { count: 0 };
    const runtime = runtimeOf(() => {
      throw new Error(
        'Non-zero status code returned while running Gather node. /onnxruntime_src/onnxruntime/core/gather.cc:12 indices out of bounds\nmore',
      );
    }, released);
    const failing = runProgram(plan, { runtime, file, onProgress: () => {} });
    await expect(failing).rejects.toMatchObject({ code: 'program-failed', message: expect.stringContaining('indices out of bounds') });
    await expect(failing).rejects.not.toThrow(/onnxruntime_src/);
    expect(released.count).toBe(1);
  });

  test.each<[string, Partial<RunPlan>, Step, RegExp]>([
    [
      'a metric that is no number',
      {},
      (feeds) => ({ ...step(feeds), mean: { dims: [2], data: Float32Array.of(1, 2) } }),
      /has shape \(2\), want one number/,
    ],
    [
      'rows that do not match',
      { outputs: [{ kind: 'tensor', name: 'y', output: 'y', rows: true }] },
      (feeds) => ({ ...step(feeds), y: { dims: [1], data: Float32Array.of(1) } }),
      /for 2 rows, want one row each/,
    ],
    ['fewer rows than one batch', { batches: { size: 9, dropLast: true, shuffleSeed: null } }, step, /fewer than one batch of 9/],
    [
      'rows of a shuffled epoch with some left out',
      { batches: { size: 2, dropLast: true, shuffleSeed: 1 }, outputs: [{ kind: 'tensor', name: 'y', output: 'y', rows: true }] },
      step,
      /set "dropLast": false/,
    ],
  ])('cannot end well with %s', async (_, part, how, message) => {
    await expect(run(part, [], how)).rejects.toThrow(message);
  });
});

describe('rowOrder', () => {
  // Computed apart from this code, in Python, from the words above `rowOrder`.
  test('is the same everywhere: golden order', () => {
    expect([...rowOrder(8, 7, 1)]).toEqual([4, 6, 3, 5, 1, 2, 7, 0]);
  });
  test('is a permutation, new for each seed and epoch', () => {
    const orders = [rowOrder(100, 1, 1), rowOrder(100, 1, 2), rowOrder(100, 2, 1), rowOrder(100, 0, 0)].map((order) => [...order]);
    for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(new Set(orders.map(String)).size).toBe(4);
  });
});

describe('score', () => {
  const evaluation: Evaluation = {
    graph: 'graph.onnx',
    feeds: { x: { from: 'file', file: 'x.npy', rows: true } },
    batchSize: 2,
    metric: { name: 'mean', output: 'mean' },
  };
  test('is the metric averaged over all rows', async () => {
    expect(await score(evaluation, { runtime: runtimeOf(step), file })).toBe(3);
  });
  test('cannot be anything but a number', async () => {
    const broken = runtimeOf(() => ({ mean: { dims: [], data: Float32Array.of(Number.NaN) } }));
    await expect(score(evaluation, { runtime: broken, file })).rejects.toThrow(/is NaN, want a number/);
  });
});

describe('compareOutputs', () => {
  const evaluation = {} as Evaluation;
  const program = { evaluate: { evaluation, tolerance: 0.02 } };
  const compare = (delivered: number | null, replayed: number | null) =>
    compareOutputs(program, { root: 'a', score: delivered }, { root: 'b', score: replayed });
  test('takes equal bytes for the same, whatever the scores', () => {
    expect(compareOutputs({ evaluate: null }, { root: 'a', score: null }, { root: 'a', score: null })).toBe('same');
  });
  test('takes other bytes within the tolerance, or better ones', () => {
    expect(compare(0.95, 0.96)).toBe('within');
    expect(compare(0.99, 0.9)).toBe('within');
    expect(compare(0.94, 0.97)).toBe('worse');
  });
  test('cannot be passed by a model without a score', () => {
    expect(compare(null, 0.9)).toBe('worse');
    expect(compare(Number.NaN, 0.9)).toBe('worse');
    expect(compare(Number.POSITIVE_INFINITY, 0.9)).toBe('worse');
  });
  test('says that bytes differ where the job names no measure, or the replay measured nothing', () => {
    expect(compareOutputs({ evaluate: null }, { root: 'a', score: 1 }, { root: 'b', score: 1 })).toBe('different');
    expect(compare(0.9, null)).toBe('different');
  });
});

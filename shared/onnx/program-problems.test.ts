// A program that does not fit its graph or files: the field, what it says, what is allowed. Each beside the honest program it came from.
import { describe, expect, test } from 'vitest';
import type { OnnxProgram } from '../onnx-program.ts';
import type { GraphDetails } from './graph.ts';
import type { NpyHeader } from './npy.ts';
import { programProblems } from './program-problems.ts';

const graph: GraphDetails = {
  bytes: 1,
  opsets: new Map([['', 17]]),
  operators: [],
  externalData: false,
  nodes: 1,
  inputs: [
    { name: 'x', dtype: 'float32', shape: [null, 4] },
    { name: 'y', dtype: 'uint8', shape: [null] },
    { name: 'w', dtype: 'float32', shape: [4, 2] },
    { name: 'rate', dtype: 'float32', shape: [] },
    { name: 'optional', dtype: 'float32', shape: [1] },
  ],
  outputs: [
    { name: 'wNext', dtype: 'float32', shape: [4, 2] },
    { name: 'loss', dtype: 'float32', shape: [] },
    { name: 'guess', dtype: 'float32', shape: [null, 2] },
  ],
  initializers: [{ name: 'optional', dtype: 'float32', shape: [1] }],
};
const header = (dtype: NpyHeader['dtype'], shape: number[]): NpyHeader => ({ dtype, shape, dataOffset: 128, fileBytes: 128 });
const tensors: Record<string, NpyHeader> = {
  'x.npy': header('float32', [10, 4]),
  'y.npy': header('uint8', [10]),
  'short.npy': header('uint8', [9]),
  'wide.npy': header('float32', [10, 5]),
  'w.npy': header('float32', [4, 2]),
};
const files = {
  graph: (name: string) => (name === 'train.onnx' || name === 'score.onnx' ? graph : null),
  tensor: (name: string) => tensors[name] ?? null,
};
const honest: OnnxProgram = {
  kind: 'onnx',
  graph: 'train.onnx',
  feeds: {
    x: { from: 'file', file: 'x.npy', rows: true },
    y: { from: 'file', file: 'y.npy', rows: true },
    w: { from: 'file', file: 'w.npy', rows: false },
    rate: { from: 'value', dtype: 'float32', shape: [], values: [0.1] },
  },
  feedback: [{ output: 'wNext', input: 'w' }],
  batches: { size: 4, dropLast: false, shuffleSeed: 1 },
  epochs: 2,
  metrics: [{ name: 'loss', output: 'loss' }],
  outputs: [
    { kind: 'model', name: 'model.onnx', graph: 'score.onnx', initializers: [{ initializer: 'w', state: 'w' }] },
    { kind: 'tensor', name: 'guess.npy', output: 'guess', rows: true },
  ],
  evaluate: {
    evaluation: {
      graph: 'model.onnx',
      feeds: { x: { from: 'file', file: 'x.npy', rows: true } },
      batchSize: null,
      metric: { name: 'loss', output: 'loss' },
    },
    tolerance: 0.1,
  },
};
const feeds = honest.feeds;

describe('programProblems', () => {
  test('finds none in a program that fits', () => {
    expect(programProblems(honest, files)).toEqual([]);
  });

  test.each<[string, Partial<OnnxProgram>, RegExp]>([
    ['a graph that is no input', { graph: 'other.onnx' }, /^program\.graph: "other\.onnx" is not among the job's inputs/],
    [
      'a feed for no input',
      { feeds: { ...feeds, z: feeds['x']! } },
      /^program\.feeds\.z: the graph has no such input; allowed: x, y, w, rate, optional/,
    ],
    [
      'a feed by a built-in name',
      { feeds: { ...feeds, constructor: feeds['x']! } },
      /^program\.feeds\.constructor: the graph has no such input/,
    ],
    [
      'an input without a feed',
      { feeds: { x: feeds['x']!, w: feeds['w']!, rate: feeds['rate']! } },
      /^program\.feeds: input "y" of the graph gets no value/,
    ],
    [
      'a file that is no input',
      { feeds: { ...feeds, x: { from: 'file', file: 'gone.npy', rows: true } } },
      /feeds\.x: "gone\.npy" is not among/,
    ],
    [
      'a file of another type',
      { feeds: { ...feeds, x: { from: 'file', file: 'y.npy', rows: true } } },
      /feeds\.x: it is uint8, the graph wants float32/,
    ],
    [
      'a file of another width',
      { feeds: { ...feeds, x: { from: 'file', file: 'wide.npy', rows: true } } },
      /feeds\.x: it has shape \(\?, 5\), the graph wants \(\?, 4\)/,
    ],
    [
      'files of unequal rows',
      { feeds: { ...feeds, y: { from: 'file', file: 'short.npy', rows: true } } },
      /equally many rows, they have: x\.npy 10, short\.npy 9/,
    ],
    [
      'too few values',
      { feeds: { ...feeds, rate: { from: 'value', dtype: 'float32', shape: [2], values: [1] } } },
      /feeds\.rate: shape \(2\) needs 2 values, there are 1/,
    ],
    [
      'feedback from no output',
      { feedback: [{ output: 'wNew', input: 'w' }] },
      /feedback\.0\.output: the graph has no output "wNew"; allowed: wNext, loss, guess/,
    ],
    [
      'feedback to what is not fed',
      { feedback: [{ output: 'wNext', input: 'optional' }] },
      /feedback\.0\.input: "optional" has no first value in feeds/,
    ],
    [
      'feedback into rows',
      { feedback: [{ output: 'guess', input: 'x' }], outputs: [honest.outputs[1]!], evaluate: null },
      /"x" is fed rows and cannot keep state/,
    ],
    [
      'two feedbacks to one input',
      {
        feedback: [
          { output: 'wNext', input: 'w' },
          { output: 'loss', input: 'w' },
        ],
      },
      /"w" is fed back twice/,
    ],
    ['a metric of no output', { metrics: [{ name: 'a', output: 'accuracy' }] }, /metrics\.0\.output: the graph has no output "accuracy"/],
    [
      'one metric twice',
      {
        metrics: [
          { name: 'a', output: 'loss' },
          { name: 'a', output: 'loss' },
        ],
      },
      /metrics\.1\.name: "a" is there twice/,
    ],
    [
      'an output of no output',
      { outputs: [{ kind: 'tensor', name: 'o', output: 'gone', rows: false }], evaluate: null },
      /outputs\.0\.output: the graph has no output "gone"/,
    ],
    [
      'a model of no graph',
      { outputs: [{ kind: 'model', name: 'm', graph: 'gone', initializers: [{ initializer: 'w', state: 'w' }] }], evaluate: null },
      /outputs\.0\.graph: "gone" is not among/,
    ],
    [
      'a model into no place',
      { outputs: [{ kind: 'model', name: 'm', graph: 'score.onnx', initializers: [{ initializer: 'v', state: 'w' }] }], evaluate: null },
      /has no initializer or input "v"/,
    ],
    [
      'a model of no state',
      { outputs: [{ kind: 'model', name: 'm', graph: 'score.onnx', initializers: [{ initializer: 'w', state: 'loss' }] }], evaluate: null },
      /no feedback pair keeps "loss"; allowed: w, wNext/,
    ],
    [
      'an evaluation of nothing delivered',
      { evaluate: { ...honest.evaluate!, evaluation: { ...honest.evaluate!.evaluation, graph: 'x.onnx' } } },
      /evaluate\.evaluation\.graph: "x\.onnx" is neither a model of the outputs \(allowed: model\.onnx\)/,
    ],
    [
      'an evaluation over files that a replay lacks',
      {
        evaluate: {
          ...honest.evaluate!,
          evaluation: { ...honest.evaluate!.evaluation, feeds: { x: { from: 'file', file: 'secret.npy', rows: true } } },
        },
      },
      /"secret\.npy" is not among/,
    ],
  ])('cannot pass with %s', (_, part, message) => {
    const problems = programProblems({ ...honest, ...part }, files);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map((problem) => problem.message).join('\n')).toMatch(
      message instanceof RegExp ? new RegExp(message.source, 'm') : message,
    );
  });

  test('cannot batch without rows', () => {
    const rowless = { ...feeds, x: { from: 'file', file: 'x.npy', rows: false }, y: { from: 'file', file: 'y.npy', rows: false } } as const;
    const problems = programProblems({ ...honest, feeds: rowless }, files).map((problem) => problem.message);
    expect(problems).toContainEqual(expect.stringMatching(/^program\.batches: no feed has "rows": true/));
    expect(problems).toContainEqual(expect.stringMatching(/^program\.outputs\.1\.rows: no feed has "rows": true/));
  });

  test('holds a graph with a fixed batch to it', () => {
    const fixed = {
      ...files,
      graph: () => ({ ...graph, inputs: [{ name: 'x', dtype: 'float32' as const, shape: [4, 4] }, ...graph.inputs.slice(1)] }),
    };
    expect(programProblems(honest, fixed)).toEqual([]);
    const problems = programProblems({ ...honest, batches: { size: 5, dropLast: false, shuffleSeed: null } }, fixed);
    expect(problems[0]?.message).toBe('program.feeds.x: the graph wants 4 rows a step, batches.size is 5');
  });
});

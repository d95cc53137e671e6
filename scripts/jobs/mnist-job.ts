// Writes the folder of a training job: the 784-128-10 network on real digits. The job file knows all of it, the executor none.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobFile } from '@nunet/shared/job-file.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import type { Evaluation } from '@nunet/shared/onnx-program.ts';
import { mnistDigits, PIXELS, type Digits } from './mnist-digits.ts';
import { classifierGraph, trainingGraph, WEIGHTS } from './mnist-graphs.ts';
import { seededRandom } from './random.ts';

const BATCH = 64;
const SEED = 20_261;

export interface MnistOptions {
  readonly epochs: number;
  /** Of gradient descent; 0 trains nothing, which is what a cheat delivers. */
  readonly learningRate: number;
  readonly replay: JobFile['replay'];
  readonly budget: string;
}
export const MNIST_DEFAULTS: MnistOptions = { epochs: 20, learningRate: 0.2, replay: 'public', budget: '5' };

/** He initialisation: uniform in +-sqrt(6 / fan-in), biases zero. */
function initialWeights(shape: readonly number[], random: () => number): Float32Array {
  const [fanIn = 1, fanOut] = shape;
  if (fanOut === undefined) return new Float32Array(fanIn);
  const reach = Math.sqrt(6 / fanIn);
  return Float32Array.from({ length: fanIn * fanOut }, () => (random() * 2 - 1) * reach);
}

const evaluation = (x: string, y: string): Evaluation => ({
  graph: 'model.onnx',
  feeds: { x: { from: 'file', file: x, rows: true }, y: { from: 'file', file: y, rows: true } },
  batchSize: 500,
  metric: { name: 'accuracy', output: 'accuracy' },
});

export async function writeDigits(folder: string, prefix: string, digits: Digits): Promise<void> {
  await writeFile(join(folder, `${prefix}x.npy`), writeNpy({ dtype: 'uint8', shape: [digits.count, PIXELS], data: digits.pixels }));
  await writeFile(join(folder, `${prefix}y.npy`), writeNpy({ dtype: 'uint8', shape: [digits.count], data: digits.labels }));
}

/** Writes job.json and its files, the held-out digits among them, and returns the path of job.json. Deterministic. */
export async function makeMnistJob(folder: string, options: Partial<MnistOptions> = {}): Promise<string> {
  const { epochs, learningRate, replay, budget } = { ...MNIST_DEFAULTS, ...options };
  await mkdir(folder, { recursive: true });
  const { training, heldOut } = await mnistDigits();
  await writeDigits(folder, '', training);
  await writeDigits(folder, 'held-out-', heldOut);
  await writeFile(join(folder, 'train.onnx'), trainingGraph());
  await writeFile(join(folder, 'classify.onnx'), classifierGraph());
  const random = seededRandom(SEED);
  for (const { name, shape } of WEIGHTS) {
    const weights = initialWeights(shape, random);
    await writeFile(join(folder, `${name}.npy`), writeNpy({ dtype: 'float32', shape, data: new Uint8Array(weights.buffer) }));
  }
  const files = ['train.onnx', 'classify.onnx', 'x.npy', 'y.npy', ...WEIGHTS.map(({ name }) => `${name}.npy`)];
  const job: JobFile = {
    version: 1,
    title: 'Digits: train a 784-128-10 network',
    delivery: 'open',
    replay,
    resources: { cpus: 1, memoryBytes: 512 * 2 ** 20, diskBytes: 64 * 2 ** 20, gpus: 0 },
    timeLimitMs: 60_000,
    outputLimitBytes: 4 * 2 ** 20,
    budget,
    inputs: Object.fromEntries(files.map((name) => [name, name])),
    program: {
      kind: 'onnx',
      graph: 'train.onnx',
      feeds: {
        x: { from: 'file', file: 'x.npy', rows: true },
        y: { from: 'file', file: 'y.npy', rows: true },
        learningRate: { from: 'value', dtype: 'float32', shape: [], values: [learningRate] },
        ...Object.fromEntries(WEIGHTS.map(({ name }) => [name, { from: 'file' as const, file: `${name}.npy`, rows: false }])),
      },
      feedback: WEIGHTS.map(({ name }) => ({ output: `${name}Next`, input: name })),
      batches: { size: BATCH, dropLast: false, shuffleSeed: 7 },
      epochs,
      metrics: [
        { name: 'loss', output: 'loss' },
        { name: 'accuracy', output: 'accuracy' },
      ],
      outputs: [
        {
          kind: 'model',
          name: 'model.onnx',
          graph: 'classify.onnx',
          initializers: WEIGHTS.map(({ name }) => ({ initializer: name, state: name })),
        },
      ],
      evaluate: { evaluation: evaluation('x.npy', 'y.npy'), tolerance: 0.02 },
    },
    check: {
      type: 'score',
      evaluation: evaluation('held-out-x.npy', 'held-out-y.npy'),
      files: { 'held-out-x.npy': 'held-out-x.npy', 'held-out-y.npy': 'held-out-y.npy' },
      atLeast: 0.93,
    },
  };
  const path = join(folder, 'job.json');
  await writeFile(path, `${JSON.stringify(job, null, 2)}\n`);
  return path;
}

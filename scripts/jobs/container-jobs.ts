// Writes the folders of the container jobs: a script, the real digits, and a check that scores the delivered weights by our own graph.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../run-tool.ts';
import { writeDigits } from './mnist-job.ts';
import { mnistDigits } from './mnist-digits.ts';
import { classifierGraph, WEIGHTS } from './mnist-graphs.ts';

export interface ContainerJob {
  readonly title: string;
  /** Of a base image, and of its script in scripts/jobs/containers. */
  readonly base: string;
  readonly script: string;
  readonly arguments: readonly string[];
}

/** Six epochs took 17 s on a busy machine (measured). */
export const SKLEARN_JOB: ContainerJob = {
  title: 'Digits with scikit-learn',
  base: 'scikit-learn',
  script: 'digits-sklearn.py',
  arguments: ['6'],
};
/** Three views of each digit an epoch. */
export const PYTORCH_JOB: ContainerJob = {
  title: 'Digits with PyTorch',
  base: 'pytorch',
  script: 'digits-pytorch.py',
  arguments: ['6', '3'],
};

const MIB = 2 ** 20;

/** Writes job.json and its files, and returns the path of job.json. */
export async function makeContainerJob(folder: string, { title, base, script, arguments: args }: ContainerJob): Promise<string> {
  await mkdir(folder, { recursive: true });
  const { training, heldOut } = await mnistDigits();
  await writeDigits(folder, '', training);
  await writeDigits(folder, 'held-out-', heldOut);
  await writeFile(join(folder, 'classify.onnx'), classifierGraph());
  await copyFile(join(root, 'scripts/jobs/containers', script), join(folder, script));
  const job = {
    version: 1,
    title,
    resources: { cpus: 1, memoryBytes: 1024 * MIB, diskBytes: 128 * MIB, gpus: 0 },
    timeLimitMs: 600_000,
    outputLimitBytes: 8 * MIB,
    budget: '5',
    inputs: Object.fromEntries([script, 'x.npy', 'y.npy'].map((name) => [name, name])),
    program: { kind: 'container', run: { type: 'script', base, script, arguments: args }, checkpointEveryMs: 1_000 },
    // Held-out digits and the graph never leave this machine; the weights are the job's outputs.
    check: {
      type: 'score',
      evaluation: {
        graph: 'classify.onnx',
        feeds: {
          x: { from: 'file', file: 'held-out-x.npy', rows: true },
          y: { from: 'file', file: 'held-out-y.npy', rows: true },
          ...Object.fromEntries(WEIGHTS.map(({ name }) => [name, { from: 'file', file: `${name}.npy`, rows: false }])),
        },
        batchSize: 500,
        metric: { name: 'accuracy', output: 'accuracy' },
      },
      files: Object.fromEntries(['classify.onnx', 'held-out-x.npy', 'held-out-y.npy'].map((name) => [name, name])),
      atLeast: 0.93,
    },
  };
  const path = join(folder, 'job.json');
  await writeFile(path, `${JSON.stringify(job, null, 2)}\n`);
  return path;
}

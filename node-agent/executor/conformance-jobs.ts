// Small real jobs, well-behaved and hostile, that the conformance suite runs: each a graph, its files and a spec.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rawCidOf } from '@nunet/shared/encoding.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import type { OnnxProgram } from '@nunet/shared/onnx-program.ts';
import { confinements, type Confinement } from './confinement.ts';
import type { ExecutionRequest } from './executor.ts';

export interface TestJob<Program extends JobSpec['program'] = JobSpec['program']> {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly program: Program;
  readonly limits?: {
    readonly diskBytes?: number;
    readonly timeLimitMs?: number;
    readonly outputLimitBytes?: number;
    readonly memoryBytes?: number;
    readonly cpus?: number;
  };
}

/** What the suite runs, by intent: each kind of program has its own way to do it. */
export interface ConformanceJobs {
  /** Outputs `y.npy` (2, 4, 6, 8, 10) and `total.npy`, three epochs, metric `mean` of 3, and something in the log. */
  doublingJob(this: void): TestJob;
  /** Starts, and ends with a fault of its own. */
  failingJob(this: void): TestJob;
  /** Computes for ever, 60 s of it by default. */
  endlessJob(this: void, timeLimitMs?: number): TestJob;
  /** Wants more memory than any machine has. */
  memoryBombJob(this: void): TestJob;
  /** 4 MB of output where 1 MB is allowed. */
  largeOutputJob(this: void): TestJob;
}

const program = (part: Partial<OnnxProgram>): OnnxProgram => ({
  kind: 'onnx',
  graph: 'graph.onnx',
  feeds: {},
  feedback: [],
  batches: null,
  epochs: 1,
  metrics: [],
  outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: false }],
  evaluate: null,
  ...part,
});

const scalar = (name: string, dtype: 'float32' | 'int64' | 'bool') => ({ name, dtype, shape: [] });

export const floats = (values: readonly number[], shape: readonly number[]): Uint8Array =>
  writeNpy({ dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) });

/** Rows 1..5 doubled in batches of 2 over 3 shuffled epochs; a running total fed back; the mean of the rows as a metric. */
export function doublingJob(): TestJob<OnnxProgram> {
  const graph = new GraphBuilder();
  graph.node('Add', ['x', 'x'], 'y');
  graph.node('ReduceMean', ['x'], 'mean', { keepdims: 0 });
  graph.node('ReduceSum', ['x'], 'sum', { keepdims: 0 });
  graph.node('Add', ['total', 'sum'], 'totalNext');
  return {
    files: {
      'graph.onnx': graph.model(
        'double',
        [{ name: 'x', dtype: 'float32', shape: ['rows', 1] }, scalar('total', 'float32')],
        [{ name: 'y', dtype: 'float32', shape: ['rows', 1] }, scalar('mean', 'float32'), scalar('totalNext', 'float32')],
      ),
      'x.npy': floats([1, 2, 3, 4, 5], [5, 1]),
    },
    program: program({
      feeds: {
        x: { from: 'file', file: 'x.npy', rows: true },
        total: { from: 'value', dtype: 'float32', shape: [], values: [0] },
      },
      feedback: [{ output: 'totalNext', input: 'total' }],
      batches: { size: 2, dropLast: false, shuffleSeed: 11 },
      epochs: 3,
      metrics: [{ name: 'mean', output: 'mean' }],
      outputs: [
        { kind: 'tensor', name: 'y.npy', output: 'y', rows: true },
        { kind: 'tensor', name: 'total.npy', output: 'totalNext', rows: false },
      ],
    }),
  };
}

/** An index beyond the data: passes every check, fails when it runs. */
export function failingJob(): TestJob<OnnxProgram> {
  const graph = new GraphBuilder();
  graph.node('Gather', ['x', 'index'], 'y');
  return {
    files: {
      'graph.onnx': graph.model(
        'gather',
        [{ name: 'x', dtype: 'float32', shape: ['n'] }, scalar('index', 'int64')],
        [scalar('y', 'float32')],
      ),
      'x.npy': floats([1, 2], [2]),
    },
    program: program({
      feeds: {
        x: { from: 'file', file: 'x.npy', rows: false },
        index: { from: 'value', dtype: 'int64', shape: [], values: [7] },
      },
    }),
  };
}

/** A Loop with `trips` turns; `grow` doubles its tensor in each. */
function loopGraph(grow: boolean): Uint8Array {
  const body = new GraphBuilder();
  body.node('Identity', ['goOn'], 'goOnNext');
  if (grow) body.node('Concat', ['v', 'v'], 'vNext', { axis: 0 });
  else body.node('Add', ['v', 'v'], 'vNext');
  const vector = (name: string) => ({ name, dtype: 'float32' as const, shape: ['n'] });
  const bodyGraph = body.graph(
    'body',
    [scalar('turn', 'int64'), scalar('goOn', 'bool'), vector('v')],
    [scalar('goOnNext', 'bool'), vector('vNext')],
  );
  const graph = new GraphBuilder();
  graph.node('Loop', ['trips', '', 'x'], 'y', { body: bodyGraph });
  return graph.model('loop', [scalar('trips', 'int64'), vector('x')], [vector('y')]);
}

const loopJob = (grow: boolean, trips: number, limits: TestJob['limits']): TestJob<OnnxProgram> => ({
  files: { 'graph.onnx': loopGraph(grow), 'x.npy': floats([1, 1], [2]) },
  program: program({
    feeds: {
      x: { from: 'file', file: 'x.npy', rows: false },
      trips: { from: 'value', dtype: 'int64', shape: [], values: [trips] },
    },
  }),
  ...(limits === undefined ? {} : { limits }),
});

/** 2^62 turns: never ends by itself, and never lets the child's event loop turn. */
export const endlessJob = (timeLimitMs = 60_000): TestJob<OnnxProgram> => loopJob(false, 2 ** 62, { timeLimitMs });

/** Doubles its tensor until no memory could hold it. */
export const memoryBombJob = (): TestJob<OnnxProgram> => loopJob(true, 60, {});

/** One tensor of 80 GB from 16 bytes of input. */
export function hugeTensorJob(): TestJob<OnnxProgram> {
  const graph = new GraphBuilder();
  graph.node('ConstantOfShape', ['shape'], 'y');
  return {
    files: {
      'graph.onnx': graph.model(
        'huge',
        [{ name: 'shape', dtype: 'int64', shape: [2] }],
        [{ name: 'y', dtype: 'float32', shape: ['a', 'b'] }],
      ),
    },
    program: program({ feeds: { shape: { from: 'value', dtype: 'int64', shape: [2], values: [200_000, 100_000] } } }),
  };
}

/** 4 MB of output where 1 MB is allowed. */
export function largeOutputJob(): TestJob<OnnxProgram> {
  const huge = hugeTensorJob();
  return {
    ...huge,
    program: program({ feeds: { shape: { from: 'value', dtype: 'int64', shape: [2], values: [1000, 1000] } } }),
    limits: { outputLimitBytes: 2 ** 20 },
  };
}

export const onnxJobs: ConformanceJobs = { doublingJob, failingJob, endlessJob, memoryBombJob, largeOutputJob };

/** Writes a job's files and makes the request that an agent would. */
export async function requestOf(job: TestJob, folder: string): Promise<ExecutionRequest> {
  const inputs = join(folder, 'inputs');
  await mkdir(inputs, { recursive: true });
  for (const [name, bytes] of Object.entries(job.files)) await writeFile(join(inputs, name), bytes);
  const spec: JobSpec = {
    v: 1,
    network: 'devnet',
    nonce: randomBytes(16).toString('hex'),
    title: 'conformance',
    delivery: 'open',
    replay: 'never',
    resources: {
      cpus: job.limits?.cpus ?? 1,
      memoryBytes: job.limits?.memoryBytes ?? 256 * 2 ** 20,
      diskBytes: job.limits?.diskBytes ?? 2 ** 20,
      gpus: 0,
    },
    timeLimitMs: job.limits?.timeLimitMs ?? 30_000,
    outputLimitBytes: job.limits?.outputLimitBytes ?? 2 ** 20,
    inputs: Object.entries(job.files).map(([name, bytes]) => ({ name, cid: rawCidOf(bytes), bytes: bytes.length })),
    program: job.program,
  };
  return { jobId: `job-${spec.nonce}`, spec, inputPath: (name) => join(inputs, name), workDir: join(folder, 'work'), gpus: [] };
}

/** The way that this system would choose, and one of each other family: what a full suite is run over. */
export const testedConfinements = (): Confinement[] =>
  confinements().filter((confinement, i) => i === 0 || confinement.name === 'unshare' || confinement.aims === 'limits');

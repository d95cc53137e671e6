// The demo's jobs as anybody would run them: job folder -> job file -> executor -> the job file's own check.
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddedExecutor, systemClock } from '@nunet/node-agent/executor/embedded.ts';
import type { ExecutionResult } from '@nunet/node-agent/executor/executor.ts';
import { rawCidOf } from '@nunet/shared/encoding.ts';
import { parseJobFile, specOf, type JobFile } from '@nunet/shared/job-file.ts';
import { MAX_SPEC_BYTES } from '@nunet/shared/job-spec.ts';
import { encode } from '@nunet/shared/encoding.ts';
import { graphProblems } from '@nunet/shared/onnx/graph-problems.ts';
import { summarizeGraph } from '@nunet/shared/onnx/graph.ts';
import { parseNpy } from '@nunet/shared/onnx/npy.ts';
import { makeInferenceJob } from './inference-job.ts';
import { mnistDigits } from './mnist-digits.ts';
import { makeMnistJob } from './mnist-job.ts';

const { signal } = new AbortController();
let folder = '';
let executor: EmbeddedExecutor;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-jobs-'));
  executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
});
afterAll(async () => {
  await executor.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(jobPath: string): Promise<{ file: JobFile; at: (name: string) => string; result: ExecutionResult }> {
  const file = parseJobFile(await readFile(jobPath, 'utf8'));
  const at = (name: string): string => join(dirname(jobPath), name);
  const inputs = await Promise.all(
    Object.entries(file.inputs).map(async ([name, path]) => {
      const bytes = await readFile(at(path));
      return { name, cid: rawCidOf(bytes), bytes: bytes.length };
    }),
  );
  const spec = specOf(file, { network: 'devnet', nonce: '00'.repeat(16), inputs });
  expect(encode(spec).length).toBeLessThan(MAX_SPEC_BYTES);
  const request = {
    jobId: 'job',
    spec,
    inputPath: (name: string) => at(file.inputs[name] ?? ''),
    workDir: join(dirname(jobPath), 'work'),
    gpus: [],
  };
  await executor.prepare(request, signal);
  const handle = await executor.start(request, async () => {}, signal);
  return { file, at, result: await executor.wait(handle, () => {}, signal) };
}

/** The score of a training job's model, as its job file wants it measured. */
async function scoreOf({ file, at, result }: Awaited<ReturnType<typeof run>>): Promise<number> {
  const { check } = file;
  if (check.type !== 'score') throw new Error('the job file wants no score');
  const path = (name: string): string => result.outputs.find((output) => output.name === name)?.path ?? at(check.files[name] ?? name);
  const names = ['model.onnx', ...Object.keys(check.files)];
  const sizes = new Map(await Promise.all(names.map(async (name) => [name, (await stat(path(name))).size] as const)));
  return executor.score(
    {
      evaluation: check.evaluation,
      filePath: path,
      fileBytes: (name) => sizes.get(name) ?? 0,
      memoryBytes: 256 * 2 ** 20,
      timeLimitMs: 30_000,
    },
    signal,
  );
}

describe('the digits', () => {
  test('are the 10,000 of the package, held out by tenths, none in both sets', async () => {
    const { training, heldOut } = await mnistDigits();
    expect(training.count + heldOut.count).toBe(10_000);
    expect(heldOut.count).toBe(997);
    expect(Math.max(...training.pixels.subarray(0, 78_400))).toBe(255);
    for (const digits of [training, heldOut]) {
      expect(new Set(digits.labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
      expect(digits.pixels.length).toBe(digits.count * 784);
    }
  });
});

describe('the training job', () => {
  test('is the same job when it is made twice', async () => {
    const [one, two] = [dirname(await makeMnistJob(join(folder, 'one'))), dirname(await makeMnistJob(join(folder, 'two')))];
    const names = await readdir(one);
    expect(names).toContain('held-out-x.npy');
    for (const name of names) expect((await readFile(join(one, name))).equals(await readFile(join(two, name)))).toBe(true);
  });

  test('does not send the held-out digits to anybody', async () => {
    const file = parseJobFile(await readFile(join(folder, 'one', 'job.json'), 'utf8'));
    expect(Object.values(file.inputs).filter((path) => path.includes('held-out'))).toEqual([]);
  });

  test('trains a network that passes its own threshold, in under 5 s on one thread', async () => {
    const done = await run(await makeMnistJob(join(folder, 'training')));
    expect(done.result.exit).toEqual({ kind: 'completed' });
    // CPU time: the tests share their machine.
    expect(done.result.cpuMs).toBeLessThan(5_000);
    const score = await scoreOf(done);
    expect(score).toBeGreaterThanOrEqual(0.93);
    if (done.file.check.type === 'score') expect(score).toBeGreaterThanOrEqual(done.file.check.atLeast);
  });

  test('cannot pass with a model that was trained on nothing', async () => {
    const done = await run(await makeMnistJob(join(folder, 'lazy'), { learningRate: 0, epochs: 1 }));
    expect(done.result.exit).toEqual({ kind: 'completed' });
    expect(await scoreOf(done)).toBeLessThan(0.3);
  });

  test('gives the same bytes on one thread twice, so that a replay can compare roots', async () => {
    const runs = [];
    for (const name of ['replay-1', 'replay-2']) runs.push(await run(await makeMnistJob(join(folder, name), { epochs: 2 })));
    const [one, two] = await Promise.all(runs.map(({ result }) => readFile(result.outputs[0]?.path ?? '')));
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
  });

  test('delivers a model that plain onnxruntime takes', async () => {
    const bytes = await readFile(join(folder, 'training', 'work', 'outputs', 'model.onnx'));
    expect(graphProblems(summarizeGraph(bytes))).toEqual([]);
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { heldOut } = await mnistDigits();
    const x = new Tensor('uint8', heldOut.pixels.slice(0, 784 * 10), [10, 784]);
    const { logits } = await session.run({ x }, ['logits']);
    expect(logits?.dims).toEqual([10, 10]);
    await session.release();
  });
});

describe('the inference job', () => {
  test('gives bit for bit what plain onnxruntime gives, and hears the voice', async () => {
    const { file, at, result } = await run(await makeInferenceJob(join(folder, 'inference')));
    expect(result.exit).toEqual({ kind: 'completed' });
    if (file.check.type !== 'equals') throw new Error('the job file wants no equality');
    for (const [name, path] of Object.entries(file.check.files)) {
      const output = await readFile(result.outputs.find((one) => one.name === name)?.path ?? '');
      expect(output.equals(await readFile(at(path)))).toBe(true);
      const speech = new Float32Array(parseNpy(output, name).data.slice().buffer);
      // Twelve seconds of which about a third is silence.
      expect(speech.filter((probability) => probability > 0.5).length / speech.length).toBeGreaterThan(0.4);
      expect(speech.filter((probability) => probability < 0.5).length / speech.length).toBeGreaterThan(0.2);
    }
  });
});

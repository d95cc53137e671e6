// Writes the folder of an inference job: voice activity by the Silero model that the npm package @ricky0123/vad-web ships.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { JobFile } from '@nunet/shared/job-file.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import { SAMPLE_RATE, speechLike } from './speech.ts';

/** Samples that the model takes at 16 kHz, 32 ms. */
const WINDOW = 512;
const STATE = [2, 1, 128] as const;
const SECONDS = 12;

const modelPath = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@ricky0123/vad-web/package.json')), 'dist', 'silero_vad_v5.onnx');

/** What plain onnxruntime says, without any of our code: one window after the other, the state carried along. */
export async function plainSpeechProbabilities(model: string, windows: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1 });
  const sr = new Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE)), []);
  let state = new Tensor('float32', new Float32Array(256), STATE);
  const probabilities: number[] = [];
  for (let at = 0; at < windows.length; at += WINDOW) {
    const input = new Tensor('float32', windows.slice(at, at + WINDOW), [1, WINDOW]);
    const { output, stateN } = await session.run({ input, state, sr });
    probabilities.push(Number(output?.data[0]));
    state = stateN as typeof state;
  }
  await session.release();
  return Float32Array.from(probabilities);
}

/** Writes job.json and its files, the expected output among them, and returns the path of job.json. */
export async function makeInferenceJob(folder: string, options: { readonly budget?: string } = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  await copyFile(modelPath(), join(folder, 'vad.onnx'));
  const wave = speechLike(SECONDS);
  const windows = wave.slice(0, wave.length - (wave.length % WINDOW));
  const rows = windows.length / WINDOW;
  await writeFile(join(folder, 'windows.npy'), writeNpy({ dtype: 'float32', shape: [rows, WINDOW], data: new Uint8Array(windows.buffer) }));
  const expected = await plainSpeechProbabilities(join(folder, 'vad.onnx'), windows);
  await writeFile(join(folder, 'expected.npy'), writeNpy({ dtype: 'float32', shape: [rows, 1], data: new Uint8Array(expected.buffer) }));
  const job: JobFile = {
    version: 1,
    title: 'Voice activity of twelve seconds of sound',
    delivery: 'open',
    replay: 'public',
    resources: { cpus: 1, memoryBytes: 512 * 2 ** 20, diskBytes: 32 * 2 ** 20, gpus: 0 },
    timeLimitMs: 30_000,
    outputLimitBytes: 2 ** 20,
    budget: options.budget ?? '3',
    inputs: { 'vad.onnx': 'vad.onnx', 'windows.npy': 'windows.npy' },
    program: {
      kind: 'onnx',
      graph: 'vad.onnx',
      feeds: {
        input: { from: 'file', file: 'windows.npy', rows: true },
        sr: { from: 'value', dtype: 'int64', shape: [], values: [SAMPLE_RATE] },
        state: { from: 'value', dtype: 'float32', shape: [...STATE], values: Array.from({ length: 256 }, () => 0) },
      },
      feedback: [{ output: 'stateN', input: 'state' }],
      batches: { size: 1, dropLast: false, shuffleSeed: null },
      epochs: 1,
      metrics: [{ name: 'speech', output: 'output' }],
      outputs: [{ kind: 'tensor', name: 'speech.npy', output: 'output', rows: true }],
      evaluate: null,
    },
    check: { type: 'equals', files: { 'speech.npy': 'expected.npy' } },
  };
  const path = join(folder, 'job.json');
  await writeFile(path, `${JSON.stringify(job, null, 2)}\n`);
  return path;
}

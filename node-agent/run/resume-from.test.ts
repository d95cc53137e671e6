// Going on from a checkpoint: which one is found, and what job file begins there.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { resumedJobFile } from '@nunet/shared/resume-job.ts';
import { findCheckpoint } from './resume-from.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resume-'));
  await mkdir(join(folder, 'job', 'checkpoints'), { recursive: true });
  for (const name of ['checkpoint-9.tar', 'checkpoint-10.tar', 'checkpoint-x.tar', 'other.tar'])
    await writeFile(join(folder, 'job', 'checkpoints', name), name);
});
afterEach(() => rm(folder, { recursive: true }));

describe('a checkpoint is found', () => {
  test('as a file, as the last of a folder, and as the last of a job’s folder', async () => {
    const last = join(folder, 'job', 'checkpoints', 'checkpoint-10.tar');
    expect(await findCheckpoint(join(folder, 'job'))).toBe(last);
    expect(await findCheckpoint(join(folder, 'job', 'checkpoints'))).toBe(last);
    expect(await findCheckpoint(join(folder, 'job', 'checkpoints', 'other.tar'))).toBe(join(folder, 'job', 'checkpoints', 'other.tar'));
  });

  test('cannot be found where there is none, and says so', async () => {
    await expect(findCheckpoint(folder)).rejects.toThrow('it holds no checkpoint-N.tar');
    await expect(findCheckpoint(join(folder, 'none'))).rejects.toThrow('it does not exist');
  });
});

const jobFile = (program: object, inputs: Record<string, string> = { 'train.py': 'train.py' }): string =>
  JSON.stringify({
    version: 1,
    title: 'train',
    resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 28, gpus: 0 },
    timeLimitMs: 60_000,
    outputLimitBytes: 2 ** 20,
    budget: '1',
    inputs,
    program,
  });
const script = { kind: 'container', run: { type: 'script', base: 'pytorch', script: 'train.py' } };

test('the job file gets the checkpoint as an input, under a name that is free or the one it has', () => {
  const fresh = parseJobFile(resumedJobFile(jobFile(script), '/kept/checkpoint-3.tar'));
  expect(fresh.program).toMatchObject({ resumeFrom: 'resume.tar' });
  expect(fresh.inputs).toEqual({ 'train.py': 'train.py', 'resume.tar': '/kept/checkpoint-3.tar' });
  const taken = resumedJobFile(jobFile(script, { 'train.py': 'train.py', 'resume.tar': 'mine.tar' }), '/kept/checkpoint-3.tar');
  expect(parseJobFile(taken).program).toMatchObject({ resumeFrom: 'resume-1.tar' });
  const again = parseJobFile(resumedJobFile(taken, '/kept/checkpoint-4.tar'));
  expect(again.inputs).toMatchObject({ 'resume-1.tar': '/kept/checkpoint-4.tar', 'resume.tar': 'mine.tar' });
});

test('a job without a workspace cannot go on from a checkpoint', () => {
  const onnx = {
    kind: 'onnx',
    graph: 'g.onnx',
    feeds: {},
    feedback: [],
    batches: null,
    epochs: 1,
    metrics: [],
    outputs: [],
    evaluate: null,
  };
  const outputs = [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: false }];
  const text = jobFile({ ...onnx, outputs }, { 'g.onnx': 'g.onnx' });
  expect(() => resumedJobFile(text, '/kept/checkpoint-3.tar')).toThrow('only container jobs have one');
});

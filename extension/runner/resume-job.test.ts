// Going on from a checkpoint in the browser: from what is kept of the earlier job alone.
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import { sampleContainerSpec } from '@nunet/shared/samples.ts';
import { expect, test } from 'vitest';
import { lastCheckpoint, resumedJob } from './resume-job.ts';

const [script, earlier] = sampleContainerSpec.inputs;
const jobFile = JSON.stringify({
  version: 1,
  title: 'train',
  resources: sampleContainerSpec.resources,
  timeLimitMs: 60_000,
  outputLimitBytes: 2 ** 20,
  budget: '1',
  inputs: { 'train.py': 'src/train.py', 'resume.tar': 'before.tar' },
  program: sampleContainerSpec.program,
  check: { type: 'equals', files: { 'model.bin': 'expected.bin' } },
});
const CHECKPOINT = { number: 4, takenAtMs: 1, file: { name: 'checkpoint-4.tar', cid: 'bcheckpoint', bytes: 3 } };

function jobWith(held: Record<string, string>, checkpoint: typeof CHECKPOINT | undefined = CHECKPOINT): Parameters<typeof resumedJob>[0] {
  const content = (cid: string): Blob | null => (held[cid] === undefined ? null : new Blob([held[cid]]));
  return {
    note: { jobFile, checkFiles: { 'expected.bin': 'bexpected' } },
    blocks: { content },
    record: () => ({ jobId: jobIdOf(sampleContainerSpec), spec: sampleContainerSpec, checkpoint }),
  } as never;
}
const all = { [script?.cid ?? '']: 'script', [earlier?.cid ?? '']: 'tar', bexpected: 'expected', bcheckpoint: 'new' };

test('gives the same job with the checkpoint in the place of the earlier one, and every file that it names', async () => {
  const { jobFile: text, files } = resumedJob(jobWith(all));
  const file = parseJobFile(text);
  const read = async (path: string | undefined): Promise<string | undefined> => files.get(path ?? '')?.text();
  expect(await read(file.inputs['train.py'])).toBe('script');
  expect(await read(file.inputs['resume.tar'])).toBe('new');
  expect(await read('expected.bin')).toBe('expected');
  expect(file.program).toMatchObject({ resumeFrom: 'resume.tar' });
});

test('cannot go on from a checkpoint, or with a file, that is not kept whole', () => {
  const { bcheckpoint: _, ...without } = all;
  expect(() => lastCheckpoint(jobWith(without))).toThrow('No checkpoint of this job is kept here');
  expect(() => lastCheckpoint({ ...jobWith(all), record: () => ({}) as never })).toThrow('No checkpoint of this job is kept here');
  const { bexpected: __, ...unchecked } = all;
  expect(() => resumedJob(jobWith(unchecked))).toThrow('expected.bin is not kept');
});

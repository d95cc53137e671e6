// What is found out before anybody is asked.
import { expect, test } from 'vitest';
import { parseJobFile, type JobFile } from './job-file.ts';
import { prepareSpec, requestOf } from './prepare-job.ts';
import * as samples from './samples.ts';

const { title, resources, timeLimitMs, outputLimitBytes, program, inputs } = samples.sampleContainerSpec;
const files = { 'train.py': 'train.py', 'resume.tar': 'resume.tar' };
const written = { version: 1, title, resources, timeLimitMs, outputLimitBytes, budget: '1', inputs: files, program };
const prepare = (file: JobFile) =>
  prepareSpec(file, { network: 'devnet', nonce: samples.sampleContainerSpec.nonce, inputs: [...inputs] }, async () => null);

test('a container job is asked for with what an agent needs to know before it quotes, and no more', async () => {
  const spec = await prepare(parseJobFile(JSON.stringify(written)));
  const request = requestOf(spec, {
    graph: null,
    record: samples.sampleRecord,
    peerId: samples.samplePeerId('service provider'),
    address: samples.sampleAddress('service provider'),
    voucherKey: samples.sampleRequest.voucherKey,
  });
  expect(spec).toEqual(samples.sampleContainerSpec);
  expect(request).toEqual(samples.sampleContainerRequest);
});

test('a spec that is too large to travel cannot be locked for', async () => {
  const run = { type: 'script', base: 'pytorch', script: 'train.py', arguments: Array.from({ length: 20 }, () => 'x'.repeat(4_000)) };
  const file = parseJobFile(JSON.stringify({ ...written, program: { ...program, run } }));
  await expect(prepare(file)).rejects.toMatchObject({ code: 'spec-too-large' });
});

test('parts that do not fit together cannot be locked for, whoever made the job file', async () => {
  const file = parseJobFile(JSON.stringify(written));
  await expect(prepare({ ...file, replay: 'public' })).rejects.toThrow('replay: must be "never"');
});

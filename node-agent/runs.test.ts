// What a spec may say against what was quoted for it.
import { describe, expect, test } from 'vitest';
import { containerWorkOf, type ContainerProgram } from '@nunet/shared/container-program.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import type { Quote, QuoteRequest } from '@nunet/shared/quote.ts';
import * as samples from '@nunet/shared/samples.ts';
import { specProblems } from './runs.ts';

const program = samples.sampleContainerSpec.program as ContainerProgram;
/** A quote over this spec, as an honest service provider asks for it. */
const sold = (spec: JobSpec): { quote: Quote; request: QuoteRequest } => {
  const { resources, timeLimitMs, delivery, replay } = spec;
  const work = containerWorkOf(spec.program as ContainerProgram);
  return {
    request: { ...samples.sampleContainerRequest, jobId: jobIdOf(spec), work },
    quote: { ...samples.sampleQuote, jobId: jobIdOf(spec), resources, timeLimitMs, delivery, replay },
  };
};
const problemsOf = (spec: JobSpec, asked: Partial<QuoteRequest> = {}): string[] => {
  const { quote, request } = sold(spec);
  return specProblems(spec, quote, { ...request, ...asked }).map(({ code, message }) => `${code}: ${message}`);
};
const with_ = (changes: Partial<ContainerProgram>, spec: Partial<JobSpec> = {}): JobSpec => ({
  ...samples.sampleContainerSpec,
  ...spec,
  program: { ...program, ...changes },
});

test('a container job that says what was quoted fits', () => {
  expect(problemsOf(samples.sampleContainerSpec)).toEqual([]);
});

describe('a container job cannot run something else than was quoted:', () => {
  const { work } = samples.sampleContainerRequest;
  const other = (changes: object): Partial<QuoteRequest> => ({ work: { ...work, ...changes } });
  const dependencies = ['einops==0.8.0'];
  test.each([
    ['another base', other({ run: { type: 'script', base: 'onnx', dependencies } }), 'quoted was onnx einops==0.8.0'],
    ['more packages', other({ run: { type: 'script', base: 'pytorch', dependencies: [] } }), 'list of packages is pytorch einops==0.8.0'],
    ['an image', other({ run: { type: 'image', image: `one@sha256:${'ab'.repeat(32)}` } }), 'quoted was one@sha256:'],
    ['another host to fetch from', other({ downloadHosts: [] }), 'downloadHosts is data.example'],
    ['more to fetch', other({ downloadBytes: 1 }), 'downloadBytes is 4096, quoted was 1'],
  ])('%s', (_, asked, part) => {
    expect(problemsOf(samples.sampleContainerSpec, asked).join('\n')).toContain(part);
  });

  test('a smaller GPU', () => {
    const { quote, request } = sold(samples.sampleContainerSpec);
    const resources = { ...quote.resources, gpuMemoryBytes: 2 ** 30 };
    expect(specProblems(samples.sampleContainerSpec, { ...quote, resources }, request)[0]?.message).toContain('resources.gpuMemoryBytes');
  });
});

describe('a container job cannot be one that does not fit together:', () => {
  test.each([
    ['a script that is nowhere', with_({ run: { ...program.run, script: 'none.py' } as ContainerProgram['run'] }), 'program.run.script'],
    ['a checkpoint that is no input', with_({ resumeFrom: 'none.tar' }), 'program.resumeFrom'],
    ['two files of one name', with_({ downloads: program.downloads.map((one) => ({ ...one, name: 'train.py' })) }), 'downloads.0.name'],
    ['replayed', with_({}, { replay: 'public' }), 'replay'],
    ['sealed with checkpoints', with_({}, { delivery: 'sealed' }), 'program.checkpointEveryMs'],
  ])('%s', (_, spec, field) => {
    const [problem] = problemsOf(spec);
    expect(problem).toContain('spec-invalid');
    expect(problem).toContain(field);
  });
});

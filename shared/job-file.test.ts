// The job file: a wrong field is named with what is allowed, and no name climbs out of its folder.
import { describe, expect, test } from 'vitest';
import { jobIdOf, jobSpec } from './job-spec.ts';
import { parseJobFile, specOf } from './job-file.ts';
import * as samples from './samples.ts';

const good = {
  version: 1,
  title: 'add one',
  resources: samples.sampleSpec.resources,
  timeLimitMs: 60_000,
  outputLimitBytes: 2 ** 20,
  budget: '2.5',
  inputs: { 'graph.onnx': './graph.onnx', 'x.npy': '../data/x.npy' },
  program: samples.sampleSpec.program,
};
const parse = (changes: Record<string, unknown>): unknown => parseJobFile(JSON.stringify({ ...good, ...changes }));

test('is read with its defaults, and the budget in base units', () => {
  const file = parseJobFile(JSON.stringify(good));
  expect(file.budgetBaseUnits).toBe(2_500_000n);
  expect(file.delivery).toBe('open');
  expect(file.replay).toBe('never');
  expect(file.check).toEqual({ type: 'none' });
});

test('gives a spec that is another job with another nonce', () => {
  const file = parseJobFile(JSON.stringify(good));
  const spec = (nonce: string) => specOf(file, { network: 'devnet', nonce, inputs: samples.sampleSpec.inputs });
  const [a, b] = [spec('00'.repeat(16)), spec('01'.repeat(16))];
  expect(jobSpec.parse(a)).toEqual(a);
  expect(jobIdOf(a)).not.toBe(jobIdOf(b));
  expect(() => spec('xyz')).toThrow();
});

describe('names a wrong field with what is allowed', () => {
  test.each([
    [{ title: '' }, 'title'],
    [{ resources: { ...good.resources, cpus: 0 } }, 'resources.cpus'],
    [{ timeLimitMs: 5 }, 'timeLimitMs'],
    [{ program: { ...good.program, epochs: 0 } }, 'program.epochs'],
    [{ program: { ...good.program, kind: 'script' } }, 'program.kind'],
    [{ replay: 'sometimes' }, '"public"|"named"|"never"'],
    [{ colour: 'red' }, 'colour'],
    [{ version: 2 }, 'version'],
    [{ budget: '-1' }, 'budget: must be a decimal number of NTX'],
    [{ inputs: { '../x': 'x' } }, 'inputs.../x: must be one plain file name'],
    [{ check: { type: 'equals', files: { 'nothing.npy': 'y' } } }, 'check.files.nothing.npy: the program gives no such output, only '],
    [{ budget: '1.0000001' }, 'at most 6 places'],
    [{ check: { type: 'equals', files: { '../y': 'y' } } }, 'check.files'],
  ])('%j', (changes, part) => {
    expect(() => parse(changes)).toThrow(part);
  });

  test('all of several at once', () => {
    expect(() => parse({ title: '', timeLimitMs: 'long', colour: 'red' })).toThrow(
      /title[\s\S]*timeLimitMs[\s\S]*colour|timeLimitMs[\s\S]*colour/,
    );
  });
});

describe('cannot name a file that climbs out', () => {
  const names = [
    '../x',
    '..',
    '.',
    'a/b',
    'a\\b',
    '/etc/passwd',
    'a..b',
    'con.',
    '',
    '.hidden',
    'a\0b',
    'a b',
    'ü',
    'a'.repeat(101),
    '-rf',
  ];
  test.each(names)('as an input: %j', (name) => {
    expect(() => parse({ inputs: { [name]: 'x' } })).toThrow('inputs');
  });
  test.each(names)('as an output: %j', (name) => {
    const outputs = [{ kind: 'tensor', name, output: 'y', rows: true }];
    expect(() => parse({ program: { ...good.program, outputs } })).toThrow('program.outputs.0.name');
  });
});

test('cannot be endless or something else than JSON', () => {
  expect(() => parseJobFile(' '.repeat(300_000))).toThrow('at most 262144 are allowed');
  expect(() => parseJobFile('{')).toThrow('not JSON');
  expect(() => parseJobFile('null')).toThrow('(top level)');
});

describe('a container job', () => {
  const script = { type: 'script', base: 'scikit-learn', script: 'train.py' };
  const container = (program: Record<string, unknown>, changes: Record<string, unknown> = {}): ReturnType<typeof parseJobFile> =>
    parseJobFile(JSON.stringify({ ...good, inputs: { 'train.py': 'train.py' }, program: { kind: 'container', ...program }, ...changes }));
  const download = { name: 'data.csv', url: 'https://data.example/data.csv', sha256: 'ab'.repeat(32), bytes: 10 };

  test('is written with what it needs alone', () => {
    expect(container({ run: script }).program).toEqual({
      kind: 'container',
      run: { ...script, arguments: [], dependencies: [] },
      environment: {},
      downloads: [],
      checkpointEveryMs: null,
      resumeFrom: null,
    });
    const image = `registry.example/one@sha256:${'ab'.repeat(32)}`;
    expect(container({ run: { type: 'image', image } }).program).toMatchObject({ run: { type: 'image', image, command: [] } });
  });

  test('gives a spec that any agent reads', () => {
    const file = container({ run: script, downloads: [download] });
    const inputs = [{ name: 'train.py', cid: samples.sampleSpec.inputs[0]?.cid ?? '', bytes: 5 }];
    expect(jobSpec.parse(specOf(file, { network: 'devnet', nonce: '00'.repeat(16), inputs })).program).toEqual(file.program);
  });

  test.each([
    [{ run: { ...script, script: 'other.py' } }, {}, 'program.run.script: "other.py" is neither an input nor a download'],
    [{ run: script, resumeFrom: 'resume.tar' }, {}, 'program.resumeFrom: "resume.tar" is not an input'],
    [{ run: script, downloads: [{ ...download, name: 'train.py' }] }, {}, 'program.downloads.0.name: "train.py" is the name of an input'],
    [{ run: script, downloads: [download, download] }, {}, 'names of downloads must be distinct'],
    [{ run: script, downloads: [{ ...download, url: 'http://data.example/x' }] }, {}, 'must be an https URL on port 443'],
    [{ run: script, downloads: [{ ...download, url: 'https://me@data.example/x' }] }, {}, 'without a user name'],
    [{ run: script, downloads: [{ ...download, url: 'https://data.example:8443/x' }] }, {}, 'must be an https URL on port 443'],
    [{ run: script, downloads: [{ ...download, url: `https://${'a'.repeat(300)}/x` }] }, {}, 'a host of at most 255 characters'],
    [{ run: script, downloads: [{ ...download, url: 'https://%zz/x' }] }, {}, 'must name a host'],
    [{ run: script }, { replay: 'public' }, 'replay: must be "never": results of code are not replayed yet'],
    [{ run: script, checkpointEveryMs: 5_000 }, { delivery: 'sealed' }, 'program.checkpointEveryMs: must be null for a sealed delivery'],
    [{ run: script, checkpointEveryMs: 5 }, {}, 'program.checkpointEveryMs'],
    [{ run: { ...script, dependencies: ['numpy'] } }, {}, 'must name one exact version'],
    [{ run: { type: 'image', image: 'registry.example/one:latest' } }, {}, 'must be an image reference with a sha256 digest'],
    [{ run: script, environment: { LD_PRELOAD: 'x' } }, {}, 'program.environment.LD_PRELOAD: is set by the agent alone'],
    [{ run: script, environment: { PATH: 'x' } }, {}, 'is set by the agent alone'],
    [{ run: { ...script, arguments: ['a\0b'] } }, {}, 'must not hold NUL'],
  ])('cannot be %j with %j', (program, changes, part) => {
    expect(() => container(program, changes)).toThrow(part);
  });

  test('may be checked by equality, by a score, or not at all', () => {
    const evaluation = { graph: 'model.onnx', feeds: {}, batchSize: 1, metric: { name: 'accuracy', output: 'accuracy' } };
    const check = (value: unknown): string => container({ run: script }, { check: value }).check.type;
    expect(check({ type: 'equals', files: { 'anything.bin': 'expected.bin' } })).toBe('equals');
    expect(check({ type: 'score', evaluation, files: {}, atLeast: 0.9 })).toBe('score');
    expect(container({ run: script }).check.type).toBe('none');
  });
});

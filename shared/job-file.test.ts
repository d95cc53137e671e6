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

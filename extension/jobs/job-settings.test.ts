import { describe, expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { TEMPLATES } from '../templates/templates.ts';
import { checkJobFile, namedPaths, readSettings, writeSettings } from './job-settings.ts';

const settings = TEMPLATES[0]?.settings ?? [];
const text = JSON.stringify({
  version: 1,
  title: 'Digits',
  resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 20, gpus: 0 },
  timeLimitMs: 60_000,
  outputLimitBytes: 2 ** 20,
  budget: '5',
  inputs: { 'train.onnx': 'data/train.onnx', 'x.npy': 'data/x.npy' },
  program: {
    kind: 'onnx',
    graph: 'train.onnx',
    feeds: { x: { from: 'file', file: 'x.npy', rows: true }, learningRate: { from: 'value', dtype: 'float32', shape: [], values: [0.2] } },
    feedback: [],
    batches: null,
    epochs: 20,
    metrics: [],
    outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: true }],
    evaluate: null,
  },
  check: { type: 'equals', files: { 'y.npy': 'data/x.npy' } },
});

const words = en.jobs.settings;

describe('settings of a job file', () => {
  test('are read from it and written back unchanged', () => {
    const values = readSettings(text, settings);
    expect(values).toEqual({ title: 'Digits', budget: '5', timeLimit: '60', epochs: '20', learningRate: '0.2' });
    expect(JSON.parse(writeSettings(text, settings, values))).toEqual(JSON.parse(text));
  });

  test('change exactly their own fields', () => {
    const checked = checkJobFile(
      writeSettings(text, settings, { epochs: '3', learningRate: '0.5', budget: ' 2.5 ', timeLimit: '1.5' }),
      settings,
      words,
    );
    expect(checked.file).toMatchObject({
      title: 'Digits',
      timeLimitMs: 1_500,
      budgetBaseUnits: 2_500_000n,
      program: { epochs: 3, feeds: { learningRate: { values: [0.5] } } },
    });
  });

  test('a wrong one is named beside its own field, the rest line by line', () => {
    const wrong = {
      ...(JSON.parse(writeSettings(text, settings, { epochs: 'many', budget: '1,5', title: '' })) as object),
      outputLimitBytes: 'big',
    };
    const checked = checkJobFile(JSON.stringify(wrong), settings, words);
    if (checked.file !== null) throw new Error('it must not pass');
    expect(Object.keys(checked.bySetting).sort()).toEqual(['budget', 'epochs', 'title']);
    expect(checked.bySetting['budget']).toContain('decimal number of NTX');
    expect(checked.bySetting['epochs']).toBe('must be a whole number from 1 to 200');
    expect(checked.lines).toEqual([expect.stringContaining('outputLimitBytes: ') as string]);
  });

  test('a number outside of what the form allows is named too', () => {
    const checked = checkJobFile(writeSettings(text, settings, { epochs: '201', timeLimit: '0.5', learningRate: '-1' }), settings, words);
    expect(checked).toMatchObject({ file: null, lines: [] });
    if (checked.file === null) expect(Object.keys(checked.bySetting).sort()).toEqual(['epochs', 'learningRate', 'timeLimit']);
  });

  test('cannot write anywhere but into fields that the job file has', () => {
    const evil = [{ name: 'title' as const, kind: 'text' as const, path: ['__proto__', 'polluted'] }];
    writeSettings(text, evil, { title: 'yes' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const inference = JSON.stringify({ ...(JSON.parse(text) as object), program: {} });
    expect(writeSettings(inference, settings, { epochs: '3' })).not.toContain('epochs');
  });

  test('a file that is not JSON is said so', () => {
    expect(checkJobFile('{', settings, words)).toMatchObject({ file: null, lines: [expect.stringContaining('not JSON') as string] });
  });

  test('names each file once, those of the check included', () => {
    const { file } = checkJobFile(text, settings, words);
    expect(file === null ? [] : namedPaths(file)).toEqual(['data/train.onnx', 'data/x.npy']);
  });
});

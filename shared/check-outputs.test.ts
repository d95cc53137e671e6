// Whose files are the yardstick, and whose fault a check is that says no or cannot be run.
import { expect, test } from 'vitest';
import { checkOutputs, type CheckFiles } from './check-outputs.ts';
import { NunetError } from './errors.ts';
import type { OutputCheck } from './job-file.ts';
import { sampleManifest, sampleSpec } from './samples.ts';

const never = new AbortController().signal;
const manifest = sampleManifest('quote');
const output = manifest.outputs[0]!;
const evaluation = {
  graph: 'y.npy',
  feeds: { x: { from: 'file' as const, file: 'x.npy', rows: true } },
  batchSize: null,
  metric: { name: 'accuracy', output: 'accuracy' },
};
const scored = (files: Record<string, string> = {}): OutputCheck => ({ type: 'score', evaluation, files, atLeast: 0.9 });

/** Files are the texts of where they came from. */
const filesOf = (score: CheckFiles<string>['score'], own: Record<string, string> = {}): CheckFiles<string> => ({
  own: async (path) => ({ file: `own ${path}`, cid: own[path] ?? 'a cid' }),
  input: async (name) => (name === 'x.npy' ? 'input x.npy' : null),
  output: async ({ name }) => `output ${name}`,
  score,
});
const check = (wanted: OutputCheck, files: CheckFiles<string>, of = manifest) => checkOutputs(wanted, files, sampleSpec, of, never);

test('an output that reaches the mark is accepted, one below it is not, and the reason says both figures', async () => {
  const result = (score: number) =>
    check(
      scored(),
      filesOf(async () => score),
    );
  expect(await result(0.9)).toEqual({ accept: true, score: 0.9, detail: 'accuracy 0.9000, want at least 0.9' });
  expect(await result(0.4)).toMatchObject({ accept: false, score: 0.4 });
});

test('cannot bring a yardstick: own files come before inputs, and both before outputs', async () => {
  const cheat = { ...manifest, outputs: [output, { ...output, name: 'x.npy' }, { ...output, name: 'held-out.npy' }] };
  const seen: string[] = [];
  const look: CheckFiles<string>['score'] = async ({ file }) => {
    seen.push(file('x.npy'), file('held-out.npy'), file('y.npy'));
    return 1;
  };
  await check(scored({ 'held-out.npy': 'my/held-out.npy' }), filesOf(look), cheat);
  await check(scored({ 'held-out.npy': 'my/held-out.npy', 'x.npy': 'my/x.npy' }), filesOf(look), cheat);
  expect(seen).toEqual(['input x.npy', 'own my/held-out.npy', 'output y.npy', 'own my/x.npy', 'own my/held-out.npy', 'output y.npy']);
});

test('a model that cannot be scored is disputed; a machine that cannot score is an error and never a "no"', async () => {
  const failing = (code: string) =>
    check(
      scored(),
      filesOf(() => Promise.reject(new NunetError(code, 'so it is'))),
    );
  for (const code of ['graph-malformed', 'npy-invalid', 'program-failed', 'score-failed'])
    expect(await failing(code)).toEqual({ accept: false, score: null, detail: 'so it is' });
  for (const code of ['score-unavailable', 'sandbox-below-floor', 'file-incomplete'])
    await expect(failing(code)).rejects.toMatchObject({ code });
  const lost = filesOf(async ({ file }) => file('not there').length);
  await expect(check(scored(), lost)).rejects.toMatchObject({ code: 'check-file-missing' });
});

test('equal files are compared by their hash; a missing output is no equal one', async () => {
  const equals = (files: Record<string, string>): OutputCheck => ({ type: 'equals', files });
  const never = filesOf(() => Promise.reject(new Error('nothing is scored')), { 'right.npy': output.cid });
  expect(await check(equals({ 'y.npy': 'right.npy' }), never)).toMatchObject({ accept: true });
  expect(await check(equals({ 'y.npy': 'wrong.npy' }), never)).toMatchObject({ accept: false });
  expect(await check(equals({ 'z.npy': 'right.npy' }), never)).toMatchObject({ accept: false, detail: 'output z.npy is missing' });
  expect(await check({ type: 'none' }, never)).toMatchObject({ accept: true });
});

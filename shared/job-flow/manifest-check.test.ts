// What a signed manifest must say to be acknowledged; each refusal beside its honest twin.
import { describe, expect, test } from 'vitest';
import { cidOf, encode, rawCidOf } from '../encoding.ts';
import { outputRootOf, type Manifest, type OutputFile } from '../manifest.ts';
import * as samples from '../samples.ts';
import { manifestProblems } from './manifest-check.ts';

const honest = samples.sampleManifest(cidOf(encode('quote')));
const codes = (changes: Partial<Manifest>): string[] =>
  manifestProblems({ ...honest, ...changes }, samples.sampleQuote, samples.sampleSpec).map((problem) => problem.code);
const withOutputs = (outputs: OutputFile[]): Partial<Manifest> => ({
  outputs,
  delivery: { ...honest.delivery, root: outputRootOf(outputs) },
});
const output = honest.outputs[0]!;

test('takes an honest manifest', () => {
  expect(codes({})).toEqual([]);
});

describe('cannot be paid by a manifest', () => {
  test.each<[string, Partial<Manifest>, string]>([
    ['that asks for one base unit more', { payBaseUnits: honest.payBaseUnits + 1n }, 'manifest-pay'],
    ['that asks for less, which would settle another pay than computed', { payBaseUnits: honest.payBaseUnits - 1n }, 'manifest-pay'],
    ['that bills more than the limit', { billedMs: 60_001, payBaseUnits: 60_000n }, 'manifest-time'],
    ['that ended before it began', { finishedAt: honest.startedAt - 1 }, 'manifest-time'],
    ['delivered otherwise', { delivery: { ...honest.delivery, kind: 'sealed' } }, 'manifest-delivery'],
    ['with a key hash though open', { delivery: { ...honest.delivery, keyHash: '11'.repeat(32) } }, 'manifest-delivery'],
    ['from a weaker sandbox', { sandbox: 'limits' }, 'manifest-sandbox'],
    ['with another root', { delivery: { ...honest.delivery, root: rawCidOf(Uint8Array.of(1)) } }, 'manifest-root'],
    ['without its outputs', withOutputs([]), 'manifest-outputs'],
    ['with an output twice', withOutputs([output, output]), 'manifest-outputs'],
    ['with an output that nobody asked for', withOutputs([output, { ...output, name: 'extra.npy' }]), 'manifest-outputs'],
    ['with more bytes than allowed', withOutputs([{ ...output, bytes: 2 ** 20 + 1 }]), 'manifest-outputs'],
  ])('%s', (_, changes, code) => {
    expect(new Set(codes(changes))).toEqual(new Set([code]));
  });

  test('and a better sandbox is no reason to refuse', () => {
    expect(codes({ sandbox: 'container' })).toEqual([]);
  });

  test('a fault needs no outputs, but its figures must still add up', () => {
    const exit = { kind: 'jobFault' as const, code: 'crashed', message: 'it crashed' };
    expect(codes({ ...withOutputs([]), exit })).toEqual([]);
    expect(codes({ ...withOutputs([]), exit, payBaseUnits: 1n })).toEqual(['manifest-pay']);
  });
});

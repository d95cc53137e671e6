import { expect, test } from 'vitest';
import { sealedFixture } from '../sealed/fixtures.ts';
import { sampleManifest } from '../samples.ts';
import { areSealed, readableOutputs } from './readable-outputs.ts';

const signed = <T>(body: T) => ({ body, cid: '', envelope: new Uint8Array() });

test('open outputs are readable as the manifest names them', () => {
  const manifest = sampleManifest('');
  expect(readableOutputs({ manifest: signed(manifest) })).toEqual(manifest.outputs);
  expect(areSealed({ manifest: signed(manifest) })).toBe(false);
  expect(readableOutputs({})).toEqual([]);
});

test('cannot show ciphertext as a result: of sealed outputs only the opened ones are readable', async () => {
  const { manifest } = await sealedFixture('5a'.repeat(32), { 'y.npy': Uint8Array.of(1) });
  expect(readableOutputs({ manifest: signed(manifest) })).toEqual([]);
  expect(areSealed({ manifest: signed(manifest) })).toBe(true);
  const opened = [{ name: 'y.npy', cid: 'bafyplain', bytes: 1 }];
  expect(readableOutputs({ manifest: signed(manifest), opened })).toEqual(opened);
  expect(areSealed({ manifest: signed(manifest), opened })).toBe(false);
});

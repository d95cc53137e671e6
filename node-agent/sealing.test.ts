// Sealing and opening on a real disk: what the agent serves is ciphertext of its own folder alone, the same however often it is made.
import { mkdtemp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf, encode, decode } from '@nunet/shared/encoding.ts';
import { cutFile } from '@nunet/shared/file-dag.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { sampleManifest } from '@nunet/shared/samples.ts';
import { deliveryProblem, sealedFiles } from '@nunet/shared/sealed/manifest-delivery.ts';
import { wrongPlaintextProblem, wrongPlaintext, MAX_WRONG_PLAINTEXT_BYTES } from '@nunet/shared/sealed/wrong-plaintext.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBlobStore, type BlobStore } from './blobs.ts';
import { openInto } from './opening.ts';
import { sealOutputs } from './sealing.ts';

const K = '5a'.repeat(32);
const QUOTE_CID = cidOf(encode('a quote'));
const { jobId } = sampleManifest(QUOTE_CID);
const signal = new AbortController().signal;
const model = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 13 + (i >> 9)) & 255);

let folder: string;
let store: BlobStore;
let work: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealing-'));
  store = await openBlobStore({ root: join(folder, 'blobs'), maxBytes: 2 ** 22 });
  work = join(folder, 'work');
  await mkdir(work);
  await writeFile(join(work, 'model.onnx'), model);
  await writeFile(join(work, 'empty.txt'), '');
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const outputs = () => ['model.onnx', 'empty.txt'].map((name) => ({ name, path: join(work, name) }));
const seal = async (): Promise<Manifest> => ({
  ...sampleManifest(QUOTE_CID),
  ...(await sealOutputs(K, jobId, outputs(), { workDir: work, store })),
});

it('seals files into the store, and opens them into another folder as they were', async () => {
  const manifest = await seal();
  expect(deliveryProblem(manifest)).toBeNull();
  const opening = await openInto(join(folder, 'opened'), store, manifest, K, signal);
  if (opening.type !== 'opened') throw new Error('it did not open');
  expect(opening.outputs).toEqual([
    { name: 'empty.txt', bytes: 0, cid: cutFile(new Uint8Array()).cid },
    { name: 'model.onnx', bytes: model.length, cid: cutFile(model).cid },
  ]);
  expect(Buffer.compare(await readFile(join(folder, 'opened', 'model.onnx')), model)).toBe(0);
});

it('gives the same manifest when it is done again after a kill, also half way', async () => {
  const first = await seal();
  await writeFile(join(work, 'sealed', 'model.onnx'), 'half');
  expect(await seal()).toEqual(first);
});

it('cannot be asked for a readable block: the store holds ciphertext and commitments alone', async () => {
  const manifest = await seal();
  for (const cid of [cutFile(model).cid, ...cutFile(model).node.blocks]) expect(await store.read(jobId, cid)).toBeNull();
  expect(
    store
      .files(jobId)
      .map(({ cid }) => cid)
      .sort(),
  ).toEqual(
    sealedFiles(manifest)
      .map(({ cid }) => cid)
      .sort(),
  );
});

it("cannot be led out of the job's own folder", async () => {
  await writeFile(join(folder, 'secret'), 'of the owner');
  await rm(join(work, 'model.onnx'));
  await symlink(join(folder, 'secret'), join(work, 'model.onnx'));
  await expect(seal()).rejects.toMatchObject({ code: 'file-outside' });
});

it('a wrong block leaves no file behind and gives the proof', async () => {
  const honest = await seal();
  // The agent sealed under K and names another key in its manifest: every block is wrong.
  const other = '5b'.repeat(32);
  const { keyHash } = (await sealOutputs(other, jobId, outputs(), { workDir: work, store })).delivery;
  const manifest = { ...honest, delivery: { ...honest.delivery, keyHash } };
  await seal();
  const opening = await openInto(join(folder, 'opened'), store, manifest, other, signal);
  if (opening.type !== 'wrong') throw new Error('it opened');
  const proof = decode(wrongPlaintext, opening.proof, { name: 'proof', maxBytes: MAX_WRONG_PLAINTEXT_BYTES });
  expect(await wrongPlaintextProblem(proof, { body: manifest, cid: cidOf(encode(manifest)) })).toBeNull();
  await expect(readFile(join(folder, 'opened', 'empty.txt'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(openInto(join(folder, 'opened'), store, honest, other, signal)).rejects.toMatchObject({ code: 'key-wrong' });
});

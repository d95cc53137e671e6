// From dropped files to a job: the same hashes as the command line makes, and every wrong thing named before anything is kept.
import { encodeFileNode, cutFile } from '@nunet/shared/file-dag.ts';
import { readJob } from '@nunet/shared/job-flow/job-record.ts';
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import { sampleAddress, samplePeerId, sampleRecord, sampleSigner } from '@nunet/shared/samples.ts';
import { describe, expect, test } from 'vitest';
import { prepareJob } from './prepare-job.ts';

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
const parts = {
  record: sampleRecord,
  peerId: samplePeerId('service provider'),
  address: sampleAddress('service provider'),
  voucherKey: sampleSigner('job key').publicKey,
  random,
  now: 1,
  signal: AbortSignal.timeout(30_000),
};

const builder = new GraphBuilder();
builder.node('Neg', ['x'], 'y');
const rows = { dtype: 'float32', shape: ['N', 2] } as const;
const graph = builder.model('negate', [{ name: 'x', ...rows }], [{ name: 'y', ...rows }]);
const x = writeNpy({ dtype: 'float32', shape: [2, 2], data: new Uint8Array(16) });
const expected = writeNpy({ dtype: 'float32', shape: [2, 2], data: new Uint8Array(16).fill(1) });

const job = {
  version: 1,
  title: 'negate',
  resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 20, gpus: 0 },
  timeLimitMs: 1_000,
  outputLimitBytes: 2 ** 20,
  budget: '1.5',
  inputs: { 'graph.onnx': 'model/graph.onnx', 'x.npy': 'x.npy' },
  program: {
    kind: 'onnx',
    graph: 'graph.onnx',
    feeds: { x: { from: 'file', file: 'x.npy', rows: true } },
    feedback: [],
    batches: null,
    epochs: 1,
    metrics: [],
    outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: false }],
    evaluate: null,
  },
  check: { type: 'equals', files: { 'y.npy': 'yardsticks/y.npy' } },
};
const blob = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);
const given = (more: Record<string, Uint8Array> = {}): Map<string, Blob> =>
  new Map(
    Object.entries({ 'model/graph.onnx': graph, 'x.npy': x, 'yardsticks/y.npy': expected, ...more }).map(([path, bytes]) => [
      path,
      blob(bytes),
    ]),
  );
const prepare = (changes: object = {}, files = given()) => prepareJob(JSON.stringify({ ...job, ...changes }), files, parts);

describe('a job', () => {
  test('opens with the hashes that the node agent would make of its files', async () => {
    const prepared = await prepare();
    expect(prepared.spec.inputs).toEqual([
      { name: 'graph.onnx', cid: cutFile(graph).cid, bytes: graph.length },
      { name: 'x.npy', cid: cutFile(x).cid, bytes: x.length },
    ]);
    expect(prepared.checkFiles).toEqual({ 'yardsticks/y.npy': cutFile(expected).cid });
    expect([...prepared.files.keys()].sort()).toEqual([graph, x, expected].map((bytes) => cutFile(bytes).cid).sort());
    for (const [cid, { node }] of prepared.files) expect(encodeFileNode({ ...nodeOf(cid) }).bytes).toEqual(node);
    const record = readJob([prepared.entry]);
    expect(record).toMatchObject({ jobId: prepared.jobId, job: 'draft', lock: null, budgetBaseUnits: 1_500_000n });
    expect(record?.request.voucherKey).toBe(parts.voucherKey);
    expect(record?.request.work).toMatchObject({ kind: 'onnx', graph: { operators: ['Neg'] } });
  });

  test('is another one each time', async () => {
    const [one, two] = [await prepare(), await prepare()];
    expect(one.jobId).not.toBe(two.jobId);
  });

  test('cannot be opened with a wrong graph, a cut tensor or a missing yardstick', async () => {
    await expect(prepare({}, given({ 'model/graph.onnx': graph.slice(0, 20) }))).rejects.toMatchObject({ code: 'graph-malformed' });
    await expect(prepare({}, given({ 'x.npy': x.slice(0, -1) }))).rejects.toMatchObject({ code: 'npy-invalid' });
    const lacking = given();
    lacking.delete('yardsticks/y.npy');
    await expect(prepare({}, lacking)).rejects.toThrow('check.files.y.npy: yardsticks/y.npy was not given');
    await expect(prepare({ budget: 'much' })).rejects.toMatchObject({ code: 'job-file-invalid' });
  });

  test('cannot be larger than a browser keeps', async () => {
    const huge = given();
    huge.set('x.npy', { size: 5 * 2 ** 30, slice: () => blob(x) } as unknown as Blob);
    await expect(prepare({}, huge)).rejects.toThrow('at most 4294967296 are kept');
  });
});

const nodeOf = (cid: string) => [graph, x, expected].map((bytes) => cutFile(bytes)).find((file) => file.cid === cid)!.node;

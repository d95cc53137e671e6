// Models that mean harm: external data, an operator of its own; and a model that carries a note.
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { joined, writeBytes, writeNumber, writeText } from '@nunet/shared/onnx/protobuf.ts';
import { doublingJob, type TestJob } from './conformance-jobs.ts';

/** A graph whose constant keeps its bytes in another file. TensorProto: external_data 13 {key 1, value 2}, data_location 14. */
function externalDataGraph(location: string): Uint8Array {
  const tensor = joined([
    writeNumber(1, 4),
    writeNumber(2, 1),
    writeText(8, 'stolen'),
    writeBytes(13, joined([writeText(1, 'location'), writeText(2, location)])),
    writeNumber(14, 1),
  ]);
  const graph = new GraphBuilder();
  graph.node('Identity', ['stolen'], 'y');
  const model = graph.graph('g', [], [{ name: 'y', dtype: 'float32', shape: [4] }]);
  const opset = joined([writeText(1, ''), writeNumber(2, 17)]);
  return joined([writeNumber(1, 8), writeBytes(7, joined([model, writeBytes(5, tensor)])), writeBytes(8, opset)]);
}

export const externalDataJob = (location: string): TestJob => ({
  ...doublingJob(),
  files: { 'graph.onnx': externalDataGraph(location) },
  program: {
    ...doublingJob().program,
    feeds: {},
    feedback: [],
    batches: null,
    epochs: 1,
    metrics: [],
    outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: false }],
  },
});

export function ownOperatorJob(): TestJob {
  const graph = new GraphBuilder();
  graph.node('RunShell', ['x'], 'y');
  const row = { dtype: 'float32' as const, shape: [1] };
  return {
    ...doublingJob(),
    files: { ...doublingJob().files, 'graph.onnx': graph.model('g', [{ name: 'x', ...row }], [{ name: 'y', ...row }]) },
  };
}

/** ModelProto: doc_string 6. */
export const withNote = (model: Uint8Array, note: string): Uint8Array => joined([model, writeText(6, note)]);

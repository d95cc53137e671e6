// The 784-128-10 network as plain ONNX operators: one step of gradient descent, and the graph that scores and uses the trained weights.
import { PIXELS } from './mnist-digits.ts';
import { GraphBuilder, type Value } from '@nunet/shared/onnx/build.ts';

const HIDDEN = 128;
const CLASSES = 10;

/** The state that training feeds back, in order. */
export const WEIGHTS = [
  { name: 'w1', shape: [PIXELS, HIDDEN] },
  { name: 'b1', shape: [HIDDEN] },
  { name: 'w2', shape: [HIDDEN, CLASSES] },
  { name: 'b2', shape: [CLASSES] },
] as const;

const weightInputs: Value[] = WEIGHTS.map(({ name, shape }) => ({ name, dtype: 'float32', shape }));

/** TensorProto.DataType */
const FLOAT = 1;
const INT64 = 7;

/** x (bytes) -> pixels 0 to 1 -> hidden -> logits. */
function forward(graph: GraphBuilder): void {
  graph.node('Cast', ['x'], 'xFloat', { to: FLOAT });
  graph.node('Div', ['xFloat', graph.constant('c255', 'float32', [], [255])], 'pixels');
  graph.node('Gemm', ['pixels', 'w1', 'b1'], 'beforeRelu');
  graph.node('Relu', ['beforeRelu'], 'hidden');
  graph.node('Gemm', ['hidden', 'w2', 'b2'], 'logits');
}

function accuracy(graph: GraphBuilder): void {
  graph.node('Cast', ['y'], 'labels', { to: INT64 });
  graph.node('ArgMax', ['logits'], 'guesses', { axis: 1, keepdims: 0 });
  graph.node('Equal', ['guesses', 'labels'], 'hits');
  graph.node('Cast', ['hits'], 'hitsFloat', { to: FLOAT });
  graph.node('ReduceMean', ['hitsFloat'], 'accuracy', { keepdims: 0 });
}

/** One step: forward, cross-entropy loss, gradients by hand, weights minus learning rate times gradient. */
export function trainingGraph(): Uint8Array {
  const graph = new GraphBuilder();
  forward(graph);
  accuracy(graph);
  const depth = graph.constant('classes', 'int64', [1], [CLASSES]);
  graph.node('OneHot', ['labels', depth, graph.constant('offOn', 'float32', [2], [0, 1])], 'oneHot', { axis: 1 });
  graph.node('LogSoftmax', ['logits'], 'logProbabilities', { axis: 1 });
  graph.node('Mul', ['oneHot', 'logProbabilities'], 'rightLog');
  const lastAxis = graph.constant('axis1', 'int64', [1], [1]);
  graph.node('ReduceSum', ['rightLog', lastAxis], 'rowLog', { keepdims: 0 });
  graph.node('ReduceMean', ['rowLog'], 'meanLog', { keepdims: 0 });
  graph.node('Neg', ['meanLog'], 'loss');

  graph.node('Exp', ['logProbabilities'], 'probabilities');
  graph.node('Sub', ['probabilities', 'oneHot'], 'error');
  graph.node('Size', ['y'], 'rows');
  graph.node('Cast', ['rows'], 'rowsFloat', { to: FLOAT });
  graph.node('Div', ['error', 'rowsFloat'], 'dLogits');
  const firstAxis = graph.constant('axis0', 'int64', [1], [0]);
  graph.node('Gemm', ['hidden', 'dLogits'], 'dw2', { transA: 1 });
  graph.node('ReduceSum', ['dLogits', firstAxis], 'db2', { keepdims: 0 });
  graph.node('Gemm', ['dLogits', 'w2'], 'dHidden', { transB: 1 });
  graph.node('Sign', ['hidden'], 'active');
  graph.node('Mul', ['dHidden', 'active'], 'dBeforeRelu');
  graph.node('Gemm', ['pixels', 'dBeforeRelu'], 'dw1', { transA: 1 });
  graph.node('ReduceSum', ['dBeforeRelu', firstAxis], 'db1', { keepdims: 0 });
  for (const { name } of WEIGHTS) {
    graph.node('Mul', [`d${name}`, 'learningRate'], `${name}Step`);
    graph.node('Sub', [name, `${name}Step`], `${name}Next`);
  }
  return graph.model(
    'train',
    [
      { name: 'x', dtype: 'uint8', shape: ['rows', PIXELS] },
      { name: 'y', dtype: 'uint8', shape: ['rows'] },
      { name: 'learningRate', dtype: 'float32', shape: [] },
      ...weightInputs,
    ],
    [
      { name: 'loss', dtype: 'float32', shape: [] },
      { name: 'accuracy', dtype: 'float32', shape: [] },
      ...WEIGHTS.map(({ name, shape }): Value => ({ name: `${name}Next`, dtype: 'float32', shape })),
    ],
  );
}

/** Images (and labels, for the accuracy) -> logits. Without labels it is the plain classifier: y has a default. */
export function classifierGraph(): Uint8Array {
  const graph = new GraphBuilder();
  forward(graph);
  accuracy(graph);
  graph.constant('y', 'uint8', [1], [0]);
  return graph.model(
    'classify',
    [{ name: 'x', dtype: 'uint8', shape: ['rows', PIXELS] }, { name: 'y', dtype: 'uint8', shape: ['labels'] }, ...weightInputs],
    [
      { name: 'logits', dtype: 'float32', shape: ['rows', CLASSES] },
      { name: 'accuracy', dtype: 'float32', shape: [] },
    ],
  );
}

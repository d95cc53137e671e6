// Reading graphs: what is found, what is refused, and that no bytes crash or hang the reader.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NunetError } from '../errors.ts';
import { graphSummary } from '../onnx-graph-summary.ts';
import { GraphBuilder, type Value } from './build.ts';
import { graphProblems } from './graph-problems.ts';
import { readGraphDetails, summarizeGraph } from './graph.ts';
import { withInitializers, withoutDefaults } from './model-write.ts';
import { joined, writeBytes, writeNumber, writeText, writeVarint } from './protobuf.ts';

const x: Value = { name: 'x', dtype: 'float32', shape: ['rows', 4] };
const y: Value = { name: 'y', dtype: 'float32', shape: ['rows', 2] };

/** x · w + b, w an initializer, b an input. */
function linear(): Uint8Array {
  const graph = new GraphBuilder();
  graph.constant('w', 'float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  graph.node('Gemm', ['x', 'w', 'b'], 'y');
  return graph.model('linear', [x, { name: 'b', dtype: 'float32', shape: [2] }], [y]);
}

/** If inside If, `depth` times. */
function nested(depth: number): Uint8Array {
  let body: Uint8Array | null = null;
  for (let i = 0; i <= depth; i++) {
    const graph = new GraphBuilder();
    if (body === null) graph.node('Identity', ['x'], 'y');
    else graph.node('If', ['c'], 'y', { then_branch: body, else_branch: body });
    if (i === depth) return graph.model('nested', [x], [y]);
    body = graph.graph('body', [], [y]);
  }
  throw new Error('depth must not be negative');
}

const modelOf = (graph: Uint8Array, ...more: Uint8Array[]): Uint8Array =>
  joined([writeNumber(1, 8), writeBytes(7, graph), writeBytes(8, joined([writeText(1, ''), writeNumber(2, 17)])), ...more]);

describe('readGraphDetails', () => {
  test('names what goes in, what comes out and what is inside', () => {
    const details = readGraphDetails(linear());
    expect(details.operators).toEqual(['Gemm']);
    expect(details.inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: [null, 4] },
      { name: 'b', dtype: 'float32', shape: [2] },
    ]);
    expect(details.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [null, 2] }]);
    expect(details.initializers).toEqual([{ name: 'w', dtype: 'float32', shape: [4, 2] }]);
    expect(details.externalData).toBe(false);
    expect(details.opsets.get('')).toBe(17);
  });

  test('finds operators in subgraphs', () => {
    expect(readGraphDetails(nested(3)).operators).toEqual(['Identity', 'If']);
  });

  test('cannot be sent down a bottomless graph', () => {
    // Doubling at each level, so a deep one is large too: 2^17 bodies.
    expect(() => readGraphDetails(nested(17))).toThrow(/over 16 deep|over 200000 nodes/);
  });

  test('cannot be crashed by random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          summarizeGraph(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(NunetError);
        }
      }),
    );
  });

  test('cannot be crashed by a real graph with bytes changed or cut, and says yes only in the closed type', () => {
    const good = nested(3);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }), fc.nat(), (changes, cut) => {
        const bytes = Uint8Array.from(good);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          graphSummary.parse(summarizeGraph(bytes.subarray(0, bytes.length - (cut % bytes.length))));
        } catch (error) {
          expect(error).toBeInstanceOf(NunetError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('cannot be shown one graph while another runs', () => {
    const graph = new GraphBuilder();
    graph.node('Identity', ['x'], 'y');
    const bytes = graph.graph('g', [x], [y]);
    expect(() => readGraphDetails(modelOf(bytes, writeBytes(7, bytes)))).toThrow(/two graphs/);
  });

  test("cannot be a second graph in the runtime's own format under the same bytes", () => {
    // A skipped text field that covers the mark at offset 4: protobuf does not mind.
    const mark = joined([writeVarint(3 * 8 + 2), Uint8Array.of(8, 0, 0), new TextEncoder().encode('ORTM'), new Uint8Array(2)]);
    expect(readGraphDetails(joined([writeText(3, 'honest'), linear()])).operators).toEqual(['Gemm']);
    expect(() => readGraphDetails(joined([mark, linear()]))).toThrow(/ORT format/);
  });

  test.each([
    ['a data location', writeNumber(14, 1)],
    // Readers that keep 32 bits of an enumeration would see 1 here.
    ['a data location above 32 bits', writeNumber(14, 2 ** 32 + 1)],
    ['an entry of external data', writeBytes(13, joined([writeText(1, 'location'), writeText(2, '/etc/passwd')]))],
  ])('cannot hide external data behind %s, wherever the tensor is', (_, part) => {
    const tensor = joined([writeNumber(1, 1), writeNumber(2, 1), writeText(8, 't'), part]);
    const attribute = joined([writeText(1, 'value'), writeBytes(5, tensor), writeNumber(20, 4)]);
    const node = joined([writeText(2, 'y'), writeText(4, 'Constant'), writeBytes(5, attribute)]);
    const sparse = writeBytes(1, tensor);
    for (const graph of [writeBytes(5, tensor), writeBytes(1, node), writeBytes(15, sparse)]) {
      const summary = summarizeGraph(modelOf(graph));
      expect(summary.externalData).toBe(true);
      expect(graphProblems(summary)[0]?.code).toBe('graph-external-data');
    }
  });

  test('cannot bring operators as functions of its own', () => {
    expect(() => readGraphDetails(modelOf(new Uint8Array(0), writeBytes(25, writeText(1, 'f'))))).toThrow(/inline them/);
  });

  test.each([
    ['no bytes', new Uint8Array(0), /no graph/],
    ['a group', Uint8Array.of(0x0b), /wire type 3/],
    ['a length over the end', joined([writeVarint(7 * 8 + 2), writeVarint(100)]), /over the end/],
    ['an endless number', new Uint8Array(20).fill(255), /ten bytes/],
    ['field number 0', Uint8Array.of(2, 0), /field number 0/],
  ])('cannot read %s', (_, bytes, message) => {
    expect(() => readGraphDetails(bytes)).toThrow(message);
  });
});

describe('graphProblems', () => {
  const summary = summarizeGraph(linear());
  test('finds none in a graph that runs', () => {
    expect(graphProblems(summary)).toEqual([]);
  });
  test.each([
    ['graph-too-large', { bytes: 65 * 2 ** 20 }],
    ['graph-external-data', { externalData: true }],
    ['graph-opset', { opset: 27 }],
    ['graph-opset', { opset: 6 }],
    ['graph-operator', { operators: ['Gemm', 'com.example:Shell'] }],
    ['graph-operator', { operators: ['Gemm', 'com.microsoft:Gemm'] }],
  ])('cannot pass with %s', (code, part) => {
    const problems = graphProblems({ ...summary, ...part });
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    expect(problems[0]?.message.length).toBeLessThanOrEqual(500);
  });
  test("keeps an agent's own smaller limit", () => {
    expect(graphProblems(summary, { maxBytes: 10 }).map((problem) => problem.code)).toEqual(['graph-too-large']);
  });
});

describe('withInitializers', () => {
  const tensor = { dtype: 'float32' as const, shape: [2], data: new Uint8Array(Float32Array.of(5, 6).buffer) };
  test('turns an input into a constant and leaves all else as it was', () => {
    const details = readGraphDetails(withInitializers(linear(), new Map([['b', tensor]])));
    expect(details.inputs.map((input) => input.name)).toEqual(['x']);
    expect(details.initializers.map((initializer) => initializer.name)).toEqual(['w', 'b']);
    expect(details.operators).toEqual(['Gemm']);
  });
  test('replaces a constant instead of adding a second', () => {
    const details = readGraphDetails(withInitializers(linear(), new Map([['w', tensor]])));
    expect(details.initializers).toEqual([{ name: 'w', dtype: 'float32', shape: [2] }]);
  });
  test('cannot write under a name that the graph does not have', () => {
    expect(() => withInitializers(linear(), new Map([['z', tensor]]))).toThrow(/"z" is neither/);
  });
});

test('withoutDefaults takes the default of a fed input and nothing else', () => {
  expect(withoutDefaults(linear(), new Set(['x', 'b']))).toEqual(linear());
  expect(readGraphDetails(withoutDefaults(linear(), new Set(['w']))).initializers).toEqual([]);
});

// Reads an ONNX file as data: what it computes with, what goes in and out. Bounded in time, memory and depth for hostile files.
// Format: onnx.proto of ONNX 1.19 (field numbers beside each reader).
import { rawCidOf } from '../encoding.ts';
import { NunetError } from '../errors.ts';
import type { GraphSummary } from '../onnx-graph-summary.ts';
import { MAX_GRAPH_BYTES } from '../onnx-program.ts';
import { dtypeOfNumber } from './data-type.ts';
import type { Dtype } from './npy.ts';
import { bytesField, fieldsOf, malformed, textField, varintsOf } from './protobuf.ts';

/** Subgraphs inside subgraphs (If, Loop, Scan): deeper than any exporter writes, far from any stack's end. */
const MAX_DEPTH = 16;
const MAX_NODES = 200_000;
const MAX_VALUES = 100_000;
const MAX_OPERATORS = 400;
const MAX_NAME_BYTES = 2048;

/** A tensor that goes in or out. `dtype` null: not a type that travels; a dimension null: any; `shape` null: any rank. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: Dtype | null;
  readonly shape: readonly (number | null)[] | null;
}

export interface GraphDetails {
  readonly bytes: number;
  /** Domain -> version; the default domain is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Of the graph and all its subgraphs, sorted and distinct. */
  readonly operators: readonly string[];
  readonly externalData: boolean;
  readonly nodes: number;
  /** Inputs that a run must or may feed; one with an initializer of the same name has a default. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly initializers: readonly GraphValue[];
}

const safeDimension = (value: number): number | null => (Number.isSafeInteger(value) ? value : null);

interface Found {
  readonly operators: Set<string>;
  externalData: boolean;
  nodes: number;
  values: number;
}

/** TensorProto: dims 1, data_type 2, name 8, external_data 13, data_location 14. */
function readTensor(bytes: Uint8Array, found: Found): GraphValue {
  let name = '';
  let type = 0;
  const shape: (number | null)[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) shape.push(...varintsOf(field, 64).map(safeDimension));
    else if (field.number === 2) type = field.value;
    else if (field.number === 8) name = textField(field, MAX_NAME_BYTES);
    // Any location but DEFAULT, and any entry at all: a reader that truncates the number must not see what this one does not.
    else if (field.number === 13 || (field.number === 14 && field.value !== 0)) found.externalData = true;
    if (shape.length > 64) throw malformed('a tensor of over 64 dimensions');
  }
  return { name, dtype: dtypeOfNumber(type), shape };
}

/** SparseTensorProto: values 1, indices 2. */
function readSparseTensor(bytes: Uint8Array, found: Found): void {
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 || field.number === 2) readTensor(bytesField(field), found);
  }
}

/** ValueInfoProto: name 1, type 2. TypeProto: tensor_type 1. Tensor: elem_type 1, shape 2. Shape: dim 1. Dimension: dim_value 1. */
function readValue(bytes: Uint8Array): GraphValue {
  let name = '';
  let dtype: Dtype | null = null;
  let shape: (number | null)[] | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = textField(field, MAX_NAME_BYTES);
    if (field.number !== 2) continue;
    for (const type of fieldsOf(bytesField(field))) {
      if (type.number !== 1) continue;
      for (const tensor of fieldsOf(bytesField(type))) {
        if (tensor.number === 1) dtype = dtypeOfNumber(tensor.value);
        if (tensor.number !== 2) continue;
        shape = [];
        for (const dimension of fieldsOf(bytesField(tensor))) {
          if (dimension.number !== 1) continue;
          if (shape.length >= 64) throw malformed('a value of over 64 dimensions');
          let size: number | null = null;
          for (const part of fieldsOf(bytesField(dimension))) if (part.number === 1) size = safeDimension(part.value);
          shape.push(size);
        }
      }
    }
  }
  return { name, dtype, shape };
}

/** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
function readAttribute(bytes: Uint8Array, found: Found, depth: number): void {
  for (const field of fieldsOf(bytes)) {
    if (field.number === 5 || field.number === 10) readTensor(bytesField(field), found);
    else if (field.number === 6 || field.number === 11) readGraph(bytesField(field), found, depth + 1);
    else if (field.number === 22 || field.number === 23) readSparseTensor(bytesField(field), found);
  }
}

/** NodeProto: op_type 4, attribute 5, domain 7. */
function readNode(bytes: Uint8Array, found: Found, depth: number): void {
  found.nodes += 1;
  if (found.nodes > MAX_NODES) throw malformed(`over ${MAX_NODES} nodes`);
  let type = '';
  let domain = '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 4) type = textField(field, 120);
    else if (field.number === 5) readAttribute(bytesField(field), found, depth);
    else if (field.number === 7) domain = textField(field, 120);
  }
  const operator = domain === '' || domain === 'ai.onnx' ? type : `${domain}:${type}`;
  if (!/^[A-Za-z0-9_.:-]{1,120}$/.test(operator)) throw malformed('an operator with an impossible name');
  found.operators.add(operator);
  if (found.operators.size > MAX_OPERATORS) throw malformed(`over ${MAX_OPERATORS} different operators`);
}

/** GraphProto: node 1, initializer 5, input 11, output 12, sparse_initializer 15. */
function readGraph(bytes: Uint8Array, found: Found, depth: number): Pick<GraphDetails, 'inputs' | 'outputs' | 'initializers'> {
  if (depth > MAX_DEPTH) throw malformed(`subgraphs over ${MAX_DEPTH} deep`);
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  const initializers: GraphValue[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) readNode(bytesField(field), found, depth);
    if (![5, 11, 12, 15].includes(field.number)) continue;
    found.values += 1;
    if (found.values > MAX_VALUES) throw malformed(`over ${MAX_VALUES} inputs, outputs and initializers`);
    const value = bytesField(field);
    if (field.number === 5) initializers.push(readTensor(value, found));
    else if (field.number === 11) inputs.push(readValue(value));
    else if (field.number === 12) outputs.push(readValue(value));
    else readSparseTensor(value, found);
  }
  return { inputs, outputs, initializers };
}

/**
 * Reads an ONNX file (ModelProto: graph 7, opset_import 8, functions 25). Throws `graph-too-large`, `graph-malformed`
 * or `graph-functions`.
 */
export function readGraphDetails(bytes: Uint8Array): GraphDetails {
  if (bytes.length > MAX_GRAPH_BYTES) {
    throw new NunetError('graph-too-large', `Cannot read the graph: ${bytes.length} bytes, at most ${MAX_GRAPH_BYTES}`);
  }
  // onnxruntime reads bytes with this mark at offset 4 as its own flatbuffer format: one file could be two graphs.
  if (String.fromCharCode(...bytes.subarray(4, 8)) === 'ORTM') throw malformed('it is in the ORT format, or pretends to be; want ONNX');
  const found: Found = { operators: new Set(), externalData: false, nodes: 0, values: 0 };
  const opsets = new Map<string, number>();
  let graph: Pick<GraphDetails, 'inputs' | 'outputs' | 'initializers'> | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 7) {
      // Protobuf merges a repeated message; reading one of two would check something else than what runs.
      if (graph !== null) throw malformed('it holds two graphs');
      graph = readGraph(bytesField(field), found, 0);
    } else if (field.number === 8) {
      let domain = '';
      let version = 0;
      // OperatorSetIdProto: domain 1, version 2.
      for (const part of fieldsOf(bytesField(field))) {
        if (part.number === 1) domain = textField(part, 120);
        else if (part.number === 2) version = part.value;
      }
      opsets.set(domain === 'ai.onnx' ? '' : domain, version);
      if (opsets.size > 64) throw malformed('over 64 operator sets');
    } else if (field.number === 25) {
      throw new NunetError('graph-functions', 'Cannot take the graph: it defines functions of its own; inline them (onnx.inliner) first');
    }
  }
  if (graph === null) throw malformed('it holds no graph');
  return {
    bytes: bytes.length,
    opsets,
    operators: [...found.operators].sort(),
    externalData: found.externalData,
    nodes: found.nodes,
    ...graph,
  };
}

/** What a quote request says of a graph, all but its CID. Throws `graph-malformed` without a default operator set. */
export function graphFacts({ bytes, opsets, operators, externalData }: GraphDetails): Omit<GraphSummary, 'cid'> {
  const opset = opsets.get('');
  if (opset === undefined || !Number.isSafeInteger(opset) || opset < 1 || opset > 1000) throw malformed('it names no usable operator set');
  return { bytes, opset, operators: [...operators], externalData };
}

/**
 * What a quote request says of a graph. `cidOf` is `rawCidOf` by the platform's own sha2-256, where it has one: 2.3 MB take 20 ms in
 * JavaScript. Throws as `readGraphDetails` and `graphFacts`.
 */
export function summarizeGraph(bytes: Uint8Array, cidOf: (bytes: Uint8Array) => string = rawCidOf): GraphSummary {
  const facts = graphFacts(readGraphDetails(bytes));
  return { cid: cidOf(bytes), ...facts };
}

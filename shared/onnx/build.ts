// Builds small ONNX graphs operator by operator: what a person would otherwise export from a framework. Field numbers of onnx.proto.
import { dataTypeNumber } from './data-type.ts';
import type { Dtype } from './npy.ts';
import { joined, writeBytes, writeNumber, writeText } from './protobuf.ts';

const OPSET = 17;
const IR_VERSION = 8;

/** A dimension by name is free. */
export interface Value {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly (number | string)[];
}

/** ValueInfoProto{name 1, type 2{tensor_type 1{elem_type 1, shape 2{dim 1{dim_value 1 | dim_param 2}}}}} */
const valueInfo = ({ name, dtype, shape }: Value): Uint8Array => {
  const dimensions = shape.map((size) => writeBytes(1, typeof size === 'number' ? writeNumber(1, size) : writeText(2, size)));
  const tensor = joined([writeNumber(1, dataTypeNumber(dtype)), writeBytes(2, joined(dimensions))]);
  return joined([writeText(1, name), writeBytes(2, writeBytes(1, tensor))]);
};

/** Whole numbers, or a subgraph as bytes. */
type Attribute = number | readonly number[] | Uint8Array;

/** AttributeProto: name 1, i 3, g 6, ints 8, type 20 (INT 2, GRAPH 5, INTS 7). */
function attribute(name: string, value: Attribute): Uint8Array {
  if (typeof value === 'number') return joined([writeText(1, name), writeNumber(3, value), writeNumber(20, 2)]);
  if (value instanceof Uint8Array) return joined([writeText(1, name), writeBytes(6, value), writeNumber(20, 5)]);
  return joined([writeText(1, name), ...value.map((one) => writeNumber(8, one)), writeNumber(20, 7)]);
}

/** Nodes in the order they are added, initializers beside them. */
export class GraphBuilder {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];

  /** Adds an operator and returns its first output's name. NodeProto: input 1, output 2, op_type 4, attribute 5. */
  node(operator: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, Attribute>> = {}): string {
    this.#nodes.push(
      joined([
        ...inputs.map((input) => writeText(1, input)),
        writeText(2, output),
        writeText(4, operator),
        ...Object.entries(attributes).map(([name, value]) => writeBytes(5, attribute(name, value))),
      ]),
    );
    return output;
  }

  /** Adds a constant and returns its name. TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
  constant(name: string, dtype: 'float32' | 'int64' | 'uint8', shape: readonly number[], values: readonly number[]): string {
    const elements =
      dtype === 'float32'
        ? Float32Array.from(values)
        : dtype === 'uint8'
          ? Uint8Array.from(values)
          : BigInt64Array.from(values, (value) => BigInt(value));
    this.#initializers.push(
      joined([
        ...shape.map((size) => writeNumber(1, size)),
        writeNumber(2, dataTypeNumber(dtype)),
        writeText(8, name),
        writeBytes(9, new Uint8Array(elements.buffer)),
      ]),
    );
    return name;
  }

  /** A graph alone, as the body of If or Loop. GraphProto: node 1, name 2, initializer 5, input 11, output 12. */
  graph(name: string, inputs: readonly Value[], outputs: readonly Value[]): Uint8Array {
    return joined([
      ...this.#nodes.map((node) => writeBytes(1, node)),
      writeText(2, name),
      ...this.#initializers.map((initializer) => writeBytes(5, initializer)),
      ...inputs.map((input) => writeBytes(11, valueInfo(input))),
      ...outputs.map((output) => writeBytes(12, valueInfo(output))),
    ]);
  }

  /** The whole file. ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8. */
  model(name: string, inputs: readonly Value[], outputs: readonly Value[]): Uint8Array {
    const opset = joined([writeText(1, ''), writeNumber(2, OPSET)]);
    const graph = this.graph(name, inputs, outputs);
    return joined([writeNumber(1, IR_VERSION), writeText(2, 'nunet'), writeBytes(7, graph), writeBytes(8, opset)]);
  }
}

// A trained model: the given ONNX file with tensors written in as initializers. Everything else keeps its bytes.
import { NunetError } from '../errors.ts';
import { dataTypeNumber } from './data-type.ts';
import type { NpyTensor } from './npy.ts';
import { bytesField, fieldsOf, joined, textField, writeBytes, writeNumber, writeText } from './protobuf.ts';

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9 (little endian, as .npy keeps it). */
const tensorProto = (name: string, tensor: NpyTensor): Uint8Array =>
  joined([
    ...tensor.shape.map((dimension) => writeNumber(1, dimension)),
    writeNumber(2, dataTypeNumber(tensor.dtype)),
    writeText(8, name),
    writeBytes(9, tensor.data),
  ]);

/** `name` of a TensorProto is field 8, of a ValueInfoProto field 1. */
function nameIn(message: Uint8Array, number: 1 | 8): string {
  let name = '';
  for (const field of fieldsOf(message)) if (field.number === number) name = textField(field, 2048);
  return name;
}

/**
 * The graph with `values` as initializers: they replace initializers and inputs of the same name, so that the file is
 * complete. Throws `program-unknown-name` for a name that is neither, `graph-malformed` for broken bytes.
 */
export function withInitializers(model: Uint8Array, values: ReadonlyMap<string, NpyTensor>): Uint8Array {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  for (const field of fieldsOf(model)) {
    // ModelProto: graph 7. GraphProto: initializer 5, input 11.
    if (field.number !== 7) {
      parts.push(model.subarray(field.start, field.end));
      continue;
    }
    const graph = bytesField(field);
    const graphParts: Uint8Array[] = [];
    for (const part of fieldsOf(graph)) {
      const name = part.number === 5 ? nameIn(bytesField(part), 8) : part.number === 11 ? nameIn(bytesField(part), 1) : null;
      if (name !== null && values.has(name)) seen.add(name);
      else graphParts.push(graph.subarray(part.start, part.end));
    }
    for (const [name, tensor] of values) graphParts.push(writeBytes(5, tensorProto(name, tensor)));
    parts.push(writeBytes(7, joined(graphParts)));
  }
  for (const name of values.keys()) {
    if (!seen.has(name)) {
      throw new NunetError('program-unknown-name', `Cannot write the model: "${name}" is neither an initializer nor an input of its graph`);
    }
  }
  return joined(parts);
}

/**
 * The graph without the default values of `fed` inputs. onnxruntime-node takes an input that has a default for no input at all and
 * silently computes with the default; without it, what is fed counts. The same bytes when there is none.
 */
export function withoutDefaults(model: Uint8Array, fed: ReadonlySet<string>): Uint8Array {
  let found = false;
  const parts: Uint8Array[] = [];
  for (const field of fieldsOf(model)) {
    if (field.number !== 7) {
      parts.push(model.subarray(field.start, field.end));
      continue;
    }
    const graph = bytesField(field);
    const graphParts: Uint8Array[] = [];
    for (const part of fieldsOf(graph)) {
      if (part.number === 5 && fed.has(nameIn(bytesField(part), 8))) found = true;
      else graphParts.push(graph.subarray(part.start, part.end));
    }
    parts.push(writeBytes(7, joined(graphParts)));
  }
  return found ? joined(parts) : model;
}

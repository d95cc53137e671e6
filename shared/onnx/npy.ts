// .npy: one tensor a file, numpy format 1.0, little endian, C order. The header is a stranger's: bounded and parsed to a closed type.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { NunetError } from '../errors.ts';

/** The element types of tensors that travel, as onnxruntime names them, with their numpy codes. */
const NPY_CODE = {
  float32: '<f4',
  float64: '<f8',
  float16: '<f2',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint64: '<u8',
  uint32: '<u4',
  uint16: '<u2',
  uint8: '|u1',
  bool: '|b1',
} as const;
export type Dtype = keyof typeof NPY_CODE;

const BYTES = {
  float32: 4,
  float64: 8,
  float16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
} as const satisfies Record<Dtype, number>;

export const bytesPerElement = (dtype: Dtype): number => BYTES[dtype];

/** `data` holds the elements in C order, little endian, without header. */
export interface NpyTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export const MAX_NPY_RANK = 16;
/** Format 1.0 allows 64 KiB of header; no tensor of ours needs a twentieth of it. */
const MAX_HEADER_BYTES = 4096;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const dtypeOf = new Map<string, Dtype>(Object.entries(NPY_CODE).map(([dtype, code]) => [code, dtype as Dtype]));
// numpy writes one-byte types with any of these byte orders.
for (const mark of ['<', '>', '=']) {
  dtypeOf.set(`${mark}i1`, 'int8');
  dtypeOf.set(`${mark}u1`, 'uint8');
  dtypeOf.set(`${mark}b1`, 'bool');
}

const invalid = (name: string, what: string): NunetError => new NunetError('npy-invalid', `Cannot read ${name} as .npy: ${what}`);

/** Elements of a shape, or null above 2^53 - 1. */
export function elementCount(shape: readonly number[]): number | null {
  if (shape.includes(0)) return 0;
  const count = shape.reduce((all, dimension) => all * dimension, 1);
  return Number.isSafeInteger(count) ? count : null;
}

export interface NpyHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly dataOffset: number;
  /** Size of the whole file that this header promises. */
  readonly fileBytes: number;
}

/** Bytes from the start of a file that always hold the whole header. */
export const NPY_HEADER_BYTES = 10 + MAX_HEADER_BYTES;

/** Reads the header from the first bytes of a file. Throws `npy-invalid`, naming the file and what is allowed. */
export function readNpyHeader(start: Uint8Array, name: string): NpyHeader {
  if (start.length < 10 || MAGIC.some((byte, i) => start[i] !== byte)) throw invalid(name, 'it does not begin with the .npy magic bytes');
  if (start[6] !== 1 || start[7] !== 0) throw invalid(name, `format ${start[6]}.${start[7]}, only 1.0 is read`);
  const headerBytes = (start[8] ?? 0) | ((start[9] ?? 0) << 8);
  if (headerBytes > MAX_HEADER_BYTES) throw invalid(name, `header of ${headerBytes} bytes, at most ${MAX_HEADER_BYTES}`);
  const dataOffset = 10 + headerBytes;
  if (start.length < dataOffset) throw invalid(name, 'it ends inside its header');
  let text = '';
  for (let i = 10; i < dataOffset; i++) text += String.fromCharCode(start[i] ?? 0);

  // The header is a Python dict literal with exactly three keys. Fixed patterns, no evaluation.
  const fields = /^\{([^{}]*)\}\s*$/.exec(text)?.[1];
  if (fields === undefined) throw invalid(name, 'its header is not a dict');
  const code = /'descr'\s*:\s*'([^']{1,8})'/.exec(fields)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(fields)?.[1];
  const shapeText = /'shape'\s*:\s*\(([0-9, ]*)\)/.exec(fields)?.[1];
  if (code === undefined || order === undefined || shapeText === undefined)
    throw invalid(name, 'its header lacks descr, fortran_order or shape');
  const dtype = dtypeOf.get(code);
  if (dtype === undefined) throw invalid(name, `element type ${JSON.stringify(code)}, allowed are ${Object.values(NPY_CODE).join(' ')}`);
  if (order === 'True') throw invalid(name, 'it is in Fortran order; save it in C order');
  const parts = shapeText
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length > MAX_NPY_RANK) throw invalid(name, `${parts.length} dimensions, at most ${MAX_NPY_RANK}`);
  const shape = parts.map((part) => (/^[0-9]{1,15}$/.test(part) ? Number(part) : -1));
  const count = shape.some((dimension) => dimension < 0) ? null : elementCount(shape);
  if (count === null || !Number.isSafeInteger(count * BYTES[dtype])) throw invalid(name, `shape (${shapeText}) is not a possible one`);
  return { dtype, shape, dataOffset, fileBytes: dataOffset + count * BYTES[dtype] };
}

/** Reads a whole file; `data` is a view into it, a plain one even of a Buffer (whose `slice` would not copy). Throws `npy-invalid`. */
export function parseNpy(bytes: Uint8Array, name: string): NpyTensor {
  const header = readNpyHeader(bytes, name);
  if (bytes.length !== header.fileBytes) {
    throw invalid(
      name,
      `${bytes.length} bytes, its header promises ${header.fileBytes} (${header.dtype} of shape (${header.shape.join(', ')}))`,
    );
  }
  return {
    dtype: header.dtype,
    shape: header.shape,
    data: new Uint8Array(bytes.buffer, bytes.byteOffset + header.dataOffset, bytes.length - header.dataOffset),
  };
}

/** The header bytes of a tensor file; the elements follow. One shape has one encoding, so equal tensors are equal files. */
export function npyHeader(dtype: Dtype, shape: readonly number[]): Uint8Array {
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${NPY_CODE[dtype]}', 'fortran_order': False, 'shape': ${shapeText}, }`;
  // Elements are aligned to 64 bytes, as numpy does; a line feed ends the header.
  const padded = `${dict.padEnd(Math.ceil((10 + dict.length + 1) / 64) * 64 - 11, ' ')}\n`;
  const header = new Uint8Array(10 + padded.length);
  header.set([...MAGIC, 1, 0, padded.length & 255, padded.length >> 8]);
  for (let i = 0; i < padded.length; i++) header[10 + i] = padded.charCodeAt(i);
  return header;
}

export function writeNpy(tensor: NpyTensor): Uint8Array {
  const header = npyHeader(tensor.dtype, tensor.shape);
  const file = new Uint8Array(header.length + tensor.data.length);
  file.set(header);
  file.set(tensor.data, header.length);
  return file;
}

// .npy: what numpy writes reads back, what we write is one encoding, and no bytes crash the parser.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NunetError } from '../errors.ts';
import { bytesPerElement, elementCount, MAX_NPY_RANK, npyHeader, parseNpy, readNpyHeader, writeNpy, type Dtype } from './npy.ts';

const dtypes: Dtype[] = ['float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8', 'bool'];
const tensors = fc
  .record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const bytes = (elementCount(shape) ?? 0) * bytesPerElement(dtype);
    return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((data) => ({ dtype, shape, data: Uint8Array.from(data) }));
  });

/** What numpy 1.26 writes for np.save of np.arange(3, dtype='<f4'). */
const NUMPY = (() => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }`.padEnd(117) + '\n';
  return Uint8Array.of(
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    0x76,
    0,
    ...new TextEncoder().encode(header),
    0,
    0,
    0,
    0,
    0,
    0,
    128,
    63,
    0,
    0,
    0,
    64,
  );
})();

const withHeader = (dict: string, data = new Uint8Array(0)): Uint8Array => {
  const text = new TextEncoder().encode(`${dict}\n`);
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8, ...text, ...data);
};

describe('npy', () => {
  test('reads and writes the very bytes of numpy', () => {
    const tensor = parseNpy(NUMPY, 'a.npy');
    expect(tensor).toMatchObject({ dtype: 'float32', shape: [3] });
    expect(writeNpy(tensor)).toEqual(NUMPY);
  });

  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        expect(parseNpy(writeNpy(tensor), 'x')).toEqual(tensor);
      }),
    );
  });

  test('aligns the elements to 64 bytes', () => {
    fc.assert(
      fc.property(tensors, ({ dtype, shape }) => {
        expect(npyHeader(dtype, shape).length % 64).toBe(0);
      }),
    );
  });

  test('cannot be crashed by random bytes, with or without the right beginning', () => {
    const start = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0);
    const refusesOrReads = (bytes: Uint8Array): void => {
      try {
        parseNpy(bytes, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(NunetError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refusesOrReads(bytes)));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refusesOrReads(Uint8Array.of(...start, ...bytes))));
  });

  test('cannot be crashed by a real file with any byte changed or any tail cut', () => {
    fc.assert(
      fc.property(tensors, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (tensor, at, value, cut) => {
        const bytes = writeNpy(tensor);
        bytes[at % bytes.length] = value;
        try {
          parseNpy(bytes.subarray(0, bytes.length - (cut % bytes.length)), 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(NunetError);
        }
      }),
    );
  });

  test.each([
    ['a Fortran order file', `{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }`, /Fortran/],
    ['a text type', `{'descr': '<U8', 'fortran_order': False, 'shape': (1,), }`, /element type "<U8", allowed are <f4/],
    ['a pickled object', `{'descr': '|O', 'fortran_order': False, 'shape': (1,), }`, /element type/],
    ['big endian', `{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }`, /element type/],
    [
      'a shape that no memory holds',
      `{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999, 999999999999999), }`,
      /not a possible one/,
    ],
    [
      'too many dimensions',
      `{'descr': '<f8', 'fortran_order': False, 'shape': (${'1, '.repeat(MAX_NPY_RANK + 1)}), }`,
      /dimensions, at most 16/,
    ],
    ['a negative dimension', `{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }`, /lacks/],
    ['an expression for a header', `__import__('os').system('true')`, /not a dict/],
    ['a header without a type', `{'fortran_order': False, 'shape': (1,), }`, /lacks descr/],
  ])('cannot read %s', (_, dict, message) => {
    expect(() => parseNpy(withHeader(dict), 'x.npy')).toThrow(message);
    expect(() => parseNpy(withHeader(dict), 'x.npy')).toThrow(/x\.npy/);
  });

  test('cannot take a file that is shorter or longer than its header says', () => {
    const dict = `{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }`;
    expect(() => parseNpy(withHeader(dict, new Uint8Array(3)), 'x')).toThrow(/its header promises/);
    expect(() => parseNpy(withHeader(dict, new Uint8Array(5)), 'x')).toThrow(/its header promises/);
    expect(parseNpy(withHeader(dict, new Uint8Array(4)), 'x').data.length).toBe(4);
  });

  test('cannot be made to read a header of more than 4 KiB', () => {
    expect(() => readNpyHeader(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 0xff, 0xff), 'x')).toThrow(/at most 4096/);
  });
});

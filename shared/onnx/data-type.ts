// Element types as ONNX numbers them (TensorProto.DataType): the ones with a .npy twin.
import type { Dtype } from './npy.ts';

const NUMBER = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const satisfies Record<Dtype, number>;

const named = new Map<number, Dtype>(Object.entries(NUMBER).map(([dtype, number]) => [number, dtype as Dtype]));

export const dataTypeNumber = (dtype: Dtype): number => NUMBER[dtype];
/** null for text, complex and eight-bit floats, which do not travel. */
export const dtypeOfNumber = (number: number): Dtype | null => named.get(number) ?? null;

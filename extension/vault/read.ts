// Readers of closed shapes, small enough for the vault: each gives the value or throws `request-invalid` naming the place, never the value.
import { NunetError } from '@nunet/shared/errors.ts';

export type Read<T> = (value: unknown, at: string) => T;
export type ReadOf<R> = R extends Read<infer T> ? T : never;

const invalid = (at: string, want: string): NunetError =>
  new NunetError('request-invalid', `Cannot read the request: ${at} must be ${want}`);

export const literal =
  <const T extends string | number | boolean | null>(...values: T[]): Read<T> =>
  (value, at) => {
    const found = values.find((one) => one === value);
    if (found === undefined) throw invalid(at, values.slice(0, 12).join(' or '));
    return found;
  };

export const text =
  (pattern: RegExp, want: string): Read<string> =>
  (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw invalid(at, want);
    return value;
  };

export const integer =
  (low: number, high: number): Read<number> =>
  (value, at) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) throw invalid(at, `from ${low} to ${high}`);
    return value;
  };

export const quantity: Read<bigint> = (value, at) => {
  if (typeof value !== 'bigint' || value < 0n || value >= 1n << 63n) throw invalid(at, 'an amount');
  return value;
};

export const flag: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw invalid(at, 'true or false');
  return value;
};

export const bytes =
  (low: number, high: number): Read<Uint8Array> =>
  (value, at) => {
    if (!(value instanceof Uint8Array) || value.length < low || value.length > high) throw invalid(at, `from ${low} to ${high} bytes`);
    return value;
  };

export const nullable =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at) =>
    value === null ? null : read(value, at);

export const list =
  <T>(read: Read<T>, low: number, high: number): Read<T[]> =>
  (value, at) => {
    if (!Array.isArray(value) || value.length < low || value.length > high) throw invalid(at, `a list of ${low} to ${high}`);
    return value.map((one, index) => read(one, `${at}.${index}`));
  };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

type Shape = Record<string, Read<unknown>>;
type Fields<S extends Shape> = { [K in keyof S]: ReadOf<S[K]> };

/** These fields and no others. */
export const fields =
  <S extends Shape>(shape: S): Read<Fields<S>> =>
  (value, at) => {
    if (!isRecord(value)) throw invalid(at, 'an object');
    const foreign = Object.keys(value).some((key) => !Object.hasOwn(shape, key));
    if (foreign) throw invalid(at, 'of its known fields alone');
    return Object.fromEntries(Object.entries(shape).map(([key, read]) => [key, read(value[key], `${at}.${key}`)])) as Fields<S>;
  };

/** One of several shapes, told apart by the field `by`. */
export const oneOf =
  <S extends Record<string, Read<unknown>>>(by: string, shapes: S): Read<ReadOf<S[keyof S]>> =>
  (value, at) => {
    const name = isRecord(value) ? value[by] : undefined;
    if (typeof name !== 'string' || !Object.hasOwn(shapes, name)) throw invalid(`${at}.${by}`, 'a known one');
    return shapes[name]?.(value, at) as ReadOf<S[keyof S]>;
  };

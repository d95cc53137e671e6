// The challenge's mathematics, the same on every machine: matrices from a nonce, a tree over the rows of their product, and the check
// of a few rows. Pure. The answer proves that whoever answered computed it in time, not where: work can be passed on.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ChallengeAnswer } from './benchmark.ts';
import { LEAF_MARK, nodeHash, rootOfHashes, splitOf } from './merkle-tree.ts';

/** Rows that an asker wants to see. Whoever computed 9 of 10 rows gets through 43 times in 100, half of them once in 256. */
export const CHALLENGE_ROWS = 8;

const DOMAIN = utf8ToBytes('nunet/challenge/1');
export type MatrixName = 'A' | 'B';

const rotateLeft = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/**
 * One row of A or B: xoshiro128** from SHA-256(domain, nonce, matrix, row), the upper 24 bits of each output as a multiple of 2^-23 in
 * [-1, 1). Each is a float32 exactly, so every implementation has the same numbers. Source of the generator: prng.di.unimi.it.
 */
export function challengeRow(nonce: string, matrix: MatrixName, row: number, size: number, into = new Float32Array(size)): Float32Array {
  const place = new Uint8Array(5);
  place[0] = matrix === 'A' ? 0 : 1;
  new DataView(place.buffer).setUint32(1, row);
  const seed = sha256(concatBytes(DOMAIN, hexToBytes(nonce), place));
  const words = new DataView(seed.buffer, seed.byteOffset);
  let s0 = words.getUint32(0, true) | 0;
  let s1 = words.getUint32(4, true) | 0;
  let s2 = words.getUint32(8, true) | 0;
  let s3 = words.getUint32(12, true) | 0;
  for (let column = 0; column < size; column++) {
    const output = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    into[column] = (output >>> 8) / 2 ** 23 - 1;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotateLeft(s3, 11);
  }
  return into;
}

/** All rows, one after the other. */
export function challengeMatrix(nonce: string, matrix: MatrixName, size: number): Float32Array {
  const all = new Float32Array(size * size);
  for (let row = 0; row < size; row++) challengeRow(nonce, matrix, row, size, all.subarray(row * size, (row + 1) * size));
  return all;
}

export const flopsOf = (size: number): number => 2 * size ** 3;

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Little-endian float32; a view of the same memory where that is how the machine keeps them. */
export function rowBytes(values: Float32Array): Uint8Array {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [column, value] of values.entries()) view.setFloat32(column * 4, value, true);
  return bytes;
}

function rowHash(nonce: string, row: number, bytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = LEAF_MARK;
  new DataView(head.buffer).setUint32(1, row);
  return sha256(concatBytes(head, hexToBytes(nonce), bytes));
}

/** What commits to C. */
export interface RowTree {
  readonly root: string;
  path(row: number): string[];
}

export function rowTree(nonce: string, product: Float32Array, size: number): RowTree {
  const hashes = Array.from({ length: size }, (_, row) => rowHash(nonce, row, rowBytes(product.subarray(row * size, (row + 1) * size))));
  return {
    root: bytesToHex(rootOfHashes(hashes)),
    path(row) {
      const path: string[] = [];
      let [from, to] = [0, size];
      while (to - from > 1) {
        const middle = from + splitOf(to - from);
        const isLeft = row < middle;
        path.push(bytesToHex(isLeft ? rootOfHashes(hashes, middle, to) : rootOfHashes(hashes, from, middle)));
        [from, to] = isLeft ? [from, middle] : [middle, to];
      }
      return path.reverse();
    },
  };
}

/** The root that a row and its path lead to; null: the path has another length than the tree's. */
function rootFrom(nonce: string, row: number, size: number, bytes: Uint8Array, path: readonly string[]): string | null {
  const sides: ('left' | 'right')[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    sides.push(row < middle ? 'left' : 'right');
    [from, to] = row < middle ? [from, middle] : [middle, to];
  }
  if (sides.length !== path.length) return null;
  let hash = rowHash(nonce, row, bytes);
  for (const [index, sibling] of path.entries()) {
    const side = sides[sides.length - 1 - index];
    hash = side === 'left' ? nodeHash(hash, hexToBytes(sibling)) : nodeHash(hexToBytes(sibling), hash);
  }
  return bytesToHex(hash);
}

/**
 * How far a float32 product may be from the exact one: `size` sums of products below 1, each rounded at 2^-24. Measured at 64 to 2048:
 * onnxruntime stays within a quarter of it, numbers of half precision (11 bits, as float16 and TF32 keep) are off by 60 times of it.
 */
export const toleranceOf = (size: number): number => 2 * size * 2 ** -24;

export type OpenedRows = Extract<ChallengeAnswer, { type: 'opened' }>['rows'];

/** Why these rows do not show that C was computed; null: they do. `rows`: those that were asked for, after the root had come. */
export function challengeProblem(
  asked: { nonce: string; size: number; root: string; rows: readonly number[] },
  opened: OpenedRows,
): string | null {
  const { nonce, size, root, rows } = asked;
  if (opened.length !== rows.length || opened.some(({ row }, index) => row !== rows[index])) return 'other rows than those asked for';
  for (const { row, values, path } of opened) {
    if (values.length !== 4 * size) return `row ${row} has ${values.length} bytes, want ${4 * size}`;
    if (rootFrom(nonce, row, size, values, path) !== root) return `row ${row} is not of the root that was committed to`;
  }
  const second = challengeMatrix(nonce, 'B', size);
  const exact = new Float64Array(size);
  const tolerance = toleranceOf(size);
  for (const { row, values } of opened) {
    const first = challengeRow(nonce, 'A', row, size);
    exact.fill(0);
    for (let k = 0; k < size; k++) {
      const factor = first[k] ?? 0;
      const at = k * size;
      for (let column = 0; column < size; column++) exact[column] = (exact[column] ?? 0) + factor * (second[at + column] ?? 0);
    }
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    for (let column = 0; column < size; column++) {
      // Written so that NaN fails.
      if (!(Math.abs(view.getFloat32(column * 4, true) - (exact[column] ?? 0)) <= tolerance))
        return `row ${row} is not of the product of the matrices: column ${column} differs`;
    }
  }
  return null;
}

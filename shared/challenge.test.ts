import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { drawRows } from './ask-challenge.ts';
import { challengeMatrix, challengeProblem, challengeRow, rowBytes, rowTree, toleranceOf, type OpenedRows } from './challenge.ts';

const NONCE = '00112233445566778899aabbccddeeff';
const SIZE = 70;

/** float32 all the way, in another order than the verifier's. */
function product(nonce: string, size: number, round: (value: number) => number = Math.fround): Float32Array {
  const [a, b] = [challengeMatrix(nonce, 'A', size).map(round), challengeMatrix(nonce, 'B', size).map(round)];
  const c = new Float32Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let k = size - 1; k >= 0; k--) sum = Math.fround(sum + Math.fround((a[row * size + k] ?? 0) * (b[k * size + column] ?? 0)));
      c[row * size + column] = sum;
    }
  return c;
}
/** 11 bits of mantissa, as float16 and TF32 keep. */
const half = (value: number): number => {
  const scale = 2 ** (10 - Math.floor(Math.log2(Math.abs(value) || 1)));
  return Math.round(value * scale) / scale;
};

const honest = product(NONCE, SIZE);
const asked = (c: Float32Array, rows = [3, 69, 0], nonce = NONCE) => ({ nonce, size: SIZE, root: rowTree(nonce, c, SIZE).root, rows });
const open = (c: Float32Array, rows = [3, 69, 0], nonce = NONCE): OpenedRows => {
  const tree = rowTree(nonce, c, SIZE);
  return rows.map((row) => ({ row, values: rowBytes(c.slice(row * SIZE, (row + 1) * SIZE)), path: tree.path(row) }));
};
const judged = (c: Float32Array): string | null => challengeProblem(asked(c), open(c));

describe('the matrices', () => {
  test('are the same on every machine', () => {
    expect([...challengeRow(NONCE, 'A', 0, 4)]).toMatchInlineSnapshot(`
      [
        0.7180441617965698,
        0.20844995975494385,
        0.7075296640396118,
        -0.7515381574630737,
      ]
    `);
    const digest = createHash('sha256')
      .update(rowBytes(challengeMatrix(NONCE, 'B', SIZE)))
      .digest('hex');
    expect(digest).toMatchInlineSnapshot(`"549a7ce4f497c0b325f6296671b060927f7bc789624f84b05fdbdb9381070a4d"`);
  });

  test('differ by nonce, matrix and row, and lie in [-1, 1)', () => {
    const rows = [
      challengeRow(NONCE, 'A', 0, 64),
      challengeRow(NONCE, 'B', 0, 64),
      challengeRow(NONCE, 'A', 1, 64),
      challengeRow('ff'.repeat(16), 'A', 0, 64),
    ].map((row) => row.join());
    expect(new Set(rows).size).toBe(4);
    expect(challengeMatrix(NONCE, 'A', SIZE).every((value) => value >= -1 && value < 1)).toBe(true);
  });
});

describe('an answer', () => {
  test.each([1, 2, 64, 65, 70])('of %i rows is accepted when every number was computed', (size) => {
    const c = product(NONCE, size);
    const tree = rowTree(NONCE, c, size);
    const rows = [...new Set([0, size - 1])];
    const opened = rows.map((row) => ({ row, values: rowBytes(c.slice(row * size, (row + 1) * size)), path: tree.path(row) }));
    expect(challengeProblem({ nonce: NONCE, size, root: tree.root, rows }, opened)).toBeNull();
  });

  test('cannot be rows that do not match the root', () => {
    const other = honest.slice();
    other[3 * SIZE] = 0.5;
    expect(challengeProblem(asked(other), open(honest))).toMatch(/not of the root/);
    const opened = open(honest);
    expect(challengeProblem(asked(honest), [{ ...opened[0]!, path: opened[1]!.path }, ...opened.slice(1)])).toMatch(/not of the root/);
    expect(challengeProblem(asked(honest), [{ ...opened[0]!, path: [] }, ...opened.slice(1)])).toMatch(/not of the root/);
  });

  test('cannot be other rows than those asked for', () => {
    expect(challengeProblem(asked(honest, [3, 4, 5]), open(honest))).toMatch(/other rows/);
    expect(challengeProblem(asked(honest), open(honest).slice(1))).toMatch(/other rows/);
    expect(challengeProblem(asked(honest), [])).toMatch(/other rows/);
  });

  test('cannot be garbage, zeros or NaN that was committed to', () => {
    expect(judged(honest.map((value) => value + 0.01))).toMatch(/not of the product/);
    expect(judged(new Float32Array(SIZE * SIZE))).toMatch(/not of the product/);
    expect(judged(new Float32Array(SIZE * SIZE).fill(Number.NaN))).toMatch(/not of the product/);
    expect(judged(new Float32Array(SIZE * SIZE).fill(Infinity))).toMatch(/not of the product/);
  });

  test('cannot be one wrong number in a row that is opened', () => {
    const c = honest.slice();
    c[69 * SIZE + 7] = (c[69 * SIZE + 7] ?? 0) + 10 * toleranceOf(SIZE);
    expect(judged(c)).toMatch(/row 69 .* column 7/);
  });

  test('cannot be what was computed for another nonce', () => {
    const other = 'ab'.repeat(16);
    const c = product(other, SIZE);
    // With the other nonce's own tree, and committed anew under this nonce.
    expect(challengeProblem({ ...asked(c, [3, 69, 0], other), nonce: NONCE }, open(c, [3, 69, 0], other))).toMatch(/not of the root/);
    expect(judged(c)).toMatch(/not of the product/);
  });

  test('cannot be numbers of half precision', () => {
    expect(judged(product(NONCE, SIZE, half))).toMatch(/not of the product/);
  });

  test('cannot be short', () => {
    const opened = open(honest);
    expect(challengeProblem(asked(honest), [{ ...opened[0]!, values: opened[0]!.values.slice(4) }, ...opened.slice(1)])).toMatch(
      /bytes, want/,
    );
  });
});

test('rows are drawn evenly and are all different', () => {
  let next = 0;
  const random = (bytes: number): Uint8Array =>
    Uint8Array.from({ length: bytes }, () => createHash('sha256').update(String(next++)).digest()[0] ?? 0);
  const seen = new Map<number, number>();
  for (let turn = 0; turn < 2_000; turn++) {
    const rows = drawRows(100, random);
    expect(new Set(rows).size).toBe(8);
    for (const row of rows) seen.set(row, (seen.get(row) ?? 0) + 1);
  }
  expect(seen.size).toBe(100);
  for (const count of seen.values()) expect(Math.abs(count - 160)).toBeLessThan(80);
});

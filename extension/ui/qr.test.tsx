import { encodeQR } from 'qr';
import { expect, test } from 'vitest';
import { qrPath } from './qr.tsx';

/** Draws the path's rectangles back into modules. */
function modulesOf(path: string, size: number): boolean[][] {
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let at = 0; at < Number(width); at += 1) (rows[Number(y)] ?? [])[Number(x) + at] = true;
  return rows;
}

test('the path draws exactly the modules of the code', () => {
  const rows = encodeQR('addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer', 'raw', { ecc: 'medium', border: 4 });
  expect(modulesOf(qrPath(rows), rows.length)).toEqual(rows);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { readPackage } from './packaged.ts';

const folder = mkdtempSync(join(tmpdir(), 'nunet-packaged-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A zip of one or more files, as wxt writes it. */
function zipOf(entries: readonly { name: string; text: string; time?: number; sum?: number }[]): string {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, text, time = 0, sum } of entries) {
    const bytes = Buffer.from(text);
    const packed = deflateRawSync(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(time, 10);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(sum ?? crc32(bytes), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(at, 16);
  const path = join(folder, 'made.zip');
  writeFileSync(path, Buffer.concat([...parts, ...directory, end]));
  return path;
}

test('reads what was packed, in its order', () => {
  const files = readPackage(
    zipOf([
      { name: 'b.js', text: 'let b' },
      { name: 'a.png', text: 'picture' },
    ]),
  );
  expect([...files.values()].map(({ path, text, bytes }) => [path, text, bytes.length])).toEqual([
    ['b.js', 'let b', 5],
    ['a.png', null, 7],
  ]);
});

test.each([
  ['a time, which the next build would not have', [{ name: 'a.js', text: 'a', time: 0x5a21_7c00 }], 'carries a time'],
  ['damaged bytes', [{ name: 'a.js', text: 'a', sum: 1 }], 'is damaged'],
  [
    'a name twice',
    [
      { name: 'a.js', text: 'a' },
      { name: 'a.js', text: 'b' },
    ],
    'is there twice',
  ],
])('cannot be read with %s', (_, entries, problem) => {
  expect(() => readPackage(zipOf(entries))).toThrow(problem);
});

test('cannot be read when cut short', () => {
  const path = join(folder, 'short.zip');
  writeFileSync(path, 'PK');
  expect(() => readPackage(path)).toThrow('does not end');
});

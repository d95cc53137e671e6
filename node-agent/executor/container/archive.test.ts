// Archives of a hostile side: everything that unpackers have been tricked with, and the honest twin beside it.
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, readTree, writeTree, type ReadTreeOptions, type Tree } from './archive.ts';

let folder = '';
let spool: FileHandle;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-archive-'));
  spool = await open(join(folder, 'spool'), 'w+');
});
afterAll(async () => {
  await spool.close();
  await rm(folder, { recursive: true });
});

type Entry = Partial<Header> & { name: string; content?: string };
async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry(header, Buffer.from(content));
  tar.finalize();
  return buffer(tar);
}
const read = async (bytes: Uint8Array, part: Partial<ReadTreeOptions> = {}): Promise<Tree> =>
  readTree(Readable.from([bytes]), { bounds: { maxEntries: 100, maxBytes: 2 ** 20 }, spool, strict: true, root: null, ...part });

const names = (tree: Tree): string[] => tree.entries.map(({ path }) => path);

describe('an honest archive', () => {
  test('is read with its files, folders and links, and written so that the same tree gives the same bytes', async () => {
    const entries: Entry[] = [
      { name: './', type: 'directory' },
      { name: './b/', type: 'directory' },
      { name: './b/deep.txt', content: 'deep', mode: 0o755 },
      { name: './a.txt', content: 'hello', mtime: new Date(5) },
      { name: './link', type: 'symlink', linkname: 'b/deep.txt' },
      { name: './twin', type: 'link', linkname: 'a.txt' },
    ];
    const tree = await read(await tarOf(entries));
    expect(names(tree)).toEqual(['b', 'b/deep.txt', 'a.txt', 'link', 'twin']);
    const once = await buffer(writeTree(tree.entries, 65_534));
    const shuffled = await read(
      await tarOf([entries[3] as Entry, entries[1] as Entry, entries[5] as Entry, entries[4] as Entry, entries[2] as Entry]),
    );
    expect(once.equals(await buffer(writeTree(shuffled.entries, 65_534)))).toBe(true);
    const again = await read(once);
    expect(names(again)).toEqual(['a.txt', 'b', 'b/deep.txt', 'link', 'twin']);
    const twin = again.entries.find(({ path }) => path === 'twin');
    expect((await buffer(contentOf(twin?.in ?? spool, twin?.offset ?? 0, twin?.bytes ?? 0))).toString()).toBe('hello');
    const inB: string[] = [];
    const reader = extract();
    Readable.from([await buffer(writeTree(again.entries, 65_534, 'b'))]).pipe(reader as never);
    for await (const entry of reader) {
      inB.push(`${entry.header.name} ${entry.header.mode?.toString(8)} ${entry.header.uid} ${entry.header.mtime?.getTime()}`);
      entry.resume();
    }
    expect(inB).toEqual(['deep.txt 755 65534 0']);
  });

  test('loses the folder that an engine puts before every path', async () => {
    const bytes = await tarOf([
      { name: 'outputs/', type: 'directory' },
      { name: 'outputs/y', content: '1' },
    ]);
    expect(names(await read(bytes, { root: 'outputs' }))).toEqual(['y']);
  });
});

describe('a hostile archive', () => {
  const refused: Record<string, Entry[]> = {
    'cannot climb out': [{ name: '../evil', content: 'x' }],
    'cannot climb out in the middle': [{ name: 'a/../../evil', content: 'x' }],
    'cannot name an absolute path': [{ name: '/etc/passwd', content: 'x' }],
    'cannot hold the same path twice': [
      { name: 'a', content: '1' },
      { name: './a', content: '2' },
    ],
    'cannot write through a link': [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'a/x', content: 'x' },
    ],
    'cannot write below a file': [
      { name: 'a', content: '1' },
      { name: 'a/x', content: 'x' },
    ],
    'cannot replace a folder by a link': [
      { name: 'a/', type: 'directory' },
      { name: 'a', type: 'symlink', linkname: 'b' },
    ],
    'cannot link out': [{ name: 'a', type: 'symlink', linkname: '../../etc/passwd' }],
    'cannot link out on a winding way': [
      { name: 'd/', type: 'directory' },
      { name: 'd/a', type: 'symlink', linkname: 'x/../../../y' },
    ],
    'cannot link to an absolute path': [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }],
    'cannot be another name of what is not in it': [{ name: 'a', type: 'link', linkname: '/etc/shadow' }],
    'cannot bring a device': [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }],
    'cannot bring a pipe': [{ name: 'pipe', type: 'fifo' }],
    'cannot have control characters in names': [{ name: 'a\nb', content: 'x' }],
    'cannot be deeper than anybody needs': [{ name: Array.from({ length: 40 }, () => 'd').join('/'), content: 'x' }],
  };
  for (const [name, entries] of Object.entries(refused)) {
    test(name, async () => {
      await expect(read(await tarOf(entries))).rejects.toMatchObject({ code: 'archive-unsafe' });
      // What is only collected leaves it out and says so.
      const { left } = await read(await tarOf([...entries, { name: 'good', content: 'ok' }]), { strict: false });
      expect(left.length).toBeGreaterThan(0);
    });
  }

  test('cannot hold more bytes than the bound, announced or real, skipped ones included', async () => {
    const bytes = await tarOf([{ name: 'big', content: 'x'.repeat(5_000) }]);
    const bounds = { maxEntries: 10, maxBytes: 4_999 };
    await expect(read(bytes, { bounds })).rejects.toMatchObject({ code: 'archive-limit' });
    const skipped = await tarOf([{ name: '../big', content: 'x'.repeat(5_000) }]);
    await expect(read(skipped, { bounds, strict: false })).rejects.toMatchObject({ code: 'archive-limit' });
    expect(names(await read(bytes, { bounds: { maxEntries: 10, maxBytes: 5_000 } }))).toEqual(['big']);
  });

  test('cannot multiply its bytes by other names of the same file', async () => {
    const links = Array.from({ length: 20 }, (_, i): Entry => ({ name: `twin${i}`, type: 'link', linkname: 'big' }));
    const bytes = await tarOf([{ name: 'big', content: 'x'.repeat(5_000) }, ...links]);
    await expect(read(bytes, { bounds: { maxEntries: 100, maxBytes: 50_000 } })).rejects.toMatchObject({ code: 'archive-limit' });
  });

  test('cannot hold entries without number', async () => {
    const bytes = await tarOf(Array.from({ length: 11 }, (_, i) => ({ name: `f${i}` })));
    await expect(read(bytes, { bounds: { maxEntries: 10, maxBytes: 1_000 } })).rejects.toMatchObject({ code: 'archive-limit' });
  });

  test('cannot fill the memory with one huge header', async () => {
    const header = Buffer.from((await tarOf([{ name: 'x' }])).subarray(0, 512));
    header.write('x', 156, 'latin1');
    header.write('77777777777\0', 124, 'latin1');
    header.fill(' ', 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
    const endless = Readable.from(
      (function* () {
        yield header;
        for (let i = 0; i < 10_000; i++) yield Buffer.alloc(65_536);
      })(),
    );
    const before = process.memoryUsage().rss;
    await expect(
      readTree(endless, { bounds: { maxEntries: 10, maxBytes: 2 ** 40 }, spool, strict: true, root: null }),
    ).rejects.toMatchObject({ code: 'archive-limit' });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });

  test.each([
    ['noise', Buffer.alloc(4_096, 0x41)],
    ['half', null],
  ] as const)('cannot be anything but an archive: %s', async (_, given) => {
    const bytes = given ?? (await tarOf([{ name: 'a', content: 'x'.repeat(3_000) }])).subarray(0, 1_024);
    await expect(read(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/^archive-/) });
  });
});

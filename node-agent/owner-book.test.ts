import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OwnerBook } from './owner-book.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'owners-'));
  path = join(folder, 'owners.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = (number: number): string => number.toString(16).padStart(64, '0');
const peer = (number: number): string => peerIdOfKey(key(number));
const add = (book: OwnerBook, number: number, nowMs = number): Promise<void> =>
  book.add({ publicKey: key(number), name: `owner ${number}`, peerId: peer(number), nowMs });

describe('the owners of an agent', () => {
  it('are on disk, for their owner alone, before anybody hears of a change', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    await book.spend(key(1), 7, peer(2));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await OwnerBook.open(path)).all).toEqual(book.all);
    expect(book.find(key(1))).toMatchObject({ name: 'owner 1', counter: 7, peers: [peer(2), peer(1)] });
    expect(await readdir(folder)).toEqual(['owners.json']);
  });

  it('cannot give an order with a counter that was there, not after a restart, and not two at once', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    const both = await Promise.allSettled([book.spend(key(1), 5, peer(1)), book.spend(key(1), 5, peer(1))]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const again = await OwnerBook.open(path);
    for (const counter of [5, 4, 1]) {
      await expect(again.spend(key(1), counter, peer(1))).rejects.toMatchObject({ code: 'owner-replayed' });
    }
    await expect(again.spend(key(1), 6, peer(1))).resolves.toMatchObject({ counter: 6 });
  });

  it('cannot command when revoked; paired again the counters of before are still spent', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    await book.spend(key(1), 9, peer(1));
    await book.revoke(key(1), 100);
    await expect(book.spend(key(1), 10, peer(1))).rejects.toMatchObject({ code: 'owner-revoked' });
    await expect(book.spend(key(2), 10, peer(1))).rejects.toMatchObject({ code: 'owner-unknown' });
    expect(book.isOwnerPeer(peer(1))).toBe(false);
    await add(book, 1);
    await expect(book.spend(key(1), 9, peer(1))).rejects.toMatchObject({ code: 'owner-replayed' });
    expect(book.isOwnerPeer(peer(1))).toBe(true);
  });

  it('keep connection slots for their latest peers alone', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    for (let number = 2; number < 8; number += 1) await book.spend(key(1), number, peer(number));
    expect([1, 2, 3, 4, 5, 6, 7].filter((number) => book.isOwnerPeer(peer(number)))).toEqual([4, 5, 6, 7]);
  });

  it('cannot be more than sixteen; whoever was revoked first makes room', async () => {
    const book = await OwnerBook.open(path);
    for (let number = 1; number <= 16; number += 1) await add(book, number);
    await expect(add(book, 17)).rejects.toMatchObject({ code: 'owners-full' });
    await book.revoke(key(5), 200);
    await book.revoke(key(3), 100);
    await add(book, 17);
    expect(book.find(key(3))).toBeUndefined();
    expect(book.find(key(5))).toBeDefined();
  });

  it('cannot be read from a file that others may change, that is damaged, or of a newer version', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    await chmod(path, 0o644);
    await expect(OwnerBook.open(path)).rejects.toMatchObject({ code: 'owners-open' });
    await chmod(path, 0o600);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"counter": 0', '"counter": -1'));
    await expect(OwnerBook.open(path)).rejects.toMatchObject({
      code: 'owners-invalid',
      message: expect.stringContaining('owners.0.counter'),
    });
    await writeFile(path, '{');
    await expect(OwnerBook.open(path)).rejects.toMatchObject({ code: 'owners-invalid' });
    await writeFile(path, '{"version":2}');
    await expect(OwnerBook.open(path)).rejects.toMatchObject({ code: 'owners-newer' });
  });

  it('stay as they were when they cannot be written', async () => {
    const book = await OwnerBook.open(path);
    await add(book, 1);
    await rm(folder, { recursive: true });
    await expect(book.spend(key(1), 2, peer(1))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(book.find(key(1))?.counter).toBe(0);
  });
});

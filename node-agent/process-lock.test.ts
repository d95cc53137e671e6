import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeProcessLock } from './process-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'it.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const pretend = async (changes: object): Promise<void> => {
  const lock = await takeProcessLock(path, 'it');
  const self = JSON.parse(await readFile(path, 'utf8')) as object;
  await lock.release();
  await writeFile(path, JSON.stringify({ ...self, ...changes }));
};

it('is one at a time, and free again after release', async () => {
  const lock = await takeProcessLock(path, 'it');
  await expect(takeProcessLock(path, 'it')).rejects.toMatchObject({ code: 'already-running' });
  await lock.release();
  await (await takeProcessLock(path, 'it')).release();
  expect(await readdir(folder)).toEqual([]);
});

it.each([
  ['a process that is gone', { pid: 2 ** 22 + 1 }],
  ['an earlier process with the same number', { startTime: '1' }],
  ['a process before the last boot', { bootId: 'another-boot' }],
])('is taken over from %s', async (_, changes) => {
  await pretend(changes);
  await (await takeProcessLock(path, 'it')).release();
  expect(await readdir(folder)).toEqual([]);
});

it('is taken over from a file that a power cut emptied', async () => {
  await writeFile(path, '');
  await (await takeProcessLock(path, 'it')).release();
});

it('cannot be taken from another host, which cannot be looked at', async () => {
  await pretend({ host: `not-${hostname()}`, pid: 2 ** 22 + 1 });
  await expect(takeProcessLock(path, 'it')).rejects.toMatchObject({ message: expect.stringContaining('delete the file') });
});

it('goes to exactly one of many that find a dead holder at once', async () => {
  await pretend({ pid: 2 ** 22 + 1 });
  const taken = await Promise.allSettled(Array.from({ length: 20 }, () => takeProcessLock(path, 'it')));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['it.lock']);
});

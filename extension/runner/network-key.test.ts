// The peer that a browser is: the same as long as a job needs it, another one afterwards.
import { expect, test } from 'vitest';
import { networkKey } from './network-key.ts';
import { emptyDatabase } from './sample-database.ts';

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

test('is kept over a restart while a job is under way, for its quote names it', async () => {
  const { database } = await emptyDatabase();
  const first = await networkKey(database, false, random);
  const second = await networkKey(database, true, random);
  expect(second.peerId).toBe(first.peerId);
  expect(second.seed).toEqual(first.seed);
});

test('cannot be told from another browser’s once no job is under way', async () => {
  const { database } = await emptyDatabase();
  const first = await networkKey(database, true, random);
  const second = await networkKey(database, false, random);
  expect(second.peerId).not.toBe(first.peerId);
  expect((await networkKey(database, true, random)).peerId).toBe(second.peerId);
});

test('a kept seed that is damaged is replaced', async () => {
  const { database } = await emptyDatabase();
  await database.put('settings', new Uint8Array(3), 'network-seed');
  expect((await networkKey(database, true, random)).seed).toHaveLength(32);
});

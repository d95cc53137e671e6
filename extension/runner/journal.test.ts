// The journal: what was appended is there again, in order, and nothing is ever written over.
import { FakeWorld } from '@nunet/shared/job-flow/fake-world.ts';
import { expect, test } from 'vitest';
import { openJournal } from './journal.ts';
import { emptyDatabase, keepWorld } from './sample-database.ts';

const opened = async () => {
  const { database } = await emptyDatabase();
  const world = await FakeWorld.open();
  world.begin();
  const { jobId } = await keepWorld(database, world);
  return { database, world, jobId };
};

test('entries come back as they were, amounts as bigint', async () => {
  const { database, world, jobId } = await opened();
  const journal = await openJournal(database, jobId);
  await journal.append({ type: 'lock', atMs: 5, state: 'dropped', detail: 'nothing was locked' });
  const again = await openJournal(database, jobId);
  expect(await again.read()).toEqual([...world.readEntries(), { type: 'lock', atMs: 5, state: 'dropped', detail: 'nothing was locked' }]);
});

test('cannot write over an entry that another writer made', async () => {
  const { database, jobId } = await opened();
  const [first, second] = [await openJournal(database, jobId), await openJournal(database, jobId)];
  await first.append({ type: 'cancel-wanted', atMs: 7 });
  await expect(second.append({ type: 'job', atMs: 8, state: 'failed', detail: '' })).rejects.toThrow();
  expect((await (await openJournal(database, jobId)).read()).at(-1)).toEqual({ type: 'cancel-wanted', atMs: 7 });
});

test('cannot be read with an entry missing, or with one that is none', async () => {
  const { database, jobId } = await opened();
  await database.put('entries', { type: 'cancel-wanted', atMs: 1 }, [jobId, 3]);
  await expect(openJournal(database, jobId)).rejects.toMatchObject({ code: 'journal-damaged' });
  await database.put('entries', { type: 'made-up', atMs: 1 } as never, [jobId, 2]);
  await expect(openJournal(database, jobId)).rejects.toThrow();
});

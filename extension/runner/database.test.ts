// The database: versions, and jobs that are forgotten whole.
import { FakeWorld } from '@nunet/shared/job-flow/fake-world.ts';
import { openDB } from 'idb';
import { expect, test } from 'vitest';
import { forgetJob, openDatabase } from './database.ts';
import { emptyDatabase, keepWorld } from './sample-database.ts';

test('cannot open what a newer version made, and leaves it as it is', async () => {
  const newer = await openDB('newer', 7, { upgrade: (database) => void database.createObjectStore('jobs') });
  await newer.put('jobs', 'of the future', 'a');
  newer.close();
  await expect(openDatabase('newer')).rejects.toMatchObject({ code: 'database-newer' });
  const again = await openDB('newer', 7);
  expect(await again.get('jobs', 'a')).toBe('of the future');
  again.close();
});

test('a job of the first version is kept, without a key', async () => {
  const { key: _, ...old } = {
    jobId: 'bjob',
    jobFile: '{}',
    title: 'old',
    openedAtMs: 1,
    askBeforeAnswer: true,
    assetUnit: 'aa',
    checkFiles: {},
    key: null,
  };
  const first = await openDB('first', 1, {
    upgrade(database) {
      for (const store of ['entries', 'files', 'blocks', 'logs', 'records', 'shown']) database.createObjectStore(store);
      database.createObjectStore('jobs', { keyPath: 'jobId' });
    },
  });
  await first.put('jobs', old);
  await first.put('entries', { type: 'cancel-wanted', atMs: 1 }, ['bjob', 0]);
  first.close();
  const now = await openDatabase('first');
  expect(await now.get('jobs', 'bjob')).toEqual({ ...old, key: null });
  expect(await now.count('entries')).toBe(1);
  expect(await now.count('settings')).toBe(0);
});

test('a job is forgotten whole, and no other with it', async () => {
  const { database } = await emptyDatabase();
  const world = await FakeWorld.open();
  world.begin();
  const { jobId } = await keepWorld(database, world);
  const other = `${jobId}x`;
  await database.put('entries', { type: 'cancel-wanted', atMs: 1 }, [other, 0]);
  await database.put('logs', ['a line'], [jobId, 0]);
  await database.put('blocks', new Uint8Array(3), [jobId, 'file', 'block']);
  await database.put('shown', { curve: [], notices: [] }, jobId);
  await forgetJob(database, jobId);
  for (const store of ['jobs', 'files', 'blocks', 'logs', 'shown'] as const) expect(await database.count(store)).toBe(0);
  expect(await database.getAllKeys('entries')).toEqual([[other, 0]]);
});

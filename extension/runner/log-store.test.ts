// The log: every line in its place, plain, and no more of them than are kept.
import { MAX_LOG_LINES } from '@nunet/shared/wire.ts';
import { expect, test } from 'vitest';
import { openLog, plainLine } from './log-store.ts';
import { emptyDatabase } from './sample-database.ts';

test('lines come back in order from any offset, also after a restart', async () => {
  const { database } = await emptyDatabase();
  const log = await openLog(database, 'job');
  for (let line = 0; line < 2_500; line++) await log.append(`line ${line}`);
  expect(await log.read(1_234)).toEqual(Array.from({ length: 1_000 }, (_, index) => `line ${1_234 + index}`));
  expect(await log.read(2_499)).toEqual(['line 2499']);
  expect(await log.read(2_500)).toEqual([]);
  const again = await openLog(database, 'job');
  expect(again.length()).toBe(2_500);
  await again.append('one more');
  expect(await again.read(2_499)).toEqual(['line 2499', 'one more']);
});

test('lines that a kill took with it leave no gap: the next wanted offset is where the kept ones end', async () => {
  const { database } = await emptyDatabase();
  await database.put('logs', ['a', 'b'], ['job', 0]);
  await database.put('logs', ['e'], ['job', 4]);
  const log = await openLog(database, 'job');
  expect(log.length()).toBe(2);
  for (const line of ['c', 'd', 'e']) await log.append(line);
  expect(await log.read(0)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a write that fails loses no line', async () => {
  const { database } = await emptyDatabase();
  let fails = true;
  const failing = new Proxy(database, {
    get(target, name) {
      if (name === 'put' && fails) return () => Promise.reject(new Error('disk full'));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const log = await openLog(failing, 'job');
  await log.append('a');
  await expect(log.flush()).rejects.toThrow('disk full');
  fails = false;
  await log.append('b');
  expect(await log.read(0)).toEqual(['a', 'b']);
});

test('cannot hold controls, line breaks or marks that turn text around', () => {
  expect(plainLine('a\u001b[31mred\u0007\r\n\u202eevil\u2066 \u200f<b>')).toBe('a [31mred    evil   <b>');
  expect(plainLine('x'.repeat(1e6))).toHaveLength(2_000);
});

test('cannot be filled beyond its limit by a flood; later lines are counted', async () => {
  const { database } = await emptyDatabase();
  const log = await openLog(database, 'job');
  const began = performance.now();
  for (let line = 0; line < MAX_LOG_LINES + 5_000; line++) await log.append('flood');
  await log.flush();
  expect(log.kept()).toBe(MAX_LOG_LINES);
  expect(log.length()).toBe(MAX_LOG_LINES + 5_000);
  // 60 times as fast as lines can come over the wire.
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(await log.read(MAX_LOG_LINES - 1)).toEqual(['flood']);
});

test('cannot be filled beyond its limit by long lines', async () => {
  const { database } = await emptyDatabase();
  const log = await openLog(database, 'job');
  for (let line = 0; line < 20_000; line++) await log.append('x'.repeat(2_000));
  await log.flush();
  expect(log.kept()).toBe(Math.floor((32 * 2 ** 20) / 2_000));
});

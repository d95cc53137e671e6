import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, test } from 'vitest';
import { isInJournal, logPathsOf, openAgentLog, readAgentLog } from './agent-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('keeps the last lines with their time, over a restart', async () => {
  openAgentLog(folder, () => 0)('first');
  openAgentLog(folder, () => 1_000)('second \u001b[2J\nforged');
  expect(await readAgentLog(folder, 10)).toEqual(['1970-01-01T00:00:00.000Z first', '1970-01-01T00:00:01.000Z second  [2J forged']);
  expect(await readAgentLog(folder, 1)).toHaveLength(1);
  expect((await stat(logPathsOf(folder).now)).mode & 0o777).toBe(0o600);
});

test('cannot grow beyond two files of its size, however much is said', async () => {
  const log = openAgentLog(folder, () => 0, 1_000);
  for (let i = 0; i < 200; i++) log(`line ${i} ${'x'.repeat(50)}`);
  const { now, before } = logPathsOf(folder);
  expect((await stat(now)).size).toBeLessThanOrEqual(1_000);
  expect((await stat(before)).size).toBeLessThanOrEqual(1_000);
  expect((await readAgentLog(folder, 1_000)).at(-1)).toContain('line 199');
});

test('cannot stop an agent whose log cannot be written', async () => {
  await mkdir(logPathsOf(folder).now);
  expect(() => openAgentLog(folder, () => 0)('said')).not.toThrow();
  expect(await readAgentLog(join(folder, 'nowhere'), 10)).toEqual([]);
});

it('leaves it to the journal where systemd has one', () => {
  expect(isInJournal({ JOURNAL_STREAM: '8:1234' })).toBe(true);
  expect(isInJournal({})).toBe(false);
});

// The agent's journal over versions: what an older agent wrote is read on.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { expect, test } from 'vitest';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry } from './agent-entries.ts';
import { openJournal, readJournal } from './journal.ts';

const jobId = cidOf(encode('job'));
const OPTIONS = { schema: agentEntry, name: 'agent jobs', version: AGENT_JOURNAL_VERSION, migrations: AGENT_JOURNAL_MIGRATIONS };

test('a journal of version 1 is read, and written on as this version after a backup', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'journal-'));
  const path = join(folder, 'journal.jsonl');
  const old = { type: 'state', jobId, at: 5, state: 'running', detail: null };
  await writeFile(path, [{ journal: 'agent jobs', version: 1 }, old].map((line) => `${JSON.stringify(line)}\n`).join(''));
  expect(await readJournal(path, OPTIONS)).toEqual([old]);
  expect(await readdir(folder)).toEqual(['journal.jsonl']);
  const journal = await openJournal(path, OPTIONS);
  expect(journal.entries).toEqual([old]);
  const file = { name: 'checkpoint-1.tar', cid: cidOf(encode('file')), bytes: 9 };
  await journal.append({ type: 'checkpoint', jobId, at: 6, number: 1, file });
  await journal.close();
  expect(await readdir(folder)).toContain('journal.jsonl.v1.bak');
  const again = await openJournal(path, OPTIONS);
  expect(again.entries).toEqual([old, { type: 'checkpoint', jobId, at: 6, number: 1, file }]);
  await again.close();
  await rm(folder, { recursive: true });
});

import { fork } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { amountText, openJournal, type JournalOptions } from './journal.ts';

const entry = z.strictObject({ n: z.int(), pay: amountText });
type Entry = z.infer<typeof entry>;
const options: JournalOptions<Entry> = {
  schema: entry,
  name: 'test',
  version: 2,
  migrations: { 1: (e) => ({ ...(e as object), pay: '7' }) },
};
const at = (n: number): Entry => ({ n, pay: BigInt(n) << 40n });

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-'));
  path = join(dir, 'jobs.jsonl');
});
afterEach(() => rm(dir, { recursive: true }));

const reopen = async (more: Partial<JournalOptions<Entry>> = {}): Promise<readonly Entry[]> => {
  const journal = await openJournal(path, { ...options, ...more });
  await journal.close();
  return journal.entries;
};

describe('journal', () => {
  it('gives back what was appended, in order, amounts as bigint', async () => {
    const journal = await openJournal(path, options);
    await Promise.all([1, 2, 3].map((n) => journal.append(at(n))));
    await journal.close();
    expect(await reopen()).toEqual([at(1), at(2), at(3)]);
  });

  it('cuts a torn last line after a backup and goes on behind the last whole one', async () => {
    const journal = await openJournal(path, options);
    await journal.append(at(1));
    await journal.append(at(2));
    await journal.close();
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, -4));
    const again = await openJournal(path, options);
    expect(again.entries).toEqual([at(1)]);
    await again.append(at(3));
    await again.close();
    expect(await reopen()).toEqual([at(1), at(3)]);
    expect(await readFile(`${path}.torn.bak`)).toEqual(whole.subarray(0, -4));
  });

  it('reads every cut of its file without losing a whole line', async () => {
    const journal = await openJournal(path, options);
    await journal.append(at(1));
    await journal.append(at(2));
    await journal.close();
    const whole = await readFile(path);
    for (let length = 0; length <= whole.length; length += 1) {
      await writeFile(path, whole.subarray(0, length));
      const lines = whole.subarray(0, length).toString().split('\n').length - 2;
      expect(await reopen()).toEqual([at(1), at(2)].slice(0, Math.max(0, lines)));
    }
  });

  it('cuts a last block that never reached the disk', async () => {
    const journal = await openJournal(path, options);
    await journal.append(at(1));
    await journal.close();
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(9), Buffer.from('\n')]));
    expect(await reopen()).toEqual([at(1)]);
  });

  it('cannot be opened with a damaged line in the middle', async () => {
    const journal = await openJournal(path, options);
    await journal.append(at(1));
    await journal.append(at(2));
    await journal.close();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"n":1', '"n":'));
    await expect(reopen()).rejects.toMatchObject({ code: 'journal-damaged', message: expect.stringContaining('line 2') });
    await writeFile(path, text.replace('"n":1', '"n":"x"'));
    await expect(reopen()).rejects.toMatchObject({ code: 'journal-damaged', message: expect.stringContaining('n:') });
  });

  it('migrates an older version after a backup, and refuses a newer one', async () => {
    await writeFile(path, '{"journal":"test","version":1}\n{"n":5}\n');
    expect(await reopen()).toEqual([{ n: 5, pay: 7n }]);
    expect(await readFile(`${path}.v1.bak`, 'utf8')).toContain('{"n":5}');
    expect(await readFile(path, 'utf8')).toBe('{"journal":"test","version":2}\n{"n":5,"pay":"7"}\n');
    await writeFile(path, '{"journal":"test","version":3}\n');
    await expect(reopen()).rejects.toMatchObject({ code: 'journal-newer' });
  });

  it('retains only what it is told to keep, and appends behind it', async () => {
    const journal = await openJournal(path, options);
    for (const n of [1, 2, 3]) await journal.append(at(n));
    await journal.retain((e) => e.n === 3);
    await journal.append(at(4));
    await journal.close();
    expect(await reopen()).toEqual([at(3), at(4)]);
  });

  it('cannot be opened beside its twin, nor from a copy of its folder while the twin lives', async () => {
    const journal = await openJournal(path, options);
    await expect(openJournal(path, options)).rejects.toMatchObject({ code: 'already-running' });
    const copy = `${dir}-copy`;
    await cp(dir, copy, { recursive: true });
    await expect(openJournal(join(copy, 'jobs.jsonl'), options)).rejects.toMatchObject({
      code: 'already-running',
      message: expect.stringContaining('copy of'),
    });
    await rm(copy, { recursive: true });
    await journal.close();
    expect(await reopen()).toEqual([]);
    expect((await readdir(dir)).sort()).toEqual(['jobs.jsonl']);
  });

  it('keeps every acknowledged entry through kill -9 at any moment, and frees the lock', async () => {
    const program = join(dir, 'writer.ts');
    await writeFile(
      program,
      `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
       import { amountText, openJournal } from ${JSON.stringify(new URL('./journal.ts', import.meta.url).href)};
       const schema = z.strictObject({ n: z.int(), pay: amountText });
       const journal = await openJournal(process.argv[2], { schema, name: 'test', version: 2 });
       for (let n = journal.entries.length; ; n += 1) {
         await journal.append({ n, pay: 1n << 62n });
         process.send(n);
       }`,
    );
    let acknowledged = -1;
    for (const after of [1, 7, 20]) {
      const child = fork(program, [path], { execArgv: [] });
      const exit = once(child, 'exit');
      let seen = 0;
      child.on('message', (n) => {
        acknowledged = n as number;
        seen += 1;
        if (seen === after) child.kill('SIGKILL');
      });
      expect(await exit).toEqual([null, 'SIGKILL']);
      const entries = await reopen();
      expect(entries.length).toBeGreaterThan(acknowledged);
      expect(entries.map((e) => e.n)).toEqual(entries.map((_, i) => i));
    }
  }, 30_000);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dumpName, ensureDump, MIGRATIONS } from './dump.ts';
import { lockFolder } from './folder-lock.ts';
import { openDatabase } from './open.ts';
import * as schema from './schema.ts';
import { createStore } from './store.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'edge-db-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const decision = (lock: string, paid: bigint) => ({ lock, verdict: 'withdraw' as const, rule: 'silent', paid, decidedAt: 1 });
const LOCK = `${'ab'.repeat(32)}#0`;

describe('the database', () => {
  test('is migrated from the dump, keeps what it was told, and cannot hold two decisions for one lock', async () => {
    const first = await openDatabase(folder);
    const store = createStore(first.db);
    expect(await store.decide(decision(LOCK, 5n))).toMatchObject({ paid: 5n });
    expect(await store.decide(decision(LOCK, 6n))).toMatchObject({ paid: 5n });
    await first.close();
    const second = await openDatabase(folder);
    expect(await createStore(second.db).decisions()).toEqual([decision(LOCK, 5n)]);
    await second.close();
  });

  test('cannot be opened twice: PGlite alone would let two diverge', async () => {
    const one = await openDatabase(folder);
    await expect(openDatabase(folder)).rejects.toMatchObject({ code: 'folder-in-use' });
    await one.close();
    await (await openDatabase(folder)).close();
  });

  test('a folder whose process was killed opens again', async () => {
    const script = `import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
      await lockFolder(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: child.stdout }), 'line');
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'folder-in-use' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const release = await lockFolder(folder);
    await release();
  });

  test('a lock file of a reused pid does not keep anybody out, a half-written one neither', async () => {
    await writeFile(join(folder, 'edge.lock'), JSON.stringify({ pid: process.pid, started: 'another boot:1' }));
    await (
      await lockFolder(folder)
    )();
    await writeFile(join(folder, 'edge.lock'), '{"pid":');
    await (
      await lockFolder(folder)
    )();
    expect((await readdir(folder)).filter((name) => name.startsWith('edge.lock'))).toEqual([]);
  });

  test('of eight that want a stale folder at once, one gets it', async () => {
    await writeFile(join(folder, 'edge.lock'), JSON.stringify({ pid: 999_999, started: 'gone:1' }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('a half unpacked database is unpacked again', async () => {
    await (await openDatabase(folder)).close();
    await rm(join(folder, 'pg.ready'));
    await rm(join(folder, 'pg', 'global'), { recursive: true });
    await (await openDatabase(folder)).close();
  });

  test('cannot be opened by a version that does not know its schema', async () => {
    const one = await openDatabase(folder);
    await one.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('future', ${Date.now() + 10 ** 12})`);
    await one.close();
    await expect(openDatabase(folder)).rejects.toMatchObject({ code: 'database-newer' });
  });

  test('an older database is copied before it is migrated', async () => {
    const old = await openDatabase(folder);
    await old.db.execute(sql`update drizzle.__drizzle_migrations set created_at = 1`);
    for (const table of [
      'agreements',
      'cases',
      'evidence',
      'decisions',
      'attestations',
      'settlements',
      'replays',
      'nonces',
      'events',
      'telemetry',
    ]) {
      await old.db.execute(sql.raw(`drop table ${table}`));
    }
    await old.close();
    await (await openDatabase(folder)).close();
    expect(await readdir(folder)).toContain('backup-1.tar.gz');
  });

  test('what was kept before agreements were known is there after the migration', async () => {
    const old = await openDatabase(folder);
    await old.db.execute(sql`drop table agreements, telemetry`);
    await old.db.execute(
      sql`delete from drizzle.__drizzle_migrations where created_at > (select min(created_at) from drizzle.__drizzle_migrations)`,
    );
    const decision = { lock: 'a#0', verdict: 'refund' as const, rule: 'missed', paid: 0n, decidedAt: 1 };
    await createStore(old.db).decide(decision);
    await old.close();
    const migrated = await openDatabase(folder);
    const store = createStore(migrated.db);
    expect(await store.decisionOf('a#0')).toEqual(decision);
    const agreed = { lock: 'a#0', paid: 2n, voucherSignature: 'aa', closeSignature: 'bb', secret: null, arrivedAt: 3 };
    expect([await store.addAgreement(agreed), await store.addAgreement({ ...agreed, paid: 9n })]).toEqual([true, false]);
    expect(await store.agreementOf('a#0')).toEqual(agreed);
    await migrated.close();
    expect((await readdir(folder)).some((name) => name.startsWith('backup-'))).toBe(true);
  });
});

describe('generated files are fresh', () => {
  test('the migrations lead to the schema', async () => {
    const journal = JSON.parse(await readFile(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')) as { entries: { idx: number }[] };
    const last = String(journal.entries.at(-1)?.idx).padStart(4, '0');
    const snapshot = JSON.parse(await readFile(join(MIGRATIONS, 'meta', `${last}_snapshot.json`), 'utf8')) as Parameters<
      typeof generateMigration
    >[0];
    expect(
      await generateMigration(snapshot, generateDrizzleJson(schema, snapshot.id)),
      'run: npx drizzle-kit generate --name WHAT',
    ).toEqual([]);
  });

  test('the dump is of these migrations', async () => {
    const dump = await ensureDump();
    expect(dump.endsWith(await dumpName())).toBe(true);
    const client = await PGlite.create({ loadDataDir: new Blob([await readFile(dump)]) });
    const { rows } = await drizzle(client).execute(sql`select max(created_at)::text as at from drizzle.__drizzle_migrations`);
    const journal = JSON.parse(await readFile(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')) as { entries: { when: number }[] };
    expect(rows).toEqual([{ at: String(journal.entries.at(-1)?.when) }]);
    await client.close();
  });
});

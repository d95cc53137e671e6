// Opens an oracle's database: PGlite in a locked folder, started from the prebuilt dump, or PostgreSQL by URL. Node only.
// PGlite survives the crash of its process but not a power loss (it never calls fsync): decisions also go to decision-log.ts.
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { NunetError } from '@nunet/shared/errors.ts';
import { ensureDump, MIGRATIONS } from './dump.ts';
import { lockFolder } from './folder-lock.ts';
import * as schema from './schema.ts';
import { unpackDump } from './unpack-dump.ts';

export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface OpenDatabase {
  db: Db;
  /** Flushes and releases the folder. */
  close(): Promise<void>;
}

/** `where`: a folder, or a `postgres://` URL. Throws `folder-in-use`, `database-newer`, or what the database says. */
export const openDatabase = (where: string, options: { dump?: string } = {}): Promise<OpenDatabase> =>
  /^postgres(ql)?:\/\//.test(where) ? openPostgres(where) : openFolder(where, options.dump);

async function openFolder(folder: string, dump: string | undefined): Promise<OpenDatabase> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const release = await lockFolder(folder);
  try {
    const [{ PGlite }, { drizzle }, { migrate }] = await Promise.all([
      import('@electric-sql/pglite'),
      import('drizzle-orm/pglite'),
      import('drizzle-orm/pglite/migrator'),
    ]);
    const dataDir = join(folder, 'pg');
    // The marker tells a whole database from one that a crash left half unpacked.
    const marker = join(folder, 'pg.ready');
    const isNew = !(await stat(marker).then(
      () => true,
      () => false,
    ));
    if (isNew) {
      await rm(dataDir, { recursive: true, force: true });
      await unpackDump(dump ?? (await ensureDump()), dataDir);
      await writeFile(marker, '1\n');
    }
    const client = await PGlite.create(dataDir);
    try {
      const db = drizzle(client, { schema }) as unknown as Db;
      const pending = await pendingMigrations(db);
      if (pending.some && pending.from > 0) {
        const backup = await client.dumpDataDir('gzip');
        await writeFile(join(folder, `backup-${pending.from}.tar.gz`), new Uint8Array(await backup.arrayBuffer()), { mode: 0o600 });
      }
      if (pending.some) await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
      return {
        db,
        close: async () => {
          await client.close();
          await release();
        },
      };
    } catch (error) {
      await client.close();
      throw error;
    }
  } catch (error) {
    await release();
    throw error;
  }
}

/** Any number that nothing else in this database locks on. */
const MIGRATE_LOCK = 7_016_254_001;

async function openPostgres(url: string): Promise<OpenDatabase> {
  const [{ default: postgres }, { drizzle }, { migrate }] = await Promise.all([
    import('postgres'),
    import('drizzle-orm/postgres-js'),
    import('drizzle-orm/postgres-js/migrator'),
  ]);
  // One connection of its own: concurrent migrations of an empty database fail without the lock, and it is the session's.
  const single = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await single`select pg_advisory_lock(${MIGRATE_LOCK})`;
    await pendingMigrations(drizzle(single) as unknown as Db);
    await migrate(drizzle(single), { migrationsFolder: MIGRATIONS });
  } finally {
    await single.end({ timeout: 5 });
  }
  const client = postgres(url, { max: 8, onnotice: () => undefined, connection: { idle_in_transaction_session_timeout: 30_000 } });
  return { db: drizzle(client, { schema }) as unknown as Db, close: () => client.end({ timeout: 5 }) };
}

/** Throws `database-newer` when it was written by a newer version of this program. */
async function pendingMigrations(db: Db): Promise<{ some: boolean; from: number }> {
  const known = readMigrationFiles({ migrationsFolder: MIGRATIONS }).map((migration) => migration.folderMillis);
  const newest = Math.max(...known);
  const [table] = rowsOf(await db.execute(sql`select to_regclass('drizzle.__drizzle_migrations')::text as name`));
  if (table?.['name'] == null) return { some: true, from: 0 };
  const [row] = rowsOf(await db.execute(sql`select max(created_at)::text as at from drizzle.__drizzle_migrations`));
  const from = Number(row?.['at'] ?? 0);
  if (from > newest) {
    throw new NunetError(
      'database-newer',
      `Cannot open the database: its schema is of ${from}, this version knows ${newest}; use a newer version`,
    );
  }
  return { some: from < newest, from };
}

/** PGlite answers `{rows}`, postgres.js an array. */
const rowsOf = (result: unknown): Record<string, unknown>[] =>
  Array.isArray(result) ? (result as Record<string, unknown>[]) : (result as { rows: Record<string, unknown>[] }).rows;

// Opens an oracle's database, its folder locked: PGlite in it, started from the prebuilt dump, or PostgreSQL by URL. Node only.
// PGlite survives the crash of its process but not a power loss (it never calls fsync): decisions also go to decision-log.ts.
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { NunetError } from '@nunet/shared/errors.ts';
import { ensureDump, MIGRATIONS } from './dump.ts';
import { lockFolder } from './folder-lock.ts';
import { lockOracleKey } from './key-lock.ts';
import * as schema from './schema.ts';
import { unpackDump } from './unpack-dump.ts';

export type Db = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface OpenDatabase {
  db: Db;
  /** Flushes and releases the folder. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** `postgres://...` */
  url: string;
  /** Public key, hex: one edge of it at a time has the database open. */
  oracleKey: string;
  /** Called once, when another edge of this key has the database, after a connection loss. This one must end. */
  lost: (error: NunetError) => void;
}

export interface OpenOptions {
  dump?: string;
  /** Instead of PGlite in the folder. */
  postgres?: PostgresOptions;
}

/** Locks the folder whatever the database is. Throws `folder-in-use`, `oracle-key-in-use`, `database-newer`, or what the database says. */
export async function openDatabase(folder: string, { dump, postgres }: OpenOptions = {}): Promise<OpenDatabase> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const release = await lockFolder(folder);
  try {
    const opened = await (postgres === undefined ? openFolder(folder, dump) : openPostgres(postgres));
    return {
      db: opened.db,
      async close() {
        await opened.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function openFolder(folder: string, dump: string | undefined): Promise<OpenDatabase> {
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
    return { db, close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Any number that nothing else in this database locks on. */
const MIGRATE_LOCK = 7_016_254_001;

/** A migration that waits longer for another edge's has met one that hangs. */
const MIGRATE_WAIT_MS = 60_000;

async function openPostgres({ url, oracleKey, lost }: PostgresOptions): Promise<OpenDatabase> {
  const [{ default: postgres }, { drizzle }] = await Promise.all([import('postgres'), import('drizzle-orm/postgres-js')]);
  const lock = await lockOracleKey({ url, oracleKey, lost });
  try {
    await migratePostgres(url);
  } catch (error) {
    await lock.release();
    throw error;
  }
  const client = postgres(url, { max: 8, onnotice: () => undefined, connection: { idle_in_transaction_session_timeout: 30_000 } });
  return {
    db: drizzle(client, { schema }) as unknown as Db,
    async close() {
      await client.end({ timeout: 5 });
      await lock.release();
    },
  };
}

/** Oracles may share a server, and start at once. Throws `database-newer`. */
export async function migratePostgres(url: string): Promise<void> {
  const [{ default: postgres }, { drizzle }, { migrate }] = await Promise.all([
    import('postgres'),
    import('drizzle-orm/postgres-js'),
    import('drizzle-orm/postgres-js/migrator'),
  ]);
  // One connection of its own: concurrent migrations of an empty database fail without the lock, and it is the session's.
  const single = postgres(url, { max: 1, onnotice: () => undefined, connection: { lock_timeout: MIGRATE_WAIT_MS } });
  try {
    await single`select pg_advisory_lock(${MIGRATE_LOCK})`;
    await pendingMigrations(drizzle(single) as unknown as Db);
    await migrate(drizzle(single), { migrationsFolder: MIGRATIONS });
  } finally {
    await single.end({ timeout: 5 });
  }
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

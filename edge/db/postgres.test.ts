// PostgreSQL as an operator has it: migrations at once, newer schemas, killed connections, and one edge a key.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { keyOf } from '../fixtures.ts';
import { lockOracleKey } from './key-lock.ts';
import { migratePostgres, openDatabase } from './open.ts';
import { decisions } from './schema.ts';
import { createStore } from './store.ts';
import { hasPostgres, POSTGRES, startPostgres, type TestPostgres } from './test-postgres.ts';

const key = keyOf(1).publicKey;
const lost = (error: NunetError): never => expect.unreachable(error.message);

describe.skipIf(!hasPostgres)(POSTGRES, () => {
  let server: TestPostgres;
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-two-'));
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  async function over<T>(url: string, act: (client: Sql) => Promise<T>): Promise<T> {
    const client = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      return await act(client);
    } finally {
      await client.end();
    }
  }

  test('an empty database is migrated once when four edges start at once', async () => {
    const url = await server.database();
    await Promise.all(Array.from({ length: 4 }, () => migratePostgres(url)));
    const rows = await over(
      url,
      (client) => client`select count(*)::int as n, count(distinct hash)::int as different from drizzle.__drizzle_migrations`,
    );
    expect(rows[0]?.['n']).toBe(rows[0]?.['different']);
    const opened = await openDatabase(at('empty'), { postgres: { url, oracleKey: key, lost } });
    expect(await createStore(opened.db).countOpenCases()).toBe(0);
    await opened.close();
  });

  test('cannot be opened by a version that does not know its schema, and nothing stays locked then', async () => {
    const url = await server.database();
    await migratePostgres(url);
    await over(
      url,
      (client) => client`insert into drizzle.__drizzle_migrations (hash, created_at) values ('future', ${Date.now() + 10 ** 12})`,
    );
    await expect(openDatabase(at('newer'), { postgres: { url, oracleKey: key, lost } })).rejects.toMatchObject({ code: 'database-newer' });
    await over(url, (client) => client`delete from drizzle.__drizzle_migrations where hash = 'future'`);
    await (await openDatabase(at('newer'), { postgres: { url, oracleKey: key, lost } })).close();
  });

  test('cannot run two edges of one oracle key, on one machine or on two', async () => {
    const url = await server.database();
    const one = await openDatabase(at('one'), { postgres: { url, oracleKey: key, lost } });
    await expect(openDatabase(at('one'), { postgres: { url, oracleKey: key, lost } })).rejects.toMatchObject({ code: 'folder-in-use' });
    // Another machine has another folder.
    await expect(openDatabase(at('two'), { postgres: { url, oracleKey: key, lost } })).rejects.toMatchObject({
      code: 'oracle-key-in-use',
      message: expect.stringContaining('Cannot run two edges of one oracle key') as string,
    });
    // Another oracle may share the server, though it should not.
    await (await openDatabase(at('three'), { postgres: { url, oracleKey: keyOf(2).publicKey, lost } })).close();
    await one.close();
    await (await openDatabase(at('two'), { postgres: { url, oracleKey: key, lost } })).close();
  });

  test('of eight edges of one key that start at once, one gets the lock', async () => {
    const url = await server.database();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockOracleKey({ url, oracleKey: key, lost })));
    const held = results.filter((result) => result.status === 'fulfilled');
    expect(held).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'oracle-key-in-use' });
    await held[0]?.value.release();
  });

  test('kill -9 of the connections: the store answers again, keeps its decisions, and the key is still taken', async () => {
    const url = await server.database();
    const opened = await openDatabase(at('killed'), { postgres: { url, oracleKey: key, lost } });
    const store = createStore(opened.db);
    const decision = { lock: `${'ab'.repeat(32)}#0`, verdict: 'refund' as const, rule: 'refused', paid: 0n, decidedAt: 1 };
    await store.decide(decision);
    const [row] = await opened.db.select({ pid: sql<number>`pg_backend_pid()` }).from(decisions);
    if (row === undefined) throw new Error('no backend');
    // The server ends every other connection too when one is killed so.
    process.kill(row.pid, 'SIGKILL');
    await expect.poll(() => store.decisionOf(decision.lock).catch(() => null), { timeout: 20_000 }).toEqual(decision);
    expect(await store.decide({ ...decision, verdict: 'withdraw', paid: 5n })).toEqual(decision);
    await expect.poll(() => holders(url), { timeout: 20_000 }).toBe(1);
    await expect(openDatabase(at('other'), { postgres: { url, oracleKey: key, lost } })).rejects.toMatchObject({
      code: 'oracle-key-in-use',
    });
    await opened.close();
  });

  test('an edge whose key another one took during a connection loss is told to end; one that gets it back is not', async () => {
    const url = await server.database();
    const told: NunetError[] = [];
    const lock = await lockOracleKey({ url, oracleKey: key, lost: (error) => told.push(error), checkMs: 100, lostMs: 300 });
    await endHolder(url);
    await expect.poll(() => holders(url), { timeout: 20_000 }).toBe(1);
    expect(told).toEqual([]);
    // The other one waits in the queue already and is next.
    const other = lockOracleKey({ url, oracleKey: key, lost });
    await expect.poll(() => waiters(url), { timeout: 20_000 }).toBe(1);
    await endHolder(url);
    const taken = await other;
    await expect.poll(() => told.map(({ code }) => code), { timeout: 20_000 }).toEqual(['oracle-key-in-use']);
    await lock.release();
    await taken.release();
  });

  const count = async (url: string, granted: boolean): Promise<number> => {
    const name = new URL(url).pathname.slice(1);
    const found = over(
      url,
      (client) => client`select count(*)::int as n from pg_locks join pg_database d on d.oid = database
        where locktype = 'advisory' and granted = ${granted} and datname = ${name}`,
    );
    return ((await found.catch(() => []))[0]?.['n'] as number | undefined) ?? -1;
  };
  const holders = (url: string): Promise<number> => count(url, true);
  const waiters = (url: string): Promise<number> => count(url, false);
  const endHolder = (url: string): Promise<unknown> =>
    over(
      url,
      (client) => client`select pg_terminate_backend(l.pid, 10000) from pg_locks l join pg_database d on d.oid = l.database
        where locktype = 'advisory' and granted and datname = current_database()`,
    );
});

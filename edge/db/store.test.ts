// What the oracle relies on, against both databases: rules that hold by transactions must hold with real concurrency too.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf } from '../fixtures.ts';
import { openDatabase, type OpenDatabase } from './open.ts';
import { createStore, type EvidenceRow, type Store } from './store.ts';
import { hasPostgres, POSTGRES, startPostgres, type TestPostgres } from './test-postgres.ts';

const lockOf = (n: number): string => `${n.toString(16).padStart(64, '0')}#0`;
const piece = (lock: string, n: number, over: Partial<EvidenceRow> = {}): EvidenceRow => ({
  lock,
  cid: `cid-${n}`,
  kind: 'dispute',
  envelope: new Uint8Array([n, 0, 255]),
  arrivedAt: n,
  receivedAt: n,
  receipt: new Uint8Array([n]),
  ...over,
});
const all = <T>(n: number, act: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: n }, (_, i) => act(i)));

describe.each([
  ['PGlite', { there: true, isServer: false }],
  [POSTGRES, { there: hasPostgres, isServer: true }],
] as const)('the store over %s', (_, { there, isServer }) => {
  let server: TestPostgres | undefined;
  let folder: string;
  let database: OpenDatabase | undefined;
  let store: Store;
  // A hook that throws in a skipped suite would fail it.
  beforeAll(async () => {
    if (!there) return;
    folder = await mkdtemp(join(tmpdir(), 'edge-store-'));
    server = isServer ? await startPostgres() : undefined;
    const postgres = server && {
      url: await server.database(),
      oracleKey: keyOf(1).publicKey,
      lost: (error: Error) => expect.unreachable(error.message),
    };
    database = await openDatabase(folder, postgres === undefined ? {} : { postgres });
    store = createStore(database.db);
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
    if (there) await rm(folder, { recursive: true, force: true });
  });

  test.skipIf(!there)('cannot decide a lock twice: of 40 contradictory decisions at once, all are given the same one', async () => {
    for (const lock of [1, 2, 3].map(lockOf)) {
      const given = await all(40, (i) =>
        store.decide({ lock, verdict: i % 2 === 0 ? 'withdraw' : 'refund', rule: `rule-${i}`, paid: BigInt(i), decidedAt: i }),
      );
      const stands = await store.decisionOf(lock);
      expect(stands).not.toBeNull();
      for (const one of given) expect(one).toEqual(stands);
    }
    expect(await store.decisions()).toHaveLength(3);
  });

  test.skipIf(!there)('cannot add more pieces than the cap, when 24 different ones arrive at once', async () => {
    const lock = lockOf(10);
    const results = await all(24, (i) => store.addEvidence(piece(lock, i), 4));
    expect(results.filter((result) => result === 'added')).toHaveLength(4);
    expect(results.filter((result) => result === 'full')).toHaveLength(20);
    expect(await store.evidenceOf(lock)).toHaveLength(4);
    // The cap is of one kind and one lock.
    expect(await store.addEvidence(piece(lock, 50, { kind: 'ack' }), 4)).toBe('added');
    expect(await store.addEvidence(piece(lockOf(11), 51), 4)).toBe('added');
  });

  test.skipIf(!there)('one piece that arrives 24 times at once is new once, and keeps its earliest receipt', async () => {
    const lock = lockOf(12);
    const results = await all(24, (i) => store.addEvidence(piece(lock, 7, { receivedAt: 100 - i, receipt: new Uint8Array([i]) }), 4));
    expect(results.filter((result) => result === 'added')).toHaveLength(1);
    expect(results.filter((result) => result === 'known')).toHaveLength(23);
    expect(await store.evidenceOf(lock)).toEqual([
      expect.objectContaining({ receivedAt: 77, receipt: new Uint8Array([23]), envelope: new Uint8Array([7, 0, 255]) }),
    ]);
  });

  test.skipIf(!there)('cannot use a nonce twice: of 40 uses at once, one is the first', async () => {
    const used = await all(40, () => store.useNonce('peer', 'nonce', 1_000));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await store.useNonce('another peer', 'nonce', 1_000)).toBe(true);
    await store.dropNonces(1_000);
    expect(await store.useNonce('peer', 'nonce', 1_000)).toBe(false);
    await store.dropNonces(1_001);
    expect(await store.useNonce('peer', 'nonce', 2_000)).toBe(true);
  });

  test.skipIf(!there)('cannot replace the first word of an oracle over a lock', async () => {
    const row = { lock: lockOf(13), oracleKey: 'ab', rule: 'silent', signature: 'cd' };
    const added = await all(24, (i) => store.addAttestation({ ...row, verdict: i === 0 ? 'refund' : 'withdraw', paid: BigInt(i) }));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect((await store.attestationsOf(row.lock)).map(({ paid }) => paid)).toEqual([BigInt(added.indexOf(true))]);
  });

  test.skipIf(!there)('one of 24 adds a case; bytes, nulls and the largest amounts come back as they went in', async () => {
    const row = {
      lock: lockOf(14),
      quoteCid: 'q',
      jobId: 'j',
      quote: new Uint8Array([0, 1, 255]),
      spec: null,
      sources: '{"a":["\\u0041"]}',
      state: 'waiting' as const,
      detail: "it's",
      spentBy: null,
      closedAt: null,
      firstSeenAt: 1_800_000_000_000,
    };
    const added = await all(24, () => store.addCase(row));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await store.findCase(row.lock)).toEqual(row);
    const settlement = {
      txId: 'aa',
      lock: row.lock,
      cbor: 'bb',
      paid: 2n ** 63n - 1n,
      fee: 1n,
      submittedAt: 1_800_000_000_000,
      state: 'built' as const,
    };
    await all(24, () => store.putSettlement(settlement));
    await store.setSettlement('aa', 'submitted');
    expect(await store.settlementsOf(row.lock)).toEqual([{ ...settlement, state: 'submitted' }]);
    await store.updateCase(row.lock, { closedAt: 5 });
    expect([await store.openLocks(), await store.countOpenCases()]).toEqual([[], 0]);
    expect((await store.counts()).states).toEqual({ waiting: 1 });
  });

  test.skipIf(!there)('keeps the newest 2,000 events', async () => {
    await all(30, (i) => store.addEvent({ at: i, kind: 'state', lock: null, detail: String(i) }));
    await database?.db.execute(`insert into events (at, kind, detail) select n, 'state', 'more' from generate_series(1, 2000) n`);
    await store.dropEvents();
    const kept = await store.lastEvents(3_000);
    expect(kept).toHaveLength(2_000);
    expect(new Set(kept.map(({ detail }) => detail))).toEqual(new Set(['more']));
  });
});

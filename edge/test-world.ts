// Test world: a few oracles with real databases, routes and signatures over a chain that the test moves by hand.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { getTableName } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import type { Tip, TransactionStatus } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { EvidenceBundle, EvidenceKind, LockReport } from '@nunet/shared/evidence.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { createOracleClient, type Fetch, type OracleClient } from '@nunet/shared/oracle-client.ts';
import type { ReplayOutcome, ReplayRequest } from '@nunet/shared/replay.ts';
import type { Signed, Signer } from '@nunet/shared/signature.ts';
import { blake2b256, encode } from '@nunet/shared/encoding.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createApp } from './app.ts';
import { openDecisionLog, type DecisionLog } from './decision-log.ts';
import { ensureDump } from './db/dump.ts';
import type { Db } from './db/open.ts';
import * as schema from './db/schema.ts';
import { createStore, type Store } from './db/store.ts';
import { createTelemetryStore } from './db/telemetry-store.ts';
import { createTelemetry } from './telemetry.ts';
import { exchangeOver } from './exchange-client.ts';
import { fixtureRecord, keyOf, ORACLES, T0, type FixtureCase } from './fixtures.ts';
import { createOracle, type Oracle } from './oracle.ts';
import { DEFAULT_LIMITS, type OracleLimits, type OraclePorts } from './ports.ts';

const FAST: OracleLimits = {
  ...DEFAULT_LIMITS,
  pollMs: 20,
  lookMs: 50,
  turnMs: 100,
  exchangeMs: 1_000,
  resubmitMs: 200,
  retryMs: 20,
  retryMaxMs: 100,
};

const clients = new Map<number, PGlite>();

/** A PGlite in memory, migrated and empty; one for each number in a test file, since a new one costs a second. */
export async function memoryDb(number = 0): Promise<Db> {
  const client = clients.get(number) ?? (await PGlite.create({ loadDataDir: new Blob([await readFile(await ensureDump())]) }));
  clients.set(number, client);
  await client.exec(
    `truncate ${Object.values(schema)
      .map((table) => getTableName(table))
      .join()}`,
  );
  return drizzle(client, { schema });
}

interface FakeTransaction {
  height: number | null;
  timeMs: number;
}

export class FakeChain {
  timeMs = T0 + 10_000;
  height = 100;
  down = false;
  readonly locks = new Map<string, { lock: LockedOutput; height: number; spentBy: string | null }>();
  readonly transactions = new Map<string, FakeTransaction>();
  readonly submitted: { txId: string; paid: bigint; lock: string; signatures: number }[] = [];
  /** Transactions that the ledger refuses from now on: a rollback took their inputs. */
  readonly refused = new Set<string>();
  readonly slotConfig = { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1000 };

  private check(): void {
    if (this.down) throw new NunetError('chain-unavailable', 'Cannot read the chain: it is down');
  }
  put(lock: LockedOutput): void {
    this.locks.set(referenceText(lock.reference), { lock, height: this.height, spentBy: null });
    this.transactions.set(lock.reference.txId, { height: this.height, timeMs: this.timeMs });
  }
  /** One block, `ms` later. */
  block(ms = 1_000): void {
    this.height += 1;
    this.timeMs += ms;
  }
  at(timeMs: number): void {
    this.height += 1;
    this.timeMs = timeMs;
  }
  /** Undoes every spend. */
  rollBackSpends(): void {
    for (const entry of this.locks.values()) {
      if (entry.spentBy !== null) this.transactions.delete(entry.spentBy);
      entry.spentBy = null;
    }
  }
  tip(): Promise<Tip> {
    this.check();
    return Promise.resolve({ slot: 0, height: this.height, hash: '', timeMs: this.timeMs });
  }
  output(): Promise<null> {
    return Promise.resolve(null);
  }
  transaction(txId: string): Promise<TransactionStatus> {
    this.check();
    const found = this.transactions.get(txId);
    if (found?.height == null) return Promise.resolve({ state: found === undefined ? 'unknown' : 'pending' });
    return Promise.resolve({
      state: 'confirmed',
      blockHeight: found.height,
      slot: 0,
      timeMs: found.timeMs,
      confirmations: this.height - found.height,
    });
  }
  submit(cbor: string): Promise<string> {
    this.check();
    const { txId, lock, paid, signatures } = JSON.parse(cbor) as { txId: string; lock: string; paid: string; signatures: number };
    const entry = this.locks.get(lock);
    if (entry === undefined || entry.spentBy !== null || this.refused.has(txId)) throw new NunetError('chain-rejected', 'Missing inputs');
    entry.spentBy = txId;
    this.transactions.set(txId, { height: this.height, timeMs: this.timeMs });
    this.submitted.push({ txId, lock, paid: BigInt(paid), signatures });
    return Promise.resolve(txId);
  }
  readLock = (reference: OutputReference): Promise<{ lock: LockedOutput; spentBy: string | null } | null> => {
    this.check();
    const entry = this.locks.get(referenceText(reference));
    if (entry === undefined) return Promise.resolve(null);
    return Promise.resolve({ lock: { ...entry.lock, confirmations: this.height - entry.height }, spentBy: entry.spentBy });
  };
}

export interface TestOracle {
  signer: Signer;
  url: string;
  oracle: Oracle;
  ports: OraclePorts;
  store: Store;
  db: Db;
  app: ReturnType<typeof createApp>;
  decisions: DecisionLog;
  /** False: requests to it fail. */
  reachable: boolean;
  replay: ReplayOutcome;
  replayed: ReplayRequest[];
  /** Stops its loop and starts a new one over the same database and log, as a restart would. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface World {
  chain: FakeChain;
  record: NetworkRecord;
  oracles: TestOracle[];
  fetch: Fetch;
  client(of: TestOracle, signer?: Signer): OracleClient;
  close(): Promise<void>;
}

/** `start: false` leaves the loops off. */
export async function testWorld(count = 3, options: { start?: boolean; limits?: Partial<OracleLimits> } = {}): Promise<World> {
  const chain = new FakeChain();
  const folder = await mkdtemp(join(tmpdir(), 'edge-test-'));
  const urls = ORACLES.map((_, i) => `http://oracle-${i}.test`);
  const record = fixtureRecord(ORACLES.map((signer, i) => ({ key: signer.publicKey, url: urls[i] ?? '' })));
  const oracles: TestOracle[] = [];
  const limits = { ...FAST, ...options.limits };
  const io = { now: Date.now, random: (n: number) => new Uint8Array(randomBytes(n)) };

  const fetch: Fetch = async (url, init) => {
    const target = oracles.find((one) => url.startsWith(one.url));
    if (target === undefined || !target.reachable) throw new TypeError('connection refused');
    return target.app.fetch(new Request(url, init));
  };

  for (const [i, signer] of ORACLES.slice(0, count).entries()) {
    const db = await memoryDb(i);
    const store = createStore(db);
    const path = join(folder, `decisions-${i}.jsonl`);
    const decisions = await openDecisionLog(path, signer.publicKey);
    const me = {
      signer,
      url: urls[i] ?? '',
      store,
      db,
      decisions,
      reachable: true,
      replay: 'unavailable',
      replayed: [],
    } as unknown as TestOracle;
    const portsWith = (log: DecisionLog): OraclePorts => ({
      store,
      decisions: log,
      chain,
      readLock: chain.readLock,
      record: () => record,
      signer,
      settler: {
        address: 'addr_test1fee',
        prepare: () => undefined,
        settle: (lock, ending) => {
          const paid = ending.by === 'oracles' ? ending.paid : ending.agreement.paid;
          const signatures = ending.by === 'oracles' ? ending.signatures.length : 0;
          const txId = bytesToHex(blake2b256(encode({ lock, i, at: Math.random() })));
          const cbor = JSON.stringify({ txId, lock: referenceText(lock), paid: paid.toString(), signatures });
          return Promise.resolve({ txId, cbor, fee: 200_000n });
        },
      },
      replay: (request) => {
        me.replayed.push(request);
        return Promise.resolve({ v: 1, outcome: me.replay, detail: 'as the test says', score: null });
      },
      exchange: exchangeOver({ ...io, fetch, signer }),
      now: Date.now,
      log: () => undefined,
    });
    let abort = new AbortController();
    let running: Promise<void> = Promise.resolve();
    const start = (log: DecisionLog): void => {
      abort = new AbortController();
      me.decisions = log;
      me.ports = portsWith(log);
      me.oracle = createOracle(me.ports, limits);
      me.app = createApp({
        oracle: me.oracle,
        telemetry: createTelemetry({
          store: createTelemetryStore(db),
          network: 'devnet',
          isRevoked: (peerId) => record.revokedPeers.includes(peerId),
          now: Date.now,
        }),
        authorities: () => [new URL(me.url).host],
        oracleKeys: () => record.oracles.map(({ key }) => key),
        useNonce: (peer, nonce, expiresAt) => store.useNonce(peer, nonce, expiresAt),
        now: Date.now,
        requestSignal: () => AbortSignal.timeout(5_000),
        addressOf: (request) => request.headers.get('x-test-address') ?? 'test',
        log: () => undefined,
      });
      if (options.start !== false) running = me.oracle.run(abort.signal);
    };
    const halt = async (): Promise<void> => {
      abort.abort();
      await running;
    };
    me.restart = async () => {
      await halt();
      await me.decisions.close();
      start(await openDecisionLog(path, signer.publicKey));
    };
    me.stop = async () => {
      await halt();
      await me.decisions.close();
    };
    start(decisions);
    oracles.push(me);
  }
  return {
    chain,
    record,
    oracles,
    fetch,
    client: (of, signer = keyOf(9)) =>
      createOracleClient({ ...io, fetch, signer, url: of.url, key: of.signer.publicKey, network: 'devnet' }),
    async close() {
      await Promise.all(oracles.map((one) => one.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const bundleOf = (
  c: FixtureCase,
  pieces: [EvidenceKind, Signed<unknown>][],
  over: Partial<EvidenceBundle> = {},
): EvidenceBundle => ({
  v: 1,
  lock: c.lock,
  items: [{ kind: 'quote', envelope: c.quote.envelope }, ...pieces.map(([kind, { envelope }]) => ({ kind, envelope }))],
  spec: c.specBytes,
  sources: [],
  ...over,
});

/** Polls an oracle's report until it is as wanted; fails with the last one. */
export async function reportWhen(oracle: TestOracle, lock: OutputReference, wanted: (report: LockReport) => boolean): Promise<LockReport> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const report = await oracle.oracle.report(lock);
    if (wanted(report)) return report;
    if (Date.now() > deadline) throw new Error(`the report never came to be as wanted: ${JSON.stringify(report)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

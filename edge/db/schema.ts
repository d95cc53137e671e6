// What an oracle keeps, for PGlite and PostgreSQL 15 alike. Times are POSIX ms; amounts are base units.
import { bigint, bigserial, customType, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';

const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  // postgres.js hands out Buffers, which are not plain Uint8Arrays to the codec.
  fromDriver: (value) => new Uint8Array(value),
});
const time = (name: string) => bigint(name, { mode: 'number' });

/** One row a lock that this oracle has heard of. `lock` is `txId#index` everywhere. */
export const cases = pgTable(
  'cases',
  {
    lock: text().primaryKey(),
    quoteCid: text('quote_cid').notNull(),
    jobId: text('job_id').notNull(),
    /** Signed quote: every other piece is opened against it. */
    quote: bytes().notNull(),
    /** dag-cbor of the JobSpec, for a replay. */
    spec: bytes(),
    /** JSON: peer id of either party -> its multiaddrs. */
    sources: text().notNull(),
    state: text({ enum: ['waiting', 'replaying', 'attested', 'agreed', 'submitted', 'settled', 'ended'] }).notNull(),
    detail: text().notNull(),
    /** Transaction that spent the lock, once the chain shows it; back to null after a rollback. */
    spentBy: text('spent_by'),
    /** Chain time at which nothing more could come of it; null while the loop looks after it. */
    closedAt: time('closed_at'),
    firstSeenAt: time('first_seen_at').notNull(),
  },
  (table) => [index('cases_open').on(table.closedAt)],
);

/** Append-only. */
export const evidence = pgTable(
  'evidence',
  {
    lock: text().notNull(),
    cid: text().notNull(),
    kind: text({
      enum: ['quote', 'lock-refusal', 'manifest', 'ack', 'dispute', 'cancel', 'voucher', 'sealed-key', 'wrong-plaintext'],
    }).notNull(),
    envelope: bytes().notNull(),
    /** Chain time at which it reached this oracle. */
    arrivedAt: time('arrived_at').notNull(),
    /** Chain time at which the first oracle of the quote had it, and that oracle's receipt. Only ever set lower. */
    receivedAt: time('received_at').notNull(),
    receipt: bytes().notNull(),
  },
  (table) => [primaryKey({ columns: [table.lock, table.cid] })],
);

/** One row a lock, for ever: the primary key is what makes a second outcome impossible. Written before any signature leaves. */
export const decisions = pgTable('decisions', {
  lock: text().primaryKey(),
  verdict: text({ enum: ['withdraw', 'refund', 'distribute'] }).notNull(),
  rule: text().notNull(),
  paid: bigint({ mode: 'bigint' }).notNull(),
  decidedAt: time('decided_at').notNull(),
});

/** Own and other oracles' signatures. */
export const attestations = pgTable(
  'attestations',
  {
    lock: text().notNull(),
    oracleKey: text('oracle_key').notNull(),
    verdict: text({ enum: ['withdraw', 'refund', 'distribute'] }).notNull(),
    rule: text().notNull(),
    paid: bigint({ mode: 'bigint' }).notNull(),
    signature: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.lock, table.oracleKey] })],
);

/** What both parties of a lock signed; the first that comes stands. Written before it is submitted. */
export const agreements = pgTable('agreements', {
  lock: text().primaryKey(),
  paid: bigint({ mode: 'bigint' }).notNull(),
  voucherSignature: text('voucher_signature').notNull(),
  closeSignature: text('close_signature').notNull(),
  /** K, hex; null when the voucher names no key. Submitting reveals it. */
  secret: text(),
  /** Chain time. */
  arrivedAt: time('arrived_at').notNull(),
});

/** Journal of settle transactions: written before each submit. */
export const settlements = pgTable(
  'settlements',
  {
    txId: text('tx_id').primaryKey(),
    lock: text().notNull(),
    cbor: text().notNull(),
    paid: bigint({ mode: 'bigint' }).notNull(),
    fee: bigint({ mode: 'bigint' }).notNull(),
    submittedAt: time('submitted_at').notNull(),
    state: text({ enum: ['built', 'submitted', 'confirmed', 'lost'] }).notNull(),
  },
  (table) => [index('settlements_lock').on(table.lock)],
);

/** What a replay found, so that a restart does not run it again. */
export const replays = pgTable('replays', {
  lock: text().primaryKey(),
  manifestCid: text('manifest_cid').notNull(),
  outcome: text({ enum: ['upheld', 'rejected', 'unavailable', 'withheld'] }).notNull(),
  detail: text().notNull(),
  at: time('at').notNull(),
});

/** Nonces of signed requests, kept as long as their signatures are fresh. */
export const nonces = pgTable(
  'nonces',
  { peer: text().notNull(), nonce: text().notNull(), expiresAt: time('expires_at').notNull() },
  (table) => [primaryKey({ columns: [table.peer, table.nonce] }), index('nonces_expiry').on(table.expiresAt)],
);

/** What happened, for the status page. */
export const events = pgTable('events', {
  seq: bigserial({ mode: 'number' }).primaryKey(),
  /** Wall clock. */
  at: time('at').notNull(),
  kind: text().notNull(),
  lock: text(),
  detail: text().notNull(),
});

/** What agents say of themselves, the last report of each; no part of any decision. */
export const telemetry = pgTable(
  'telemetry',
  {
    peer: text().primaryKey(),
    /** Wall clock of the agent, and of this edge. */
    at: time('at').notNull(),
    receivedAt: time('received_at').notNull(),
    cpus: integer().notNull(),
    cpuBusyPercent: integer('cpu_busy_percent').notNull(),
    memoryUsedPercent: integer('memory_used_percent').notNull(),
    gpus: integer().notNull(),
    gpuBusyPercent: integer('gpu_busy_percent'),
    temperatureC: integer('temperature_c'),
    jobsRunning: integer('jobs_running').notNull(),
  },
  (table) => [index('telemetry_received').on(table.receivedAt)],
);

// One process an oracle key and PostgreSQL database, on whichever machine: an advisory lock, held by a connection of its own.
// It lives as long as that connection, so a killed edge leaves nothing behind. A lost connection is made again and the lock taken again.
import { createHash } from 'node:crypto';
import type { Sql } from 'postgres';
import { NunetError } from '@nunet/shared/errors.ts';

/** A restart finds the killed edge's lock for as long as the server takes to notice. */
const WAIT_MS = 5_000;
const CHECK_MS = 10_000;
/** An answer that takes longer comes from no living server: the connection is given up. */
const ANSWER_MS = WAIT_MS + 10_000;
/** Without the lock for so long while another session has it: that one is no remnant of our own connection, which keepalives end by then. */
const LOST_MS = 90_000;
const KEEPALIVES = { tcp_keepalives_idle: 20, tcp_keepalives_interval: 10, tcp_keepalives_count: 3 };

/** SQLSTATE of a lock that another session kept for the whole of `lock_timeout`. */
const LOCK_NOT_AVAILABLE = '55P03';

export interface KeyLock {
  release(): Promise<void>;
}

export interface KeyLockOptions {
  /** PostgreSQL itself or a pooler in session mode: another mode hands the lock to strangers. */
  url: string;
  /** Public key, hex. */
  oracleKey: string;
  /** Called once, when another edge has the lock. This one must end. */
  lost: (error: NunetError) => void;
  checkMs?: number;
  lostMs?: number;
}

/** Throws `oracle-key-in-use`. */
export async function lockOracleKey({ url, oracleKey, lost, checkMs = CHECK_MS, lostMs = LOST_MS }: KeyLockOptions): Promise<KeyLock> {
  const { default: postgres } = await import('postgres');
  const key = createHash('sha256').update(`nunet edge ${oracleKey}`).digest().readBigInt64BE().toString();
  let held = false;
  /** Connections that have closed: an answer counts only if none did since its question. */
  let closed = 0;
  let heldAt = performance.now();
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> | null = null;

  const connect = (): Sql => {
    const mine: Sql = postgres(url, {
      max: 1,
      // Else the connection is replaced every half hour or so, and the lock with it.
      max_lifetime: null,
      onnotice: () => undefined,
      onclose: () => {
        if (mine !== sql) return;
        held = false;
        closed += 1;
        if (!ended) later(0);
      },
      connection: { application_name: 'nunet-edge key lock', lock_timeout: WAIT_MS, ...KEEPALIVES },
    });
    return mine;
  };
  let sql = connect();

  /** Throws what the database says. */
  async function take(): Promise<void> {
    const [mine, closedBefore] = [sql, closed];
    let giveUp: NodeJS.Timeout | undefined;
    const answer = held ? mine`select 1` : mine`select pg_advisory_lock(${key}::bigint)`;
    const late = new Promise<never>((_, reject) => {
      giveUp = setTimeout(
        () => reject(new NunetError('database-silent', 'Cannot hold the oracle key: the database does not answer')),
        ANSWER_MS,
      );
    });
    try {
      await Promise.race([answer, late]);
      held = closed === closedBefore;
      heldAt = performance.now();
    } catch (error) {
      if (error instanceof NunetError) {
        held = false;
        sql = connect();
        void mine.end({ timeout: 0 }).catch(() => undefined);
      }
      throw error;
    } finally {
      clearTimeout(giveUp);
    }
  }

  const isTaken = (error: unknown): boolean => (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE;
  const inUse = (cause: unknown): NunetError =>
    new NunetError(
      'oracle-key-in-use',
      `Cannot run two edges of one oracle key: another one holds ${oracleKey} in this database; stop it first`,
      { cause },
    );

  function later(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      checking ??= check().finally(() => {
        checking = null;
        if (!ended) later(held ? checkMs : Math.min(checkMs, 1_000));
      });
    }, ms).unref();
  }
  async function check(): Promise<void> {
    try {
      await take();
    } catch (error) {
      // A database that is away decides nothing for anybody.
      if (ended || !isTaken(error) || performance.now() - heldAt < lostMs) return;
      ended = true;
      lost(inUse(error));
    }
  }

  try {
    await take();
  } catch (error) {
    ended = true;
    await sql.end({ timeout: 0 });
    throw isTaken(error) ? inUse(error) : error;
  }
  later(checkMs);
  return {
    async release() {
      ended = true;
      clearTimeout(timer);
      await sql.end({ timeout: 5 });
      await checking;
    },
  };
}

// What an oracle needs from outside: everything here is injected, so that the rules run in a test as they run in production.
import type { OracleSignature } from '@nunet/contracts/redeemer.ts';
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { ReplayRequest, ReplayResponse } from '@nunet/shared/replay.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Store } from './db/store.ts';
import type { Exchange } from './exchange.ts';

/** Builds and signs a settle transaction with the edge's fee wallet; submits nothing. */
export interface Settler {
  /** Where the operator sends ADA for collateral. */
  readonly address: string;
  settle(
    lock: OutputReference,
    paid: bigint,
    signatures: OracleSignature[],
    signal: AbortSignal,
  ): Promise<{ txId: string; cbor: string; fee: bigint }>;
}

export interface OraclePorts {
  store: Store;
  decisions: DecisionLog;
  chain: Pick<Chain, 'output' | 'transaction' | 'tip' | 'submit'>;
  /** Null: not on chain. Throws `datum-invalid` where the output is no lock. */
  readLock: (lock: OutputReference, signal: AbortSignal) => Promise<{ lock: LockedOutput; spentBy: string | null } | null>;
  /** Read again whenever it is needed: a newer record may come while the oracle runs. */
  record: () => NetworkRecord;
  signer: Signer;
  settler: Settler;
  /** Asks the agent beside this oracle. Null: this oracle has none. */
  replay: ((request: ReplayRequest, signal: AbortSignal) => Promise<ReplayResponse>) | null;
  /** One exchange with the oracle at this URL. */
  exchange: (url: string, message: Exchange, signal: AbortSignal) => Promise<Exchange>;
  /** Wall clock, POSIX ms: only for back-off and the feed, never for money. */
  now: () => number;
  log: (line: string) => void;
}

export interface OracleLimits {
  /** How often the chain's tip is read, ms. */
  pollMs: number;
  /** Between looks at whether a waiting lock was spent, ms. */
  lookMs: number;
  /** Each oracle in key order waits that much longer before it submits, ms. */
  turnMs: number;
  /** For one request to the chain or to another oracle, ms. */
  requestMs: number;
  /** Cases that may be open at once. */
  maxOpenCases: number;
}

export const DEFAULT_LIMITS: OracleLimits = { pollMs: 5_000, lookMs: 60_000, turnMs: 30_000, requestMs: 15_000, maxOpenCases: 50_000 };

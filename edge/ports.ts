// What an oracle needs from outside: everything here is injected, so that the rules run in a test as they run in production.
import type { OracleSignature } from '@nunet/contracts/redeemer.ts';
import type { Agreement } from '@nunet/shared/agreement.ts';
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { ReplayRequest, ReplayResponse } from '@nunet/shared/replay.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Store } from './db/store.ts';
import type { Exchange } from './exchange.ts';

/** Whose signatures end a lock. */
export type Ending = { by: 'oracles'; paid: bigint; signatures: OracleSignature[] } | { by: 'agreement'; agreement: Agreement };

/** Builds and signs a settle transaction with the edge's fee wallet; submits nothing. */
export interface Settler {
  /** Where the operator sends ADA for collateral. */
  readonly address: string;
  /** Loads what `settle` needs, so that it is quick. Never throws. */
  prepare(): void;
  settle(lock: OutputReference, ending: Ending, signal: AbortSignal): Promise<{ txId: string; cbor: string; fee: bigint }>;
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
  /** For one look at the chain, ms. */
  requestMs: number;
  /** For one exchange with another oracle, ms: also how long a decision waits for one that does not answer. */
  exchangeMs: number;
  /** After that long without a trace on chain a settle transaction is submitted again, ms. */
  resubmitMs: number;
  /** First pause after a failure, ms; doubles up to `retryMaxMs`. */
  retryMs: number;
  retryMaxMs: number;
  /** Cases that may be open at once. */
  maxOpenCases: number;
}

/** For a public network with a block every 20 seconds. */
export const DEFAULT_LIMITS: OracleLimits = {
  pollMs: 5_000,
  lookMs: 60_000,
  turnMs: 90_000,
  requestMs: 15_000,
  exchangeMs: 5_000,
  resubmitMs: 120_000,
  retryMs: 2_000,
  retryMaxMs: 300_000,
  maxOpenCases: 50_000,
};

/** The same for a chain with this block time, as the devnet's second. */
export const limitsFor = (blockMs: number): OracleLimits => ({
  ...DEFAULT_LIMITS,
  pollMs: Math.max(50, blockMs / 2),
  lookMs: 3 * blockMs,
  turnMs: 4 * blockMs,
  resubmitMs: 10 * blockMs,
  retryMs: blockMs,
  retryMaxMs: 15 * blockMs,
});

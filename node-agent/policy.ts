// Policy: may this request be quoted, and which times go with it. Pure; every "no" says why.
import type { Network } from '@nunet/shared/fields.ts';
import { confirmationsFor, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { graphProblems } from '@nunet/shared/onnx/graph-problems.ts';
import type { Quote, QuoteRequest, Reason } from '@nunet/shared/quote.ts';
import { sealedBytes } from '@nunet/shared/sealed/size.ts';
import { MIN_MEMORY_BYTES } from '@nunet/shared/onnx/check-job.ts';

/** What the owner allows beyond the network's rules. */
export interface Limits {
  maxTimeLimitMs: number;
  /** Quotes that one service provider may hold at a time. */
  maxQuotesAPeer: number;
}

export interface PolicyContext {
  network: Network;
  record: NetworkRecord;
  limits: Limits;
  /** The peer at the other end of the stream. */
  callerPeerId: string;
  /** Chain time. */
  now: number;
  /** Quotes that this caller holds already, for other jobs. */
  heldByCaller: number;
}

/** Reasons to refuse, apart from capacity and what the owner wants (owner-policy.ts); empty when the request may be quoted. */
export function requestProblems(request: QuoteRequest, context: PolicyContext): Reason[] {
  const { record, limits } = context;
  const problems: Reason[] = [];
  const demand = (holds: boolean, code: string, message: string): void => {
    if (!holds) problems.push({ code, message });
  };
  demand(
    request.network === context.network,
    'other-network',
    `The request is for ${request.network}, this agent works on ${context.network}`,
  );
  demand(
    request.serviceProvider.peerId === context.callerPeerId,
    'other-peer',
    'The request names another peer as service provider than the one that asks',
  );
  demand(!record.revokedPeers.includes(request.serviceProvider.peerId), 'peer-revoked', 'The network record revokes this service provider');
  demand(
    request.timeLimitMs >= 100 && request.timeLimitMs <= limits.maxTimeLimitMs,
    'time-limit',
    `The time limit is ${request.timeLimitMs} ms, want 100 to ${limits.maxTimeLimitMs}`,
  );
  demand(
    request.work.kind !== 'container' || request.replay === 'never',
    'replay-not-offered',
    `Results of code are not replayed yet: replay is ${request.replay}, want never`,
  );
  // Sealed outputs lie beside the readable ones until the job's files go.
  const outputBytes = request.outputLimitBytes + (request.delivery === 'sealed' ? sealedBytes(request.outputLimitBytes) : 0);
  const fetchedBytes = request.inputBytes + (request.work.kind === 'container' ? request.work.downloadBytes : 0);
  demand(
    fetchedBytes + outputBytes <= request.resources.diskBytes,
    'disk-too-small',
    `${request.resources.diskBytes} bytes of disk asked, inputs and outputs need ${fetchedBytes + outputBytes}`,
  );
  demand(
    request.resources.memoryBytes >= MIN_MEMORY_BYTES,
    'memory-too-small',
    `${request.resources.memoryBytes} bytes of memory asked, an execution needs at least ${MIN_MEMORY_BYTES}`,
  );
  demand(
    context.now < record.expiresAt,
    'network-record-expired',
    'The network record of this agent has expired; its owner must start it with a newer one',
  );
  const foreign = request.oracleKeys.filter((key) => !record.oracles.some((oracle) => oracle.key === key));
  demand(foreign.length === 0, 'oracle-unknown', `Oracle ${foreign[0]?.slice(0, 16)}... is not in this agent's network record`);
  demand(request.k >= record.k, 'oracle-k-too-small', `${request.k} oracle signatures asked for, want at least ${record.k}`);
  demand(
    context.heldByCaller < limits.maxQuotesAPeer,
    'too-many-quotes',
    `${context.heldByCaller} quotes are held by you; lock one or let it run out`,
  );
  if (request.work.kind === 'onnx') problems.push(...graphProblems(request.work.graph));
  return problems;
}

/** Slack beyond the time limit, by network: blocks come every second on the devnet and every 20 s elsewhere. */
export interface Windows {
  /** From the quote's end to `startBy`: lock made at the last moment, deep enough, inputs here. */
  startMs: number;
  /** From `startBy` plus the time limit to `finishBy`: hashing outputs, signing, reaching an oracle. */
  finishMs: number;
}

export const windowsOf = (network: Network, blocks: number): Windows =>
  network === 'devnet'
    ? { startMs: 20_000 + blocks * 2_000, finishMs: 10_000 }
    : { startMs: 20 * 60_000 + blocks * 60_000, finishMs: 10 * 60_000 };

/** The times of a quote, in chain time. `reclaimAfter` never comes before `disputeBy` plus the record's claim window. */
export function timesOf(
  now: number,
  timeLimitMs: number,
  amountBaseUnits: bigint,
  context: { network: Network; record: NetworkRecord; lifetimeMs: number; windows?: Windows },
): Pick<Quote, 'issuedAt' | 'expiresAt' | 'startBy' | 'finishBy' | 'disputeBy' | 'reclaimAfter'> {
  const { record } = context;
  const windows = context.windows ?? windowsOf(context.network, confirmationsFor(record, amountBaseUnits));
  const expiresAt = now + context.lifetimeMs;
  const startBy = expiresAt + windows.startMs;
  const finishBy = startBy + timeLimitMs + windows.finishMs;
  const disputeBy = finishBy + Math.max(1, record.disputeWindowMs);
  return { issuedAt: now, expiresAt, startBy, finishBy, disputeBy, reclaimAfter: disputeBy + Math.max(1, record.claimWindowMs) };
}

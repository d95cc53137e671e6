// The agent: wires its parts from one components object, resumes what its journal left, and stops them in order.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import { hashOfCid } from '@nunet/shared/encoding.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { OracleClient } from '@nunet/shared/oracle-client.ts';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { AgentEntry } from './agent-entries.ts';
import { createAnswers, jobOf } from './answers.ts';
import type { BlobStore } from './blobs.ts';
import { Capacity, type Offer } from './capacity.ts';
import { ChainWatch } from './chain-watch.ts';
import { deliverRefusal, isDelivered, type EvidenceParts } from './evidence-post.ts';
import { runJob, type ExecutionParts } from './execution.ts';
import type { Executor, ExecutorFingerprint } from './executor/executor.ts';
import { hasEnded, JobBook, type Job } from './job-book.ts';
import { JobFeed } from './job-feed.ts';
import { jobLine, type JobLine } from './job-line.ts';
import { checkGraph, jobFiles, readableBlocks } from './job-files.ts';
import type { Journal } from './journal.ts';
import type { LockSource } from './lock-wait.ts';
import { AdvertBook } from './network/advert-book.ts';
import { startAdverts } from './network/adverts.ts';
import { serveAnswers } from './network/answer.ts';
import { serveBlocks } from './network/blocks.ts';
import { serveFollow } from './network/follow.ts';
import { keepHubs, type HubState } from './network/hubs.ts';
import type { PeerKey } from './network/identity.ts';
import type { NetworkNode } from './network/node.ts';
import { serveQuotes } from './network/quote.ts';
import { serveRun } from './network/run.ts';
import type { Limits, Windows } from './policy.ts';
import type { Prices } from './pricing.ts';
import { createQuotes } from './quotes.ts';
import { createRuns } from './runs.ts';

/** Everything an agent is made of; tests and scripts put fakes in some places. The agent owns and closes journal, store and node. */
export interface AgentComponents {
  network: Network;
  peerKey: PeerKey;
  /** Payout address. */
  address: string;
  prices: Prices;
  /** On offer in all. */
  offer: Offer;
  limits: Limits;
  windows?: Windows;
  record: NetworkRecord;
  hubs: readonly string[];
  /** Data folder: logs and work folders lie in it. */
  dataPath: string;
  node: NetworkNode;
  journal: Journal<AgentEntry>;
  store: BlobStore;
  executor: Executor;
  chain: LockSource & { tip(signal: AbortSignal): Promise<Tip> };
  pollMs: number;
  oracle(key: string): OracleClient | undefined;
  clock: { now(): number; elapsed(): number };
  random(bytes: number): Uint8Array;
  log(line: string): void;
}

export interface AgentStatus {
  peerId: string;
  network: Network;
  addresses: string[];
  sandbox: ExecutorFingerprint['sandbox'];
  sandboxDetail: string;
  kinds: readonly string[];
  payoutAddress: string;
  capacity: { total: Offer; free: Offer };
  hubs: HubState[];
  jobs: JobLine[];
  earnedBaseUnits: string;
  /** The last thing that went wrong, for its owner. */
  lastProblem: string | null;
}

export interface Agent {
  readonly peerId: string;
  readonly fingerprint: ExecutorFingerprint;
  addresses(): string[];
  status(): Promise<AgentStatus>;
  /** Ends running work, tells the oracles as far as they can be reached within seconds, and closes everything. */
  stop(): Promise<void>;
  /** Settles when the agent has stopped; rejects when it had to, because its journal failed. */
  readonly stopped: Promise<void>;
}

/** Given to evidence of work that a stop has ended. */
const FAREWELL_MS = 5_000;
const AGENT_VERSION = '0.1.0';
const KEEP_UNSOLD_MS = 3_600_000;

export async function startAgent(components: AgentComponents): Promise<Agent> {
  const { network, peerKey, record, node, store, executor, clock, journal } = components;
  const { signer, peerId } = peerKey;
  const stopping = new AbortController();
  const ending = new AbortController();
  const signal = ending.signal;
  let lastProblem: string | null = null;
  const onFailure = (error: unknown, about?: string): void => {
    if (signal.aborted) return;
    const { code, message } = safeError(error);
    const plain = code === 'internal' && error instanceof Error ? error.message : message;
    lastProblem = `${about === undefined ? '' : `${about}: `}${plain}`;
    components.log(`${code}: ${lastProblem}`);
  };

  const fingerprint = await executor.fingerprint(signal);
  const book = new JobBook(network, journal);
  const capacity = new Capacity(components.offer);
  const watch = new ChainWatch({
    tip: (tipSignal) => components.chain.tip(tipSignal),
    pollMs: components.pollMs,
    elapsed: () => clock.elapsed(),
    onFailure,
  });
  const now = (until: AbortSignal): Promise<number> => watch.now(until);
  const logPath = (jobId: string): string => join(components.dataPath, 'logs', `${hashOfCid(jobId)}.log`);
  const feeds = new Map<string, Promise<JobFeed>>();
  const feedOf = (job: Job): Promise<JobFeed> => {
    const open = feeds.get(job.jobId) ?? JobFeed.open(book, job.jobId, logPath(job.jobId));
    feeds.set(job.jobId, open);
    return open;
  };
  const files = jobFiles({ store, node, workRoot: join(components.dataPath, 'work') });
  const evidence: EvidenceParts = {
    book,
    oracle: (key) => components.oracle(key),
    ownAddresses: () => node.addresses(),
    now: () => clock.now(),
    random: () => (components.random(1)[0] ?? 0) / 256,
    onFailure: (error, jobId) => onFailure(error, jobId),
    firstRetryMs: network === 'devnet' ? 200 : 1_000,
    maxRetryMs: network === 'devnet' ? 2_000 : 60_000,
  };
  const parts: ExecutionParts = {
    book,
    signer,
    capacity,
    executor,
    fingerprint,
    files: {
      ...files,
      remove: async (job) => {
        await (await feedOf(job)).remove();
        feeds.delete(job.jobId);
        await files.remove(job);
      },
    },
    chain: { watch, locks: components.chain, record, onFailure },
    evidence,
    checkInputs: (job, inputPath) => checkGraph(job, (name) => readFile(inputPath(name))),
    feedOf,
    holdPeer: (peer) => {
      node.reserve(peer);
      return () => node.release(peer);
    },
    stopping: stopping.signal,
    onFailure: (error, jobId) => onFailure(error, jobId),
  };

  // --- jobs of this process ---
  const stopped = Promise.withResolvers<void>();
  const running = new Map<string, Promise<void>>();
  const inBackground = (name: string, work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => {
        if (signal.aborted || stopping.signal.aborted) return;
        // Only a failed journal gets here: without it nothing more may be promised.
        onFailure(error, name);
        void stop().then(() => stopped.reject(error as Error));
      })
      .finally(() => {
        running.delete(name);
        publish();
      });
    running.set(name, tracked);
  };
  const take = (job: Job): void => inBackground(job.jobId, runJob(job.jobId, parts, signal));
  const tellRefusal = (refused: Parameters<typeof deliverRefusal>[0]): void => {
    const { cid, body } = refused.refusal;
    const before = AbortSignal.any([signal, AbortSignal.timeout(Math.min(2 ** 31 - 1, refused.quote.body.reclaimAfter - body.issuedAt))]);
    inBackground(
      cid,
      deliverRefusal(refused, evidence, before).catch((error: unknown) => {
        if (!before.aborted) throw error;
      }),
    );
  };

  // --- what others may ask ---
  const quotes = createQuotes({
    network,
    peerId,
    address: components.address,
    signer,
    record,
    fingerprint,
    prices: components.prices,
    limits: components.limits,
    ...(components.windows === undefined ? {} : { windows: components.windows }),
    capacity,
    book,
    now,
    random: (bytes) => components.random(bytes),
  });
  const runs = createRuns({ peerId, signer, capacity, book, now, onAccepted: take, onRefused: tellRefusal });
  const answers = createAnswers(book, now);
  const problem = { onFailure: (error: unknown, peer: string) => onFailure(error, `peer ${peer}`) };
  const answerQuote = async (request: QuoteRequest, caller: Caller): Promise<AnswerOf<'quote'>> => {
    const answer = await quotes(request, caller);
    publish();
    return answer;
  };
  const answerFollow = async function* (request: RequestOf<'follow'>, caller: Caller): AsyncGenerator<AnswerOf<'follow'>> {
    const feed = await feedOf(jobOf(book, request.jobId, caller.peerId));
    yield* feed.follow(request.fromEvent, request.fromLog, AbortSignal.any([caller.signal, signal]));
  };

  // --- presence ---
  const hubs = new Map<string, HubState>();
  /** Chain time of the last look: an advert says about what is free, a quote says it exactly. */
  let freeAt = 0;
  const adverts = await startAdverts({
    node,
    book: new AdvertBook({ network, now: () => clock.now(), isRevoked: (peer) => record.revokedPeers.includes(peer) }),
    signer,
    offer: () => {
      if (stopping.signal.aborted || fingerprint.kinds.length === 0) return null;
      const { cpuHour, memoryGibHour, gpuHour, minimum } = components.prices;
      return {
        agentVersion: AGENT_VERSION,
        kinds: [...fingerprint.kinds],
        sandbox: fingerprint.sandbox,
        asset: record.asset,
        price: { cpuHour, memoryGibHour, gpuHour, minimum },
        total: capacity.total,
        free: capacity.free(freeAt),
      };
    },
    serveCurrent: false,
    now: () => clock.now(),
    onProblem: (error) => onFailure(error, 'adverts'),
  });
  function publish(): void {
    if (signal.aborted || stopping.signal.aborted) return;
    now(signal)
      .then((at) => {
        freeAt = at;
        return adverts.publish();
      })
      .catch((error: unknown) => onFailure(error, 'adverts'));
  }

  // --- what the journal left ---
  const at = await now(AbortSignal.any([signal, AbortSignal.timeout(10_000)])).catch(() => 0);
  for (const { quote } of book.openQuotes(at)) {
    capacity.reserve(quote.body.jobId, { resources: quote.body.resources, until: quote.body.expiresAt });
  }
  if (at > 0) await book.compact(at - KEEP_UNSOLD_MS);
  for (const job of book.jobs()) {
    if (job.cleaned) continue;
    if (!hasEnded(job)) capacity.reserve(job.jobId, { resources: job.quote.body.resources, until: null });
    take(job);
  }
  for (const refused of book.strayRefusals()) {
    const keys = refused.quote.body.oracleKeys.filter((key) => components.oracle(key) !== undefined);
    const { lock } = refused.refusal.body;
    const told = keys.every((key) => book.hasReceipt(lock, key, refused.refusal.cid));
    if (!told && refused.quote.body.reclaimAfter > at) tellRefusal(refused);
  }

  await serveQuotes(node, answerQuote, problem);
  await serveRun(node, runs, problem);
  await serveFollow(node, answerFollow, problem);
  await serveAnswers(node, answers, problem);
  await serveBlocks(node, readableBlocks(book, store), problem);
  const keeping = keepHubs({
    node,
    hubs: components.hubs,
    signal,
    onState: (state) => {
      hubs.set(state.hub, state);
      if (state.state === 'down') onFailure(new Error(state.message));
    },
  });
  publish();

  let stop_: Promise<void> | undefined;
  const stop = (): Promise<void> => (stop_ ??= endAll());
  async function endAll(): Promise<void> {
    const working = book.jobs().filter((job) => running.has(job.jobId) && job.handle !== undefined && !job.cleaned);
    stopping.abort(new Error('The agent is being stopped'));
    const told = working.map((job) => untilDelivered(job, book, evidence, signal));
    await Promise.race([Promise.allSettled(told), sleep(FAREWELL_MS, undefined, { ref: false })]);
    ending.abort(new Error('The agent was stopped'));
    await Promise.allSettled(running.values());
    await adverts.stop();
    await node.stop();
    await keeping;
    await Promise.allSettled([...feeds.values()].map(async (feed) => (await feed).close()));
    await store.close();
    await journal.close();
    stopped.resolve();
  }
  // A caller that only stops need not listen.
  stopped.promise.catch(() => undefined);

  return {
    peerId,
    fingerprint,
    addresses: () => node.addresses(),
    stop,
    stopped: stopped.promise,
    status: async () => {
      const free = capacity.free(await now(AbortSignal.timeout(2_000)).catch(() => clock.now()));
      return {
        peerId,
        network,
        addresses: node.addresses(),
        sandbox: fingerprint.sandbox,
        sandboxDetail: fingerprint.detail,
        kinds: fingerprint.kinds,
        payoutAddress: components.address,
        capacity: { total: capacity.total, free },
        hubs: [...hubs.values()],
        jobs: book.jobs().map(jobLine),
        earnedBaseUnits: String(book.jobs().reduce((sum, job) => sum + (job.spent?.paid ?? 0n), 0n)),
        lastProblem,
      };
    },
  };
}

/** Resolves when work is over and every oracle that can be reached has signed for its evidence. */
function untilDelivered(job: Job, book: JobBook, evidence: EvidenceParts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // The receipt's entry is applied before watchers are called, so looking at each call is enough.
    const look = (): void => {
      if (!hasEnded(job) || !isDelivered(job, evidence)) return;
      unwatch();
      resolve();
    };
    const unwatch = book.watch(job.jobId, look);
    signal.addEventListener('abort', () => (unwatch(), reject(signal.reason as Error)), { once: true });
    look();
  });
}

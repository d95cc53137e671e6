// The agent: wires its parts from one components object, resumes what its journal left, and stops them in order.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOfCid } from '@nunet/shared/encoding.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import type { QuoteRequest, Reason } from '@nunet/shared/quote.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { Agent, AgentComponents } from './agent-components.ts';
import { agentView } from './agent-view.ts';
import { createAnswers, jobOf } from './answers.ts';
import { createChallenges } from './benchmark/challenges.ts';
import { advertised } from './benchmark/benchmark-file.ts';
import { startCompute } from './benchmark/compute.ts';
import { probeBlocks } from './benchmark/network-probe.ts';
import { Capacity } from './capacity.ts';
import { demandBy } from './demand.ts';
import { startPresence } from './presence.ts';
import { recoverExecutions, reserveFromJournal } from './reconcile.ts';
import { TwinWatch, type Twin } from './twin-watch.ts';
import { ChainWatch } from './chain-watch.ts';
import { DEFAULTS_OF_2 } from './config.ts';
import type { EvidenceParts } from './evidence-post.ts';
import type { ExecutionParts } from './execution.ts';
import { executorSet } from './executor/executor-set.ts';
import { withGpus } from './executor/with-gpus.ts';
import { withTraces } from './executor/with-traces.ts';
import { hasEnded, isOver, JobBook, type Job } from './job-book.ts';
import { JobFeed } from './job-feed.ts';
import { PUBLIC_WEB } from './job-downloads.ts';
import { checkGraph, jobFiles, readableBlocks } from './job-files.ts';
import { serveAnswers } from './network/answer.ts';
import { serveBlocks } from './network/blocks.ts';
import { serveChallenges } from './network/challenge.ts';
import { serveFollow } from './network/follow.ts';
import type { ServeOptions } from './network/protocol.ts';
import { serveQuotes } from './network/quote.ts';
import { serveReleases } from './network/release.ts';
import { serveRun } from './network/run.ts';
import { traceJob } from './telemetry/trace-job.ts';
import { STREAM_SHARES } from './pricing.ts';
import { createQuotes, createReleases, KEEP_UNSOLD_MS } from './quotes.ts';
import { createRunningJobs } from './running-jobs.ts';
import { createRetention } from './retention.ts';
import { createRuns } from './runs.ts';
import { Settings } from './settings.ts';
import { createVouchers } from './vouchers.ts';
import { serveVouchers } from './network/voucher.ts';
import { VERSION } from './version.ts';

const TWIN: Reason = {
  code: 'agent-twin',
  message: 'A copy of this agent runs elsewhere with the same key, so no new jobs are taken here',
};

export async function startAgent(components: AgentComponents): Promise<Agent> {
  const { network, peerKey, record, node, store, clock, journal } = components;
  const { signer, peerId } = peerKey;
  const stopping = new AbortController();
  const ending = new AbortController();
  const signal = ending.signal;
  let lastProblem: string | null = null;
  const onFailure = (error: unknown, about?: string): void => {
    if (signal.aborted) return;
    const { code, message } = safeError(error);
    const plain = code === 'internal' && error instanceof Error ? error.message : message;
    const problem = `${about === undefined ? '' : `${about}: `}${plain}`;
    // What is tried again and again is told once.
    if (problem !== lastProblem) components.log(`${code}: ${problem}`);
    lastProblem = problem;
  };

  const { gpuCare, traces } = components;
  const executor = executorSet(
    components.executors
      .map((one) => (gpuCare === undefined ? one : withGpus(one, gpuCare, (handle) => book.job(handle.jobId).gpus, signal)))
      .map((one) => (traces === undefined ? one : withTraces(one, traces))),
  );
  await executor.fingerprint(signal);
  const fingerprints = executor.fingerprints();
  const best = fingerprints.of(fingerprints.kinds[0] ?? 'onnx');
  const book = new JobBook(network, journal, (error) => onFatal(error));
  const settings = new Settings({
    prices: components.prices,
    offer: components.offer,
    limits: components.limits,
    policy: components.policy ?? DEFAULTS_OF_2.policy,
    hours: components.hours ?? null,
    toOperators: components.toOperators ?? false,
    pausedBy: components.pausedBy ?? null,
  });
  const capacity = new Capacity(components.offer, components.gpus, gpuCare?.unfit);
  const demandOf = demandBy(fingerprints);
  const isOwnPeer = (peer: string): boolean =>
    settings.now.policy.ownServiceProviders.includes(peer) || components.isOwnPeer?.(peer) === true;
  let publish = (): void => undefined;
  settings.onChange(({ offer }) => {
    capacity.lend(offer);
    store.bound(offer.diskBytes);
    publish();
  });
  const watch = new ChainWatch({
    tip: (tipSignal) => components.chain.tip(tipSignal),
    pollMs: components.pollMs,
    elapsed: () => clock.elapsed(),
    onFailure,
  });
  const now = (until: AbortSignal): Promise<number> => watch.now(until);
  const at = await now(AbortSignal.any([signal, AbortSignal.timeout(10_000)])).catch(() => 0);
  const twins = new TwinWatch({
    peerId,
    startedAt: clock.now(),
    chainStartedAt: at > 0 ? at : Infinity,
    elapsed: () => clock.elapsed(),
  });
  const onTwin = ({ addresses }: Twin): void => {
    const where = addresses.length === 0 ? '' : ` It says that it is at ${addresses.slice(0, 3).join(', ')}.`;
    onFailure(new NunetError('agent-twin', `${TWIN.message}.${where} Stop one of the two, delete its folder, and restart the other`));
  };
  const logPath = (jobId: string): string => join(components.dataPath, 'logs', `${hashOfCid(jobId)}.log`);
  const feeds = new Map<string, Promise<JobFeed>>();
  const feedOf = (job: Job): Promise<JobFeed> => {
    const open = feeds.get(job.jobId) ?? JobFeed.open(book, job.jobId, logPath(job.jobId));
    feeds.set(job.jobId, open);
    return open;
  };
  const files = jobFiles({
    store,
    node,
    workRoot: join(components.dataPath, 'work'),
    web: components.web ?? PUBLIC_WEB,
    downloadHosts: () => settings.now.policy.downloadHosts,
  });
  const removeFiles = async (job: Job): Promise<void> => {
    await (await feedOf(job)).remove();
    feeds.delete(job.jobId);
    await files.remove(job);
  };
  const keep = components.keep ?? DEFAULTS_OF_2.keep;
  const makeRoom = createRetention({ book, capacity, keep, remove: removeFiles, now, signal, onFailure });
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
  const parts: Omit<ExecutionParts, 'ownerStop'> = {
    book,
    signer,
    capacity,
    executor,
    fingerprints,
    files: {
      ...files,
      keep: async (job) => (await files.keep(job)) + (await feedOf(job)).bytes,
      remove: removeFiles,
    },
    makeRoom,
    chain: { watch, locks: components.chain, record, onFailure },
    evidence,
    checkInputs: (job, inputPath) => checkGraph(job, (name) => readFile(inputPath(name))),
    feedOf,
    random: (bytes) => components.random(bytes),
    elapsed: () => clock.elapsed(),
    isOwnPeer,
    recover: (job) => recovered.of(job),
    holdPeer: (peer) => {
      node.reserve(peer);
      return () => node.release(peer);
    },
    stopping: stopping.signal,
    onFailure: (error, jobId) => onFailure(error, jobId),
  };

  // --- jobs of this process, and the end of it ---
  const stopped = Promise.withResolvers<void>();
  // A caller that only stops need not listen.
  stopped.promise.catch(() => undefined);
  let stopStarted: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopStarted ??= stopAll());
  const jobs = createRunningJobs({
    parts,
    evidence,
    signal,
    stopWork: () => stopping.abort(new Error('The agent is being stopped')),
    onChange: () => publish(),
    onFatal: (error) => onFatal(error),
  });
  function take(job: Job): void {
    if (traces !== undefined) traceJob(job, book, traces);
    jobs.take(job);
  }
  function onFatal(error: unknown): void {
    if (signal.aborted) return;
    onFailure(error);
    stopped.reject(error);
    // Nothing can be written any more, so there is no farewell to wait for.
    ending.abort(error);
    void stop();
  }

  // --- what others may ask ---
  const quotes = createQuotes({
    network,
    peerId,
    address: components.address,
    signer,
    record,
    fingerprints,
    expectedStartMs: (work) => executor.expectedStartMs?.(work) ?? 0,
    hasImage: (reference) => executor.hasImage?.(reference) === true,
    settings,
    closed: () => (twins.twin === null ? null : TWIN),
    isOwnPeer,
    clock: () => clock.now(),
    stream: components.stream ?? STREAM_SHARES,
    ...(components.windows === undefined ? {} : { windows: components.windows }),
    capacity,
    demandOf,
    book,
    now,
    random: (bytes) => components.random(bytes),
  });
  const runs = createRuns({
    peerId,
    signer,
    capacity,
    demandOf,
    book,
    now,
    isTwins: (quote, chainTime) => {
      const isNew = twins.twin === null;
      const found = twins.heardQuote(quote, chainTime);
      if (found && isNew && twins.twin !== null) onTwin(twins.twin);
      return found;
    },
    onAccepted: take,
    onRefused: (refused) => jobs.tellRefusal(refused),
  });
  const answers = createAnswers(book, now, runs.cancelUnseen);
  const problem: ServeOptions = { onFailure: (error: unknown, peer: string) => onFailure(error, `peer ${peer}`) };
  const answerQuote = async (request: QuoteRequest, caller: Caller): Promise<AnswerOf<'quote'>> => {
    const askedAt = clock.now();
    const answer = await quotes(request, caller);
    if (answer.type === 'quote') traces?.quoted(request.jobId, askedAt, clock.now());
    publish();
    return answer;
  };
  const answerFollow = async function* (request: RequestOf<'follow'>, caller: Caller): AsyncGenerator<AnswerOf<'follow'>> {
    const feed = await feedOf(jobOf(book, request.jobId, caller.peerId));
    yield* feed.follow(request.fromEvent, request.fromLog, AbortSignal.any([caller.signal, signal]));
  };

  // --- what the journal left ---
  reserveFromJournal({ book, capacity, demandOf }, at);
  const recovered = await recoverExecutions({ book, executor, onFailure, signal });
  if (at > 0) await book.compact(at - KEEP_UNSOLD_MS);
  for (const job of book.jobs()) {
    if (isOver(job)) continue;
    take(job);
  }
  for (const refused of book.strayRefusals()) {
    const keys = refused.quote.body.oracleKeys.filter((key) => components.oracle(key) !== undefined);
    const { lock } = refused.refusal.body;
    const told = keys.every((key) => book.hasReceipt(lock, key, refused.refusal.cid));
    if (!told && refused.quote.body.reclaimAfter > at) jobs.tellRefusal(refused);
  }

  await serveQuotes(node, answerQuote, problem);
  await serveReleases(node, createReleases({ book, capacity, now }), problem);
  await serveRun(node, runs.run, problem);
  await serveFollow(node, answerFollow, problem);
  await serveAnswers(node, answers, problem);
  await serveVouchers(node, createVouchers({ book, now }), problem);
  await serveBlocks(
    node,
    probeBlocks(readableBlocks(book, store), () => clock.elapsed()),
    problem,
  );
  const challenges = createChallenges({
    freeCpus: async () => capacity.free(await now(signal)).cpus,
    start: () => startCompute({ isPolite: true }),
    elapsed: () => clock.elapsed(),
    signal,
  });
  await serveChallenges(node, challenges, problem);
  const presence = await startPresence({
    node,
    hubs: components.hubs,
    signer,
    record,
    offer: (freeAt) => {
      const { prices, pausedBy } = settings.now;
      if (stopping.signal.aborted || fingerprints.kinds.length === 0 || pausedBy !== null || twins.twin !== null) return null;
      const { cpuHour, memoryGibHour, gpuHour, minimum } = prices;
      return {
        agentVersion: VERSION,
        kinds: fingerprints.kinds.filter((kind) => settings.now.policy.kinds.includes(kind)),
        sandbox: best.sandbox,
        asset: record.asset,
        price: { cpuHour, memoryGibHour, gpuHour, minimum },
        total: capacity.total,
        free: capacity.free(freeAt),
        ...advertised(components.benchmark?.() ?? null),
      };
    },
    now,
    clock: () => clock.now(),
    twins,
    onTwin,
    onFailure,
    ...(components.askHubsMs === undefined ? {} : { askHubsMs: components.askHubsMs }),
    signal,
  });
  publish = () => {
    if (!stopping.signal.aborted) presence.publish();
  };

  async function stopAll(): Promise<void> {
    await jobs.farewell();
    ending.abort(new Error('The agent was stopped'));
    await jobs.ended();
    await presence.stop();
    await node.stop();
    await Promise.allSettled([...feeds.values()].map(async (feed) => (await feed).close()));
    await store.close();
    await journal.close();
    stopped.resolve();
  }

  return {
    peerId,
    settings,
    fingerprints,
    addresses: () => node.addresses(),
    logOf: async (jobId, fromLine, lines) => (await feedOf(book.job(jobId))).lines(fromLine, lines),
    stopJob: (jobId) => {
      if (hasEnded(book.job(jobId))) throw new NunetError('job-ended', `Cannot end job ${jobId}: it has ended already`);
      jobs.stop(jobId);
    },
    stop,
    stopped: stopped.promise,
    ...agentView({
      components,
      book,
      capacity,
      fingerprints,
      settings,
      presence,
      now,
      twin: () => (twins.twin === null ? null : TWIN.message),
      lastProblem: () => lastProblem,
    }),
  };
}

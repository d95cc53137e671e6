// start: the daemon. Reads the configuration, builds the real parts and hands them to the agent. Never loads a wallet or Mesh (a test proves it).
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { openChain, type ChainAccess } from '@nunet/contracts/chain/open.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { createOracleClient } from '@nunet/shared/oracle-client.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry, type AgentEntry } from '../agent-entries.ts';
import type { Agent } from '../agent-components.ts';
import { startAgent } from '../agent.ts';
import { VERSION } from '../version.ts';
import { isInJournal, openAgentLog } from '../agent-log.ts';
import { keepBenchmarkRead } from '../benchmark/benchmark-file.ts';
import { openBlobStore } from '../blobs.ts';
import { shareOf } from '../capacity.ts';
import { chainLocks } from '../chain-locks.ts';
import { chainAccessOf, flagsParsed, parseListen, pathsOf, pricesOf, readConfig, type AgentConfig } from '../config.ts';
import { executorsOf } from '../executors-of.ts';
import type { Executor } from '../executor/executor.ts';
import { lentGpus } from '../gpu/allotment.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { openJournal, type JournalOptions } from '../journal.ts';
import { machineOffer } from '../machine.ts';
import { loadPeerKey } from '../network/identity.ts';
import { OwnerBook } from '../owner-book.ts';
import { startOwnerControl } from '../owner-control.ts';
import { readPause } from '../pause-file.ts';
import { createNode, type ListenAt } from '../network/node.ts';
import { readNetworkRecord } from '../network-trust.ts';
import { payoutAtStart, payoutPathOf, readPayouts } from '../payout-file.ts';
import { bindToMachine, readMachineId } from '../machine-binding.ts';
import { takeIdentityLock } from '../process-lock.ts';
import { openObservation, startTelemetry } from '../telemetry/start-telemetry.ts';
import { parseFlags, type Command, type CommandIo, type Parsed } from './flags.ts';
import { DEFAULT_DATA, FLAG_OF } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder that "onboard" made (${DEFAULT_DATA})` },
  'network-record': { value: 'FILE', help: 'instead of the configured one' },
  pinned: { value: 'KEY,...', help: 'instead of the configured ones; all must have signed' },
  chain: { value: 'URL', help: 'instead of the configured one' },
  chain2: { value: 'URL', help: 'the same for the second one' },
  'compare-above': { value: 'NTX', help: 'the amount above which both must agree, instead of the configured one' },
  'listen-tcp': { value: 'IP:PORT', help: 'instead of the configured one; "off", or port 0 for a free one' },
  'listen-ws': { value: 'IP:PORT', help: 'the same for WebSocket' },
  'listen-webrtc': { value: 'IP:PORT', help: 'the same for WebRTC' },
  'listen-relay': { help: 'be reached through the hubs as well' },
  hub: { value: 'MULTIADDR', many: true, help: 'one more hub' },
  moved: { help: 'the data folder was moved here from another machine, where it never starts again' },
  'allow-below-floor': { help: 'devnet only: take data-only jobs although the sandbox is below its floor' },
  'payout-unproven': { help: 'start although no wallet has signed that pay may go to the configured address' },
  json: { help: 'one JSON line when ready, then nothing but problems on stderr' },
} as const;

/** For programs that test a network: chaos kills the process around a journal write, the demo has a cheat. Empty in every normal start. */
export interface StartHooks {
  journal?: JournalOptions<AgentEntry>['hooks'];
  executor?: (honest: Executor) => Executor;
}

const listenAt = (flag: string | undefined, configured: string | null, name: string): ListenAt | undefined => {
  const text = flag ?? configured;
  if (text === null || text === 'off') return undefined;
  const parsed = parseListen(text);
  if (parsed === null) throw new NunetError('flag-invalid', `Cannot start: ${name} "${text.slice(0, 60)}" is not IP:PORT`);
  return parsed;
};

/** The source is opened at the first answer that it gives: an agent whose source is down starts, says so, and goes on by itself. */
function lazyChain(access: ChainAccess) {
  let open: Promise<Source> | undefined;
  const source = (signal: AbortSignal): Promise<Source> => {
    open ??= openChain(access, signal).catch((error: unknown) => {
      open = undefined;
      throw error;
    });
    return open;
  };
  return {
    check: async (signal: AbortSignal): Promise<void> => void (await source(signal)),
    tip: async (signal: AbortSignal) => (await source(signal)).tip(signal),
    find: async (...[reference, signal]: Parameters<ReturnType<typeof chainLocks>['find']>) =>
      chainLocks(await source(signal)).find(reference, signal),
  };
}

async function withFlags(config: AgentConfig, given: Parsed<typeof flags>): Promise<AgentConfig> {
  const keys = given.pinned?.split(',');
  return flagsParsed(
    {
      ...config,
      ...(given['network-record'] === undefined ? {} : { networkRecord: resolve(given['network-record']) }),
      ...(keys === undefined ? {} : { pinned: { keys, threshold: keys.length } }),
      ...(given.chain === undefined ? {} : { chainUrl: given.chain }),
      ...(given.chain2 === undefined ? {} : { chain2Url: given.chain2 }),
      ...(given['compare-above'] === undefined ? {} : { compareAbove: given['compare-above'] }),
      hubs: [...config.hubs, ...(given.hub ?? [])],
    },
    'with these flags',
    FLAG_OF,
  );
}

export async function start(argv: readonly string[], io: CommandIo, hooks: StartHooks = {}): Promise<number> {
  const given = parseFlags({ name: 'start', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const paths = pathsOf(dataPath);
  const config = await withFlags(await readConfig(paths.config), given);
  const { network } = config;
  const allowBelowFloor = given['allow-below-floor'] === true;
  if (allowBelowFloor && network !== 'devnet') {
    throw new NunetError('flag-invalid', `Cannot start: --allow-below-floor is for the devnet alone, this is ${network}`);
  }
  const listen = {
    tcp: listenAt(given['listen-tcp'], config.listen.tcp, '--listen-tcp'),
    ws: listenAt(given['listen-ws'], config.listen.ws, '--listen-ws'),
    webrtcDirect: listenAt(given['listen-webrtc'], config.listen.webrtc, '--listen-webrtc'),
  };
  const keep = isInJournal(process.env) ? null : openAgentLog(dataPath, () => Date.now());
  const log = (line: string): void => {
    io.warn(line);
    keep?.(line);
  };
  const closing: (() => Promise<unknown>)[] = [];
  let agent: Agent | undefined;
  try {
    // First, so that a second start in this folder, or in a copy of it, touches nothing.
    const journal = await openJournal<AgentEntry>(paths.journal, {
      schema: agentEntry,
      name: 'agent jobs',
      version: AGENT_JOURNAL_VERSION,
      migrations: AGENT_JOURNAL_MIGRATIONS,
      ...(hooks.journal === undefined ? {} : { hooks: hooks.journal }),
    });
    closing.push(() => journal.close());
    const record = await readNetworkRecord({
      path: config.networkRecord,
      seenPath: paths.seenRecord,
      network,
      pinned: config.pinned,
      now: Date.now(),
    });
    const chain = lazyChain(chainAccessOf(config, record.asset, process.env));
    await chain.check(AbortSignal.any([io.signal, AbortSignal.timeout(20_000)])).catch((error: unknown) => {
      io.signal.throwIfAborted();
      if (error instanceof NunetError && error.code === 'chain-wrong-network') throw error;
      log(`The chain source does not answer yet; no quotes until it does. ${error instanceof Error ? error.message : ''}`);
    });
    const peerKey = await loadPeerKey(paths.peerKey);
    const owners = await OwnerBook.open(paths.owners);
    const pausedBy = await readPause(paths.pause);
    const payout = payoutAtStart((await readPayouts(payoutPathOf(dataPath), { network, agent: peerKey.peerId })).last, {
      address: config.address,
      network,
      now: Date.now(),
      allowUnproven: given['payout-unproven'] === true,
    });
    if (payout !== null) log(payout);
    const identity = await takeIdentityLock(peerKey.peerId, `agent ${peerKey.peerId}`);
    closing.push(() => identity.release());
    await bindToMachine(paths.machine, await readMachineId(), given.moved === true);
    const offer = shareOf(await machineOffer(dataPath), config.share);
    const { lent: gpus, missing } = await chosenGpus(config.gpus, io.signal);
    for (const id of missing) log(`GPU ${id} of the configuration is not here, and is not lent: see "nunet-agent gpus"`);
    const jobs = await executorsOf({
      config,
      dataPath,
      peerId: peerKey.peerId,
      diskBytes: offer.diskBytes,
      allowBelowFloor,
      embedded: hooks.executor,
      signal: io.signal,
      log,
    });
    closing.push(() => jobs.close());
    const store = await openBlobStore({ root: paths.blobs, maxBytes: offer.diskBytes });
    closing.push(() => store.close());
    const node = await createNode({
      network,
      privateKey: peerKey.seed,
      listen: {
        ...Object.fromEntries(Object.entries(listen).filter(([, at]) => at !== undefined)),
        relay: config.listen.relay || given['listen-relay'] === true,
      },
      datastorePath: paths.peers,
      hub: false,
      allowPrivate: network === 'devnet',
      agentVersion: 'nunet-agent/0.1.0',
      // The agent stops its node itself, after the last farewell.
      signal: new AbortController().signal,
    });
    closing.push(() => node.stop());
    const benchmark = await keepBenchmarkRead(paths.benchmark, { network, peerId: peerKey.peerId }, log);
    closing.push(() => Promise.resolve(benchmark.stop()));
    const observation = await openObservation({
      lent: gpus.map(({ id }) => id),
      tracesUrl: config.telemetry.tracesUrl,
      version: VERSION,
      log,
    });
    closing.push(() => observation.close());
    agent = await startAgent({
      network,
      peerKey,
      address: config.address,
      prices: pricesOf(config),
      stream: config.stream,
      offer: { ...offer, gpus: gpus.length },
      gpus,
      limits: config.limits,
      policy: config.policy,
      hours: config.hours,
      toOperators: config.telemetry.toOperators,
      pausedBy,
      keep: config.keep,
      record,
      hubs: [...new Set([...record.hubs, ...config.hubs])],
      dataPath,
      node,
      journal,
      store,
      executors: jobs.executors,
      chain,
      pollMs: network === 'devnet' ? 150 : 5_000,
      benchmark: () => benchmark.current(),
      sample: observation.sample,
      ...(observation.gpuCare === undefined ? {} : { gpuCare: observation.gpuCare }),
      ...(observation.traces === undefined ? {} : { traces: observation.traces }),
      oracle: oracleClients(record, peerKey.signer, network),
      clock: { now: () => Date.now(), elapsed: () => performance.now() },
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      log,
    });
    const running = agent;
    closing.push(() => running.stop());
    const telemetry = await startTelemetry({
      agent,
      network,
      operators: () => record.oracles.map(({ url }) => url),
      prometheusPort: config.telemetry.prometheusPort,
      io: {
        fetch: (at, init) => fetch(at, init),
        signer: peerKey.signer,
        now: Date.now,
        random: (bytes) => new Uint8Array(randomBytes(bytes)),
      },
      log,
    });
    closing.push(() => telemetry.close());
    const control = await startOwnerControl({
      agent,
      node,
      owners,
      dataPath,
      running: config,
      offerOf: async (share) => shareOf(await machineOffer(dataPath), share),
      clock: { now: () => Date.now(), elapsed: () => performance.now() },
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      log,
    });
    closing.push(() => control.close());
    if (pausedBy !== null) log(`No jobs are taken: the agent is paused (by the ${pausedBy}). Resume it with: nunet-agent resume`);
    const ready = { peerId: agent.peerId, addresses: agent.addresses(), sandbox: agent.fingerprints.all[0]?.sandbox ?? 'none' };
    if (given.json === true) io.print(JSON.stringify(ready));
    else {
      io.print(`Agent ${ready.peerId} is ready on ${network}; sandbox: ${agent.fingerprints.all.map(({ detail }) => detail).join('; ')}`);
      for (const address of ready.addresses) io.print(`  ${address}`);
      const { cpuHour, memoryGibHour } = pricesOf(config);
      io.print(`Prices: ${formatAmount(cpuHour)} NTX a CPU hour, ${formatAmount(memoryGibHour)} NTX a GiB hour. Ctrl-C stops it.`);
    }
    await Promise.race([running.stopped, aborted(io.signal)]);
    if (given.json !== true) io.print('Stopping: running jobs are ended and reported ...');
    return 0;
  } finally {
    for (const close of closing.toReversed()) await close().catch((error: unknown) => log(String(error)));
  }
}

async function chosenGpus(chosen: readonly string[], signal: AbortSignal): Promise<ReturnType<typeof lentGpus>> {
  if (chosen.length === 0) return { lent: [], missing: [] };
  const { gpus } = await readGpus({ run: systemTool(signal), sys: '/sys', dev: '/dev' });
  return lentGpus(gpus, chosen);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });

function oracleClients(
  record: Awaited<ReturnType<typeof readNetworkRecord>>,
  signer: Parameters<typeof createOracleClient>[0]['signer'],
  network: Network,
) {
  const clients = new Map(
    record.oracles.map(({ key, url }) => [
      key,
      createOracleClient({
        url,
        key,
        network,
        fetch: (at, init) => fetch(at, init),
        signer,
        now: () => Date.now(),
        random: (bytes) => new Uint8Array(randomBytes(bytes)),
      }),
    ]),
  );
  return (key: string) => clients.get(key);
}

export const command: Command = {
  name: 'start',
  summary: 'run the agent: quote, run and report jobs until stopped',
  flags,
  notes:
    'SIGTERM or Ctrl-C ends running jobs, tells the oracles, and stops; a second one stops at once. A restart goes on from the journal.',
  run: (argv, io) => start(argv, io),
};

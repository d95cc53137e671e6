// The runner: jobs, keys, chain and network of this browser, behind the ports of its pages. It lives as long as the host holds it.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { readableOutputs } from '@nunet/shared/job-flow/readable-outputs.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { Pace } from '@nunet/shared/job-flow/running-job.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import { isDappRequest } from '../cip30/page-messages.ts';
import { HOST_HELLO, type AppState, type Answers, type NetworkTarget, type PageRequest } from '../messages.ts';
import { isWalletRequest } from '../wallet/messages.ts';
import { scorer } from '../score/score-client.ts';
import type { After } from './coalesced.ts';
import type { RunnerDatabase } from './database.ts';
import { askFaucet, devnetOrigin, openDevnet } from './devnet.ts';
import { hostLink } from './host-link.ts';
import { openJobs, type JobList } from './job-list.ts';
import type { AfterWrite } from './journal.ts';
import { goOnline, type Online } from './online.ts';
import { openPages } from './pages.ts';
import type { RunnerKeys } from './wallet.ts';
import { walletInputs } from './wallet-inputs.ts';

export interface RunnerNeeds {
  /** Opens the stored jobs. */
  open: () => Promise<RunnerDatabase>;
  keys: RunnerKeys;
  clock: Clock;
  after: After;
  /** Milliseconds from any fixed origin. */
  ticks: () => number;
  fetch: Fetch;
  random: (bytes: number) => Uint8Array;
  /** The scoring runtime out of the package. */
  wasm: () => Promise<ArrayBuffer>;
  pace?: Pace;
  afterWrite?: AfterWrite;
}

export interface Runner {
  /** A page or the host has connected. */
  connect(port: MessagePort): void;
  /** Lets go of network and jobs; what was journaled stays. */
  stop(): void;
}

export function startRunner(needs: RunnerNeeds): Runner {
  const { keys, clock, fetch, random } = needs;
  let online: Online | null = null;
  let network: AppState['network'] = { state: 'none' };
  let jobs: JobList | undefined;
  let isStopped = false;

  const serve = streamServer(
    'blocks',
    blockAnswerer(async (jobId, cid, peerId) => (await jobs?.read(jobId, cid, peerId)) ?? null),
    {
      now: needs.ticks,
      signal: new AbortController().signal,
    },
  );
  const host = hostLink({ serve: { blocks: serve }, now: needs.ticks, onChange: () => pages.appChanged() });
  const inputs = walletInputs(host.transactions.builders);
  const scoring = scorer(() => host.mountScoring(), needs.wasm);

  const opened: Promise<{ database: RunnerDatabase; jobs: JobList }> = needs.open().then(async (database) => {
    const { pace, afterWrite } = needs;
    const list = await openJobs(
      {
        database,
        keys,
        inputs,
        scorer: scoring,
        dialer: host.network,
        clock,
        after: needs.after,
        ticks: needs.ticks,
        onChange: (jobId, what) => pages.jobChanged(jobId, what),
        ...(pace === undefined ? {} : { pace }),
        ...(afterWrite === undefined ? {} : { afterWrite }),
      },
      () => undefined,
    );
    jobs = list;
    pages.appChanged();
    return { database, jobs: list };
  });
  opened.catch((error: unknown) => {
    network = { state: 'failed', target: null, ...safeError(error) };
    pages.appChanged();
  });

  const app = (): AppState => {
    const balance = online?.watch.balance() ?? null;
    return {
      network,
      ...host.state(),
      chain: online?.watch.state() ?? { tipTimeMs: null, seenAtMs: null, error: null },
      wallet:
        online === null
          ? null
          : {
              account: 0,
              name: '',
              address: keys.wallet.address,
              stakeAddress: '',
              isKnown: balance !== null,
              baseUnits: balance?.baseUnits ?? 0n,
              lovelace: balance?.lovelace ?? 0n,
              collateralLovelace: 0n,
              tokens: [],
              pending: [],
            },
      signings: [],
      dapps: { pending: [], grants: [] },
      jobs: (jobs?.all() ?? []).map((job) => job.summary()).sort((a, b) => b.openedAtMs - a.openedAtMs),
    };
  };

  const disconnect = (): void => {
    connecting?.abort();
    online?.end();
    online = null;
    network = { state: 'none' };
    pages.appChanged();
  };

  let connecting: AbortController | undefined;
  const connect = async (to: NetworkTarget): Promise<null> => {
    if (to.network !== 'devnet') throw new NunetError('network-later', 'Public networks come with the wallet');
    const url = devnetOrigin(to.url);
    const target: NetworkTarget = { network: 'devnet', url };
    const { database, jobs: list } = await opened;
    connecting?.abort();
    const mine = new AbortController();
    // Jobs that run on this very network go on while it is looked at again.
    if (online?.url !== url) {
      disconnect();
      network = { state: 'connecting', target };
      pages.appChanged();
    }
    connecting = mine;
    try {
      const devnet = await openDevnet({ fetch, database, now: () => clock.now() }, url, mine.signal);
      mine.signal.throwIfAborted();
      if (online?.signed === devnet.signed) return null;
      online?.end();
      const { record } = devnet;
      online = goOnline(devnet, {
        host,
        keys,
        inputs,
        clock,
        fetch,
        random,
        serveInputs: list.serveInputs,
        onChange: () => pages.appChanged(),
      });
      const { oracles, k, hubs, expiresAt } = record;
      network = { state: 'ready', target, record: { oracles: oracles.length, k, hubs: hubs.length, expiresAt } };
      list.resume(online);
      return null;
    } catch (error) {
      if (mine.signal.aborted) throw new NunetError('connect-replaced', 'Another connection was asked for meanwhile');
      // What is known to be good is kept: the address may be down for a moment.
      if (online === null) network = { state: 'failed', target, ...safeError(error) };
      throw error;
    } finally {
      pages.appChanged();
    }
  };

  const connected = (): Online => {
    if (online === null) throw new NunetError('network-missing', 'Connect to a devnet first');
    if (online.record.expiresAt <= clock.now())
      throw new NunetError('network-record-expired', 'The network record has expired; connect again to get a newer one');
    return online;
  };

  const answer = async (
    request: PageRequest,
    page: { watch: (jobId: string | null) => void; port: MessagePort | undefined },
  ): Promise<Answers[keyof Answers]> => {
    if (isStopped) throw new NunetError('runner-stopped', 'The runner has been stopped');
    const { jobs: list } = await opened;
    if (isWalletRequest(request) || isDappRequest(request)) throw new NunetError('request-later', 'Cannot do this yet');
    switch (request.type) {
      case 'connect':
        return connect(request.to);
      case 'disconnect':
        disconnect();
        return null;
      case 'fund': {
        const at = connected();
        const paid = await askFaucet(fetch, at.url, keys.wallet.address, at.signal);
        void at.watch.look();
        return paid;
      }
      case 'prepare': {
        const files = new Map(request.files.map(({ path, blob }) => [path, blob]));
        const jobId = await list.prepare({ ...request, files }, connected(), random);
        pages.appChanged();
        return { jobId };
      }
      case 'preflight': {
        const at = connected();
        // Both take a second to load and are wanted as soon as an offer is taken. Their failures are told then.
        host.transactions.warm(at.signal).catch(() => undefined);
        scoring.prove(at.signal).catch(() => undefined);
        return list.get(request.jobId).preflight(at);
      }
      case 'take':
        await list.get(request.jobId).take(request.quoteCid, connected());
        return null;
      case 'discard':
        await list.discard(request.jobId, online);
        pages.appChanged();
        return null;
      case 'cancel':
        list.get(request.jobId).cancel();
        return null;
      case 'decide':
        list.get(request.jobId).decide(request);
        return null;
      case 'forget':
        await list.forget(request.jobId);
        pages.appChanged();
        return null;
      case 'watch':
        if (request.jobId !== null) list.get(request.jobId);
        page.watch(request.jobId);
        return null;
      case 'log': {
        const { log } = list.get(request.jobId);
        return { from: request.from, lines: await log.read(request.from) };
      }
      case 'output': {
        const job = list.get(request.jobId);
        const output = readableOutputs(job.record()).find(({ name }) => name === request.name);
        const blob = output === undefined ? null : job.blocks.content(output.cid);
        if (blob === null) throw new NunetError('output-missing', `Output ${request.name} is not here whole yet`);
        return { blob };
      }
      case 'network-port':
        if (page.port === undefined) throw new NunetError('request-invalid', 'Cannot hand on a port: none came with the request');
        host.passPagePort(page.port);
        return null;
      case 'signing-answer':
      case 'preview-ground':
        throw new NunetError('request-later', 'Cannot do this yet');
    }
  };

  const pages = openPages({
    answer,
    app,
    job: (jobId) => jobs?.all().find((job) => job.note.jobId === jobId),
    online: () => online,
    now: needs.ticks,
    after: needs.after,
  });

  return {
    connect(port) {
      // Whoever connects is told the state at once; one that says it is the host was a page for a moment.
      const forget = pages.add(port);
      port.addEventListener('message', ({ data }) => {
        if (data !== HOST_HELLO) return;
        forget();
        host.attach(port);
      });
      port.start();
    },
    stop() {
      isStopped = true;
      online?.end();
    },
  };
}

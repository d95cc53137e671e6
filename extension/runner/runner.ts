// The runner: jobs, chain and network of this browser, behind the ports of its pages. Its keys are in the vault. It lives as long as the
// host holds it.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { Pace } from '@nunet/shared/job-flow/running-job.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import { dappServer } from '../cip30/dapp-server.ts';
import { HOST_HELLO, type AppState } from '../messages.ts';
import { scorer } from '../score/score-client.ts';
import type { VaultAccount, VaultState } from '../vault/messages.ts';
import { walletDesk } from '../wallet/wallet-desk.ts';
import { answerPages, type Opened } from './answer.ts';
import type { After } from './coalesced.ts';
import type { Connection } from './connection.ts';
import type { RunnerDatabase } from './database.ts';
import { hostLink } from './host-link.ts';
import { openJobs, type JobList } from './job-list.ts';
import type { AfterWrite } from './journal.ts';
import { linkAccount, type Linked } from './linked.ts';
import { openMachines } from './machines.ts';
import { networkKey } from './network-key.ts';
import { openNetworks } from './networks.ts';
import { goOnline, type Online } from './online.ts';
import { openPages } from './pages.ts';
import { signings } from './signings.ts';
import { vaultLink } from './vault-link.ts';
import { walletInputs } from './wallet-inputs.ts';

export interface RunnerNeeds {
  /** Opens the stored jobs. */
  open: () => Promise<RunnerDatabase>;
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

/** What of the vault's state decides over jobs and the wallet; the rest of it changes every few seconds. */
const bearingOf = (state: VaultState | null): string =>
  JSON.stringify(state === null ? null : [state.state, state.accounts, state.selected, state.jobs]);

export function startRunner(needs: RunnerNeeds): Runner {
  const { clock, fetch, random } = needs;
  let online: Online | null = null;
  let linked: (Linked & { end(): void }) | null = null;
  let connection: Connection | null = null;
  let jobs: JobList | undefined;
  let parts: Opened | undefined;
  let failed: AppState['network'] | undefined;
  let isStopped = false;

  const serve = streamServer(
    'blocks',
    blockAnswerer(async (jobId, cid, peerId) => (await jobs?.read(jobId, cid, peerId)) ?? null),
    {
      now: needs.ticks,
      signal: new AbortController().signal,
    },
  );
  const host = hostLink({
    serve: { blocks: serve },
    now: needs.ticks,
    onChange: () => pages.appChanged(),
    onHost: () => vault.renew(),
    onDapps: (port) => void opened.then(({ dapps }) => dapps.connect(port)).catch(() => port.close()),
  });
  const inputs = walletInputs(host.transactions.builders);
  const scoring = scorer(() => host.mountScoring(), needs.wasm);
  const waiting = signings({ random, onChange: () => pages.appChanged() });

  let bearing = bearingOf(null);
  const vault = vaultLink({
    open: () => host.openVault(),
    now: needs.ticks,
    after: needs.after,
    onOpened: () => tellNetwork(),
    onChange() {
      const now = bearingOf(vault.state());
      if (now !== bearing) {
        bearing = now;
        link();
        jobs?.keysChanged(online);
      }
      pages.appChanged();
    },
  });
  const account = (): VaultAccount | null => {
    const state = vault.state();
    return state?.accounts.find(({ index }) => index === state.selected) ?? null;
  };
  /** Approvals of another network die in the vault. */
  const tellNetwork = (): void => {
    if (connection !== null && vault.isHere()) vault.ask({ type: 'network', network: connection.network }).catch(() => undefined);
  };
  /** The selected account on the connected network, where it is not the one that is linked. */
  const link = (): void => {
    const chosen = account();
    const isSame = linked?.signal.aborted === false && linked.account.payment === chosen?.payment && linked.account.name === chosen.name;
    if (isSame && connection !== null) return;
    linked?.end();
    linked = connection === null || chosen === null ? null : linkAccount(connection, chosen);
    if (linked === null) connection?.watch.follow(null);
    parts?.dapps.groundChanged();
  };

  const opened: Promise<Opened> = needs.open().then(async (database) => {
    const { pace, afterWrite } = needs;
    const list = await openJobs(
      {
        database,
        vault,
        signings: waiting,
        linked: () => linked,
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
    const isUnderWay = list.all().some((job) => !job.summary().hasEnded);
    const key = await networkKey(database, isUnderWay, random);
    const networks = openNetworks({
      fetch,
      database,
      clock,
      onChange: () => pages.appChanged(),
      onConnection(now) {
        connection = now;
        link();
        tellNetwork();
        online =
          now === null || now.record === null
            ? null
            : goOnline(now, now.record, { host, networkKey: key, inputs, clock, fetch, random, serveInputs: list.serveInputs });
        if (online !== null) list.resume(online);
      },
    });
    const onChange = (): void => pages.appChanged();
    const wallet = walletDesk({ linked: () => linked, database, transactions: host.transactions, inputs, clock, onChange });
    const dapps = await dappServer({
      linked: () => linked,
      account,
      database,
      now: () => clock.now(),
      after: needs.after,
      random,
      money: () => wallet.money(),
      payments: () => new Map(vault.state()?.accounts.map(({ index, payment }) => [index, payment])),
      onChange,
    });
    const machines = await openMachines({
      database,
      dialer: host.network,
      vault,
      peerId: key.peerId,
      ground: () => {
        if (online === null) throw new NunetError('network-missing', 'Connect to a network first');
        const { record, network, signal } = online;
        return { network: record.network, adverts: async (until) => (await network.adverts(until)).map(({ body }) => body), signal };
      },
      now: () => clock.now(),
      onChange,
    });
    jobs = list;
    parts = { jobs: list, networks, wallet, dapps, machines, peerId: key.peerId };
    pages.appChanged();
    void networks.reopen();
    return parts;
  });
  opened.catch((error: unknown) => {
    failed = { state: 'failed', target: null, ...safeError(error) };
    pages.appChanged();
  });

  const app = (): AppState => ({
    network: failed ?? parts?.networks.state() ?? { state: 'none' },
    ...host.state(),
    vault: vault.isHere() ? 'ready' : 'missing',
    chain: connection?.watch.state() ?? { tipTimeMs: null, seenAtMs: null, error: null },
    wallet: parts?.wallet.view() ?? null,
    signings: [...waiting.list()],
    dapps: parts?.dapps.view() ?? { pending: [], grants: [] },
    machines: parts?.machines.list() ?? [],
    jobs: (jobs?.all() ?? []).map((job) => job.summary()).sort((a, b) => b.openedAtMs - a.openedAtMs),
  });

  const pages = openPages({
    answer: async (request, page) => {
      if (isStopped) throw new NunetError('runner-stopped', 'The runner has been stopped');
      return answer(request, page, await opened);
    },
    app,
    job: (jobId) => jobs?.all().find((job) => job.note.jobId === jobId),
    online: () => online,
    now: needs.ticks,
    after: needs.after,
  });
  const answer = answerPages({
    host,
    scoring,
    signings: waiting,
    clock,
    fetch,
    random,
    online: () => online,
    linked: () => linked,
    connection: () => connection,
    onChange: () => pages.appChanged(),
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
      parts?.networks.stop();
      vault.stop();
    },
  };
}

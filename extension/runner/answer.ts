// One answer a request of a page. It only dispatches: what a request does is in the part that owns it.
import { NunetError } from '@nunet/shared/errors.ts';
import { readableOutputs } from '@nunet/shared/job-flow/readable-outputs.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import type { DappServer } from '../cip30/dapp-server.ts';
import { isDappRequest } from '../cip30/page-messages.ts';
import type { Answers, PageRequest } from '../messages.ts';
import { isLendRequest } from '../lend/messages.ts';
import { previewGround } from '../preview/ground.ts';
import type { PreviewGround } from '../preview/preview.ts';
import type { Scorer } from '../score/score-client.ts';
import { isWalletRequest } from '../wallet/messages.ts';
import type { WalletDesk } from '../wallet/wallet-desk.ts';
import type { Connection } from './connection.ts';
import { askFaucet } from './devnet.ts';
import type { HostLink } from './host-link.ts';
import type { JobList } from './job-list.ts';
import type { Linked } from './linked.ts';
import type { Machines } from './machines.ts';
import type { Networks } from './networks.ts';
import type { Online } from './online.ts';
import type { Asker } from './pages.ts';
import { lastCheckpoint, resumedJob } from './resume-job.ts';
import type { Signings } from './signings.ts';

/** What there is once the database is open. */
export interface Opened {
  jobs: JobList;
  networks: Networks;
  wallet: WalletDesk;
  dapps: DappServer;
  machines: Machines;
  /** Under which agents know this browser. */
  peerId: string;
}

export function answerPages(parts: {
  host: HostLink;
  scoring: Scorer;
  signings: Signings;
  clock: Clock;
  fetch: Fetch;
  random: (bytes: number) => Uint8Array;
  online: () => Online | null;
  linked: () => Linked | null;
  connection: () => Connection | null;
  onChange: () => void;
}): (request: PageRequest, page: Asker, opened: Opened) => Promise<Answers[keyof Answers]> {
  const { host, onChange } = parts;
  const connected = (): Connection => {
    const connection = parts.connection();
    if (connection === null) throw new NunetError('network-missing', 'Connect to a network first');
    return connection;
  };
  const online = (): Online => {
    const { network } = connected();
    const at = parts.online();
    if (at === null)
      throw new NunetError(
        'network-record-missing',
        `Cannot run jobs on ${network}: this version trusts no network record for it; the wallet works`,
      );
    if (at.record.expiresAt <= parts.clock.now())
      throw new NunetError('network-record-expired', 'The network record has expired; connect again to get a newer one');
    return at;
  };
  const linked = (): Linked => {
    connected();
    const at = parts.linked();
    if (at === null) throw new NunetError('wallet-missing', 'Create a wallet first');
    return at;
  };

  /** The sheet is about one account: another one's is not shown with this one's addresses. */
  const ground = (
    at: Linked,
    { jobs, wallet }: Opened,
    { account, transactions }: Extract<PageRequest, { type: 'preview-ground' }>,
  ): Promise<PreviewGround> => {
    if (at.account.index !== account)
      throw new NunetError('account-other', 'Another account was selected meanwhile: nothing of the one before is signed');
    const view = wallet.view();
    return previewGround(
      {
        chain: at.chain,
        account: { ...at.account, address: at.address, stakeAddress: at.stakeAddress },
        record: at.record,
        network: at.network,
        ntx: at.ntx,
        balance: view?.isKnown === true ? { lovelace: view.lovelace, baseUnits: view.baseUnits } : null,
        known: wallet.known(),
        quoteOf: (quoteHash) => jobs.quoteOf(quoteHash),
      },
      transactions,
      at.signal,
    );
  };

  return async (request, page, opened) => {
    const { jobs, networks, peerId } = opened;
    if (isWalletRequest(request)) {
      const answer = await opened.wallet.answer(request);
      // The sites that a removed wallet was connected to are nobody's business any more; the keys of its machines are gone.
      if (request.type === 'forget-wallet') await Promise.all([opened.dapps.forgetAll(), opened.machines.forgetAll()]);
      return answer;
    }
    if (isLendRequest(request)) return opened.machines.answer(request);
    if (isDappRequest(request)) return opened.dapps.answer(request, page.gone);
    switch (request.type) {
      case 'connect':
        return networks.connect(request.to);
      case 'disconnect':
        return networks.disconnect();
      case 'fund': {
        const { devnetUrl, signal } = connected();
        if (devnetUrl === null)
          throw new NunetError('faucet-missing', 'Only a devnet has a faucet here; a public network’s is on its web site');
        const paid = await askFaucet(parts.fetch, devnetUrl, linked().address, signal);
        void linked().look();
        return paid;
      }
      case 'prepare': {
        const files = new Map(request.files.map(({ path, blob }) => [path, blob]));
        const jobId = await jobs.prepare({ ...request, files }, online(), { random: parts.random, peerId });
        onChange();
        return { jobId };
      }
      case 'resume': {
        const job = jobs.get(request.jobId);
        const { askBeforeAnswer } = job.note;
        const jobId = await jobs.prepare({ ...resumedJob(job), askBeforeAnswer }, online(), { random: parts.random, peerId });
        onChange();
        return { jobId };
      }
      case 'preflight': {
        const at = online();
        // Both take a second to load and are wanted as soon as an offer is taken. Their failures are told then.
        host.transactions.warm(at.signal).catch(() => undefined);
        parts.scoring.prove(at.signal).catch(() => undefined);
        return jobs.get(request.jobId).preflight(at);
      }
      case 'take':
        await jobs.get(request.jobId).take(request.quoteCid, online());
        return null;
      case 'discard':
        await jobs.discard(request.jobId, parts.online());
        onChange();
        return null;
      case 'cancel':
        jobs.get(request.jobId).cancel();
        return null;
      case 'decide':
        jobs.get(request.jobId).decide(request);
        return null;
      case 'forget':
        await jobs.forget(request.jobId);
        onChange();
        return null;
      case 'watch':
        if (request.jobId !== null) jobs.get(request.jobId);
        page.watch(request.jobId);
        return null;
      case 'log': {
        const { log } = jobs.get(request.jobId);
        return { from: request.from, lines: await log.read(request.from) };
      }
      case 'checkpoint':
        return lastCheckpoint(jobs.get(request.jobId));
      case 'output': {
        const job = jobs.get(request.jobId);
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
        parts.signings.answer(request.signingId, request.witnesses);
        return null;
      case 'preview-ground':
        return ground(linked(), opened, request);
    }
  };
}

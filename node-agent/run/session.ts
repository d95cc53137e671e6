// One run of `nunet-agent run`: opens or resumes a job, asks for quotes, drives it to its end, and accounts for the money.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { openChain, type SourceAccess } from '@nunet/contracts/chain/open.ts';
import { jobEscrow } from '@nunet/contracts/job-escrow.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { balanceOf, type Balance } from '@nunet/contracts/holdings.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { httpOracles } from '@nunet/shared/http-oracles.ts';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { driveJob } from '@nunet/shared/job-flow/drive.ts';
import { quotedEntry, readJob, type JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { Ports } from '@nunet/shared/job-flow/ports.ts';
import { preflight, releaseOthers, type Offer } from '@nunet/shared/job-flow/preflight.ts';
import type { NetworkRecord, PinnedKeys } from '@nunet/shared/network-record.ts';
import { EmbeddedExecutor, systemClock } from '../executor/embedded.ts';
import { createNode, type NetworkNode } from '../network/node.ts';
import { readNetworkRecord } from '../network-trust.ts';
import { openWalletFile, type Wallet } from '../wallet-file.ts';
import type { JobFolder } from './job-folder.ts';
import { within } from '../within.ts';
import { nodeNetwork } from './network.ts';
import { openJob, type OpenOptions } from './open-job.ts';
import { diskOutputs } from './outputs.ts';
import { inputPaths } from './prepare.ts';
import type { Account, Report } from './report.ts';
import { scoreFloor } from './score-floor.ts';
import { newTrace } from './trace.ts';
import { clock } from '../system-clock.ts';

/** For ending what only a check had started. */
const CLOSE_LIMIT_MS = 5_000;

export interface RunOptions extends OpenOptions {
  wallet: string;
  networkRecord: string;
  pinned: PinnedKeys;
  chain: SourceAccess;
  /** Must agree on what is above `compareAbove`, base units. */
  chain2?: SourceAccess | undefined;
  compareAbove?: bigint | undefined;
  hubs: readonly string[];
  /** Only this agent's offer is taken. */
  agent: string | undefined;
  cancel: boolean;
  /** W3C traceparent that the agent's trace continues; random unless given. */
  trace?: string | undefined;
  /** The offer to lock money on; null: none. Called with at least one offer. */
  choose(offers: readonly Offer[], signal: AbortSignal): Promise<Offer | null>;
}

/** Agents are told that they are not taken within this, then the quotes lapse by themselves. */
const FAREWELL_MS = 3_000;
/** Looks at an empty network before it counts as empty. */
const ADVERT_TRIES = 5;

/** The last record of the job, after its end. Throws NunetError with a message to act on, or the signal's reason. */
export async function runSession(options: RunOptions, report: Report, signal: AbortSignal): Promise<JobRecord> {
  const wallet = await openWalletFile(options.wallet);
  const record = await trustedRecord(options, wallet);
  const { chain: first, chain2: second, compareAbove } = options;
  const chain = await openChain({ network: wallet.network, first, second, asset: record.asset, compareAbove }, signal);
  const { folder, resumed } = await openJob(options, wallet, record, chain, signal);
  try {
    return await withFolder(folder, resumed, { options, wallet, record, chain, report, signal });
  } finally {
    await folder.close();
  }
}

async function trustedRecord(options: RunOptions, wallet: Wallet): Promise<NetworkRecord> {
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  return readNetworkRecord({
    path: options.networkRecord,
    seenPath: join(options.data, `network-record-${wallet.network}.seen`),
    network: wallet.network,
    pinned: options.pinned,
    now: clock.now(),
  });
}

interface Session {
  options: RunOptions;
  wallet: Wallet;
  record: NetworkRecord;
  chain: Source;
  report: Report;
  signal: AbortSignal;
}

async function withFolder(folder: JobFolder, resumed: boolean, session: Session): Promise<JobRecord> {
  const { options, wallet, record, chain, report, signal } = session;
  const opened = await readFolder(folder);
  if (folder.note.before.address !== wallet.address) {
    throw new NunetError(
      'wallet-other',
      `Cannot go on: the job was begun with the wallet of ${folder.note.before.address}, this one is ${wallet.address}`,
    );
  }
  const { spec, jobId } = opened;
  report.prepared({
    jobId,
    title: spec.title,
    inputs: spec.inputs.length,
    inputBytes: opened.request.inputBytes,
    budgetBaseUnits: opened.budgetBaseUnits,
    resumed,
  });
  const file = parseJobFile(folder.note.jobFile);
  const paths = inputPaths(file, folder.note.jobFileFolder);
  for (const input of spec.inputs) {
    const path = paths.get(input.name);
    const imported = path === undefined ? undefined : await folder.store.importFile(jobId, path);
    if (imported?.cid !== input.cid)
      throw new NunetError(
        'input-changed',
        `Cannot go on: input ${input.name} is no longer the file that the job was begun with (${path ?? 'not named'})`,
      );
  }
  const isDevnet = wallet.network === 'devnet';
  const node = await createNode({
    network: wallet.network,
    privateKey: folder.peerKey.seed,
    // Agents and replayers answer over connections of ours; listening is for replayers that we have not met.
    listen: isDevnet ? { tcp: { host: '127.0.0.1', port: 0 } } : { relay: true },
    hub: false,
    allowPrivate: isDevnet,
    signal,
  });
  const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: isDevnet });
  try {
    const ports = await portsOf(folder, node, executor, paths, session);
    if (opened.job === 'draft') {
      const notice = await scoreFloor(file.check, executor, signal).catch(async (error: unknown) => {
        if (error instanceof NunetError) await endUnlocked(ports, 'refused', error.message);
        throw error;
      });
      if (notice !== null) report.event({ type: 'notice', ...notice });
      const quoted = await takeQuote(opened, ports, session);
      if (!quoted) {
        const last = await readFolder(folder);
        report.ended(last, accountOf(last, folder.note.before, folder.note.before));
        return last;
      }
    }
    const cancel = new AbortController();
    if (options.cancel) cancel.abort();
    const trace = options.trace ?? newTrace((bytes) => randomBytes(bytes));
    const last = await driveJob(ports, { record, signal, cancel: cancel.signal, trace, onEvent: (event) => report.event(event) });
    const after = balanceOf(await chain.utxos(wallet.address, { signal }), record.asset);
    // What is worth keeping lies in the folder that the user named; the blocks served their time.
    await folder.store.remove(jobId);
    report.ended(last, accountOf(last, folder.note.before, after));
    return last;
  } finally {
    await within(CLOSE_LIMIT_MS, executor.close());
    await node.stop();
  }
}

async function readFolder(folder: JobFolder): Promise<JobRecord> {
  const record = readJob(await folder.journal.read());
  if (record === undefined) throw new NunetError('job-not-open', `Cannot go on with ${folder.note.jobId}: it was never begun`);
  return record;
}

async function portsOf(
  folder: JobFolder,
  node: NetworkNode,
  executor: EmbeddedExecutor,
  paths: ReadonlyMap<string, string>,
  { options, wallet, record, chain, report }: Session,
): Promise<Ports> {
  const file = parseJobFile(folder.note.jobFile);
  return {
    clock,
    keys: folder.keys,
    journal: folder.journal,
    escrow: jobEscrow({ chain, wallet, record, builders: { lock: buildLock, reclaim: buildReclaim, settle: buildSettle } }),
    network: await nodeNetwork({ node, store: folder.store, record, hubs: [...options.hubs, ...record.hubs], now: () => clock.now() }),
    oracles: httpOracles({
      fetch: (to, init) => fetch(to, init),
      record,
      signer: folder.peerKey.signer,
      now: () => clock.now(),
      random: (bytes) => randomBytes(bytes),
    }),
    outputs: diskOutputs({
      node,
      store: folder.store,
      jobFolder: folder.path,
      outFolder: folder.note.outFolder,
      check: file.check,
      jobFileFolder: folder.note.jobFileFolder,
      inputPath: (name) => paths.get(name),
      score: (request, signal) => executor.score(request, signal),
      onSaved: (output, path) => report.saved(output.name, path, output.bytes),
      onCheckpoint: (number, path, bytes) => report.checkpoint(number, path, bytes),
    }),
  };
}

const endUnlocked = (ports: Ports, state: 'refused' | 'cancelled', detail: string): Promise<void> =>
  ports.journal.append({ type: 'job', atMs: clock.now(), state, detail: detail.slice(0, 1000) });

/** Asks for quotes and journals the one that was taken. False when nothing can or shall be locked; the job ends there. */
async function takeQuote(opened: JobRecord, ports: Ports, { options, record, report, signal }: Session): Promise<boolean> {
  if (options.cancel) return endUnlocked(ports, 'cancelled', 'cancelled before anything was locked').then(() => false);
  const { request, budgetBaseUnits } = opened;
  let found = await preflight(ports, { request, record, budgetBaseUnits, signal });
  // A hub that has just started hears of its agents within seconds.
  for (let again = 0; again < ADVERT_TRIES && found.offers.length + found.others.length === 0; again++) {
    await clock.sleep(1_000, signal);
    found = await preflight(ports, { request, record, budgetBaseUnits, signal });
  }
  report.quotes(found);
  const offers = options.agent === undefined ? found.offers : found.offers.filter(({ agent }) => agent.peerId === options.agent);
  if (offers.length === 0) {
    await releaseOthers(ports, found, null, signal);
    const who = options.agent === undefined ? 'no agent takes' : `agent ${options.agent} does not take`;
    await endUnlocked(ports, 'refused', `${who} the job within the budget of ${formatAmount(budgetBaseUnits)} NTX: ${found.summary}`);
    const reasons = found.summary.replace(/\.$/, '');
    const about = options.agent === undefined ? reasons : `agent ${options.agent} makes no offer (${reasons})`;
    throw new NunetError('no-offer', `Cannot run the job: ${about}. Nothing was locked.`);
  }
  const chosen = await options.choose(offers, signal).catch(async (error: unknown) => {
    // Whoever walks away from the question leaves no capacity held for an answer.
    await releaseOthers(ports, found, null, AbortSignal.timeout(FAREWELL_MS)).catch(() => undefined);
    throw error;
  });
  if (chosen === null) {
    await releaseOthers(ports, found, null, signal);
    await endUnlocked(ports, 'cancelled', 'no offer was taken');
    return false;
  }
  report.chosen(chosen);
  await ports.journal.append(quotedEntry(chosen, clock.now()));
  await releaseOthers(ports, found, chosen, signal);
  return true;
}

/** What this job's own transactions did to the wallet. */
export function accountOf(record: JobRecord, before: Balance, after: Balance): Account {
  const { lockTx, spent, quote } = record;
  // A lock that was dropped never left the wallet.
  const locked = lockTx !== undefined && record.lock !== 'dropped';
  const reclaimed = spent?.how === 'reclaim' ? spent.feeLovelace : 0n;
  const fees = (locked ? lockTx.feeLovelace : 0n) + reclaimed;
  const out = locked ? lockTx.lockedLovelace : 0n;
  const amount = locked ? (quote?.body.amountBaseUnits ?? 0n) : 0n;
  return {
    before: { lovelace: before.lovelace, baseUnits: before.baseUnits },
    after,
    expected: {
      lovelace: before.lovelace - fees - out + (spent?.changeLovelace ?? 0n),
      baseUnits: before.baseUnits - amount + (spent?.changeBaseUnits ?? 0n),
    },
    feesLovelace: fees,
  };
}

// `npm run demo -- --stream`: one training job paid by vouchers while it runs, ended by what its two parties signed, while every oracle is off.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAmount } from '@nunet/shared/amount.ts';
import { makeMnistJob } from '../jobs/mnist-job.ts';
import { dumpLedger } from '../network/ledger-dump.ts';
import { printNetwork } from '../network/print.ts';
import { startProcess } from '../network/process.ts';
import { EVERYDAY, fundedWallet, startNetwork, type Funded, type RunningAgent } from '../network/start.ts';
import { root } from '../run-tool.ts';
import { balanceAt } from './balances.ts';
import { buildReport, reconcile, type Accounts, type FinishedJob } from './report.ts';
import { plotCurve } from './plot.ts';
import { runJob, type JobRun } from './run-job.ts';
import { AGENTS, edit, type Scenario } from './scenarios.ts';
import { bold, dim, green, red, say, yellow } from './terminal.ts';

/** A pass over the digits took 0.2 to 0.4 s on two cores (measured). */
const EPOCHS = 30;
const TIME_LIMIT_MS = 60_000;
/** Of the time limit: 1.2 s are held back and 3 s may be unpaid, so that even a quick machine is paid by several vouchers. */
const TERMS = ['--stream-hold-back', '2', '--stream-max-unpaid', '5'];

interface Stage {
  folder: string;
  keep: boolean;
  signal: AbortSignal;
}

/** The owner's `claim`, in a process of its own with a wallet of its own; the agent holds none and runs on. */
async function claim(agent: RunningAgent, owner: Funded, folder: string): Promise<void> {
  const claiming = startProcess({
    name: 'claim',
    file: join(root, 'node-agent/main.ts'),
    args: ['claim', '--data', agent.dataPath, '--wallet', owner.walletFile, '--json'],
    logFile: join(folder, 'claim.log'),
  });
  for await (const line of claiming.lines()) {
    if (line['event'] !== 'claim') continue;
    const locks = line['locks'] as { paid: string; revealsKey: boolean }[];
    for (const { paid, revealsKey } of locks)
      say(
        `         the compute provider's owner claims ${formatAmount(BigInt(paid))} NTX with tx ${String(line['txId']).slice(0, 10)}…${revealsKey ? ', which reveals the key' : ''}`,
      );
  }
  const code = await claiming.exited;
  if (code !== 0) say(red(`  claim ended with ${code}; see ${join(folder, 'claim.log')}`));
}

export async function streamDemo({ folder, keep, signal }: Stage): Promise<number> {
  const started = performance.now();
  say(bold('Starting a devnet, a hub, one agent and three oracles ...'));
  const network = await startNetwork(
    { folder, ...EVERYDAY, agents: [{ name: AGENTS.cheap, priceCpuHour: '12', onboard: TERMS }], say: (line) => say(dim(`  ${line}`)) },
    signal,
  );
  await Promise.all(network.oracles.flatMap((oracle) => [oracle.process.kill(), oracle.replay.kill()]));
  say(yellow('  all three oracles are killed before anything is locked, and stay off'));
  const agent = network.agents.get(AGENTS.cheap);
  if (agent === undefined) throw new Error('There is no agent');

  const title =
    'Train a network on handwritten digits; pay by vouchers while it learns, get the result sealed, and end the lock without any oracle';
  say(bold(`\n${title}`));
  const job = join(folder, 'stream');
  const path = await makeMnistJob(join(job, 'job'), { epochs: EPOCHS });
  edit(path, (file) => ({ ...file, stream: true, delivery: DELIVERY, timeLimitMs: TIME_LIMIT_MS }));
  const [wallet, owner] = await Promise.all([fundedWallet(network, job, 'wallet', signal), fundedWallet(network, job, 'owner', signal)]);
  let claiming: Promise<void> = Promise.resolve();
  const run = await runJob({
    network,
    jobFile: path,
    wallet,
    folder: job,
    on: (event) => {
      if (event.event === 'close') claiming = claim(agent, owner, job);
    },
  });
  await claiming;
  if (run.curve.length > 1) writeFileSync(join(job, 'training.svg'), plotCurve(run.curve));

  const vouchers = run.events.filter(({ event }) => event === 'voucher');
  const isRight =
    run.end?.lock === 'withdrawn' &&
    run.end.spent?.how === 'agree' &&
    typeof run.end.spent.secret === 'string' &&
    run.end.answer === null &&
    vouchers.length >= 3 &&
    run.end.wallet.reconciled;
  const scenario: Scenario = { name: 'stream', title, ends: 'withdrawn', run: () => Promise.resolve(run) };
  const finished: FinishedJob[] = [{ scenario, run, isRight }];
  const accounts = await withOwner(await reconcile(network, finished, signal), network, owner, signal);
  say(bold('\nBalances, in NTX and ADA, beside what the transactions say'));
  for (const { name, role, holds, isRight: fits } of accounts.parties) {
    say(
      `  ${name.padEnd(14)} ${role.padEnd(17)} ${formatAmount(holds.ntx).padStart(12)} NTX ${formatAmount(holds.lovelace).padStart(13)} ADA  ${fits ? green('reconciled') : red('DIFFERS')}`,
    );
  }
  writeFileSync(join(folder, 'ledger.json'), `${JSON.stringify(await dumpLedger(network.devnet.url, network.devnet.asset))}\n`);
  const wallMs = performance.now() - started;
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(buildReport(network, finished, accounts, wallMs), null, 2)}\n`);
  const allRight = isRight && accounts.parties.every((party) => party.isRight);
  tellEnd(run, vouchers.length, allRight, wallMs);
  if (keep) {
    printNetwork(network);
    await new Promise(() => {});
  }
  return allRight ? 0 : 1;
}

const DELIVERY = 'sealed';

function tellEnd({ end }: JobRun, vouchers: number, allRight: boolean, wallMs: number): void {
  const paid = formatAmount(BigInt(end?.spent?.paidBaseUnits ?? '0'));
  const how = end?.spent?.how === 'agree' ? 'by what both parties signed' : `by ${end?.spent?.how ?? 'nothing'}`;
  say(
    `\n${allRight ? green(bold('No oracle was used')) : red(bold('Something ended as it should not'))}: ${vouchers} vouchers, ${paid} NTX paid ${how}, the key of the outputs ${end?.spent?.secret == null ? 'not revealed' : 'revealed by that one transaction'}, ` +
      `accuracy ${end?.score?.toFixed(4) ?? 'unknown'} on digits that the agent never saw, in ${(wallMs / 1000).toFixed(1)} s. Recheck with: npm run demo:audit`,
  );
}

/** Whoever claims needs a wallet for collateral; the lock pays the fee, so that it holds what it was given. */
async function withOwner(
  accounts: Accounts,
  network: Parameters<typeof reconcile>[0],
  owner: Funded,
  signal: AbortSignal,
): Promise<Accounts> {
  const holds = await balanceAt(network.chain, owner.address, network.devnet.asset, signal);
  const isRight = holds.ntx === owner.given.ntx && holds.lovelace === owner.given.lovelace;
  return {
    parties: [...accounts.parties, { name: 'owner', role: 'who claims', address: owner.address, holds, expected: owner.given, isRight }],
  };
}

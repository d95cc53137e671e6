// `npm run chaos`: kill -9 of service provider, agent and edge around every journal write, and at seeded moments. Every lock must end.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { aroundWrites, nameOf, seededPoints, type Point, type Victim } from './chaos/points.ts';
import { balanceAt } from './demo/balances.ts';
import { bold, dim, green, red, say } from './demo/terminal.ts';
import { makeInferenceJob } from './jobs/inference-job.ts';
import { callDevnet } from './network/devnet-client.ts';
import { stopAll } from './network/process.ts';
import { startRun } from './network/start-run.ts';
import { fundedWallet, startNetwork, type RunningNetwork, type RunningOracle } from './network/start.ts';
import { root } from './run-tool.ts';

const HELP = `npm run chaos                            every write of run, agent and edge, and ten seeded moments
npm run chaos -- --victim run|agent|edge only this one
npm run chaos -- --every 3               every third point, for a quick look
npm run chaos -- --from 51               goes on at this point, after a run that was stopped
npm run chaos -- --seed 7 --moments 20   other seeded moments`;

const { values } = parseArgs({
  options: {
    victim: { type: 'string' },
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    moments: { type: 'string', default: '10' },
    help: { type: 'boolean' },
  },
});

const folder = join(root, '.chaos');
const AGENT = { name: 'alder', priceCpuHour: '12' };
const chaosEdge = join(root, 'scripts/chaos/edge.ts');
const chaosAgent = join(root, 'scripts/chaos/agent.ts');
const KILL = 'NUNET_KILL_AT_WRITE';
/** A run that says nothing for so long waits for a deadline: then the devnet's clock is moved, a little at a time. */
const PATIENCE_MS = 8_000;
/** Nothing may take longer than this, whatever was killed. */
const LIMIT_MS = 120_000;
const ENDS = ['withdrawn', 'refunded', 'reclaimed', 'distributed'];

interface Outcome {
  name: string;
  struck: boolean;
  /** End of the lock, or why there was none. */
  end: string;
  isRight: boolean;
  wallMs: number;
}

const killed = (point: Point | null, victim: Victim): Record<string, string> | undefined =>
  point !== null && 'write' in point && point.victim === victim ? { [KILL]: `${point.write}:${point.when}` } : undefined;

/** One job with one strike; whatever was killed is started again, as an operator or a person would. */
async function strike(
  network: RunningNetwork,
  point: Point | null,
  number: number,
  jobFile: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = performance.now();
  const at = join(folder, 'points', String(number));
  mkdirSync(at, { recursive: true });
  const wallet = await fundedWallet(network, at, 'wallet', signal);
  const agent = network.agents.get(AGENT.name);
  const oracle = firstOracle(network);
  if (agent === undefined) throw new Error('The network has no agent');
  let isOver = false;
  let strikes = 0;
  let heardAt = performance.now();
  const over = (): boolean => isOver || signal.aborted;

  const agentEnv = killed(point, 'agent');
  if (agentEnv !== undefined) {
    await agent.process.stop();
    await network.startAgent({ ...AGENT, file: chaosAgent, env: agentEnv });
  }
  const edgeEnv = killed(point, 'edge');
  if (edgeEnv !== undefined) {
    await oracle.process.stop();
    await oracle.start({ file: chaosEdge, env: edgeEnv });
  }

  const revive = async (victim: 'agent' | 'edge'): Promise<void> => {
    while (!over()) {
      const current = victim === 'agent' ? network.agents.get(AGENT.name)?.process : oracle.process;
      await Promise.race([current?.exited, new Promise((resolve) => setTimeout(resolve, 100))]);
      if (over() || current === undefined || !current.hasExited()) continue;
      strikes += 1;
      if (victim === 'agent') await network.startAgent(AGENT);
      else await oracle.start();
    }
  };
  const clock = async (): Promise<void> => {
    while (!over()) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (over() || performance.now() - heardAt < PATIENCE_MS) continue;
      await callDevnet(network.devnet.url, '/devnet/advance', { slots: 8, blocks: 1 });
    }
  };

  let end: Record<string, unknown> | null = null;
  let problem = '';
  const go = async (): Promise<void> => {
    let env = killed(point, 'run');
    for (let attempt = 0; attempt < 5 && end === null && !signal.aborted; attempt += 1) {
      const run = startRun(network, {
        jobFile,
        walletFile: wallet.walletFile,
        folder: at,
        ...(env === undefined ? {} : { file: chaosAgent, env }),
      });
      env = undefined;
      if (point !== null && 'afterMs' in point && attempt === 0) {
        const { victim, afterMs } = point;
        setTimeout(() => {
          const target = victim === 'run' ? run : victim === 'agent' ? network.agents.get(AGENT.name)?.process : oracle.process;
          void target?.kill();
        }, afterMs);
      }
      const limit = setTimeout(() => void run.kill(), LIMIT_MS);
      for await (const line of run.lines()) {
        heardAt = performance.now();
        if (line['event'] === 'end') end = line;
        if (line['event'] === 'error') problem = String(line['message']);
      }
      clearTimeout(limit);
      const code = await run.exited;
      if (end === null && code === 1 && problem !== '') return;
      if (end === null) strikes += 1;
    }
  };
  const watching = [revive('agent'), revive('edge'), clock()];
  await go();
  isOver = true;
  await Promise.all(watching);

  const wallMs = performance.now() - started;
  const name = point === null ? 'nothing killed' : nameOf(point);
  const told = end as { lock: string | null; wallet: { expected: { baseUnits: string; lovelace: string } } } | null;
  const holds = await balanceAt(network.chain, wallet.address, network.devnet.asset, signal);
  if (told === null || told.lock === null) {
    // No lock was ever made: everything must still be there.
    const isWhole = holds.ntx === wallet.given.ntx && holds.lovelace === wallet.given.lovelace;
    return { name, struck: strikes > 0, end: `no lock${problem === '' ? '' : `: ${problem}`}`, isRight: isWhole, wallMs };
  }
  const fits = String(holds.ntx) === told.wallet.expected.baseUnits && String(holds.lovelace) === told.wallet.expected.lovelace;
  return { name, struck: strikes > 0, end: told.lock, isRight: ENDS.includes(told.lock) && fits, wallMs };
}

/** The one whose turn to submit comes first. */
function firstOracle(network: RunningNetwork): RunningOracle {
  const [first] = network.oracles.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  if (first === undefined) throw new Error('The network has no oracle');
  return first;
}

/** Entries that one undisturbed run leaves in a journal, without its header. */
const linesIn = (path: string): number => readFileSync(path, 'utf8').trimEnd().split('\n').length - 1;

async function main(signal: AbortSignal): Promise<number> {
  if (values.help === true) {
    say(HELP);
    return 0;
  }
  rmSync(folder, { recursive: true, force: true });
  say(bold('Starting a devnet, three oracles (2 of 3), a hub and an agent ...'));
  const network = await startNetwork(
    {
      folder,
      blockTimeMs: 250,
      oracles: 3,
      k: 2,
      agents: [AGENT],
      disputeWindowMs: 20_000,
      claimWindowMs: 20_000,
      say: (line) => say(dim(`  ${line}`)),
    },
    signal,
  );
  const jobFile = await makeInferenceJob(join(folder, 'job'));
  const agentJournal = join(network.agents.get(AGENT.name)?.dataPath ?? '', 'journal.jsonl');
  // Counted in a run that nothing disturbs.
  await firstOracle(network).process.stop();
  await firstOracle(network).start({ file: chaosEdge });
  const telling = firstOracle(network).process;
  const clean = await strike(network, null, 0, jobFile, signal);
  say(`  ${clean.isRight ? green('ok') : red('WRONG')}  ${clean.name}: ${clean.end}, ${(clean.wallMs / 1000).toFixed(1)} s`);
  const jobs = join(folder, 'points/0/journal/jobs');
  const writes: Record<Victim, number> = {
    run: linesIn(join(jobs, readdirSync(jobs)[0] ?? '', 'journal')),
    agent: linesIn(agentJournal),
    edge: 0,
  };
  await telling.stop();
  for await (const line of telling.lines()) if ('write' in line) writes.edge += 1;
  await firstOracle(network).start();
  say(dim(`  writes of one job: run ${writes.run}, agent ${writes.agent}, edge ${writes.edge}`));
  const victims = (['run', 'agent', 'edge'] as const).filter((victim) => values.victim === undefined || values.victim === victim);
  const points = [
    ...victims.flatMap((victim) => aroundWrites(victim, writes[victim])),
    ...seededPoints(Number(values.seed), Number(values.moments), 6_000),
  ].filter((_, index) => index % Number(values.every) === 0);
  const done = Math.max(0, Number(values.from) - 1);
  const outcomes: Outcome[] = [clean];
  for (const [index, point] of points.entries()) {
    if (index < done) continue;
    const outcome = await strike(network, point, index + 1, jobFile, signal);
    outcomes.push(outcome);
    const mark = outcome.isRight ? green('ok   ') : red('WRONG');
    say(
      `  ${mark} ${`${index + 1}/${points.length}`.padEnd(8)} ${outcome.name.padEnd(36)} ${outcome.struck ? '' : dim('(never struck) ')}${outcome.end}, ${(outcome.wallMs / 1000).toFixed(1)} s`,
    );
  }
  const wrong = outcomes.filter(({ isRight }) => !isRight);
  const count = (what: string): number => outcomes.filter(({ end }) => end.startsWith(what)).length;
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify({ version: 1, seed: values.seed, outcomes }, null, 2)}\n`);
  say(
    `${outcomes.length} runs, ${outcomes.filter(({ struck }) => struck).length} struck: ${ENDS.map((end) => `${count(end)} ${end}`).join(', ')}, ${count('no lock')} without a lock. ` +
      (wrong.length === 0
        ? green('Every lock ended and every wallet fits to the base unit.')
        : red(`${wrong.length} WRONG: ${wrong.map(({ name }) => name).join('; ')}`)),
  );
  return wrong.length === 0 ? 0 : 1;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    void stopAll().then(() => process.exit(130));
  });
}
try {
  process.exitCode = await main(stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    say(red(`Chaos failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
    process.exitCode = 1;
  }
} finally {
  if (!stop.signal.aborted) await stopAll();
}

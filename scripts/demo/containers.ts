// `npm run demo -- --containers`: code in containers. A scikit-learn job from lock to pay, and a PyTorch job whose agent is killed in
// mid-epoch and which goes on, on another agent, from its last checkpoint.
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatAmount } from '@nunet/shared/amount.ts';
import { buildBaseImage, buildMissing } from '@nunet/node-agent/executor/container/base-image-build.ts';
import { recipeHash, recipeOf } from '@nunet/node-agent/executor/container/base-image-recipes.ts';
import { importBaseImage } from '@nunet/node-agent/executor/container/base-images.ts';
import { mountsBelow } from '@nunet/node-agent/executor/container/disk-workspace.ts';
import { engineMissing, startTestEngine, type TestEngine } from '@nunet/node-agent/executor/container/test-engine.ts';
import { makeContainerJob, PYTORCH_JOB, SKLEARN_JOB } from '../jobs/container-jobs.ts';
import { dumpLedger } from '../network/ledger-dump.ts';
import { printNetwork } from '../network/print.ts';
import { EVERYDAY, fundedWallet, startNetwork, type RunningNetwork } from '../network/start.ts';
import { root } from '../run-tool.ts';
import { plotCurve } from './plot.ts';
import { buildReport, reconcile, type FinishedJob } from './report.ts';
import { runJob, type JobRun } from './run-job.ts';
import { advancePast, AGENTS, type Scenario } from './scenarios.ts';
import { bold, dim, green, live, red, say, yellow } from './terminal.ts';

interface Stage {
  folder: string;
  keep: boolean;
  signal: AbortSignal;
}

/** An empty workspace has less; the state of the network more. */
const STATE_BYTES = 100_000;

/** Built trees stay here over demos; git ignores it. */
const CACHE = join(root, '.cache', 'base-images');

let running: TestEngine | undefined;

/** For whoever interrupts the demo: no daemon, mount or container stays behind. */
export async function stopEngine(folder: string): Promise<void> {
  await running?.stop();
  await dropDisks(folder);
}

export async function containersDemo(stage: Stage): Promise<number> {
  const missing = engineMissing('docker') ?? buildMissing(recipeOf(PYTORCH_JOB.base));
  if (missing !== null) {
    say(red(`This demo starts a container engine of its own and builds images: ${missing}`));
    return 1;
  }
  say(bold('Starting a container engine of its own, without a network ...'));
  const engine = await startTestEngine();
  running = engine;
  try {
    for (const base of [SKLEARN_JOB.base, PYTORCH_JOB.base]) await haveImage(engine, base, stage.signal);
    return await story(engine, stage);
  } finally {
    await engine.stop();
    await dropDisks(stage.folder);
  }
}

/** Of agents that were killed and not started again: each of their jobs has a disk of its own, which nothing uses any more. */
async function dropDisks(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) spawnSync('umount', [path]);
}

/** From the cache, or built of Debian packages first. */
async function haveImage(engine: TestEngine, name: string, signal: AbortSignal): Promise<void> {
  const recipe = recipeOf(name);
  const path = join(CACHE, `${name}-${recipeHash(recipe).slice(0, 12)}.tar`);
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  if (!existsSync(path)) {
    say(`  builds the base image ${bold(name)} of Debian packages, once (${recipe.description})`);
    mkdirSync(CACHE, { recursive: true });
    const draft = `${path}.part`;
    const onStep = (text: string): void => live(dim(`    ${seconds()} ${text}`));
    try {
      await buildBaseImage(recipe, { workFolder: CACHE, mirror: null, signal, onStep }, async (tar) =>
        pipeline(tar, createWriteStream(draft), { signal }),
      );
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  }
  const id = await importBaseImage(engine.docker, recipe, createReadStream(path), signal);
  say(dim(`  base image ${name} is in the engine as ${id.slice(7, 19)} after ${seconds()}`));
}

async function story(engine: TestEngine, { folder, keep, signal }: Stage): Promise<number> {
  const started = performance.now();
  say(bold('Starting a devnet, three oracles (2 of 3), a hub and two agents with that engine ...'));
  const onboard = ['--engine', 'docker', '--engine-socket', engine.socket, '--runtime', 'runc'];
  const network = await startNetwork(
    {
      folder,
      ...EVERYDAY,
      agents: [
        { name: AGENTS.cheap, priceCpuHour: '12', onboard },
        { name: AGENTS.dear, priceCpuHour: '15', onboard },
      ],
      say: (line) => say(dim(`  ${line}`)),
    },
    signal,
  );
  const finished: FinishedJob[] = [];
  const ended = (name: string, title: string, ends: Scenario['ends'], run: JobRun, more = true): void => {
    const end = run.end?.lock ?? 'never made';
    const isRight = end === ends && run.end?.wallet.reconciled === true && more;
    say(`  ${isRight ? green('as it should be') : red(`WRONG: want ${ends}`)}: lock ${end}, ${(run.wallMs / 1000).toFixed(1)} s`);
    if (run.curve.length > 1) writeFileSync(join(folder, name, 'training.svg'), plotCurve(run.curve));
    finished.push({ scenario: { name, title, ends, run: () => Promise.resolve(run) }, run, isRight });
  };

  say(bold(`\n1 of 2  Train with scikit-learn, in an image of Debian packages; checked by our own graph on digits that no agent saw`));
  const sklearn = await simple(network, folder, signal);
  ended('sklearn', SKLEARN_JOB.title, 'withdrawn', sklearn, (sklearn.end?.score ?? 0) > 0.9);

  say(bold(`\n2 of 2  Train with PyTorch; the agent is killed in mid-epoch, and another one goes on from the last checkpoint`));
  const { lost, resumed } = await interrupted(network, folder, signal);
  say('  the job that was interrupted:');
  ended('pytorch', `${PYTORCH_JOB.title}, interrupted`, 'refunded', lost);
  say('  the job that went on:');
  const went = resumed.curve[0]?.epoch ?? 0;
  ended('pytorch-resumed', `${PYTORCH_JOB.title}, gone on with`, 'withdrawn', resumed, went > 1 && (resumed.end?.score ?? 0) > 0.9);

  const accounts = await reconcile(network, finished, signal);
  say(bold('\nBalances, in NTX and ADA, beside what the transactions say'));
  for (const { name, role, holds, isRight } of accounts.parties) {
    say(
      `  ${name.padEnd(16)} ${role.padEnd(17)} ${formatAmount(holds.ntx).padStart(12)} NTX ${formatAmount(holds.lovelace).padStart(13)} ADA  ${isRight ? green('reconciled') : red('DIFFERS')}`,
    );
  }
  writeFileSync(join(folder, 'ledger.json'), `${JSON.stringify(await dumpLedger(network.devnet.url, network.devnet.asset))}\n`);
  const wallMs = performance.now() - started;
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(buildReport(network, finished, accounts, wallMs), null, 2)}\n`);
  const allRight = finished.every(({ isRight }) => isRight) && accounts.parties.every(({ isRight }) => isRight);
  say(
    `\n${allRight ? green(bold('All jobs ended as they should')) : red(bold('Something ended as it should not'))} in ${(wallMs / 1000).toFixed(1)} s: ` +
      `accuracy ${sklearn.end?.score?.toFixed(4) ?? 'unknown'} with scikit-learn, ${resumed.end?.score?.toFixed(4) ?? 'unknown'} with PyTorch, which went on at epoch ${went}. ` +
      `Report: ${relative(root, join(folder, 'report.json'))}. Recheck with: npm run demo:audit`,
  );
  if (keep) {
    printNetwork(network);
    await new Promise(() => {});
  }
  return allRight ? 0 : 1;
}

async function simple(network: RunningNetwork, folder: string, signal: AbortSignal): Promise<JobRun> {
  const job = join(folder, 'sklearn');
  const jobFile = await makeContainerJob(join(job, 'job'), SKLEARN_JOB);
  return runJob({ network, jobFile, wallet: await fundedWallet(network, job, 'wallet', signal), folder: job });
}

/** The first run ends refunded, for nothing was delivered; the second begins where the last checkpoint of the first one was. */
async function interrupted(network: RunningNetwork, folder: string, signal: AbortSignal): Promise<{ lost: JobRun; resumed: JobRun }> {
  const [first, second] = [join(folder, 'pytorch'), join(folder, 'pytorch-resumed')];
  const jobFile = await makeContainerJob(join(first, 'job'), PYTORCH_JOB);
  const [wallet, another] = await Promise.all([
    fundedWallet(network, first, 'wallet', signal),
    fundedWallet(network, second, 'wallet', signal),
  ]);
  const [victim, rescuer] = [network.agents.get(AGENTS.cheap), network.agents.get(AGENTS.dear)];
  if (victim === undefined || rescuer === undefined) throw new Error('There are no agents');
  const killed = Promise.withResolvers<{ epoch: number }>();
  const epochs = Number(PYTORCH_JOB.arguments[0]);
  let checkpoint: string | undefined;
  let until = 0;
  let isDead = false;
  const losing = runJob({
    network,
    jobFile,
    wallet,
    folder: first,
    agent: victim.peerId,
    on: async (event) => {
      if (event.event === 'chosen') until = Number(event['finishBy']);
      // One that was taken after an epoch had ended: before, there is nothing to go on from.
      if (event.event === 'checkpoint-saved' && Number(event['bytes']) > STATE_BYTES) checkpoint = String(event['path']);
      const [epoch, done, total] = ['epoch', 'done', 'total'].map((name) => Number(event[name])) as [number, number, number];
      const isBetween = event.event === 'progress' && event['phase'] === 'steps' && done % (total / epochs) !== 0;
      if (isDead || checkpoint === undefined || !isBetween || epoch < 2) return;
      isDead = true;
      say(yellow(`  ${AGENTS.cheap} is killed in the middle of epoch ${epoch} (SIGKILL)`));
      await victim.process.kill();
      killed.resolve({ epoch });
    },
  });
  const end = await Promise.race([killed.promise, losing]);
  if (!('epoch' in end)) throw new Error('The job ended before its agent could be killed');
  say(yellow(`  a new job goes on from the checkpoint, with ${AGENTS.dear}`));
  const resumed = await runJob({
    network,
    jobFile,
    wallet: another,
    folder: second,
    agent: rescuer.peerId,
    resumeFrom: String(checkpoint),
  });
  // Nobody has to wait for the deadline of the first one.
  await advancePast({ network, folder, signal }, until + network.record.claimWindowMs / 8 + 1_000);
  return { lost: await losing, resumed };
}

// The six jobs of the demo, each with the end that it must come to.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callDevnet } from '../network/devnet-client.ts';
import { fundedWallet, type RunningNetwork } from '../network/start.ts';
import { makeInferenceJob } from '../jobs/inference-job.ts';
import { makeMnistJob } from '../jobs/mnist-job.ts';
import { runJob, type Event, type JobRun } from './run-job.ts';
import { say, yellow } from './terminal.ts';

export interface Scenario {
  name: string;
  title: string;
  /** What the lock must end as; anything else fails the demo. */
  ends: 'withdrawn' | 'refunded' | 'reclaimed';
  run(stage: Stage): Promise<JobRun>;
}

export interface Stage {
  network: RunningNetwork;
  /** Folder of this scenario. */
  folder: string;
  signal: AbortSignal;
}

/** The cheap honest agent, the dearer honest one, and the one that cheats. */
export const AGENTS = { cheap: 'alder', dear: 'birch', cheat: 'cedar' } as const;

async function plain(
  stage: Stage,
  jobFile: string,
  extra: { agent?: string; on?: Parameters<typeof runJob>[0]['on'] } = {},
): Promise<JobRun> {
  const wallet = await fundedWallet(stage.network, stage.folder, 'wallet', stage.signal);
  const agent = extra.agent === undefined ? undefined : stage.network.agents.get(extra.agent)?.peerId;
  return runJob({
    network: stage.network,
    jobFile,
    wallet,
    folder: stage.folder,
    ...(agent === undefined ? {} : { agent }),
    ...(extra.on === undefined ? {} : { on: extra.on }),
  });
}

const jobFolder = (stage: Stage): string => join(stage.folder, 'job');

/** Writes a job file again with other fields: anybody may edit one. */
export function edit(path: string, change: (job: Record<string, unknown>) => Record<string, unknown>): string {
  const job = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, `${JSON.stringify(change(job), null, 2)}\n`);
  return path;
}

/** Moves the devnet's clock past a time of the quote, so that nobody waits for it. */
export async function advancePast(stage: Stage, timeMs: number): Promise<void> {
  const { slotConfig } = stage.network.chain;
  const { timeMs: now } = await stage.network.chain.tip(stage.signal);
  const slots = Math.max(0, Math.ceil((timeMs - now) / slotConfig.slotLengthMs) + 1);
  if (slots > 0) await callDevnet(stage.network.devnet.url, '/devnet/advance', { slots, blocks: 1 });
  say(yellow(`  (the devnet's clock is moved ${slots} s ahead)`));
}

const isWorking = (event: Event): boolean => event.event === 'progress' && event['phase'] === 'steps' && Number(event['epoch']) >= 2;

/** Kills the agent in mid-run, then moves time past a deadline of the quote. */
async function abandoned(stage: Stage, agent: string, deadline: 'finishBy' | 'reclaimAfter'): Promise<JobRun> {
  const path = await makeMnistJob(jobFolder(stage), { epochs: 2_000 });
  let until = 0;
  let isDead = false;
  return plain(stage, path, {
    agent,
    on: async (event) => {
      if (event.event === 'chosen') until = Number(event[deadline]);
      if (isDead || !isWorking(event)) return;
      isDead = true;
      say(yellow(`  ${agent} is killed in mid-run (SIGKILL)`));
      await stage.network.agents.get(agent)?.process.kill();
      // Oracles wait a little after a deadline, so that late evidence reaches all of them.
      await advancePast(stage, until + (deadline === 'finishBy' ? stage.network.record.claimWindowMs / 8 + 1_000 : 1_000));
    },
  });
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'training',
    title: 'Train a 784-128-10 network on real handwritten digits; acknowledge only above 93 % on digits that the agent never saw',
    ends: 'withdrawn',
    run: async (stage) => plain(stage, await makeMnistJob(jobFolder(stage))),
  },
  {
    name: 'inference',
    title: 'Find speech in twelve seconds of sound with the Silero model; the output must equal plain onnxruntime byte for byte',
    ends: 'withdrawn',
    run: async (stage) => plain(stage, await makeInferenceJob(jobFolder(stage))),
  },
  {
    name: 'garbage',
    title: `The compute provider cheats: ${AGENTS.cheat} returns a model trained on nothing`,
    ends: 'refunded',
    run: async (stage) => plain(stage, await makeMnistJob(jobFolder(stage)), { agent: AGENTS.cheat }),
  },
  {
    name: 'false-dispute',
    title: 'The service provider cheats: honest work, disputed by somebody who will not pay (asks for 100 % accuracy)',
    ends: 'withdrawn',
    run: async (stage) => {
      const path = await makeMnistJob(jobFolder(stage));
      edit(path, (job) => ({ ...job, check: { ...(job['check'] as object), atLeast: 1 } }));
      return plain(stage, path, { agent: AGENTS.cheap });
    },
  },
  {
    name: 'agent-killed',
    title: 'The agent dies in mid-run: the oracles refund after the missed deadline',
    ends: 'refunded',
    run: (stage) => abandoned(stage, AGENTS.dear, 'finishBy'),
  },
  {
    name: 'all-oracles-off',
    title: 'The agent dies and every oracle is off: the service provider takes the lock back alone',
    ends: 'reclaimed',
    run: async (stage) => {
      await Promise.all(stage.network.oracles.map((oracle) => oracle.process.kill()));
      say(yellow('  all oracles are killed'));
      return abandoned(stage, AGENTS.cheap, 'reclaimAfter');
    },
  },
];

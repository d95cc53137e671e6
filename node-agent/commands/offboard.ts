// offboard: leaves the network. Takes no new jobs, waits for those that run, and with --purge deletes the agent, after saying what pay would be lost.
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { pathsOf, readConfig } from '../config.ts';
import type { JobLine } from '../job-line.ts';
import { loadPeerKey } from '../network/identity.ts';
import { writePause } from '../pause-file.ts';
import { takeIdentityLock } from '../process-lock.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { jobText } from './jobs.ts';
import { hasEnded, isUnclaimed, isUndecided, knownJobs } from './known-jobs.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  wait: { help: 'until no job runs any more' },
  purge: { help: 'delete configuration, keys, journal, logs and outputs; lists unclaimed pay first' },
  yes: { help: 'with --purge: delete without asking; pay that is listed is then lost' },
  json: { help: 'one JSON object' },
} as const;

const notes = `Without --purge everything stays, and "resume" comes back. --purge wants a stopped agent.
Exit code: 0 done, 3 jobs still run.`;

const STILL_RUNNING = 3;
const LOOK_MS = 2_000;

/** Top-level names of a data folder, which the agent and its commands make. Anything else in the folder is left. */
const OURS =
  /^(config\.json(\.v\d+|\.[0-9a-f]{12})?|peer\.key|payout\.json|owners\.json|pause\.json|benchmark\.json|journal\.jsonl(\..*)?|claims\.jsonl(\..*)?|network-record\.seen(\.next)?|agent\.(sock|log|log\.1)|blobs|peers|logs|work|checkpoints|downloads|images\.json|containers)$/;

/** Deletes what is the agent's; the names of what is not stay and are returned. */
export async function purge(dataPath: string): Promise<string[]> {
  const names = await readdir(dataPath);
  const left = names.filter((name) => !OURS.test(name));
  // The key last: a purge that was cut short can be run again, and no agent starts without a configuration.
  const order = names.filter((name) => OURS.test(name)).toSorted((a, b) => Number(a === 'peer.key') - Number(b === 'peer.key'));
  for (const name of order) await rm(join(dataPath, name), { recursive: true, force: true });
  if (left.length === 0) await rmdir(dataPath);
  return left;
}

const pay = (jobs: readonly JobLine[], of: 'closedBaseUnits' | 'payBaseUnits'): string =>
  formatAmount(jobs.reduce((sum, job) => sum + BigInt(job[of] ?? 0), 0n));

function lossLines(unclaimed: readonly JobLine[], undecided: readonly JobLine[]): string[] {
  return [
    ...(unclaimed.length === 0
      ? []
      : [`${pay(unclaimed, 'closedBaseUnits')} NTX were not claimed yet ("nunet-agent claim" brings them on chain):`]),
    ...unclaimed.map((job) => `  ${jobText(job)}`),
    ...(undecided.length === 0
      ? []
      : [`${pay(undecided, 'payBaseUnits')} NTX are asked for and not decided yet; without its journal the agent can prove nothing:`]),
    ...undecided.map((job) => `  ${jobText(job)}`),
  ];
}

async function leave(dataPath: string, isRunning: boolean, io: CommandIo): Promise<void> {
  if (isRunning) await order(dataPath, { type: 'pause' }, io);
  else await writePause(pathsOf(dataPath).pause, 'terminal', clock.now());
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'offboard', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const paths = pathsOf(dataPath);
  const { network } = await readConfig(paths.config);
  const json = given.json === true;
  const say = (line: string): void => {
    if (!json) io.print(line);
  };
  let { isRunning, jobs } = await knownJobs(dataPath, network, io);
  await leave(dataPath, isRunning, io);
  say('No new jobs are taken.');
  for (;;) {
    const running = isRunning ? jobs.filter((job) => !hasEnded(job)) : [];
    if (running.length === 0) break;
    if (given.wait !== true) {
      say(`${running.length} ${running.length === 1 ? 'job runs' : 'jobs run'} on; wait for the end with --wait:`);
      for (const job of running) say(`  ${jobText(job)}`);
      if (json) io.print(JSON.stringify({ isRunning, running: running.map(({ jobId }) => jobId), isPurged: false }));
      return STILL_RUNNING;
    }
    await sleep(LOOK_MS, undefined, { signal: io.signal });
    ({ isRunning, jobs } = await knownJobs(dataPath, network, io));
  }
  const unclaimed = jobs.filter(isUnclaimed);
  const undecided = jobs.filter(isUndecided);
  for (const line of lossLines(unclaimed, undecided)) say(line);
  if (given.purge !== true) {
    say(
      isRunning ? 'The agent may be stopped now: systemctl disable --now nunet-agent, or Ctrl-C where it runs.' : 'The agent does not run.',
    );
    if (json) io.print(JSON.stringify({ isRunning, running: [], unclaimed: unclaimed.map(({ jobId }) => jobId), isPurged: false }));
    return 0;
  }
  if (isRunning)
    throw new NunetError('already-running', 'Cannot purge: the agent runs; stop it first (systemctl disable --now nunet-agent)');
  const { peerId } = await loadPeerKey(paths.peerKey);
  // Held while deleting, so that no agent starts in between.
  const lock = await takeIdentityLock(peerId, `the purge of agent ${peerId}`);
  try {
    if (given.yes !== true) {
      if (io.ask === undefined) throw new NunetError('flag-missing', 'Cannot purge: --yes is missing, and nobody sits here to be asked');
      const answer = await io.ask(
        `Delete ${dataPath} with its keys${unclaimed.length + undecided.length === 0 ? '' : ', and lose that pay'}? Type "yes": `,
      );
      if (answer.trim().toLowerCase() !== 'yes')
        throw new NunetError('purge-refused', 'Cannot purge: it was not confirmed; nothing was deleted');
    }
    const left = await purge(dataPath);
    say(left.length === 0 ? `Deleted ${dataPath}.` : `Deleted what is the agent's in ${dataPath}; left there: ${left.join(', ')}`);
    if (json)
      io.print(JSON.stringify({ isRunning: false, running: [], unclaimed: unclaimed.map(({ jobId }) => jobId), isPurged: true, left }));
    return 0;
  } finally {
    await lock.release();
  }
}

export const command: Command = { name: 'offboard', summary: 'leave the network; --purge deletes the agent', flags, notes, run };

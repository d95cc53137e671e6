// logs: what the agent said, or what a job said; --follow goes on until the job ends.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OwnerLog } from '@nunet/shared/owner-views.ts';
import { readAgentLog } from '../agent-log.ts';
import { pathsOf, readConfig } from '../config.ts';
import { plainJson, plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { hasEnded, jobNamed, knownJobs } from './known-jobs.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  lines: { value: 'N', help: 'how many of the last lines (100)' },
  follow: { help: 'of a job: go on until it has ended' },
  json: { help: 'one JSON object a line' },
} as const;

const usage = `Usage: nunet-agent logs [FLAGS]
       nunet-agent logs JOB [--follow] [FLAGS]`;
const notes = `JOB is an id of "nunet-agent jobs", or its last 6 characters or more. Logs of jobs are read through the running agent.
Under systemd the agent's own log is in the journal: journalctl -u nunet-agent. Elsewhere it is in the data folder, 2 MiB at most.`;

/** What one order gives at most. */
const A_PAGE = 1_000;
const MAX_LINES = 100_000;
const LOOK_MS = 1_000;

async function jobLog(
  dataPath: string,
  { jobId, wanted, follows, json }: { jobId: string; wanted: number; follows: boolean; json: boolean },
  io: CommandIo,
): Promise<void> {
  const { network } = await readConfig(pathsOf(dataPath).config);
  const page = (fromLine: number, lines: number): Promise<OwnerLog> =>
    order<OwnerLog>(dataPath, { type: 'logs', jobId, fromLine, lines }, io);
  const { total } = await page(0, 1);
  let at = Math.max(0, total - wanted);
  const isOver = async (): Promise<boolean> => hasEnded(jobNamed((await knownJobs(dataPath, network, io)).jobs, jobId));
  for (let wasOver = false; ;) {
    const { lines } = await page(at, A_PAGE);
    for (const line of lines) io.print(json ? plainJson(JSON.stringify({ line: at, text: line })) : plainLine(line));
    at += lines.length;
    if (lines.length > 0) continue;
    // Once more after the end: the last lines may have come between.
    if (!follows || wasOver) return;
    wasOver = await isOver();
    if (!wasOver) await sleep(LOOK_MS, undefined, { signal: io.signal }).catch(() => undefined);
    if (io.signal.aborted) return;
  }
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...others] = argv;
  const job = first === undefined || first.startsWith('-') ? undefined : first;
  const given = parseFlags({ name: 'logs', flags }, job === undefined ? argv : others);
  const wanted = Number(given.lines ?? '100');
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_LINES)
    throw new NunetError('flag-invalid', `Cannot run logs: --lines must be from 1 to ${MAX_LINES}`);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const json = given.json === true;
  if (job !== undefined) {
    const { network } = await readConfig(pathsOf(dataPath).config);
    const { jobId } = jobNamed((await knownJobs(dataPath, network, io)).jobs, job);
    await jobLog(dataPath, { jobId, wanted, follows: given.follow === true, json }, io);
    return 0;
  }
  if (given.follow === true)
    throw new NunetError(
      'flag-invalid',
      'Cannot run logs: --follow is for a job; for the agent use tail -F on its agent.log, or journalctl -f',
    );
  const lines = await readAgentLog(dataPath, wanted);
  for (const line of lines) io.print(json ? plainJson(JSON.stringify({ text: line })) : plainLine(line));
  if (lines.length === 0 && !json) io.print('Nothing was logged here. Under systemd: journalctl -u nunet-agent');
  return 0;
}

export const command: Command = { name: 'logs', summary: 'what the agent said, or what a job said', flags, usage, notes, run };

// jobs: what was accepted, how far it is, and what it pays; the latest first.
import { resolve } from 'node:path';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { pathsOf, readConfig } from '../config.ts';
import type { JobLine } from '../job-line.ts';
import { plainJson, plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { hasEnded, isUnclaimed, isUndecided, knownJobs } from './known-jobs.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  limit: { value: 'N', help: 'how many of the latest (20)' },
  running: { help: 'those that have not ended, no others' },
  json: { help: 'one JSON object a line' },
} as const;

const MAX_LIMIT = 10_000;

/** The furthest that a job's money has come. */
export function moneyText({ paidBaseUnits, closedBaseUnits, payBaseUnits, voucherBaseUnits, amountBaseUnits }: JobLine): string {
  const ntx = (baseUnits: string): string => `${formatAmount(BigInt(baseUnits))} NTX`;
  if (paidBaseUnits !== null) return `paid ${ntx(paidBaseUnits)}`;
  if (closedBaseUnits !== null) return `${ntx(closedBaseUnits)} to claim`;
  if (payBaseUnits !== null) return `asks ${ntx(payBaseUnits)}`;
  if (voucherBaseUnits !== null) return `vouchers for ${ntx(voucherBaseUnits)}`;
  return `up to ${ntx(amountBaseUnits)}`;
}

export const jobText = (job: JobLine): string => {
  const since = job.acceptedAtMs === null ? '' : `${new Date(job.acceptedAtMs).toISOString().slice(0, 16).replace('T', ' ')}  `;
  const detail = job.detail === null ? '' : `  (${job.detail})`;
  return plainLine(`${job.jobId.slice(-12)}  ${since}${job.state.padEnd(10)}  ${moneyText(job).padEnd(18)}  ${job.title}${detail}`);
};

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'jobs', flags }, argv);
  const limit = Number(given.limit ?? '20');
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new NunetError('flag-invalid', `Cannot run jobs: --limit must be from 1 to ${MAX_LIMIT}`);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const { network } = await readConfig(pathsOf(dataPath).config);
  const all = (await knownJobs(dataPath, network, io)).jobs;
  const shown = all
    .filter((job) => given.running !== true || !hasEnded(job))
    .slice(-limit)
    .toReversed();
  if (given.json === true) {
    for (const job of shown) io.print(plainJson(JSON.stringify(job)));
    return 0;
  }
  for (const job of shown) io.print(jobText(job));
  const sum = (of: readonly JobLine[], field: 'paidBaseUnits' | 'closedBaseUnits'): string =>
    formatAmount(of.reduce((total, job) => total + BigInt(job[field] ?? 0), 0n));
  io.print(
    `${shown.length} of ${all.length} jobs; earned ${sum(all, 'paidBaseUnits')} NTX, ${sum(all.filter(isUnclaimed), 'closedBaseUnits')} NTX to claim, ${all.filter(isUndecided).length} undecided`,
  );
  return 0;
}

export const command: Command = { name: 'jobs', summary: 'jobs of this agent, how far they are and what they pay', flags, run };

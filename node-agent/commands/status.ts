// status: what the running agent does now; when none runs, what its journal says.
import { resolve } from 'node:path';
import { formatAmount } from '@nunet/shared/amount.ts';
import type { AgentStatus } from '../agent-status.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry, type AgentEntry } from '../agent-entries.ts';
import { pathsOf, readConfig } from '../config.ts';
import { askControl, controlSocketOf } from '../control-socket.ts';
import { JobBook } from '../job-book.ts';
import { jobLine } from '../job-line.ts';
import { openJournal } from '../journal.ts';
import { loadPeerKey } from '../network/identity.ts';
import { plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  json: { help: 'everything as one JSON document' },
} as const;

/** Exit code when no agent runs: for scripts that ask. */
const NOT_RUNNING = 3;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'status', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const config = await readConfig(pathsOf(dataPath).config);
  // The answer comes from our own process over the owner's socket.
  const status = (await askControl(
    controlSocketOf(dataPath),
    'status',
    AbortSignal.any([io.signal, AbortSignal.timeout(10_000)]),
  )) as AgentStatus | null;
  if (status !== null) {
    if (given.json === true) io.print(JSON.stringify({ running: true, ...status }, null, 2));
    else for (const line of linesOf(status)) io.print(line);
    return 0;
  }
  const { peerId } = await loadPeerKey(pathsOf(dataPath).peerKey);
  const journal = await openJournal<AgentEntry>(pathsOf(dataPath).journal, {
    schema: agentEntry,
    name: 'agent jobs',
    version: AGENT_JOURNAL_VERSION,
    migrations: AGENT_JOURNAL_MIGRATIONS,
  });
  const jobs = new JobBook(config.network, journal).jobs().map(jobLine);
  await journal.close();
  const earnedBaseUnits = String(jobs.reduce((sum, job) => sum + BigInt(job.paidBaseUnits ?? 0), 0n));
  if (given.json === true) {
    io.print(
      JSON.stringify({ running: false, peerId, network: config.network, payoutAddress: config.address, jobs, earnedBaseUnits }, null, 2),
    );
  } else {
    io.print(`Agent ${peerId} on ${config.network} is not running. Start it with: nunet-agent start --data ${dataPath}`);
    for (const line of jobLines(jobs, earnedBaseUnits)) io.print(line);
  }
  return NOT_RUNNING;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function jobLines(jobs: AgentStatus['jobs'], earnedBaseUnits: string): string[] {
  return [
    `Jobs: ${jobs.length}, earned ${formatAmount(BigInt(earnedBaseUnits))} NTX`,
    ...jobs.slice(-20).map((job) => {
      const { jobId, title, state, detail } = job;
      const money = moneyText(job);
      return plainLine(
        `  ${state.padEnd(10)} ${jobId.slice(-12)}  ${title}${money === '' ? '' : `  ${money}`}${detail === null ? '' : `  (${detail})`}`,
      );
    }),
  ];
}

/** The furthest that its money has come. */
function moneyText({ paidBaseUnits, closedBaseUnits, payBaseUnits, voucherBaseUnits }: AgentStatus['jobs'][number]): string {
  const ntx = (text: string): string => `${formatAmount(BigInt(text))} NTX`;
  if (paidBaseUnits !== null) return `paid ${ntx(paidBaseUnits)}`;
  if (closedBaseUnits !== null) return `both sides signed ${ntx(closedBaseUnits)}: bring it on chain with nunet-agent claim`;
  const signed = voucherBaseUnits === null ? '' : `, vouchers for ${ntx(voucherBaseUnits)}`;
  if (payBaseUnits !== null) return `asks ${ntx(payBaseUnits)}${signed}`;
  return signed.slice(2);
}

function usageLines({ machine, gpus }: NonNullable<AgentStatus['usage']>): string[] {
  const said = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(', ');
  const or = (value: number | null, text: (value: number) => string): string | null => (value === null ? null : text(value));
  return [
    `Machine: ${said([
      or(machine.cpuBusyPercent, (percent) => `CPUs ${percent} % busy`),
      `memory ${machine.memoryUsedPercent} % taken`,
      or(machine.temperatureC, (degrees) => `${degrees} °C`),
    ])}`,
    ...gpus.map(
      ({ busyPercent, usedBytes, temperatureC, powerW }, place) =>
        `GPU ${place}: ${said([
          or(busyPercent, (percent) => `${percent} % busy`),
          or(usedBytes, (bytes) => `${gib(bytes)} taken`),
          or(temperatureC, (degrees) => `${degrees} °C`),
          or(powerW, (watts) => `${watts} W`),
        ])}`,
    ),
  ];
}

function linesOf(status: AgentStatus): string[] {
  const { total, free } = status.capacity;
  return [
    `Agent ${status.peerId} runs on ${status.network}`,
    ...status.executors.map(({ kinds, detail }) => `Runs ${kinds.length === 0 ? 'nothing' : kinds.join(', ')} (${detail})`),
    `Free: ${free.cpus} of ${total.cpus} CPUs, ${gib(free.memoryBytes)} of ${gib(total.memoryBytes)} memory, ${gib(free.diskBytes)} of ${gib(total.diskBytes)} disk${total.gpus === 0 ? '' : `, ${free.gpus} of ${total.gpus} GPUs`}`,
    ...(status.usage === null ? [] : usageLines(status.usage)),
    `The agent itself takes ${(status.memoryBytes / 2 ** 20).toFixed(0)} MiB of memory`,
    `Pay goes to ${status.payoutAddress}`,
    'Addresses:',
    ...status.addresses.map((address) => `  ${address}`),
    ...status.hubs.map((hub) => `Hub ${hub.state}: ${hub.hub}`),
    ...jobLines(status.jobs, status.earnedBaseUnits),
    ...(status.twin === null ? [] : [`${status.twin}: stop one of the two, delete its folder, and restart the other`]),
    ...(status.lastProblem === null ? [] : [plainLine(`Last problem: ${status.lastProblem}`)]),
  ];
}

export const command: Command = {
  name: 'status',
  summary: 'jobs, capacity, addresses, sandbox and earnings of the agent',
  flags,
  notes: 'Exit code: 0 the agent runs, 3 it does not; then the journal tells of its jobs.',
  run,
};

// capacity: what this machine has, what of it is lent, and what of that is free now.
import { resolve } from 'node:path';
import { shareOf, type Offer } from '../capacity.ts';
import { pathsOf, readConfig } from '../config.ts';
import { gib } from '../doctor/finding.ts';
import { machineOffer } from '../machine.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { runningStatus } from './known-jobs.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  json: { help: 'one JSON object' },
} as const;

const ROWS: readonly { name: string; of: (offer: Offer) => string }[] = [
  { name: 'CPUs', of: ({ cpus }) => String(cpus) },
  { name: 'memory', of: ({ memoryBytes }) => gib(memoryBytes) },
  { name: 'disk', of: ({ diskBytes }) => gib(diskBytes) },
  { name: 'GPUs', of: ({ gpus }) => String(gpus) },
];
const COLUMN = 12;

export function capacityLines(machine: Offer, lent: Offer, free: Offer | null): string[] {
  const row = (name: string, ...cells: string[]): string => `${name.padEnd(8)}${cells.map((cell) => cell.padStart(COLUMN)).join('')}`;
  return [
    row('', 'machine', 'lent', ...(free === null ? [] : ['free now'])),
    ...ROWS.map(({ name, of }) => row(name, of(machine), of(lent), ...(free === null ? [] : [of(free)]))),
  ];
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'capacity', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const config = await readConfig(pathsOf(dataPath).config);
  const status = await runningStatus(dataPath, io);
  const machine = { ...(await machineOffer(dataPath)), gpus: config.gpus.length };
  const lent = status?.capacity.total ?? shareOf(machine, config.share);
  const free = status?.capacity.free ?? null;
  const jobs = status?.jobs.filter(({ state }) => state === 'running').length ?? 0;
  if (given.json === true) {
    io.print(
      JSON.stringify({
        isRunning: status !== null,
        machine,
        lent,
        free,
        running: jobs,
        hours: config.hours,
        pausedBy: status?.pausedBy ?? null,
      }),
    );
    return 0;
  }
  for (const line of capacityLines(machine, lent, free)) io.print(line);
  const when = config.hours === null ? 'at all hours' : `from ${config.hours.from} to ${config.hours.to}`;
  io.print(
    status === null
      ? `The agent does not run. Takes new jobs ${when}.`
      : `${jobs} ${jobs === 1 ? 'job runs' : 'jobs run'}. ${status.pausedBy === null ? `Takes new jobs ${when}` : 'Paused: takes no new jobs'}.`,
  );
  return 0;
}

export const command: Command = { name: 'capacity', summary: 'what this machine has, what is lent, and what is free', flags, run };

// gpus: what this machine has to compute on, and what is missing before a job could use it.
import { plainLine } from '../plain-text.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';

const flags = { json: { help: 'everything as one JSON document' } } as const;

/** Exit code when something is missing: for scripts that ask. */
const INCOMPLETE = 1;

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const said = (parts: readonly (string | null)[]): string => parts.filter((part) => part !== null).join(', ');

function linesOf({ vendor, id, name, pci, driver, architecture, memoryBytes, slices, now }: Gpu): string[] {
  const facts = said([memoryBytes === null ? null : gib(memoryBytes), architecture, driver === null ? null : `driver ${driver}`]);
  const state = said([
    now.busyPercent === null ? null : `${now.busyPercent} % busy`,
    now.usedBytes === null ? null : `${gib(now.usedBytes)} used`,
    now.temperatureC === null ? null : `${now.temperatureC} °C`,
    now.powerW === null ? null : `${now.powerW} W`,
    now.processes === null ? null : `${now.processes} ${now.processes === 1 ? 'process' : 'processes'}`,
  ]);
  return [
    `${name} at ${pci}: ${facts}`,
    `  ${id}`,
    ...slices.map((slice) => `  slice ${slice.name}: ${slice.id}`),
    ...(state === '' ? [] : [`  now: ${state}`]),
    ...(vendor === 'amd' ? ['  AMD GPUs are read as the kernel documents them; this has not been tried on a machine that has one.'] : []),
  ];
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'gpus', flags }, argv);
  const report = await readGpus({ run: systemTool(io.signal), sys: '/sys', dev: '/dev' });
  const code = report.problems.length === 0 ? 0 : INCOMPLETE;
  if (given.json === true) {
    io.print(JSON.stringify({ version: 1, ...report }, null, 2));
    return code;
  }
  if (report.gpus.length === 0) io.print('No GPU that could compute.');
  for (const line of report.gpus.flatMap(linesOf)) io.print(plainLine(line));
  if (report.problems.length > 0) io.print('Missing:');
  for (const { problem, fix } of report.problems) {
    io.print(plainLine(`  ${problem}`));
    io.print(plainLine(`    ${fix}`));
  }
  return code;
}

export const command: Command = {
  name: 'gpus',
  summary: 'GPUs of this machine, and what is missing before a job can use them',
  flags,
  notes: 'Exit code: 0 nothing is missing, 1 something is.',
  run,
};

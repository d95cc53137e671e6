// doctor: everything that a job will need, looked at and tried; each line that is not well says what to do.
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { STATES, type Finding } from '../doctor/finding.ts';
import { examine, SECTIONS, type Section } from '../doctor/sections.ts';
import { plainLine } from '../plain-text.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, wrap, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA}); need not be there` },
  only: { value: 'SECTION', many: true, help: SECTIONS.join(', ') },
  json: { help: 'everything as one JSON document' },
} as const;

/** What a narrow terminal holds; pipes have no width. */
const COLUMNS = 80;
const STATE_COLUMN = 6;

/** Two columns before the text: the state, and what was looked at. */
export function findingLines({ check, state, says, fix }: Finding, nameWidth: number, columns = COLUMNS): string[] {
  const indent = STATE_COLUMN + nameWidth + 2;
  const first = `${state.padEnd(STATE_COLUMN)}${check.padEnd(nameWidth)}  `;
  const lines = wrap(plainLine(says), Math.max(30, columns - indent)).map((line, at) => `${at === 0 ? first : ' '.repeat(indent)}${line}`);
  if (fix === null) return lines;
  const arrow = '-> ';
  const advice = wrap(plainLine(fix), Math.max(30, columns - indent - arrow.length));
  return [...lines, ...advice.map((line, at) => `${' '.repeat(indent)}${at === 0 ? arrow : ' '.repeat(arrow.length)}${line}`)];
}

const COUNTED = { pass: 'well', warn: 'with a warning', fail: 'failed', skip: 'not checked' } as const;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'doctor', flags }, argv);
  const only = (given.only ?? SECTIONS).flatMap((names) => names.split(','));
  const unknown = only.find((name) => !SECTIONS.some((section) => section === name));
  if (unknown !== undefined)
    throw new NunetError('flag-invalid', `Cannot run doctor: --only "${unknown.slice(0, 40)}", want one of ${SECTIONS.join(', ')}`);
  const all: (Finding & { section: Section })[] = [];
  // Wide enough for every name, known before the first is printed.
  const width = 'sandbox-container'.length;
  const context = { dataPath: resolve(given.data ?? DEFAULT_DATA), env: process.env, now: () => clock.now(), signal: io.signal };
  for await (const { section, findings } of examine(context, only as Section[])) {
    for (const finding of findings) {
      all.push({ section, ...finding });
      if (given.json !== true) for (const line of findingLines(finding, width)) io.print(line);
    }
  }
  const counts = Object.fromEntries(STATES.map((state) => [state, all.filter((finding) => finding.state === state).length]));
  const isWell = counts['fail'] === 0;
  if (given.json === true) io.print(JSON.stringify({ version: 1, isWell, counts, findings: all }, null, 2));
  else {
    io.print('');
    io.print(`${STATES.map((state) => `${counts[state]} ${COUNTED[state]}`).join(', ')}.`);
  }
  return isWell ? 0 : 1;
}

export const command: Command = {
  name: 'doctor',
  summary: 'what a job will need of this machine, and how to mend what is missing',
  flags,
  notes:
    'Changes nothing. Tries the sandboxes by really breaking out of them, binds the ports for a moment, dials hubs with a key of its own, and asks oracles and the chain.\nExit code: 0 nothing failed, 1 something did.',
  run,
};

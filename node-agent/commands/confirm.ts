// confirm: what owners asked for from afar and only a person at this terminal may allow.
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { plainJson, plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  refuse: { help: 'no instead of yes' },
  yes: { help: 'do not ask again' },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent confirm                lists what waits
       nunet-agent confirm ID [--yes]      allows it
       nunet-agent confirm ID --refuse`;

interface WaitingLine {
  id: string;
  what: string;
  owner: string;
  untilMs: number;
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...others] = argv;
  const id = first !== undefined && !first.startsWith('-') ? first.toUpperCase() : undefined;
  const given = parseFlags({ name: 'confirm', flags }, id === undefined ? argv : others);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const waiting = await order<WaitingLine[]>(dataPath, { type: 'waiting' }, io);
  const print = (value: unknown, text: string): void => io.print(given.json === true ? plainJson(JSON.stringify(value)) : plainLine(text));
  if (id === undefined) {
    if (given.json === true) io.print(plainJson(JSON.stringify({ waiting }, null, 2)));
    else if (waiting.length === 0) io.print('Nothing waits for your word.');
    else {
      for (const { id: name, owner, what, untilMs } of waiting) {
        io.print(plainLine(`${name}  ${owner} asks for ${what} (until ${new Date(untilMs).toISOString().slice(11, 16)} UTC)`));
      }
      io.print('Allow one with: nunet-agent confirm ID');
    }
    return 0;
  }
  const found = waiting.find((one) => one.id === id);
  if (found === undefined) {
    throw new NunetError(
      'confirmation-unknown',
      `Cannot confirm ${id.slice(0, 20)}: nothing of that name waits; "nunet-agent confirm" lists what does`,
    );
  }
  if (given.refuse === true) {
    await order(dataPath, { type: 'refuse', id }, io);
    print({ refused: id }, `Refused: ${found.what}`);
    return 0;
  }
  if (given.yes !== true) {
    if (io.ask === undefined) throw new NunetError('flag-missing', 'Cannot confirm without a terminal to ask at: add --yes');
    io.print(plainLine(`${found.owner} asks for ${found.what}`));
    const answer = await io.ask('Allow it? (yes/no) ');
    if (answer.trim().toLowerCase() !== 'yes') {
      io.print('Nothing has changed; it waits on.');
      return 1;
    }
  }
  await order(dataPath, { type: 'confirm', id }, io);
  print({ confirmed: id }, `Done: ${found.what}`);
  return 0;
}

export const command: Command = {
  name: 'confirm',
  summary: 'allow what an owner asked for from afar: lending more, for longer, for less',
  flags,
  usage,
  run,
};

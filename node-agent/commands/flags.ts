// Flags of the commands: one table a command; a wrong one is named with what is allowed, and --help prints the table.
import { parseArgs } from 'node:util';
import { sourceAddress, SOURCE_WANTED } from '@nunet/contracts/chain/source-address.ts';
import { parseAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32, multiaddrText } from '@nunet/shared/fields.ts';
import type { PinnedKeys } from '@nunet/shared/network-record.ts';

export interface Flag {
  /** What stands for the value in the help: "FILE"; none for a switch. */
  value?: string;
  /** May be given several times. */
  many?: boolean;
  help: string;
}
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F extends { value: string } ? (F extends { many: true } ? string[] : string) : true;
export type Parsed<F extends Flags> = { readonly [K in keyof F]?: ValueOf<F[K]> };

/** What a command reaches of the world outside. */
export interface CommandIo {
  /** One line each. */
  print(line: string): void;
  warn(line: string): void;
  /** Asks a person; undefined where nobody sits at a terminal. */
  ask?: ((question: string) => Promise<string>) | undefined;
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal;
}

export interface Command {
  name: string;
  /** One line in the list of commands. */
  summary: string;
  flags: Flags;
  /** Words that may follow the name. */
  actions?: readonly string[];
  /** How it is called, where that is more than its flags. */
  usage?: string;
  /** More for `--help`, below the flags; one paragraph a line. */
  notes?: string;
  /** The exit code. Thrown NunetErrors are printed by the caller. */
  run(argv: readonly string[], io: CommandIo): Promise<number>;
}

/** Throws `flag-invalid`. */
export function parseFlags<const F extends Flags>(command: { name: string; flags: F }, argv: readonly string[]): Parsed<F> {
  const options = Object.fromEntries(
    Object.entries<Flag>(command.flags).map(([name, flag]) => [
      name,
      { type: flag.value === undefined ? ('boolean' as const) : ('string' as const), multiple: flag.many === true },
    ]),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values as Parsed<F>;
  } catch (cause) {
    const unknown = argv.find((arg) => arg.startsWith('--') && !Object.hasOwn(command.flags, arg.slice(2).split('=')[0] ?? ''));
    const names = Object.keys(command.flags).map((name) => `--${name}`);
    const what =
      unknown === undefined ? plainReason(cause as Error & { code?: string }) : `there is no flag ${unknown.split('=')[0]?.slice(0, 60)}`;
    throw new NunetError('flag-invalid', `Cannot run ${command.name}: ${what}. Allowed: ${names.join(' ')}`, { cause });
  }
}

/** What Node's parser complains of, in our words. */
function plainReason({ code, message }: Error & { code?: string }): string {
  const quoted = /'([^']{1,60})/.exec(message)?.[1] ?? '';
  const flag = /--[\w-]+/.exec(quoted)?.[0] ?? quoted;
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return `"${quoted}" is not expected`;
  if (message.includes('ambiguous')) return `${flag} needs a value; one that starts with a dash is written ${flag}=-VALUE`;
  if (message.includes('does not take an argument')) return `${flag} takes no value`;
  return message.includes('argument missing') ? `${flag} needs a value` : (message.split('\n')[0] ?? message);
}

/** A flag that names a chain source. Throws `flag-invalid`. */
export function sourceFlag(command: string, name: string, text: string): string {
  if (sourceAddress(text) !== null) return text;
  throw new NunetError('flag-invalid', `Cannot run ${command}: --${name} "${text.slice(0, 60)}" ${SOURCE_WANTED}`);
}

/** A flag that is an amount of NTX; base units. Throws `flag-invalid`. */
export function amountFlag(command: string, name: string, text: string): bigint {
  try {
    return parseAmount(text);
  } catch (cause) {
    throw new NunetError('flag-invalid', `Cannot run ${command}: --${name} "${text.slice(0, 40)}" is not an amount of NTX such as 2.5`, {
      cause,
    });
  }
}

/** Keys whose network records are believed, and how many must have signed. Throws `flag-invalid`. */
export function pinnedFlags(command: string, given: { pinned: string; threshold: string | undefined }): PinnedKeys {
  const keys = given.pinned.split(',').map((key) => key.trim());
  const wrong = keys.find((key) => !hex32.safeParse(key).success);
  if (wrong !== undefined)
    throw new NunetError('flag-invalid', `Cannot run ${command}: --pinned: "${wrong.slice(0, 70)}" is not a key of 64 hex digits`);
  const threshold = given.threshold === undefined ? keys.length : Number(given.threshold);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length)
    throw new NunetError('flag-invalid', `Cannot run ${command}: --pinned-threshold must be from 1 to ${keys.length}`);
  return { keys, threshold };
}

/** The hubs of a command line. Throws `flag-invalid`. */
export function hubFlags(command: string, hubs: readonly string[] = []): readonly string[] {
  const wrong = hubs.find((hub) => !multiaddrText.safeParse(hub).success);
  if (wrong === undefined) return hubs;
  throw new NunetError(
    'flag-invalid',
    `Cannot run ${command}: --hub "${wrong.slice(0, 60)}" is not a multiaddress such as /ip4/192.0.2.1/tcp/4201/p2p/PEERID`,
  );
}

/** The value of a flag that must be given. Throws `flag-missing`. */
export function required(command: string, flags: Readonly<Record<string, unknown>>, name: string): string {
  const value = flags[name];
  if (typeof value !== 'string' || value === '') throw new NunetError('flag-missing', `Cannot run ${command}: --${name} is missing`);
  return value;
}

/** Lines at most this wide, whatever the terminal: longer ones are hard to read. */
const MAX_HELP_COLUMNS = 100;
/** A pipe or a file has no width of its own. */
const USUAL_COLUMNS = 80;

/** By words; one that is longer than a line has a line of its own. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The list of commands. `columns` is the terminal's width. */
export function usageOf(commands: readonly Pick<Command, 'name' | 'summary'>[], columns: number = USUAL_COLUMNS): string {
  const width = Math.max(60, Math.min(columns, MAX_HELP_COLUMNS));
  const column = Math.max(...commands.map(({ name }) => name.length)) + 4;
  const list = commands.flatMap(({ name, summary }) =>
    wrap(summary, width - column).map((line, index) => `${(index === 0 ? `  ${name}` : '').padEnd(column)}${line}`),
  );
  return ['Usage: nunet-agent COMMAND [FLAGS]', '', ...list, '', 'nunet-agent COMMAND --help lists the flags of a command.'].join('\n');
}

/** `columns` is the terminal's width. */
export function helpOf(command: Pick<Command, 'name' | 'summary' | 'flags' | 'notes' | 'usage'>, columns: number = USUAL_COLUMNS): string {
  const width = Math.max(60, Math.min(columns, MAX_HELP_COLUMNS));
  const rows = Object.entries<Flag>(command.flags).map(([name, flag]) => ({
    left: `  --${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    help: flag.many === true ? `${flag.help}; may be repeated` : flag.help,
  }));
  const column = Math.max(0, ...rows.map(({ left }) => left.length)) + 2;
  const list = rows.flatMap(({ left, help }) =>
    wrap(help, width - column).map((line, index) => `${(index === 0 ? left : '').padEnd(column)}${line}`),
  );
  return [
    ...wrap(`nunet-agent ${command.name}: ${command.summary}`, width),
    '',
    command.usage ?? `Usage: nunet-agent ${command.name} [FLAGS]`,
    '',
    ...list,
    ...(command.notes === undefined
      ? []
      : [...(list.length === 0 ? [] : ['']), ...command.notes.split('\n').flatMap((line) => wrap(line, width))]),
  ].join('\n');
}

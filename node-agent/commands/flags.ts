// Flags of the commands: one table a command; a wrong one is named with what is allowed, and --help prints the table.
import { parseArgs } from 'node:util';
import { NunetError } from '@nunet/shared/errors.ts';

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
  /** More for `--help`, below the flags. */
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
    const what = unknown === undefined ? (cause as Error).message : `there is no flag ${unknown.split('=')[0]}`;
    throw new NunetError('flag-invalid', `Cannot run ${command.name}: ${what}. Allowed: ${names.join(' ')}`, { cause });
  }
}

/** The value of a flag that must be given. Throws `flag-missing`. */
export function required(command: string, flags: Readonly<Record<string, unknown>>, name: string): string {
  const value = flags[name];
  if (typeof value !== 'string' || value === '') throw new NunetError('flag-missing', `Cannot run ${command}: --${name} is missing`);
  return value;
}

export function helpOf(command: Pick<Command, 'name' | 'summary' | 'flags' | 'notes'>): string {
  const rows = Object.entries<Flag>(command.flags).map(([name, flag]) => [
    `--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag.help,
  ]);
  const width = Math.max(...rows.map(([left]) => left?.length ?? 0));
  const lines = rows.map(([left, right]) => `  ${(left ?? '').padEnd(width)}  ${right ?? ''}`);
  return [
    `nunet-agent ${command.name}: ${command.summary}`,
    '',
    ...lines,
    ...(command.notes === undefined ? [] : ['', command.notes]),
  ].join('\n');
}

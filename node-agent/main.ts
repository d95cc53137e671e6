// nunet-agent: argv, signals, exit codes; each command is a file of its own and loaded alone, so that `start` never loads a wallet.
import { createInterface } from 'node:readline/promises';
import { setFlagsFromString } from 'node:v8';
import { NunetError } from '@nunet/shared/errors.ts';
import { helpOf, usageOf, type CommandIo } from './commands/flags.ts';
import { allCommands, COMMANDS } from './commands/table.ts';
import { plainLines } from './plain-text.ts';
import { VERSION } from './version.ts';

/** Commands that stay. */
const RESIDENT = new Set(['start', 'hub', 'replay']);

/** After a command has ended, for what is still open. */
const EXIT_LIMIT_MS = 3_000;

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${usageOf(await allCommands(), process.stdout.columns)}\n`);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`There is no command "${plainLines(name.slice(0, 40))}". Commands: ${Object.keys(COMMANDS).join(', ')}\n`);
    return 2;
  }
  // Loading the modules would grow the young generation for good: 193 MB at rest, 136 MB without.
  if (RESIDENT.has(name)) setFlagsFromString('--semi-space-growth-factor=1');
  const { command } = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${helpOf(command, process.stdout.columns)}\n`);
    return 0;
  }
  const stop = new AbortController();
  let asked = 0;
  const onSignal = (): void => {
    asked += 1;
    // Once is a request; whoever asks again does not want to wait.
    if (asked > 1) process.exit(130);
    stop.abort(new NunetError('interrupted', 'Interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const io: CommandIo = {
    print: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${plainLines(line)}\n`),
    ask: isTerminal ? (question) => ask(question, stop) : undefined,
    signal: stop.signal,
  };
  return command.run(rest, io);
}

/** On a terminal that is being read, Ctrl-C is a key and no signal; Ctrl-D ends the input. Both leave the question unanswered. */
async function ask(question: string, stop: AbortController): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const leave = (): void => {
    process.stdout.write('\n');
    stop.abort(new NunetError('interrupted', 'Interrupted: the question was not answered'));
  };
  lines.once('SIGINT', leave);
  lines.once('close', leave);
  try {
    return await lines.question(question, { signal: stop.signal });
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    lines.off('close', leave);
    lines.close();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isOurs = error instanceof NunetError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${plainLines(isOurs ? message : `Cannot go on: ${message}`)}\n`);
  // A stack says nothing to whoever filled a disk; whoever hunts a bug asks for it.
  if (!isOurs && process.env['NUNET_DEBUG'] === '1') process.stderr.write(`${(error as Error).stack ?? ''}\n`);
  process.exitCode = isOurs && error.code.startsWith('flag-') ? 2 : 1;
}
// What a node has listened on for WebRTC keeps its process alive (network/webrtc-transports.ts).
if (RESIDENT.has(process.argv[2] ?? '')) process.exit();
// A connection that cannot be closed must not keep a finished command alive.
setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref();

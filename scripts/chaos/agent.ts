// `nunet-agent start` and `run` as programs that kill themselves around the n-th journal write: NUNET_KILL_AT_WRITE="3:before". Otherwise as they are.
import { runCommand } from '@nunet/node-agent/commands/run.ts';
import { start } from '@nunet/node-agent/commands/start.ts';
import type { CommandIo } from '@nunet/node-agent/commands/flags.ts';
import { killAtWrite } from './kill-at-write.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const io: CommandIo = {
  print: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
  ask: undefined,
  signal: stop.signal,
};
const [name, ...argv] = process.argv.slice(2);
const journal = killAtWrite(process.env['NUNET_KILL_AT_WRITE']);
const hooks = journal === undefined ? {} : { journal };
try {
  if (name === 'start') process.exitCode = await start(argv, io, hooks);
  else if (name === 'run') process.exitCode = await runCommand(argv, io, hooks);
  else throw new Error('This program is for chaos runs: start or run; see nunet-agent --help');
} catch (error) {
  io.warn(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
// As `nunet-agent` does: neither what listened for WebRTC nor a connection that cannot be closed may keep it alive.
if (name === 'start') process.exit();
setTimeout(() => process.exit(), 3_000).unref();

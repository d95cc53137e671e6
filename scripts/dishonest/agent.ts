// The demo's cheat as a program: `nunet-agent start` with the lazy executor in place of the honest one.
import { start } from '@nunet/node-agent/commands/start.ts';
import { lazyExecutor } from './lazy-executor.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const [, ...argv] = process.argv.slice(2);
process.exitCode = await start(
  argv,
  { print: (line) => void process.stdout.write(`${line}\n`), warn: (line) => void process.stderr.write(`${line}\n`), signal: stop.signal },
  { executor: lazyExecutor },
);

// Compute providers that cheat, as a program: `nunet-agent start` with one part replaced. NUNET_CHEAT names the cheat; without it work is skipped.
import { start } from '@nunet/node-agent/commands/start.ts';
import { serveFalseBytes, serveUnderFalseHash } from './false-files.ts';
import { floodLog, neverEndLog, speakMarkup } from './hostile-feed.ts';
import { lazyExecutor } from './lazy-executor.ts';

/** What is replaced before the agent starts. */
const CHEATS: Readonly<Record<string, () => void>> = {
  'wrong-bytes': serveFalseBytes,
  'wrong-hash': serveUnderFalseHash,
  'log-flood': floodLog,
  'endless-log': neverEndLog,
  markup: speakMarkup,
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const [, ...argv] = process.argv.slice(2);
const name = process.env['NUNET_CHEAT'];
const cheat = name === undefined ? undefined : CHEATS[name];
if (name !== undefined && cheat === undefined) throw new Error(`There is no cheat "${name}": ${Object.keys(CHEATS).join(', ')}`);
cheat?.();
process.exitCode = await start(
  argv,
  { print: (line) => void process.stdout.write(`${line}\n`), warn: (line) => void process.stderr.write(`${line}\n`), signal: stop.signal },
  cheat === undefined ? { executor: lazyExecutor } : {},
);
// As `nunet-agent` does: what listened for WebRTC must not keep it alive.
process.exit();

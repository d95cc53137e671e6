// The edge on Node 24: `node edge/node.ts --help`. Argv, signals and exit codes; everything else is in serve.ts.
import { setFlagsFromString } from 'node:v8';
import { NunetError } from '@nunet/shared/errors.ts';
import { HELP, readOptions } from './node-options.ts';

// Loading drizzle's 178 kB package.json over and over grows the young generation to 150 MB, which Node never gives back (measured: 280 -> 99 MB).
setFlagsFromString('--semi-space-growth-factor=1');

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(HELP);
  } else {
    const { serveEdge } = await import('./serve.ts');
    const { stop, ...ready } = await serveEdge(options, log);
    console.log(JSON.stringify({ ...ready, pid: process.pid }));
    const end = (): void =>
      void stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log(`while stopping: ${String(error)}`);
          process.exit(1);
        },
      );
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  }
} catch (error) {
  console.error(error instanceof NunetError ? error.message : `Cannot start the edge: ${String((error as Error).stack ?? error)}`);
  process.exit(error instanceof NunetError && error.code.startsWith('flag-') ? 2 : 1);
}

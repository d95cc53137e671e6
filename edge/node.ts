// The edge on Node 24: `node edge/node.ts --help`. Argv, signals and exit codes; everything else is in serve.ts.
import { setFlagsFromString } from 'node:v8';
import { NunetError } from '@nunet/shared/errors.ts';
import { HELP, readOptions } from './node-options.ts';

// Measured with PGlite open and 300 rounds of queries: 755 MB peak and 256 MB after without these, 161 MB with them, for no more CPU.
// drizzle's 178 kB package.json is parsed for each of its modules; the young generation grows for that and never shrinks.
setFlagsFromString('--semi-space-growth-factor=1');
// Optimising PGlite's interpreter takes 500 MB for some seconds; an oracle's few queries never earn that back.
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(HELP);
  } else {
    const { serveEdge } = await import('./serve.ts');
    const { stop, failed, ...ready } = await serveEdge(options, log);
    console.log(JSON.stringify({ ...ready, pid: process.pid }));
    const end = (code: number): void =>
      void stop().then(
        () => process.exit(code),
        (error: unknown) => {
          log(`while stopping: ${String(error)}`);
          process.exit(1);
        },
      );
    process.once('SIGTERM', () => end(0));
    process.once('SIGINT', () => end(0));
    void failed.then((error) => {
      log(error.message);
      end(1);
    });
  }
} catch (error) {
  console.error(error instanceof NunetError ? error.message : `Cannot start the edge: ${String((error as Error).stack ?? error)}`);
  process.exit(error instanceof NunetError && error.code.startsWith('flag-') ? 2 : 1);
}

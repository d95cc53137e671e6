// `npm run record -- COMMAND`: makes, deploys, signs and checks the network record, the one thing that wallet, agent and oracle trust.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { NunetError } from '@nunet/shared/errors.ts';
import { COMMANDS, FLAGS, type RecordIo } from './record/commands.ts';

const HELP = [
  'Usage: npm run record -- COMMAND [FLAGS]',
  '',
  ...Object.entries(COMMANDS).flatMap(([name, { usage, what }]) => [`  ${name} ${usage}`, `      ${what}`]),
  '',
  'In order: keygen (each signer, offline), draft, deploy, sign (each signer, offline), verify. A project id comes from NUNET_CHAIN_PROJECT_ID.',
].join('\n');

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new NunetError('interrupted', 'Interrupted; the same command goes on')));

/** Asks on the terminal without echo. Throws `passphrase-missing` where nobody sits at one. */
async function passphrase(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new NunetError('passphrase-missing', 'Cannot ask for the passphrase: this is no terminal; give --passphrase-file FILE');
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question('', { signal: stop.signal });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

const io: RecordIo = { print: (line) => void process.stdout.write(`${line}\n`), passphrase, now: Date.now, signal: stop.signal };

try {
  const [name = '', ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || rest.includes('--help')) {
    process.stdout.write(`${HELP}\n`);
    process.exitCode = command === undefined && name !== '--help' ? 2 : 0;
  } else {
    const options = Object.fromEntries(FLAGS.map((flag) => [flag, { type: 'string' as const }]));
    process.exitCode = await command.run(parseArgs({ args: rest, options, strict: true }).values, io);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof NunetError && !error.code.startsWith('flag-') ? 1 : 2;
}

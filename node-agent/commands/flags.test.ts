import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command as hub } from './hub.ts';
import { helpOf, hubFlags, parseFlags, sourceFlag, usageOf, type CommandIo } from './flags.ts';
import { allCommands, COMMANDS } from './table.ts';
import { command as payout } from './payout.ts';
import { command as replay } from './replay.ts';
import { command as run } from './run.ts';
import { command as wallet } from './wallet.ts';

const commands = await allCommands();
const io: CommandIo = { print: () => undefined, warn: () => undefined, signal: new AbortController().signal };
const flags = { data: { value: 'FOLDER', help: 'where' }, yes: { help: 'ask nothing' } } as const;

describe('help', () => {
  test.each(commands.map((command) => [command.name, command] as const))('of %s fits 80 columns, and any width up to 100', (_, command) => {
    for (const columns of [undefined, 80, 100, 300]) {
      const widest = Math.max(
        ...helpOf(command, columns)
          .split('\n')
          .map((line) => line.length),
      );
      expect(widest).toBeLessThanOrEqual(columns === undefined ? 80 : Math.min(columns, 100));
    }
    for (const name of Object.keys(command.flags)) expect(helpOf(command)).toContain(`--${name}`);
    expect(helpOf(command)).toContain(`nunet-agent ${command.name}`);
  });
});

test('the list of commands fits 80 columns, and names each command as it is called', () => {
  const lines = usageOf(commands).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(commands.map(({ name }) => name)).toEqual(Object.keys(COMMANDS));
});

describe('a wrong command line names what is allowed', () => {
  test.each([
    [['--nope'], 'there is no flag --nope. Allowed: --data --yes'],
    [['job.json'], '"job.json" is not expected. Allowed: --data --yes'],
    [['--data'], '--data needs a value. Allowed: --data --yes'],
    [['--data', '-3'], '--data needs a value; one that starts with a dash is written --data=-VALUE. Allowed: --data --yes'],
    [['--yes=no'], '--yes takes no value. Allowed: --data --yes'],
  ])('%j', (argv, message) => {
    expect(() => parseFlags({ name: 'test', flags }, argv)).toThrow(`Cannot run test: ${message}`);
  });

  test('an address of the chain or of a hub that is none', () => {
    expect(() => sourceFlag('run', 'chain', 'ftp://x')).toThrow(
      '--chain "ftp://x" must be a URL that starts with https:// or http://, or koios:URL',
    );
    expect(() => sourceFlag('run', 'chain', 'here')).toThrow('must be a URL');
    expect(sourceFlag('run', 'chain', 'koios:https://preprod.koios.rest/api/v1')).toContain('koios');
    expect(() => hubFlags('run', ['/ip4/127.0.0.1/tcp/1', 'here'])).toThrow('--hub "here" is not a multiaddress');
  });

  test.each([
    [hub, [], 'flag-missing'],
    [hub, ['--hub', 'x', '--listen-tcp', '127.0.0.1:0'], 'flag-invalid'],
    [replay, ['--listen', '127.0.0.1:0', '--max-disk-gib', 'much'], 'flag-invalid'],
    [replay, ['--listen', '127.0.0.1:0', '--socket', 'x'], 'flag-invalid'],
    [wallet, ['show', '--wallet', 'x', '--chain', 'here'], 'flag-invalid'],
    [wallet, ['create', '--wallet', 'x', '--network', 'mainnet'], 'flag-mainnet'],
    [run, ['x.json', '--wallet', 'x', '--network-record', 'x', '--pinned', '00'.repeat(32), '--chain', 'here'], 'flag-invalid'],
    [run, ['x.json', '--agent', 'alice'], 'flag-invalid'],
    [payout, ['steal'], 'flag-invalid'],
    [payout, ['show', '--address'], 'flag-invalid'],
    [run, ['--resume', 'yesterday'], 'flag-invalid'],
    [run, ['x.json', '--resume', `b${'a'.repeat(60)}`], 'flag-invalid'],
  ])('%# before anything is opened', async (command, argv, code) => {
    await expect(command.run(argv, io)).rejects.toMatchObject({ code });
  });
});

test('cannot show a stack trace, or characters that move the cursor, for what a person typed', async () => {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../main.ts'), 'wallet', 'show\u001b[2J'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(err).toBe('Cannot run wallet: want "wallet create", "wallet show", "wallet locks", "wallet reclaim", not "wallet show [2J"\n');
});

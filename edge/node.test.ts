import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import { fixtureRecord, keyOf } from './fixtures.ts';
import { createKeyFile } from './key-file.ts';
import { HELP, readOptions } from './node-options.ts';

const pin = keyOf(33);
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-node-'));
  await createKeyFile(at('oracle.json'), 'devnet', 'oracleKey');
  await createKeyFile(at('fee.json'), 'devnet', 'paymentKey');
  await createKeyFile(at('open.json'), 'devnet', 'oracleKey');
  await chmod(at('open.json'), 0o644);
  const record = fixtureRecord([{ key: keyOf(51).publicKey, url: 'http://127.0.0.1:1' }], { k: 1 });
  await writeFile(at('record.cbor'), await signNetworkRecord(record, [pin]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(over: Record<string, string> = {}): Promise<{ code: number; stderr: string; stdout: string }> {
  const flags = {
    data: at('data'),
    'network-record': at('record.cbor'),
    pinned: pin.publicKey,
    'oracle-key': at('oracle.json'),
    'fee-key': at('fee.json'),
    // Nobody listens on the discard port.
    chain: 'http://127.0.0.1:9',
    ...over,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => (value === '' ? [] : [`--${name}`, value]));
  const child = spawn(process.execPath, [fileURLToPath(new URL('./node.ts', import.meta.url)), ...args]);
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr, stdout };
}

describe('cannot start', () => {
  test.each<[string, Record<string, string>, number, string]>([
    ['without an oracle key', { 'oracle-key': '' }, 2, '--oracle-key is missing'],
    ['on a port that is none', { port: '70000' }, 2, '--port is "70000", want a whole number from 0 to 65535'],
    ['with a pinned key that is none', { pinned: 'abc' }, 2, 'is not a key of 64 hex digits'],
    ['with a flag that does not exist', { verbose: 'yes' }, 2, 'Allowed: --port'],
    ['with a key that others may read', { 'oracle-key': 'OPEN' }, 1, 'chmod 600'],
    ['with a chain project that others may read', { 'chain-project': 'OPEN' }, 1, 'chmod 600'],
    ['with a database that is no URL of PostgreSQL', { database: 'mysql://user:hidden@db' }, 2, '--database is no postgres:// URL'],
    [
      'with a record that the pinned keys did not sign',
      { pinned: keyOf(34).publicKey },
      1,
      'Cannot use the network record: 0 pinned keys signed it, 1 must',
    ],
    ['without its chain source', {}, 1, 'Cannot read the chain'],
  ])('%s, and says why', async (_, over, code, message) => {
    const ended = await run(
      Object.fromEntries(Object.entries(over).map(([flag, value]) => [flag, value === 'OPEN' ? at('open.json') : value])),
    );
    expect(ended.stderr).not.toContain('hidden');
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('    at ');
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
  });
});

test('flags come from the environment too, and --help names them all', () => {
  const env = {
    EDGE_DATA: '/d',
    EDGE_NETWORK_RECORD: 'r',
    EDGE_PINNED: pin.publicKey,
    EDGE_ORACLE_KEY: 'o',
    EDGE_FEE_KEY: 'f',
    EDGE_CHAIN: 'http://127.0.0.1:9',
  };
  expect(readOptions(['--port', '8080'], env)).toMatchObject({ port: 8080, data: '/d', pinned: { threshold: 1 }, replaySocket: null });
  expect(readOptions(['--help'], {})).toBe('help');
  const two = readOptions(
    ['--chain', 'koios:https://preprod.koios.rest/api/v1', '--chain2', 'https://x.example', '--compare-above', '2.5'],
    env,
  );
  expect(two).toMatchObject({ chain2: 'https://x.example', compareAbove: 2_500_000n });
  expect(() => readOptions(['--chain2', 'nowhere'], env)).toThrow('--chain2 "nowhere" must be a URL');
  expect(() => readOptions(['--compare-above', 'much'], env)).toThrow('want an amount of NTX');
  for (const name of ['--port', '--data', '--database', '--replay-socket', '--block-ms']) expect(HELP).toContain(name);
});

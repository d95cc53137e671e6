// `npm run chain:check` as a person runs it, against a running devnet through both kinds of source.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { confirmed, fund, makeWallet, parkEscrow, type Wallet } from './network/setup-chain.ts';

let devnet: Devnet;
let wallet: Wallet;
beforeAll(async () => {
  devnet = await startDevnet({ blockTimeMs: 100 });
  const chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });
  const signal = AbortSignal.timeout(60_000);
  await parkEscrow(devnet.url, chain, signal);
  wallet = makeWallet();
  await confirmed(chain, await fund(devnet.url, wallet.address, { lovelace: 10_000_000n, ntxBaseUnits: 5_000_000n, outputs: 2 }), signal);
});
afterAll(() => devnet.stop());

/** Exit code, and both outputs together. */
const run = (...args: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    const program = join(import.meta.dirname, 'chain-check.ts');
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr });
    });
  });

test.each(['koios', 'blockfrost'])('says that a devnet works through %s', async (source) => {
  const { code, text } = await run('--network', 'devnet', '--source', source, '--url', devnet.url, '--address', wallet.address);
  expect(text).toContain('This source works.');
  for (const what of ['source', 'parameters', 'tip', 'script reference', 'balance', 'dry run'])
    expect(text).toMatch(new RegExp(`${what} +ok`));
  expect(text).toContain('20 ADA and 10 NTX in 2 outputs');
  expect(code).toBe(0);
});

test('ends with 1 and says what to do when nothing answers', async () => {
  const { code, text } = await run('--network', 'devnet', '--url', 'http://127.0.0.1:9');
  expect(text).toMatch(/source +failed +Cannot read the chain: no connection to 127\.0\.0\.1:9/);
  expect(text).toContain('->');
  expect(code).toBe(1);
});

test('cannot take a devnet for a public network', async () => {
  const { code, text } = await run('--network', 'preprod', '--source', 'blockfrost', '--url', `${devnet.url}/api/v0`);
  expect(text).toContain('its network magic is');
  expect(code).toBe(1);
});

test.each([
  [[], '--network must be'],
  [['--network', 'mainnet'], '--network must be'],
  [['--network', 'preprod', '--source', 'dolos'], '--source must be'],
  [['--network', 'devnet'], 'give --url'],
  [['--network', 'preprod', '--url', 'ftp://x'], '--url "ftp://x"'],
  [['--network', 'preprod', '--address', 'addr1q'], '--address must be'],
  [['--network', 'preprod', '--record', 'file'], 'belong together'],
  [['--network', 'preprod', '--what'], 'what'],
])('ends with 2 and the usage for %j', async (args, why) => {
  const { code, text } = await run(...args);
  expect(text).toContain(why);
  expect(text).toContain('Usage: npm run chain:check');
  expect(code).toBe(2);
});

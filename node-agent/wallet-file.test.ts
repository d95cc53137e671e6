// The wallet file: readable by its owner alone, on test networks alone, and never written over.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { walletCommand } from './commands/wallet.ts';
import { createWalletFile, openWalletFile } from './wallet-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wallet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const io = (lines: string[]) => ({
  print: (line: string) => void lines.push(line),
  warn: () => undefined,
  signal: new AbortController().signal,
});
const write = async (name: string, value: unknown): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 });
  return path;
};

test('a made wallet opens again with the same address, mode 0600', async () => {
  const path = join(folder, 'deep', 'wallet.json');
  const made = await createWalletFile(path, 'devnet');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await openWalletFile(path)).address).toBe(made.address);
  expect(made.address).toMatch(/^addr_test1v/);
});

test('the command makes one and prints where', async () => {
  const lines: string[] = [];
  const path = join(folder, 'by-command.json');
  expect(await walletCommand(['create', '--wallet', path, '--network', 'preprod', '--json'], io(lines))).toBe(0);
  expect(JSON.parse(lines[0] ?? '')).toEqual({ address: (await openWalletFile(path)).address, network: 'preprod', wallet: path });
  expect(lines.join()).not.toContain((JSON.parse(await readFile(path, 'utf8')) as { paymentKey: string }).paymentKey);
});

describe('cannot', () => {
  test('be opened when others may read it, and the command to run is named', async () => {
    const path = join(folder, 'open.json');
    await createWalletFile(path, 'devnet');
    for (const mode of [0o604, 0o640, 0o644, 0o660, 0o601]) {
      await chmod(path, mode);
      await expect(openWalletFile(path)).rejects.toThrow(`run: chmod 600 ${path}`);
    }
    await chmod(path, 0o400);
    await expect(openWalletFile(path)).resolves.toBeDefined();
  });

  test('be written over', async () => {
    const path = join(folder, 'kept.json');
    const first = await createWalletFile(path, 'devnet');
    await expect(createWalletFile(path, 'devnet')).rejects.toThrow('never written over');
    expect((await openWalletFile(path)).address).toBe(first.address);
  });

  test('be for mainnet', async () => {
    const path = await write('mainnet.json', { version: 1, network: 'mainnet', paymentKey: '00'.repeat(32) });
    await expect(openWalletFile(path)).rejects.toThrow('test networks only');
    await expect(walletCommand(['create', '--wallet', join(folder, 'm.json'), '--network', 'mainnet'], io([]))).rejects.toThrow(
      'test networks only',
    );
  });

  test('be of a later version, or anything else', async () => {
    await expect(openWalletFile(await write('v2.json', { version: 2, network: 'devnet' }))).rejects.toThrow(
      'it is version 2, this program knows version 1',
    );
    await expect(openWalletFile(await write('text.json', 'hello'))).rejects.toThrow('it is not JSON');
    await expect(openWalletFile(await write('short.json', { version: 1, network: 'devnet', paymentKey: '00' }))).rejects.toThrow(
      'paymentKey: must be 32 bytes',
    );
    await expect(openWalletFile(join(folder, 'none.json'))).rejects.toThrow('wallet create');
  });
});

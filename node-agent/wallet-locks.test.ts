// A lost journal loses nothing: a wallet file and the network record find every lock again, and take back what is refundable.
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf } from '@nunet/contracts/holdings.ts';
import { encode } from '@nunet/shared/encoding.ts';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { runCommand } from './commands/run.ts';
import { walletCommand } from './commands/wallet.ts';
import { openSmallNetwork, writeAddOneJob, type SmallNetwork } from './run/small-network.ts';

let network: SmallNetwork;
beforeAll(async () => {
  network = await openSmallNetwork();
}, 60_000);
afterAll(() => network.stop());

const trust = (): string[] => ['--network-record', network.recordPath, '--pinned', network.pinned, '--chain', network.devnet.url];

interface Said {
  code: number;
  lines: string[];
  warnings: string[];
}

async function wallet(action: string, argv: string[], ask?: string): Promise<Said> {
  const said: Said = { code: 0, lines: [], warnings: [] };
  said.code = await walletCommand([action, ...argv, ...trust()], {
    print: (line) => said.lines.push(line),
    warn: (line) => said.warnings.push(line),
    signal: new AbortController().signal,
    ...(ask === undefined ? {} : { ask: async () => ask }),
  });
  return said;
}

interface LocksJson {
  locked: { amountBaseUnits: string; utxo: { lovelace: string } }[];
  refundable: { utxo: { reference: { txId: string; index: number } } }[];
  claimable: unknown[];
  settled: { how: string; txId: string; paidBaseUnits: string; changeBaseUnits: string }[];
}
const locks = async (path: string): Promise<LocksJson> =>
  JSON.parse((await wallet('locks', ['--wallet', path, '--json'])).lines.join('')) as LocksJson;

/** Runs a job until its money is locked; then the process is gone and so is everything that it wrote. */
async function lockAndLoseAll(name: string): Promise<{ path: string; address: string; before: bigint }> {
  const { path, wallet: made } = await network.wallet(name);
  const before = balanceOf(await network.chain.utxos(made.address), network.record.asset).baseUnits;
  const folder = join(network.folder, 'runs', name);
  const job = await writeAddOneJob(join(network.folder, name));
  const gone = new AbortController();
  const argv = [job, '--wallet', path, ...trust(), '--data', join(folder, 'data'), '--out', join(folder, 'out'), '--yes', '--json'];
  const code = await runCommand(argv, {
    print: (line) => {
      const event = JSON.parse(line) as { event: string; state?: string };
      if (event.event === 'lock' && event.state === 'locked') gone.abort(new Error('the machine is gone'));
    },
    warn: () => undefined,
    signal: gone.signal,
  });
  expect(code).toBe(130);
  expect(await readdir(join(folder, 'data'))).not.toEqual([]);
  await rm(folder, { recursive: true });
  return { path, address: made.address, before };
}

const timePasses = (slots: number): void => void network.devnet.ledger.advance({ slots, blocks: 1 });

describe('after journal and job folder are lost', () => {
  test('the lock is found, is refundable once its time has come, and comes back whole', async () => {
    network.oraclesOn = false;
    try {
      const { path, address, before } = await lockAndLoseAll('lost');
      const found = await locks(path);
      expect(found).toMatchObject({ locked: [{ amountBaseUnits: '2000000' }], refundable: [], claimable: [], settled: [] });
      const early = await wallet('reclaim', ['--wallet', path, '--all']);
      expect(early.lines.at(-1)).toBe('Nothing is refundable now.');

      timePasses(600);
      const table = await wallet('locks', ['--wallet', path]);
      expect(table.lines[0]).toBe(address);
      expect(table.lines[1]).toMatch(/^refundable 2 NTX, [\d.]+ ADA$/);
      const taken = await wallet('reclaim', ['--wallet', path, '--all']);
      expect(taken).toMatchObject({ code: 0, warnings: [] });
      expect(taken.lines.at(-1)).toMatch(/^One lock back by [0-9a-f]{64}, [\d.]+ ADA less its fee$/);

      expect(balanceOf(await network.chain.utxos(address), network.record.asset).baseUnits).toBe(before);
      const after = await locks(path);
      expect(after).toMatchObject({
        locked: [],
        refundable: [],
        settled: [{ how: 'reclaim', paidBaseUnits: '0', changeBaseUnits: '2000000' }],
      });
      // Once more takes nothing back twice.
      expect((await wallet('reclaim', ['--wallet', path, '--all'])).lines.at(-1)).toBe('Nothing is refundable now.');
    } finally {
      network.oraclesOn = true;
    }
  }, 120_000);

  test('two locks of one wallet come back in one transaction, after a question', async () => {
    network.oraclesOn = false;
    try {
      const { path } = await lockAndLoseAll('two');
      const again = await writeAddOneJob(join(network.folder, 'two-again'));
      const gone = new AbortController();
      const folder = join(network.folder, 'runs', 'two-again');
      await runCommand(
        [again, '--wallet', path, ...trust(), '--data', join(folder, 'data'), '--out', join(folder, 'out'), '--yes', '--json'],
        {
          print: (line) => {
            if (line.includes('"event":"lock"') && line.includes('"state":"locked"')) gone.abort(new Error('gone'));
          },
          warn: () => undefined,
          signal: gone.signal,
        },
      );
      await rm(folder, { recursive: true });
      timePasses(600);
      await expect(wallet('reclaim', ['--wallet', path])).rejects.toMatchObject({ code: 'flag-missing' });
      const declined = await wallet('reclaim', ['--wallet', path], 'no');
      expect(declined.code).toBe(0);
      expect((await locks(path)).refundable).toHaveLength(2);
      const taken = await wallet('reclaim', ['--wallet', path], 'yes');
      expect(taken.lines.at(-1)).toMatch(/^2 locks back by /);
      const { settled } = await locks(path);
      expect(new Set(settled.map(({ txId }) => txId)).size).toBe(1);
    } finally {
      network.oraclesOn = true;
    }
  }, 120_000);
});

describe('cannot', () => {
  test('reclaim a lock that is not the wallet’s, or not there', async () => {
    const { path } = await network.wallet('stranger');
    await expect(wallet('reclaim', ['--wallet', path, '--lock', `${'00'.repeat(32)}#0`])).rejects.toMatchObject({
      code: 'lock-not-refundable',
    });
  });

  test('be led by a record that the pinned keys did not sign', async () => {
    const { path } = await network.wallet('misled');
    const forged = join(network.folder, 'forged.cbor');
    await writeFile(forged, await signNetworkRecord(network.record, [signerOf(new Uint8Array(32).fill(9))]));
    const argv = ['locks', '--wallet', path, '--network-record', forged, '--pinned', network.pinned, '--chain', network.devnet.url];
    const io = { print: () => undefined, warn: () => undefined, signal: new AbortController().signal };
    await expect(walletCommand(argv, io)).rejects.toMatchObject({ code: 'network-record-untrusted' });
    await writeFile(forged, encode({ nothing: true }));
    await expect(walletCommand(argv, io)).rejects.toMatchObject({ code: 'message-invalid' });
  });

  test('look for locks of no address, of one on mainnet, or with a wallet file that others may read', async () => {
    await expect(wallet('locks', [])).rejects.toMatchObject({ code: 'flag-missing' });
    await expect(wallet('locks', ['--address', 'addr1vpu5vlrf4xkxv2qpwngf6cjhtw542ayty80v8dyr49rf5eg0yu80w'])).rejects.toMatchObject({
      code: 'flag-invalid',
    });
    const { path } = await network.wallet('open');
    await chmod(path, 0o644);
    await expect(wallet('locks', ['--wallet', path])).rejects.toMatchObject({ code: 'wallet-open' });
  });

  test('lose sight of money because the record has expired', async () => {
    const { path } = await network.wallet('late');
    const signer = signerOf(new Uint8Array(32).fill(5));
    const expired = join(network.folder, 'expired.cbor');
    await writeFile(expired, await signNetworkRecord({ ...network.record, expiresAt: Date.now() - 1 }, [signer]));
    const warnings: string[] = [];
    const lines: string[] = [];
    const argv = ['locks', '--wallet', path, '--network-record', expired, '--pinned', signer.publicKey, '--chain', network.devnet.url];
    await walletCommand(argv, {
      print: (line) => lines.push(line),
      warn: (line) => warnings.push(line),
      signal: new AbortController().signal,
    });
    expect(warnings).toEqual([expect.stringContaining('has expired')]);
    expect(lines.at(-1)).toContain('No lock of this wallet');
  });
});

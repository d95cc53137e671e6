// A network record from nothing to trusted, as an operator and two offline signers make it, over a real devnet.
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import { buildDeploy } from '@nunet/contracts/deploy.ts';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { ESCROW, PARKING_ADDRESS, scriptFrom } from '@nunet/contracts/script.ts';
import traced from '@nunet/contracts/plutus.traced.json' with { type: 'json' };
import { createWalletFile, type Wallet } from '@nunet/node-agent/wallet-file.ts';
import { inspectNetworkRecord, openNetworkRecord, signNetworkRecord } from '@nunet/shared/network-record.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { confirmed, fund } from '../network/setup-chain.ts';
import { COMMANDS, type Flags } from './commands.ts';
import { parkScript } from './park-script.ts';

const PASSPHRASE = 'an offline machine, please';
const signal = new AbortController().signal;
let folder: string;
let devnet: Devnet;
let chain: Source;
let wallet: Wallet;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-'));
  devnet = await startDevnet({ blockTimeMs: 100 });
  chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });
  wallet = await createWalletFile(at('wallet.json'), 'devnet');
  await confirmed(chain, await fund(devnet.url, wallet.address, { lovelace: 100_000_000n, ntxBaseUnits: 0n, outputs: 3 }), signal);
  await writeFile(at('passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
  await writeFile(at('facts.json'), JSON.stringify(facts()));
}, 60_000);
afterAll(async () => {
  vi.unstubAllGlobals();
  await devnet.stop();
  await rm(folder, { recursive: true, force: true });
});

const facts = () => ({
  network: 'devnet',
  asset: { policyId: devnet.asset.policyId, assetName: devnet.asset.assetName },
  oracles: [{ key: signerOf(randomBytes(32)).publicKey, url: 'http://127.0.0.1:9001' }],
  k: 1,
  confirmations: [{ upTo: '9223372036854775807', blocks: 1 }],
  settleLovelace: '2000000',
  disputeWindowMs: 60_000,
  claimWindowMs: 40_000,
});

async function record(name: string, flags: Flags, passphrase = PASSPHRASE): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const command = COMMANDS[name];
  if (command === undefined) throw new Error(`no command ${name}`);
  const code = await command.run(flags, { print: (line) => lines.push(line), passphrase: async () => passphrase, now: Date.now, signal });
  return { code, lines };
}

/** The parked copies of this build's script. */
const parkedCopies = async () =>
  (await chain.utxos(PARKING_ADDRESS)).filter(({ referenceScriptHash }) => referenceScriptHash === ESCROW.hash);

describe('a record', () => {
  test('is drafted, deployed, signed offline by two keys, and then trusted', async () => {
    const keys = [];
    for (const name of ['a', 'b']) keys.push((await record('keygen', { key: at(`${name}.key`) })).lines[0] ?? '');
    expect((await stat(at('a.key'))).mode & 0o777).toBe(0o600);

    await record('draft', { from: at('facts.json'), out: at('first.cbor') });
    expect(inspectNetworkRecord(await readFile(at('first.cbor'))).record.escrows).toEqual([
      { scriptHash: ESCROW.hash, referenceScript: null },
    ]);
    await expect(record('sign', { record: at('first.cbor'), key: at('a.key') })).rejects.toMatchObject({ code: 'script-missing' });

    await record('deploy', { record: at('first.cbor'), wallet: at('wallet.json'), chain: devnet.url, depth: '2' });
    const [copy] = await parkedCopies();
    expect(inspectNetworkRecord(await readFile(at('first.cbor'))).record.escrows).toEqual([
      { scriptHash: ESCROW.hash, referenceScript: copy?.reference },
    ]);
    expect(await chain.transaction(copy?.reference.txId ?? '')).toMatchObject({ state: 'confirmed' });

    const pinned = keys.join();
    vi.stubGlobal('fetch', () => Promise.reject(new Error('an offline signer asked the network')));
    await record('sign', { record: at('first.cbor'), key: at('a.key') });
    const half = await record('verify', { record: at('first.cbor'), pinned });
    expect(half.code).toBe(3);
    expect(half.lines.at(-1)).toBe('Not good: 1 pinned keys signed it, 2 must.');
    await record('sign', { record: at('first.cbor'), key: at('b.key'), 'passphrase-file': at('passphrase') }, 'unused');
    vi.unstubAllGlobals();
    expect(await record('verify', { record: at('first.cbor'), pinned })).toMatchObject({ code: 0 });
    const bytes = new Uint8Array(await readFile(at('first.cbor')));
    const opened = openNetworkRecord(bytes, { network: 'devnet', pinned: { keys, threshold: 2 }, now: Date.now(), lastSequence: 0 });
    expect(opened.sequence).toBe(1);
  }, 60_000);

  test('is followed by a newer one, and its text makes the same record again', async () => {
    const shown = await record('show', { record: at('first.cbor') });
    const text = JSON.parse(shown.lines.join('\n')) as Record<string, unknown>;
    await writeFile(at('next.json'), JSON.stringify({ ...text, k: 1, hubs: ['/ip4/192.0.2.1/tcp/4201'] }));
    const { lines } = await record('draft', { from: at('next.json'), previous: at('first.cbor'), out: at('second.cbor') });
    expect(lines.slice(-2)).toEqual(['Differs from record 1:', '  hub /ip4/192.0.2.1/tcp/4201 is new']);
    const [before, after] = await Promise.all(
      [at('first.cbor'), at('second.cbor')].map(async (path) => inspectNetworkRecord(await readFile(path)).record),
    );
    expect(after).toEqual({ ...before, sequence: 2, hubs: after?.hubs, issuedAt: after?.issuedAt, expiresAt: after?.expiresAt });
    await record('sign', { record: at('second.cbor'), key: at('a.key'), previous: at('first.cbor') });
    await expect(record('sign', { record: at('second.cbor'), key: at('a.key') })).rejects.toMatchObject({ code: 'flag-missing' });
  });

  test('gets a script of another version to its front, and the past one stays', async () => {
    const older = scriptFrom(traced, 'escrow.escrow.else');
    const built = await buildDeploy({
      payer: { utxos: await chain.utxos(wallet.address), changeAddress: wallet.address },
      parameters: await chain.parameters(),
      script: older,
    });
    await confirmed(chain, await chain.submit(wallet.sign(built.cbor)), signal);
    const past = { scriptHash: older.hash, referenceScript: built.reference };
    await writeFile(at('past.json'), JSON.stringify({ ...facts(), escrows: [past] }));
    await record('draft', { from: at('past.json'), out: at('upgrade.cbor') });
    await record('deploy', { record: at('upgrade.cbor'), wallet: at('wallet.json'), chain: devnet.url, depth: '0' });
    const [copy] = await parkedCopies();
    expect(inspectNetworkRecord(await readFile(at('upgrade.cbor'))).record.escrows).toEqual([
      { scriptHash: ESCROW.hash, referenceScript: copy?.reference },
      past,
    ]);
  }, 60_000);
});

describe('cannot', () => {
  test('park a script twice: what lies there is used, and costs nothing', async () => {
    await record('draft', { from: at('facts.json'), out: at('again.cbor') });
    const before = await chain.utxos(wallet.address);
    await record('deploy', { record: at('again.cbor'), wallet: at('wallet.json'), chain: devnet.url, depth: '0' });
    expect(await parkedCopies()).toHaveLength(1);
    expect(await chain.utxos(wallet.address)).toEqual(before);
  });

  test('park a script twice after a kill between journal and submit, or between submit and the record', async () => {
    const own = await startDevnet({ blockTimeMs: 100 });
    try {
      const source = await openBlockfrost({ url: own.url, network: 'devnet' });
      await confirmed(source, await fund(own.url, wallet.address, { lovelace: 60_000_000n, ntxBaseUnits: 0n, outputs: 1 }), signal);
      let journaled: string | null = null;
      const journal = { read: async () => journaled, write: async (cbor: string) => void (journaled = cbor) };
      const parts = {
        chain: source,
        payer: wallet,
        journal,
        depth: 1,
        pause: () => new Promise<void>((done) => setTimeout(done, 20)),
        say: () => undefined,
      };
      const killed = { ...source, submit: () => Promise.reject(new Error('killed')) };
      await expect(parkScript({ ...parts, chain: killed })).rejects.toThrow('killed');
      expect(journaled).not.toBeNull();
      const first = await parkScript(parts);
      // The same once more, as after a kill before the record was written.
      expect((await parkScript(parts)).referenceScript).toEqual(first.referenceScript);
      const copies = await source.utxos(PARKING_ADDRESS);
      expect(copies.map(({ reference }) => reference)).toEqual([first.referenceScript]);
    } finally {
      await own.stop();
    }
  }, 60_000);

  test('sign with a wrong passphrase, or with a key file that others may read', async () => {
    const flags = { record: at('first.cbor'), key: at('a.key') };
    await expect(record('sign', flags, 'a wrong passphrase')).rejects.toMatchObject({ code: 'passphrase-wrong' });
    await writeFile(at('open.key'), await readFile(at('a.key')), { mode: 0o644 });
    await expect(record('sign', { ...flags, key: at('open.key') })).rejects.toMatchObject({ code: 'key-open' });
  });

  test('make a key over another one, or under two different passphrases', async () => {
    await expect(record('keygen', { key: at('a.key') })).rejects.toMatchObject({ code: 'key-exists' });
    await expect(record('keygen', { key: at('short.key') }, 'short')).rejects.toMatchObject({ code: 'passphrase-short' });
  });

  test('draft, sign or verify a record that forgets an escrow', async () => {
    const [hash] = ['ab'.repeat(28)];
    await writeFile(at('forgets.json'), JSON.stringify({ escrows: [{ scriptHash: hash, referenceScript: null }] }));
    const flags = { from: at('forgets.json'), previous: at('first.cbor'), out: at('forgets.cbor') };
    await expect(record('draft', flags)).rejects.toMatchObject({ code: 'record-succession' });
    const { record: first } = inspectNetworkRecord(await readFile(at('first.cbor')));
    const forged = { ...first, sequence: 2, escrows: [{ scriptHash: hash ?? '', referenceScript: { txId: '00'.repeat(32), index: 0 } }] };
    await writeFile(at('forgets.cbor'), await signNetworkRecord(forged, []));
    const later = { record: at('forgets.cbor'), previous: at('first.cbor') };
    await expect(record('sign', { ...later, key: at('a.key') })).rejects.toMatchObject({ code: 'record-succession' });
    await expect(record('verify', { ...later, pinned: '00'.repeat(32) })).rejects.toMatchObject({ code: 'record-succession' });
  });

  test('deploy into a record that is signed, or with a wallet of another network', async () => {
    const flags = { record: at('first.cbor'), wallet: at('wallet.json'), chain: devnet.url };
    await expect(record('deploy', flags)).rejects.toMatchObject({ code: 'record-signed' });
    await createWalletFile(at('preprod.json'), 'preprod');
    await expect(record('deploy', { ...flags, record: at('again.cbor'), wallet: at('preprod.json') })).rejects.toMatchObject({
      code: 'network-mismatch',
    });
  });

  test.each([
    ['with an amount that is no number', { settleLovelace: '2,5' }],
    ['with k above the number of oracles', { k: 2 }],
    ['with a field that nobody knows', { bonus: 1 }],
    ['for mainnet', { network: 'mainnet' }],
  ])('draft a record %s', async (_, change) => {
    await writeFile(at('bad.json'), JSON.stringify({ ...facts(), ...change }));
    await expect(record('draft', { from: at('bad.json'), out: at('bad.cbor') })).rejects.toMatchObject({ code: 'record-invalid' });
  });
});

// The whole edge: three processes on a devnet, 2 of 3, real locks settled by real transactions; one of them over PostgreSQL, where there is one.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { addressOf } from '@nunet/contracts/address.ts';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { buildDeploy } from '@nunet/contracts/deploy.ts';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { readSpend } from '@nunet/contracts/read-spend.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { keyHash, signTransaction } from '@nunet/contracts/sign.ts';
import { quantityOf } from '@nunet/contracts/value.ts';
import type { LockReport } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import { createOracleClient, type OracleClient } from '@nunet/shared/oracle-client.ts';
import { signerOf, type Signer } from '@nunet/shared/signature.ts';
import { hasPostgres, POSTGRES, startPostgres, type TestPostgres } from './db/test-postgres.ts';
import { fixtureCase, fixtureRecord, type FixtureCase } from './fixtures.ts';
import { createKeyFile } from './key-file.ts';
import { bundleOf } from './test-world.ts';

const BLOCK_MS = 200;
const signal = () => AbortSignal.timeout(60_000);
const enterprise = (secret: string): string => addressOf({ payment: { kind: 'key', hash: keyHash(secret) } });
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });

interface Edge {
  signer: Signer;
  url: string;
  child: ChildProcess;
  client: OracleClient;
  log: string[];
  start: () => Promise<void>;
  /** Starts another process with the same keys over this data folder; gives what it said before it ended. */
  startBeside: (data: string) => Promise<string>;
}

let folder: string;
let devnet: Devnet;
let postgres: TestPostgres | undefined;
let chain: Source;
let edges: Edge[];
let wallet: { secret: string; address: string };
const agentAddress = enterprise('11'.repeat(32));

async function fund(address: string, lovelace: bigint, ntx: bigint, outputs: number): Promise<void> {
  const response = await fetch(`${devnet.url}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address, lovelace: String(lovelace), ntxBaseUnits: String(ntx), outputs }),
  });
  if (!response.ok) throw new Error(await response.text());
  await confirmed(((await response.json()) as { txId: string }).txId);
}
async function confirmed(txId: string): Promise<void> {
  await vi.waitFor(async () => expect((await chain.transaction(txId)).state).toBe('confirmed'), { timeout: 30_000, interval: 50 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-devnet-'));
  devnet = await startDevnet({ blockTimeMs: BLOCK_MS });
  postgres = hasPostgres ? await startPostgres() : undefined;
  const databaseUrl = await postgres?.database();
  chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });
  const secret = bytesToHex(new Uint8Array(randomBytes(32)));
  wallet = { secret, address: enterprise(secret) };
  await fund(wallet.address, 100_000_000n, 50_000_000n, 6);
  const parked = await buildDeploy({
    payer: { utxos: await chain.utxos(wallet.address), changeAddress: wallet.address },
    parameters: await chain.parameters(),
  });
  await confirmed(await chain.submit(signTransaction(parked.cbor, [secret])));

  const offline = signerOf(new Uint8Array(randomBytes(32)));
  const recordFile = join(folder, 'record.cbor');
  const plans = await Promise.all(
    [0, 1, 2].map(async (i) => {
      const oracleKey = join(folder, `oracle-${i}.json`);
      const feeKey = join(folder, `fee-${i}.json`);
      const signer = signerOf(Buffer.from(await createKeyFile(oracleKey, 'devnet', 'oracleKey'), 'hex'));
      await fund(enterprise(await createKeyFile(feeKey, 'devnet', 'paymentKey')), 5_000_000n, 0n, 1);
      const port = await freePort();
      const database = i === 2 && databaseUrl !== undefined ? ['--database', databaseUrl] : [];
      return { database, oracleKey, feeKey, signer, port, url: `http://127.0.0.1:${port}`, data: join(folder, `data-${i}`) };
    }),
  );
  const record = fixtureRecord(
    plans.map(({ signer, url }) => ({ key: signer.publicKey, url })),
    {
      asset: devnet.asset,
      escrows: [{ scriptHash: ESCROW.hash, referenceScript: parked.reference }],
      issuedAt: Date.now(),
      expiresAt: Date.now() + 86_400_000,
      settleLovelace: 2_000_000n,
    },
  );
  await writeFile(recordFile, await signNetworkRecord(record, [offline]));

  edges = plans.map((plan) => {
    const edge = {
      signer: plan.signer,
      url: plan.url,
      log: [] as string[],
      client: createOracleClient({
        fetch,
        signer: signerOf(new Uint8Array(randomBytes(32))),
        now: Date.now,
        random: (n) => new Uint8Array(randomBytes(n)),
        url: plan.url,
        key: plan.signer.publicKey,
        network: 'devnet',
      }),
    } as Edge;
    const program = fileURLToPath(new URL('./node.ts', import.meta.url));
    const args = (port: number, data: string): string[] => [
      ...[program, '--port', String(port), '--data', data, '--network-record', recordFile, '--pinned', offline.publicKey],
      ...['--oracle-key', plan.oracleKey, '--fee-key', plan.feeKey, '--chain', devnet.url, '--block-ms', String(BLOCK_MS)],
      ...plan.database,
    ];
    edge.startBeside = async (data) => {
      const child = spawn(process.execPath, args(0, join(folder, data)), { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      // One that goes on to serve says so on stdout.
      child.stdout.once('data', () => child.kill('SIGKILL'));
      const [code] = (await once(child, 'close')) as [number | null];
      return `${code} ${said}`;
    };
    edge.start = async () => {
      edge.child = spawn(process.execPath, args(plan.port, plan.data), { stdio: ['ignore', 'pipe', 'pipe'] });
      const { stdout, stderr } = edge.child;
      if (stdout === null || stderr === null) throw new Error('no pipes');
      createInterface({ input: stderr }).on('line', (line) => edge.log.push(line));
      await new Promise<void>((resolve, reject) => {
        createInterface({ input: stdout }).on('line', () => resolve());
        edge.child.once('exit', () => reject(new Error(`the edge ended: ${edge.log.join('\n')}`)));
      });
    };
    return edge;
  });
  await Promise.all(edges.map((edge) => edge.start()));
}, 180_000);

afterAll(async () => {
  for (const { child } of edges ?? []) child.kill('SIGKILL');
  await postgres?.stop();
  await devnet?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A fixture case over a real lock on the devnet. Times are the chain's. */
async function lockedCase(over: Parameters<typeof fixtureCase>[0] = {}): Promise<FixtureCase> {
  const { timeMs } = await chain.tip();
  const options = {
    ...over,
    t0: timeMs,
    nonce: Math.floor(Math.random() * 2 ** 32),
    oracles: edges.map(({ signer }) => signer).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  };
  const parties = {
    asset: devnet.asset,
    settleLovelace: 2_000_000n,
    serviceProvider: { ...(await fixtureCase()).quote.body.serviceProvider, address: wallet.address },
    computeProvider: { ...(await fixtureCase()).quote.body.computeProvider, address: agentAddress },
  };
  const { asset, policyId } = { asset: parties.asset, policyId: parties.asset.policyId };
  const draft = await fixtureCase({ ...options, over: { ...parties, asset: { policyId, assetName: asset.assetName } } });
  const built = await buildLock(
    {
      datum: draft.locked().datum,
      amountBaseUnits: draft.quote.body.amountBaseUnits,
      payer: { utxos: await chain.utxos(wallet.address), changeAddress: wallet.address },
      parameters: await chain.parameters(),
      slotConfig: chain.slotConfig,
      expiresAt: draft.quote.body.expiresAt,
    },
    timeMs,
  );
  await confirmed(await chain.submit(signTransaction(built.cbor, [wallet.secret])));
  return fixtureCase({ ...options, lock: built.reference, over: { ...parties, asset: { policyId, assetName: asset.assetName } } });
}
const settled = async (edge: Edge, lock: OutputReference): Promise<LockReport> => {
  await vi.waitFor(
    async () => {
      const report = await edge.client.lock(lock, signal());
      expect(report, `${JSON.stringify(report)} ${edge.log.join(' | ')}`).toMatchObject({ state: 'settled' });
    },
    { timeout: 60_000, interval: 100 },
  );
  return edge.client.lock(lock, signal());
};
const at = (i: number): Edge => {
  const edge = edges[i];
  if (edge === undefined) throw new Error('no such edge');
  return edge;
};

describe('three edges on a devnet', () => {
  test('an acknowledged job is paid, its change returned, and the fee taken from the lock alone', async () => {
    const c = await lockedCase();
    const m = await c.manifest();
    const before = performance.now();
    await at(0).client.submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const report = await settled(at(0), c.lock);
    console.log(`acknowledged to settled: ${Math.round(performance.now() - before)} ms with blocks of ${BLOCK_MS} ms`);
    expect(report.attestations.filter(({ paidBaseUnits }) => paidBaseUnits === '3000000').length).toBeGreaterThanOrEqual(2);
    const paid = (await chain.utxos(agentAddress)).reduce((sum, utxo) => sum + quantityOf(utxo, devnet.asset), 0n);
    expect(paid).toBe(3_000_000n);
  });

  test('a refused lock comes back whole while one oracle is killed, which starts again over its folder', async () => {
    const c = await lockedCase();
    at(2).child.kill('SIGKILL');
    await at(1).client.submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    const { settleTxId } = await settled(at(1), c.lock);
    const back = await chain.output({ txId: settleTxId ?? '', index: 0 });
    expect(back?.utxo.address).toBe(wallet.address);
    expect(quantityOf(back?.utxo ?? { lovelace: 0n, assets: [] }, devnet.asset)).toBe(6_000_000n);
    await at(2).start();
    expect((await at(2).client.lock(c.lock, signal())).lock).toEqual(c.lock);
  });

  test('what both parties agreed on is paid by one transaction that reveals the key, also over a kill -9, and no oracle signs', async () => {
    const c = await lockedCase();
    const key = '5a'.repeat(32);
    const before = performance.now();
    // Told to all, as agents do; the first submits, and is killed as soon as it has it on disk.
    const agreement = await c.agreement(2_500_000n, key);
    for (const edge of edges) await edge.client.agree(c.lock, agreement, c.quote.envelope, signal());
    at(0).child.kill('SIGKILL');
    await at(0).start();
    const report = await settled(at(0), c.lock);
    console.log(`agreed to settled, one edge killed meanwhile: ${Math.round(performance.now() - before)} ms with blocks of ${BLOCK_MS} ms`);
    expect(report.attestations).toEqual([]);
    const transaction = await chain.rawTransaction(report.settleTxId ?? '');
    if (transaction === null) throw new Error('the chain does not have it');
    expect(readSpend(transaction, { reference: c.lock, datum: c.locked().datum })).toEqual({ how: 'agree', paid: 2_500_000n, secret: key });
  });

  test('cannot sign two outcomes for one lock: kill -9 after the decision, then the opposite evidence', async () => {
    const c = await lockedCase();
    for (const i of [1, 2]) at(i).child.kill('SIGKILL');
    await at(0).client.submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    await expect.poll(async () => (await at(0).client.lock(c.lock, signal())).attestations.length, { timeout: 30_000 }).toBe(1);
    at(0).child.kill('SIGKILL');
    await at(0).start();
    const m = await c.manifest();
    await at(0).client.submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const { attestations } = await at(0).client.lock(c.lock, signal());
    expect(attestations.map(({ paidBaseUnits }) => paidBaseUnits)).toEqual(['0']);
    await Promise.all([at(1).start(), at(2).start()]);
    expect((await settled(at(0), c.lock)).attestations.every(({ paidBaseUnits }) => paidBaseUnits === '0')).toBe(true);
  });

  test('cannot run two edges of one oracle key over one data folder', async () => {
    expect(await at(0).startBeside('data-0')).toMatch(/^1 .*Cannot open .*: process \d+ has it open/s);
  });

  test.skipIf(!hasPostgres)(`cannot run two edges of one oracle key over one database of ${POSTGRES}`, async () => {
    expect(await at(2).startBeside('data-2')).toMatch(/^1 .*Cannot open .*: process \d+ has it open/s);
    expect(await at(2).startBeside('another-machine')).toMatch(/^1 .*Cannot run two edges of one oracle key/s);
  });

  test('SIGTERM ends an edge with exit code 0, and it stays under 450 MB of resident memory', async () => {
    const status = await readFile(`/proc/${at(0).child.pid}/status`, 'utf8');
    const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
    console.log(`edge after a settlement: ${Math.round(rss)} MB resident, peak ${Math.round(peak)} MB`);
    expect(rss).toBeLessThan(450);
    const ended = new Promise((resolve) => at(0).child.once('exit', resolve));
    at(0).child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

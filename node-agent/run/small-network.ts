// A small real network for tests of `run`: a devnet with the escrow parked, a hub, one agent with the embedded executor, and three
// HTTP oracles that settle as soon as both sides have spoken. Everything on loopback, everything real but the oracles' table.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { buildDeploy } from '@nunet/contracts/deploy.ts';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { readParkedScript } from '@nunet/contracts/parked-script.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import type { Receipt } from '@nunet/shared/attestation.ts';
import { encode } from '@nunet/shared/encoding.ts';
import { openBundle, openEvidence, openQuote, type LockReport } from '@nunet/shared/evidence.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { JobFile } from '@nunet/shared/job-file.ts';
import { settleBytes } from '@nunet/shared/lock.ts';
import type { Ack, Dispute, Manifest } from '@nunet/shared/manifest.ts';
import { signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import { signerOf, signStatement, type Signer } from '@nunet/shared/signature.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry, type AgentEntry } from '../agent-entries.ts';
import type { Agent } from '../agent-components.ts';
import { startAgent } from '../agent.ts';
import { openBlobStore } from '../blobs.ts';
import { chainLocks } from '../chain-locks.ts';
import { EmbeddedExecutor, systemClock } from '../executor/embedded.ts';
import type { Executor } from '../executor/executor.ts';
import { openJournal } from '../journal.ts';
import { AdvertBook } from '@nunet/shared/advert-book.ts';
import { startAdverts } from '../network/adverts.ts';
import { peerKeyOfSeed } from '../network/identity.ts';
import { createNode, type NetworkNode } from '../network/node.ts';
import type { StreamShares } from '../pricing.ts';
import { createOracleClient } from '@nunet/shared/oracle-client.ts';
import { createWalletFile, type Wallet } from '../wallet-file.ts';

const NEVER = new AbortController().signal;

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

/** What the oracles of one lock know together. */
interface Case {
  lock: OutputReference;
  quoteCid: string;
  oracleKeys: readonly string[];
  computeProviderKeyOf: string;
  settleTxId?: string;
  /** Null: nothing can be decided yet. */
  paid: bigint | null;
  evidence: Set<string>;
}

export interface SmallNetwork {
  folder: string;
  devnet: Devnet;
  chain: Source;
  record: NetworkRecord;
  recordPath: string;
  pinned: string;
  agent: Agent;
  /** Makes and funds a wallet file; its path and the wallet. */
  wallet(name: string): Promise<{ path: string; wallet: Wallet }>;
  /** Evidence that the oracles hold, by lock text. */
  evidence(lock: string): readonly string[];
  /** Oracles that are off refuse connections' answers with 503. */
  oraclesOn: boolean;
  stop(): Promise<void>;
}

/** Pays from the devnet's faucet and waits for the block. */
async function fund(devnet: Devnet, chain: Source, address: string, ntxBaseUnits: string): Promise<void> {
  const response = await fetch(`${devnet.url}/devnet/faucet`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address, lovelace: '50000000', ntxBaseUnits, outputs: 2 }),
  });
  const { txId } = (await response.json()) as { txId: string };
  devnet.ledger.makeBlock();
  while ((await chain.transaction(txId)).state !== 'confirmed') devnet.ledger.makeBlock();
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface SmallNetworkOptions {
  price?: bigint;
  stream?: StreamShares;
  /** Besides the embedded one, of the agent with this data folder. */
  executors?: (folder: string) => readonly Executor[];
}

export async function openSmallNetwork(options: SmallNetworkOptions = {}): Promise<SmallNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'small-network-'));
  const devnet = await startDevnet({ blockTimeMs: 200 });
  const chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });

  const operator = await createWalletFile(join(folder, 'operator.json'), 'devnet');
  await fund(devnet, chain, operator.address, '0');
  const payerOf = async () => ({ utxos: await chain.utxos(operator.address), changeAddress: operator.address });
  const deployed = await buildDeploy({ payer: await payerOf(), parameters: await chain.parameters() });
  await chain.submit(operator.sign(deployed.cbor));
  devnet.ledger.makeBlock();
  const { scriptAt: parked } = await readParkedScript(chain, { scriptHash: ESCROW.hash, referenceScript: deployed.reference });

  const oracles = [0, 1, 2].map(() => signerOf(randomBytes(32))).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1));
  const cases = new Map<string, Case>();
  const network = { oraclesOn: true };
  let settling: Promise<unknown> = Promise.resolve();
  const settle = (found: Case, paid: bigint): void => {
    found.paid = paid;
    settling = settling
      .then(async () => {
        const [locked, parameters, payer] = await Promise.all([chain.output(found.lock), chain.parameters(), payerOf()]);
        if (locked === null || locked.spentBy !== null) return;
        const signatures = found.oracleKeys
          .slice(0, 2)
          .map((key, keyIndex) => ({ keyIndex, signature: signed(key, settleBytes(found.lock, paid)) }));
        const collateral = payer.utxos.find((utxo) => utxo.assets.length === 0) ?? parked;
        const run = {
          script: ESCROW,
          scriptAt: parked,
          collateral,
          evaluate: (cbor: string, signal?: AbortSignal) => chain.evaluate(cbor, signal),
        };
        const built = await buildSettle({ locks: [{ by: 'oracles', utxo: locked.utxo, paid, signatures }], payer, parameters, run });
        found.settleTxId = await chain.submit(operator.sign(built.cbor));
      })
      .catch((error: unknown) => process.stderr.write(`settle: ${String(error)}\n`));
  };
  const signed = (key: string, bytes: Uint8Array): string => {
    const signer = oracles.find((oracle) => oracle.publicKey === key);
    if (signer === undefined) throw new Error('no such oracle');
    return bytesToHex(signer.sign(bytes) as Uint8Array);
  };

  const servers: Server[] = [];
  const urls: string[] = [];
  for (const oracle of oracles) {
    const server = createServer((request, response) => {
      void answerOracle(oracle, request).then(
        ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    servers.push(server);
    urls.push(await listen(server));
  }
  async function answerOracle(
    oracle: Signer,
    request: IncomingMessage,
  ): Promise<{ status: number; type: string; body: Uint8Array | string }> {
    if (!network.oraclesOn) return { status: 503, type: 'text/plain', body: 'off' };
    const place = /^\/v1\/locks\/([0-9a-f]{64})\/(\d+)$/.exec(request.url ?? '');
    if (place !== null) {
      const lock = { txId: place[1] ?? '', index: Number(place[2]) };
      return { status: 200, type: 'application/json', body: JSON.stringify(reportOf(oracle, lock)) };
    }
    const bundle = openBundle(await bodyOf(request));
    const first = bundle.items[0];
    if (first === undefined) throw new Error('no evidence');
    const quote = openQuote(first.envelope, 'devnet');
    const key = referenceText(bundle.lock);
    const found: Case = cases.get(key) ?? {
      lock: bundle.lock,
      quoteCid: quote.cid,
      oracleKeys: quote.body.oracleKeys,
      computeProviderKeyOf: quote.body.computeProvider.peerId,
      paid: null,
      evidence: new Set(),
    };
    cases.set(key, found);
    const cids = [quote.cid];
    for (const { kind, envelope } of bundle.items.slice(1)) {
      if (kind === 'quote') continue;
      const opened = openEvidence(kind, envelope, { quote, lock: bundle.lock });
      cids.push(opened.cid);
      found.evidence.add(kind);
      if (found.paid !== null) continue;
      if (kind === 'ack') settle(found, (opened.body as Ack).payBaseUnits);
      const admitted = kind === 'manifest' && (opened.body as Manifest).exit.kind === 'computeProviderFault';
      // A replay would decide a dispute; here it is always believed.
      if (admitted || kind === 'lock-refusal' || kind === 'cancel' || (kind === 'dispute' && (opened.body as Dispute).reason !== ''))
        settle(found, 0n);
    }
    const receipts = await Promise.all(
      cids.map(async (evidenceCid) => {
        const body: Receipt = {
          v: 1,
          network: 'devnet',
          lock: bundle.lock,
          evidenceCid,
          oracleKey: oracle.publicKey,
          receivedAt: Date.now(),
        };
        return (await signStatement('receipt', body, oracle)).envelope;
      }),
    );
    return { status: 200, type: 'application/cbor', body: encode({ v: 1, receipts, refused: [] }) };
  }
  const reportOf = (oracle: Signer, lock: OutputReference): LockReport => {
    const found = cases.get(referenceText(lock));
    const paid = found?.paid ?? null;
    const attestations =
      paid === null
        ? []
        : [
            {
              oracleKey: oracle.publicKey,
              verdict: paid === 0n ? 'refund' : 'withdraw',
              rule: 'both-agree',
              paidBaseUnits: paid.toString(),
              signature: signed(oracle.publicKey, settleBytes(lock, paid)),
            },
          ];
    return {
      lock,
      jobId: null,
      evidence: [],
      attestations,
      settleTxId: found?.settleTxId ?? null,
      state: found === undefined ? 'unknown' : 'waiting',
      detail: '',
    };
  };

  const hubSeed = randomBytes(32);
  const hub = await createNode(nodeOptions(hubSeed, true));
  const hubAdverts = await startAdverts({
    node: hub,
    book: new AdvertBook({ network: 'devnet', now: () => Date.now() }),
    signer: peerKeyOfSeed(hubSeed).signer,
    offer: () => null,
    serveCurrent: true,
    now: () => Date.now(),
  });

  const pin = signerOf(randomBytes(32));
  const record: NetworkRecord = {
    v: 1,
    network: 'devnet',
    sequence: 1,
    issuedAt: Date.now() - 1000,
    expiresAt: Date.now() + 86_400_000,
    asset: devnet.asset,
    escrows: [{ scriptHash: ESCROW.hash, referenceScript: parked.reference }],
    oracles: oracles.map((oracle, index) => ({ key: oracle.publicKey, url: urls[index] ?? '' })),
    k: 2,
    hubs: hub.addresses().slice(0, 1),
    revokedPeers: [],
    confirmations: [{ upTo: 1n << 62n, blocks: 1 }],
    settleLovelace: 2_000_000n,
    disputeWindowMs: 3_000,
    claimWindowMs: 3_000,
  };
  const recordPath = join(folder, 'network-record.cbor');
  await writeFile(recordPath, await signNetworkRecord(record, [pin]));

  const agent = await startTestAgent({
    folder: join(folder, 'agent'),
    record,
    chain,
    price: options.price ?? 3_600_000_000n,
    hub,
    stream: options.stream,
    executors: options.executors,
  });
  const small: SmallNetwork = {
    folder,
    devnet,
    chain,
    record,
    recordPath,
    pinned: pin.publicKey,
    agent,
    async wallet(name) {
      const path = join(folder, `${name}.json`);
      const wallet = await createWalletFile(path, 'devnet');
      await fund(devnet, chain, wallet.address, '50000000');
      return { path, wallet };
    },
    evidence: (lock) => [...(cases.get(lock)?.evidence ?? [])],
    get oraclesOn() {
      return network.oraclesOn;
    },
    set oraclesOn(on) {
      network.oraclesOn = on;
    },
    async stop() {
      await agent.stop();
      await hubAdverts.stop();
      await hub.stop();
      await settling;
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await devnet.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return small;
}

const nodeOptions = (seed: Uint8Array, hub: boolean) => ({
  network: 'devnet' as const,
  privateKey: seed,
  listen: { tcp: { host: '127.0.0.1', port: 0 } },
  hub,
  allowPrivate: true,
  signal: NEVER,
});

async function startTestAgent(parts: {
  folder: string;
  record: NetworkRecord;
  chain: Source;
  price: bigint;
  stream: StreamShares | undefined;
  executors: SmallNetworkOptions['executors'];
  hub: NetworkNode;
}): Promise<Agent> {
  await mkdir(parts.folder, { recursive: true });
  const seed = randomBytes(32);
  const peerKey = peerKeyOfSeed(seed);
  const payout = await createWalletFile(join(parts.folder, 'payout.json'), 'devnet');
  const clients = new Map(
    parts.record.oracles.map(({ key, url }) => [
      key,
      createOracleClient({
        url,
        key,
        network: 'devnet',
        fetch: (to, init) => fetch(to, init),
        signer: peerKey.signer,
        now: () => Date.now(),
        random: (n) => randomBytes(n),
      }),
    ]),
  );
  return startAgent({
    network: 'devnet',
    peerKey,
    address: payout.address,
    prices: { cpuHour: parts.price, memoryGibHour: 0n, gpuHour: 0n, minimum: 10_000n },
    ...(parts.stream === undefined ? {} : { stream: parts.stream }),
    offer: { cpus: 4, memoryBytes: 4 * 2 ** 30, diskBytes: 2 ** 30, gpus: 0 },
    limits: { maxTimeLimitMs: 3_600_000, maxQuotesAPeer: 16 },
    windows: { startMs: 5_000, finishMs: 2_000 },
    record: parts.record,
    hubs: parts.record.hubs,
    dataPath: parts.folder,
    node: await createNode(nodeOptions(seed, false)),
    journal: await openJournal<AgentEntry>(join(parts.folder, 'journal.jsonl'), {
      schema: agentEntry,
      name: 'agent jobs',
      version: AGENT_JOURNAL_VERSION,
      migrations: AGENT_JOURNAL_MIGRATIONS,
    }),
    store: await openBlobStore({ root: join(parts.folder, 'blobs'), maxBytes: 2 ** 30 }),
    executors: [new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true }), ...(parts.executors?.(parts.folder) ?? [])],
    chain: { ...chainLocks(parts.chain), tip: (signal) => parts.chain.tip(signal) },
    pollMs: 50,
    oracle: (key) => clients.get(key),
    clock: { now: () => Date.now(), elapsed: () => performance.now() },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    log: (line) => {
      if (process.env['DEBUG'] !== undefined) process.stderr.write(`agent: ${line}\n`);
    },
  });
}

/** A job folder: y = x + 1 over a few numbers, with what it must give. Returns the path of its job file. */
export async function writeAddOneJob(folder: string, changes: Partial<JobFile> & { expected?: number } = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  const builder = new GraphBuilder();
  builder.constant('one', 'float32', [1], [1]);
  builder.node('Add', ['x', 'one'], 'y');
  const graph = builder.model('add-one', [{ name: 'x', dtype: 'float32', shape: ['n'] }], [{ name: 'y', dtype: 'float32', shape: ['n'] }]);
  await writeFile(join(folder, 'graph.onnx'), graph);
  const npy = (values: number[]): Uint8Array =>
    writeNpy({ dtype: 'float32', shape: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) });
  await writeFile(join(folder, 'x.npy'), npy([1, 2, 3]));
  await writeFile(join(folder, 'expected.npy'), npy([2, 3, changes.expected ?? 4]));
  const { expected: _expected, ...fields } = changes;
  const job: JobFile = {
    version: 1,
    title: 'add one',
    delivery: 'open',
    replay: 'public',
    resources: { cpus: 1, memoryBytes: 256 * 2 ** 20, diskBytes: 2 ** 22, gpus: 0 },
    timeLimitMs: 2_000,
    outputLimitBytes: 2 ** 20,
    budget: '5',
    inputs: { 'graph.onnx': 'graph.onnx', 'x.npy': 'x.npy' },
    program: {
      kind: 'onnx',
      graph: 'graph.onnx',
      feeds: { x: { from: 'file', file: 'x.npy', rows: false } },
      feedback: [],
      batches: null,
      epochs: 1,
      metrics: [],
      outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: false }],
      evaluate: null,
    },
    check: { type: 'equals', files: { 'y.npy': 'expected.npy' } },
    ...fields,
  };
  const path = join(folder, 'job.json');
  await writeFile(path, JSON.stringify(job, null, 2));
  return path;
}

// A whole agent for tests: real network nodes on loopback, a real journal and store; chain, oracles and executor are programmed.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode as dagCborDecode } from '@ipld/dag-cbor';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import type { Agreement } from '@nunet/shared/agreement.ts';
import type { Receipt } from '@nunet/shared/attestation.ts';
import { cidOf, encode, hashOfCid } from '@nunet/shared/encoding.ts';
import { openBundle, encodeBundle, type EvidenceBundle } from '@nunet/shared/evidence.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import { summarizeGraph } from '@nunet/shared/onnx/graph.ts';
import { minimumLockLovelace } from '@nunet/shared/lock-check.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import { containerWorkOf } from '@nunet/shared/container-program.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { OracleClient } from '@nunet/shared/oracle-client.ts';
import type { Quote, QuoteRequest } from '@nunet/shared/quote.ts';
import { signerOf, signStatement, type Signed, type Signer } from '@nunet/shared/signature.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry, type AgentEntry } from './agent-entries.ts';
import type { Agent, AgentComponents } from './agent-components.ts';
import { startAgent } from './agent.ts';
import { openBlobStore, type BlobStore } from './blobs.ts';
import type { Executor } from './executor/executor.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { FakeExecutor, type FakeEngine, type FakeOptions, type FakeScript } from './executor/fake.ts';
import { openJournal, type JournalOptions } from './journal.ts';
import type { LockSource, SeenLock } from './lock-wait.ts';
import { serveBlocks } from './network/blocks.ts';
import { follow } from '@nunet/shared/peer-client.ts';
import { peerKeyOfSeed } from './network/identity.ts';
import { createNode, type NetworkNode } from './network/node.ts';
import { requestQuote } from './network/quote.ts';
import { requestRun, type RunAnswer } from './network/run.ts';

export const SP_ADDRESS = 'addr_test1vpu5vlrf4xkxv2qpwngf6cjhtw542ayty80v8dyr49rf5eg57c2qv';
export const CP_ADDRESS = 'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz';
export const SCRIPT_HASH = '11'.repeat(28);
const ASSET = { policyId: '22'.repeat(28), assetName: '6e7478' };

export const oracleSeeds = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
export const oracleKeysOf = (seeds: Uint8Array[]): string[] => seeds.map((seed) => bytesToHex(ed25519.getPublicKey(seed))).sort();

export const fixtureRecord = (): NetworkRecord => ({
  v: 1,
  network: 'devnet',
  sequence: 1,
  issuedAt: 0,
  expiresAt: 4_000_000_000_000,
  asset: ASSET,
  escrows: [{ scriptHash: SCRIPT_HASH, referenceScript: null }],
  oracles: oracleKeysOf(oracleSeeds).map((key) => ({ key, url: 'http://127.0.0.1:1' })),
  k: 2,
  hubs: [],
  revokedPeers: [],
  confirmations: [{ upTo: 1_000_000_000n, blocks: 1 }],
  settleLovelace: 400_000n,
  disputeWindowMs: 20_000,
  claimWindowMs: 20_000,
});

/** A chain that moves when told to: a block is a second. */
export class FakeChain implements LockSource {
  height = 100;
  /** No blocks come while this is set. */
  paused = false;
  timeMs = 1_800_000_000_000;
  readonly locks = new Map<
    string,
    { lock: LockedOutput; madeAt: number; madeAtMs: number; spent?: { txId: string; at: number; paid: bigint } }
  >();

  /** The source does not answer. */
  gone = false;

  tip(): Promise<Tip> {
    if (this.gone) return Promise.reject(new Error('the chain source is gone'));
    return Promise.resolve({ slot: this.height, height: this.height, hash: `h${this.height}-${this.timeMs}`, timeMs: this.timeMs });
  }

  /** Of chain time between two blocks. */
  blockMs = 1_000;

  makeBlock(aheadMs = this.blockMs): void {
    this.height += 1;
    this.timeMs += aheadMs;
  }

  find(reference: OutputReference): Promise<SeenLock | null> {
    if (this.gone) return Promise.reject(new Error('the chain source is gone'));
    const found = this.locks.get(referenceText(reference));
    if (found === undefined) return Promise.resolve(null);
    const confirmations = this.height - found.madeAt;
    return Promise.resolve({
      lock: { ...found.lock, confirmations },
      confirmations,
      madeAtMs: found.madeAtMs,
      spent: found.spent === undefined ? null : { ...found.spent, confirmations: this.height - found.spent.at },
    });
  }

  /** Locks on a quote, with changes that a cheat would make; in the next block. */
  lock(
    quote: Signed<Quote>,
    changes: Omit<Partial<LockedOutput>, 'datum'> & { datum?: Partial<LockedOutput['datum']> } = {},
  ): OutputReference {
    const q = quote.body;
    const reference = { txId: bytesToHex(randomBytes(32)), index: 0 };
    this.makeBlock();
    const datum: LockedOutput['datum'] = {
      serviceProvider: q.serviceProvider.address,
      computeProvider: q.computeProvider.address,
      voucherKey: q.voucherKey,
      closeKey: q.closeKey,
      oracleKeys: q.oracleKeys,
      k: q.k,
      asset: q.asset,
      reclaimAfter: q.reclaimAfter,
      settleLovelace: q.settleLovelace,
      quoteHash: hashOfCid(quote.cid),
    };
    this.locks.set(referenceText(reference), {
      madeAt: this.height,
      madeAtMs: this.timeMs,
      lock: {
        reference,
        scriptHash: SCRIPT_HASH,
        staked: false,
        amountBaseUnits: q.amountBaseUnits,
        lovelace: minimumLockLovelace(q.settleLovelace),
        foreignAssets: false,
        referenceScript: false,
        confirmations: 0,
        ...changes,
        datum: { ...datum, ...changes.datum },
      },
    });
    return reference;
  }

  spend(reference: OutputReference, paid: bigint): void {
    const found = this.locks.get(referenceText(reference));
    if (found === undefined) throw new Error('no such lock');
    this.makeBlock();
    found.spent = { txId: bytesToHex(randomBytes(32)), at: this.height, paid };
  }
}

/** An oracle that signs for whatever it gets while it is awake. */
export class FakeOracle implements OracleClient {
  readonly url = 'fake';
  readonly key: string;
  awake = true;
  readonly bundles: EvidenceBundle[] = [];
  readonly #signer: Signer;

  constructor(seed: Uint8Array) {
    this.#signer = signerOf(seed);
    this.key = this.#signer.publicKey;
  }

  kinds(): string[] {
    return [...new Set(this.bundles.flatMap((bundle) => bundle.items.map((item) => item.kind)))];
  }

  async submitEvidence(bundle: EvidenceBundle) {
    if (!this.awake) throw new Error('the oracle sleeps');
    this.bundles.push(openBundle(encodeBundle(bundle)));
    const receipts = await Promise.all(
      bundle.items.map(({ envelope }) => {
        const body: Receipt = {
          v: 1,
          network: 'devnet',
          lock: bundle.lock,
          evidenceCid: cidOfEnvelope(envelope),
          oracleKey: this.key,
          receivedAt: 1,
        };
        return signStatement('receipt', body, this.#signer);
      }),
    );
    return { receipts, refused: [] };
  }

  lock(): Promise<never> {
    return Promise.reject(new Error('not asked in these tests'));
  }

  manifest(): Promise<never> {
    return this.lock();
  }

  sealedKey(): Promise<never> {
    return this.lock();
  }

  /** What was agreed over which lock. */
  readonly agreements: { lock: OutputReference; agreement: Agreement }[] = [];

  agree(lock: OutputReference, agreement: Agreement): Promise<void> {
    if (!this.awake) return Promise.reject(new Error('the oracle sleeps'));
    this.agreements.push({ lock, agreement });
    return Promise.resolve();
  }
}

function cidOfEnvelope(envelope: Uint8Array): string {
  // The body is the first field of a signed statement's envelope; its CID is what an oracle signs for. A voucher is its own envelope.
  return cidOf(dagCborDecode<{ body?: Uint8Array }>(envelope).body ?? envelope);
}

export interface World {
  chain: FakeChain;
  oracles: FakeOracle[];
  /** What the next execution does. */
  script: FakeScript;
  /** Calls of the executors of all starts, in order. */
  calls(): string[];
  agent: Agent;
  /** The service provider's side. */
  client: Client;
  /** Stops the agent without a word, as `kill -9` would as far as others see, and starts it again on the same folder. */
  restart(changes?: Partial<AgentComponents>): Promise<void>;
  /** As `kill -9`: nothing is written or told any more, and what runs in the engine goes on. `begin` starts it again. */
  kill(): Promise<void>;
  begin(changes?: Partial<AgentComponents>): Promise<void>;
  /** Blocks keep coming until the promise settles. */
  whileBlocksCome<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Client {
  node: NetworkNode;
  peerId: string;
  voucher: Signer;
  spec: JobSpec;
  /** Off: inputs are not to be had. */
  serving: boolean;
  request(changes?: Partial<QuoteRequest>): QuoteRequest;
  quote(changes?: Partial<QuoteRequest>): Promise<Awaited<ReturnType<typeof requestQuote>>>;
  goodQuote(): Promise<Signed<Quote>>;
  run(quote: Signed<Quote>, lock: OutputReference, spec?: JobSpec): Promise<RunAnswer>;
  follow(jobId: string, fromEvent?: number, fromLog?: number): AsyncGenerator<FollowEvent>;
  /** All events up to the end. */
  toEnd(jobId: string): Promise<FollowEvent[]>;
}

/** ModelProto: operator set 17 of the default domain (field 8), a graph (field 7) of one Add node. */
export const GRAPH = hexToBytes('420210113a070a052203416464');

const COMPONENT_DEFAULTS = {
  network: 'devnet',
  address: CP_ADDRESS,
  prices: { cpuHour: 3_600_000_000n, memoryGibHour: 0n, gpuHour: 0n, minimum: 10_000n },
  offer: { cpus: 4, memoryBytes: 2 ** 30, diskBytes: 2 ** 30, gpus: 0 },
  limits: { maxTimeLimitMs: 3_600_000, maxQuotesAPeer: 4 },
  windows: { startMs: 30_000, finishMs: 10_000 },
  hubs: [],
  pollMs: 10,
} as const;

/** A job's files and what is done with them; the first must be the graph. */
export interface WorldJob {
  files: Readonly<Record<string, Uint8Array>>;
  program: JobSpec['program'];
}

const FAKE_JOB: WorldJob = {
  files: { 'graph.onnx': GRAPH, 'data.bin': randomBytes(300_000) },
  program: {
    kind: 'onnx',
    graph: 'graph.onnx',
    feeds: {},
    feedback: [],
    batches: null,
    epochs: 1,
    metrics: [],
    outputs: [{ kind: 'tensor', name: 'out.npy', output: 'y', rows: false }],
    evaluate: null,
  },
};

/** A script that the fake executor plays. */
export const CONTAINER_JOB: WorldJob = {
  files: { 'train.py': randomBytes(1_000) },
  program: {
    kind: 'container',
    run: { type: 'script', base: 'scikit-learn', script: 'train.py', arguments: [], dependencies: [] },
    environment: {},
    downloads: [],
    checkpointEveryMs: 1_000,
    resumeFrom: null,
  },
};

export interface WorldOptions {
  hooks?: JournalOptions<AgentEntry>['hooks'];
  job?: WorldJob;
  /** `open` unless given. */
  delivery?: JobSpec['delivery'];
  /** Instead of the programmed one. */
  executor?: Executor;
  /** Of its peer key; random unless given. */
  seed?: Uint8Array;
  /** What runs outlives the agent, as containers do. */
  survives?: boolean;
  /** More of the programmed one. */
  fake?: Partial<FakeOptions>;
  /** Of every start. */
  components?: Partial<AgentComponents>;
  /** Of the first start. */
  changes?: Partial<AgentComponents>;
  /** What the job asks for, beyond the usual. */
  resources?: Partial<JobSpec['resources']>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-'));
  const chain = new FakeChain();
  const oracles = oracleSeeds.map((seed) => new FakeOracle(seed));
  const executors: FakeExecutor[] = [];
  const engine: FakeEngine = new Map();
  let isDead = false;
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const peerKey = peerKeyOfSeed(options.seed ?? randomBytes(32));
  let port = 0;
  const nodeOptions = (seed: Uint8Array, at: number) => ({
    network: 'devnet' as const,
    privateKey: seed,
    listen: { tcp: { host: '127.0.0.1', port: at } },
    hub: false,
    allowPrivate: true,
    signal: new AbortController().signal,
  });
  const begin = async (changes: Partial<AgentComponents> = {}): Promise<Agent> => {
    const executor = new FakeExecutor({
      clock,
      script: () => world.script,
      kinds: [options.job?.program.kind ?? 'onnx'],
      ...(options.survives === true ? { engine } : {}),
      ...options.fake,
    });
    executors.push(executor);
    const node = await createNode(nodeOptions(peerKey.seed, port));
    port = Number(/\/tcp\/(\d+)/.exec(node.addresses()[0] ?? '')?.[1]);
    return startAgent({
      ...COMPONENT_DEFAULTS,
      peerKey,
      record: fixtureRecord(),
      dataPath: folder,
      node,
      journal: await openJournal<AgentEntry>(join(folder, 'journal.jsonl'), {
        schema: agentEntry,
        name: 'agent jobs',
        version: AGENT_JOURNAL_VERSION,
        hooks: {
          ...options.hooks,
          before: (entry) => {
            if (isDead) throw new NunetError('journal-dead', 'This process is dead');
            return options.hooks?.before?.(entry);
          },
        },
        migrations: AGENT_JOURNAL_MIGRATIONS,
      }),
      store: await openBlobStore({ root: join(folder, 'blobs'), maxBytes: 2 ** 30 }),
      executors: [options.executor ?? executor],
      chain,
      oracle: (key) => oracles.find((oracle) => oracle.key === key),
      clock: { now: () => Date.now(), elapsed: () => performance.now() },
      random: randomBytes,
      log: (line) => {
        if (process.env['DEBUG'] !== undefined) process.stderr.write(`${line}\n`);
      },
      ...options.components,
      ...changes,
    });
  };
  const world: World = {
    chain,
    oracles,
    script: { steps: [] },
    calls: () => executors.flatMap((executor) => executor.calls.map(({ call }) => call)),
    agent: undefined as never,
    client: undefined as never,
    kill: async () => {
      isDead = true;
      executors.at(-1)?.die();
      await world.agent.stop();
      isDead = false;
    },
    begin: async (changes) => {
      world.agent = await begin(changes);
    },
    restart: async (changes) => {
      await world.agent.stop();
      world.agent = await begin(changes);
    },
    whileBlocksCome: async (promise) => {
      const timer = setInterval(() => chain.paused || chain.makeBlock(), 20);
      try {
        return await promise;
      } finally {
        clearInterval(timer);
      }
    },
    close: async () => {
      await world.agent.stop();
      await world.client.node.stop();
      await clientStore.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  world.agent = await begin(options.changes);
  const clientStore = await openBlobStore({ root: join(folder, 'client'), maxBytes: 2 ** 30 });
  world.client = await openClient(world, options, clientStore, await createNode(nodeOptions(randomBytes(32), 0)));
  return world;
}

/** A service provider with the files of one job, served to the agent alone. */
async function openClient(world: World, options: WorldOptions, store: BlobStore, node: NetworkNode): Promise<Client> {
  const { job = FAKE_JOB, delivery = 'open' } = options;
  const voucher = signerOf(randomBytes(32));
  const holding = cidOf(encode('holding'));
  const inputs: JobSpec['inputs'] = [];
  for (const [name, bytes] of Object.entries(job.files)) inputs.push({ name, ...(await store.putBytes(holding, bytes)) });
  const spec: JobSpec = {
    v: 1,
    network: 'devnet',
    nonce: bytesToHex(randomBytes(16)),
    title: 'a test job',
    delivery,
    replay: 'never',
    resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 24, gpus: 0, ...options.resources },
    timeLimitMs: 10_000,
    outputLimitBytes: 2 ** 20,
    inputs,
    program: job.program,
  };
  await serveBlocks(node, async (_job, cid, peer) => (client.serving && peer === world.agent.peerId ? store.read(holding, cid) : null));
  const target = () => ({ peerId: world.agent.peerId, addresses: world.agent.addresses() });
  const signal = (): AbortSignal => AbortSignal.timeout(20_000);
  const client: Client = {
    node,
    peerId: node.peerId,
    voucher,
    spec,
    serving: true,
    request: (changes = {}) => ({
      v: 1,
      network: 'devnet',
      jobId: jobIdOf(spec),
      work:
        job.program.kind === 'container'
          ? containerWorkOf(job.program)
          : { kind: 'onnx', graph: summarizeGraph(job.files[job.program.graph] ?? GRAPH) },
      resources: spec.resources,
      inputBytes: inputs.reduce((sum, input) => sum + input.bytes, 0),
      outputLimitBytes: spec.outputLimitBytes,
      timeLimitMs: spec.timeLimitMs,
      delivery,
      replay: spec.replay,
      serviceProvider: { peerId: node.peerId, address: SP_ADDRESS },
      voucherKey: voucher.publicKey,
      oracleKeys: oracleKeysOf(oracleSeeds),
      k: 2,
      ...changes,
    }),
    quote: (changes) =>
      requestQuote(node, target(), client.request(changes), { computeProviderPeerId: world.agent.peerId, signal: signal() }),
    goodQuote: async () => {
      const answer = await client.quote();
      if (answer.type !== 'quote') throw new Error(`refused: ${JSON.stringify(answer.refusal.body.reasons)}`);
      return answer.quote;
    },
    run: (quote, lock, other = spec) =>
      requestRun(
        node,
        target(),
        { spec: other, quote: quote.envelope, lock },
        { computeProviderPeerId: world.agent.peerId, signal: signal() },
      ),
    follow: (jobId, fromEvent = 0, fromLog = 0) => follow(node, target(), { jobId, fromEvent, fromLog }, signal()),
    toEnd: async (jobId) => {
      const events: FollowEvent[] = [];
      for await (const event of client.follow(jobId)) events.push(event);
      return events;
    },
  };
  return client;
}

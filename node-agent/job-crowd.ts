// JobCrowd: many service providers that offer an agent small jobs all at once, for a test and for the bench.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import { follow } from '@nunet/shared/peer-client.ts';
import { openWorld, type World } from './agent-fixtures.ts';
import { openBlobStore } from './blobs.ts';
import { doublingJob } from './executor/conformance-jobs.ts';
import { EmbeddedExecutor, systemClock } from './executor/embedded.ts';
import { serveBlocks } from './network/blocks.ts';
import { createNode, type NetworkNode } from './network/node.ts';
import { requestQuote } from './network/quote.ts';
import { requestRun } from './network/run.ts';

export interface CrowdJob {
  readonly jobId: string;
  /** Codes of the refusal; empty: it was quoted, locked and accepted. */
  readonly refused: readonly string[];
  /** As told to the service provider. */
  readonly states: readonly string[];
  readonly quotedMs: number;
  /** From the offer to the last word; null where it was refused. */
  readonly endedMs: number | null;
}

export interface CrowdResult {
  readonly jobs: readonly CrowdJob[];
  /** Executions that were started, by job. */
  readonly starts: ReadonlyMap<string, number>;
  /** What is free and what is lent when all is over. */
  readonly capacity: Awaited<ReturnType<World['agent']['status']>>['capacity'];
}

const LIMIT_MS = 300_000;
/** More CPUs may be lent here than the machine has, so that a job of a tenth of a second can take long. */
const TIME_LIMIT_MS = 240_000;

/** `count` jobs of `peers` service providers, offered in the same moment to an agent with `cpus`; each job takes one CPU. */
export async function offerAtOnce(options: { count: number; peers: number; cpus: number }): Promise<CrowdResult> {
  const embedded = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
  const starts = new Map<string, number>();
  const executor = new Proxy(embedded, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'start') {
        return (...args: Parameters<EmbeddedExecutor['start']>) => {
          starts.set(args[0].jobId, (starts.get(args[0].jobId) ?? 0) + 1);
          return target.start(...args);
        };
      }
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const offer = { cpus: options.cpus, memoryBytes: 2 ** 40, diskBytes: 2 ** 40, gpus: 0 };
  const job = doublingJob();
  const world = await openWorld({ job, executor, changes: { offer, windows: { startMs: LIMIT_MS, finishMs: LIMIT_MS } } });
  // As often as they come here, so that chain time goes as time does and no quote runs out on the way.
  world.chain.blockMs = 20;
  const folder = await mkdtemp(join(tmpdir(), 'crowd-'));
  const store = await openBlobStore({ root: folder, maxBytes: 2 ** 30 });
  const nodes: NetworkNode[] = [];
  try {
    const holding = cidOf(encode('crowd'));
    const inputs: JobSpec['inputs'] = [];
    for (const [name, bytes] of Object.entries(job.files)) inputs.push({ name, ...(await store.putBytes(holding, bytes)) });
    for (let peer = 0; peer < options.peers; peer++) {
      const node = await createNode({
        network: 'devnet',
        privateKey: randomBytes(32),
        listen: {},
        hub: false,
        allowPrivate: true,
        signal: new AbortController().signal,
      });
      nodes.push(node);
      await serveBlocks(node, async (_job, cid) => store.read(holding, cid));
    }
    const offered = Array.from({ length: options.count }, (_, index) => {
      const spec: JobSpec = { ...world.client.spec, nonce: bytesToHex(randomBytes(16)), inputs, timeLimitMs: TIME_LIMIT_MS };
      return offerOne(world, nodes[index % nodes.length] as NetworkNode, spec);
    });
    const jobs = await world.whileBlocksCome(Promise.all(offered));
    // The last word to a service provider comes a little before its part is free again.
    for (;;) {
      const { capacity } = await world.agent.status();
      if (capacity.free.cpus === capacity.total.cpus) return { jobs, starts, capacity };
      await sleep(20);
    }
  } finally {
    await world.close();
    await Promise.all(nodes.map((node) => node.stop()));
    await store.close();
    await embedded.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function offerOne(world: World, node: NetworkNode, spec: JobSpec): Promise<CrowdJob> {
  const { agent, chain, client } = world;
  const jobId = jobIdOf(spec);
  const target = { peerId: agent.peerId, addresses: agent.addresses() };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const asking = { computeProviderPeerId: agent.peerId, signal };
  const since = performance.now();
  const serviceProvider = { ...client.request().serviceProvider, peerId: node.peerId };
  const answer = await requestQuote(node, target, client.request({ jobId, serviceProvider, timeLimitMs: spec.timeLimitMs }), asking);
  const quotedMs = performance.now() - since;
  const refusal = (codes: string[]): CrowdJob => ({ jobId, refused: codes, states: [], quotedMs, endedMs: null });
  if (answer.type === 'refusal') return refusal(answer.refusal.body.reasons.map(({ code }) => code));
  const lock = chain.lock(answer.quote);
  const run = await requestRun(node, target, { spec, quote: answer.quote.envelope, lock }, asking);
  if (run.type === 'refusal') return refusal(run.refusal.body.reasons.map(({ code }) => code));
  const states: string[] = [];
  for await (const event of follow(node, target, { jobId, fromEvent: 0, fromLog: 0 }, signal))
    if (event.type === 'state') states.push(event.state);
  return { jobId, refused: [], states, quotedMs, endedMs: performance.now() - since };
}

import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cutFile } from '@nunet/shared/file-dag.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import { outputRootOf, type Dispute, type Exit, type Manifest } from '@nunet/shared/manifest.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { encodeReplayRequest, openReplayResponse, type ReplayRequest, type ReplayResponse } from '@nunet/shared/replay.ts';
import { signerOf, signStatement } from '@nunet/shared/signature.ts';
import { cheatingFixture, sealedFixture, type SealedFixture } from '@nunet/shared/sealed/fixtures.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CP_ADDRESS, fixtureRecord, oracleKeysOf, oracleSeeds, SP_ADDRESS } from './agent-fixtures.ts';
import { FakeExecutor, type FakeScript } from './executor/fake.ts';
import { serveBlocks } from './network/blocks.ts';
import { peerKeyOfSeed } from './network/identity.ts';
import { dialingNode, LOOPBACK, loopbackNode } from './network/loopback-nodes.ts';
import { replayJob, type ReplayExecutor, type ReplayParts } from './replay.ts';
import { serveReplays } from './replay-port.ts';
import { fetchFromSources } from './replay-sources.ts';

const agentKey = peerKeyOfSeed(randomBytes(32));
const clientKey = peerKeyOfSeed(randomBytes(32));
const voucher = signerOf(randomBytes(32));
const lock = { txId: 'ab'.repeat(32), index: 0 };
const HONEST = new TextEncoder().encode('the honest model');
const LAZY = new TextEncoder().encode('a model trained on nothing');
const input = new TextEncoder().encode('graph bytes');

let folder: string;
/** What the network would give, by CID. */
let reachable: Map<string, Uint8Array>;
let scores: Map<string, number | Error>;
let script: FakeScript;
let executor: ReplayExecutor & FakeExecutor;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
  reachable = new Map();
  scores = new Map<string, number | Error>([
    [text(HONEST), 0.95],
    [text(LAZY), 0.1],
  ]);
  script = { steps: [{ do: 'output', name: 'model.onnx', bytes: HONEST }] };
  const fake = new FakeExecutor({ clock: { now: () => 0, monotonic: () => performance.now() }, script: () => script });
  executor = Object.assign(fake, {
    score: async ({ filePath }: { filePath: (name: string) => string }) => {
      const { readFile } = await import('node:fs/promises');
      const found = scores.get(await readFile(filePath('model.onnx'), 'utf8'));
      if (typeof found !== 'number') throw found ?? new NunetError('score-failed', 'not a model');
      return found;
    },
  });
});
afterEach(() => rm(folder, { recursive: true }));

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function specOf(changes: Partial<JobSpec> = {}, measured = true): JobSpec {
  const { cid } = cutFile(input);
  reachable.set(cid, input);
  const score = { graph: 'model.onnx', feeds: {}, batchSize: null, metric: { name: 'accuracy', output: 'accuracy' } };
  return {
    v: 1,
    network: 'devnet',
    nonce: bytesToHex(randomBytes(16)),
    title: 'replayed',
    delivery: 'open',
    replay: 'public',
    resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 24, gpus: 0 },
    timeLimitMs: 400,
    outputLimitBytes: 2 ** 20,
    inputs: [{ name: 'graph.onnx', cid, bytes: input.length }],
    program: {
      kind: 'onnx',
      graph: 'graph.onnx',
      feeds: {},
      feedback: [],
      batches: null,
      epochs: 1,
      metrics: [],
      outputs: [{ kind: 'tensor', name: 'model.onnx', output: 'y', rows: false }],
      evaluate: measured ? { evaluation: score, tolerance: 0.02 } : null,
    },
    ...changes,
  };
}

/** The request of an oracle: a claim by the agent over these bytes, disputed. */
async function requestFor(
  spec: JobSpec,
  delivered: Uint8Array,
  claim: { exit?: Exit; withheld?: boolean; sealed?: SealedFixture; key?: string } = {},
): Promise<ReplayRequest> {
  const record = fixtureRecord();
  const body: Quote = {
    v: 1,
    network: 'devnet',
    jobId: jobIdOf(spec),
    serviceProvider: { peerId: clientKey.peerId, address: SP_ADDRESS },
    computeProvider: { peerId: agentKey.peerId, address: CP_ADDRESS },
    voucherKey: voucher.publicKey,
    closeKey: 'cd'.repeat(32),
    oracleKeys: oracleKeysOf(oracleSeeds),
    k: 2,
    asset: record.asset,
    amountBaseUnits: 10n,
    rateBaseUnitsPerHour: 1n,
    minimumBaseUnits: 10n,
    settleLovelace: 1n,
    resources: spec.resources,
    timeLimitMs: spec.timeLimitMs,
    delivery: spec.delivery,
    replay: spec.replay,
    sandbox: 'namespace',
    expectedStartMs: 1,
    issuedAt: 1,
    expiresAt: 2,
    startBy: 3,
    finishBy: 4,
    disputeBy: 5,
    reclaimAfter: 6,
  };
  const quote = await signStatement('quote', body, agentKey.signer);
  const { cid } = cutFile(delivered);
  if (claim.withheld !== true) reachable.set(cid, delivered);
  const exit: Exit = claim.exit ?? { kind: 'completed' };
  const outputs = exit.kind === 'completed' ? [{ name: 'model.onnx', cid, bytes: delivered.length }] : [];
  for (const [served, { blocks }] of claim.sealed?.store.files ?? []) reachable.set(served, Buffer.concat(blocks));
  const manifest = await signStatement<Manifest>(
    'manifest',
    {
      v: 1,
      network: 'devnet',
      jobId: body.jobId,
      quoteCid: quote.cid,
      lock,
      exit,
      startedAt: 1,
      finishedAt: 2,
      billedMs: 1,
      payBaseUnits: 10n,
      usage: { cpuMs: 1, peakMemoryBytes: 1 },
      sandbox: 'namespace',
      metrics: [],
      outputs: claim.sealed?.manifest.outputs ?? outputs,
      delivery: claim.sealed?.manifest.delivery ?? {
        kind: 'open',
        root: outputRootOf(outputs),
        plaintextRoot: NO_KEY_HASH,
        keyHash: NO_KEY_HASH,
      },
    },
    agentKey.signer,
  );
  const dispute = await signStatement<Dispute>(
    'dispute',
    { v: 1, network: 'devnet', jobId: body.jobId, lock, manifestCid: manifest.cid, reason: 'worse than asked' },
    voucher,
  );
  const pieces = { quote: quote.envelope, manifest: manifest.envelope, dispute: dispute.envelope, spec: encode(spec) };
  return { v: 1, lock, ...pieces, sources: [], ...(claim.key === undefined ? {} : { key: claim.key }) };
}

const parts = (): ReplayParts => ({
  network: 'devnet',
  executor,
  workRoot: folder,
  maxBytes: 2 ** 30,
  fetchFile: async ({ jobId, cid }, _, store) => {
    const bytes = reachable.get(cid);
    if (bytes === undefined) throw new NunetError('file-unreachable', 'nobody has it');
    await store.putBytes(jobId, bytes);
  },
});
const replayed = async (request: ReplayRequest): Promise<ReplayResponse> => replayJob(request, parts(), AbortSignal.timeout(10_000));

describe('replay', () => {
  it('rejects a dispute over the same bytes, and leaves nothing behind', async () => {
    expect(await replayed(await requestFor(specOf(), HONEST))).toMatchObject({ outcome: 'rejected', score: null });
    expect(await readdir(folder)).toEqual([]);
    expect(executor.calls.map(({ call }) => call)).toEqual(['prepare', 'start', 'remove']);
  });

  it('upholds a dispute over a model that scores worse by more than the tolerance', async () => {
    expect(await replayed(await requestFor(specOf(), LAZY))).toMatchObject({
      outcome: 'upheld',
      score: { metric: 'accuracy', claimed: 0.1, replayed: 0.95, tolerance: 0.02 },
    });
  });

  it('rejects a dispute over other bytes that score as well within the tolerance', async () => {
    const other = new TextEncoder().encode('trained on another machine');
    scores.set(text(other), 0.94);
    expect(await replayed(await requestFor(specOf(), other))).toMatchObject({ outcome: 'rejected', score: { claimed: 0.94 } });
  });

  it('upholds a dispute over bytes that are no model at all, and over other bytes of a job without a measure', async () => {
    expect(await replayed(await requestFor(specOf(), new Uint8Array([1, 2, 3])))).toMatchObject({ outcome: 'upheld' });
    expect(await replayed(await requestFor(specOf({}, false), LAZY))).toMatchObject({ outcome: 'upheld', score: null });
  });

  it('upholds a dispute over a claimed fault that the job does not have, and rejects one over a fault that it has', async () => {
    const exit: Exit = { kind: 'jobFault', code: 'program-failed', message: 'it broke' };
    expect(await replayed(await requestFor(specOf(), HONEST, { exit }))).toMatchObject({ outcome: 'upheld' });
    script = { steps: [{ do: 'fail', exit }] };
    expect(await replayed(await requestFor(specOf(), HONEST, { exit }))).toMatchObject({ outcome: 'rejected' });
    expect(await replayed(await requestFor(specOf(), HONEST))).toMatchObject({ outcome: 'upheld' });
  });

  it('upholds a dispute over a result of a job that cannot run', async () => {
    script = { refuse: { code: 'graph-operator', message: 'no such operator' }, steps: [] };
    expect(await replayed(await requestFor(specOf(), HONEST))).toMatchObject({ outcome: 'upheld' });
  });

  it('cannot be paid for outputs that it withholds: nothing is run or compared while they are not served, true hashes or not', async () => {
    for (const claimed of [HONEST, LAZY]) {
      const request = await requestFor(specOf(), claimed, { withheld: true });
      expect(await replayed(request)).toMatchObject({ outcome: 'withheld', score: null });
      expect(executor.calls).toEqual([]);
    }
    expect(await replayed(await requestFor(specOf({}, false), LAZY, { withheld: true }))).toMatchObject({ outcome: 'withheld' });
  });

  it('cannot outlast a replay by serving its outputs drop by drop', async () => {
    const request = await requestFor(specOf(), HONEST);
    const never: ReplayParts['fetchFile'] = (wanted, sources, store, signal) =>
      wanted.bytes === HONEST.length
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        : parts().fetchFile(wanted, sources, store, signal);
    const answer = await replayJob(request, { ...parts(), fetchFile: never, fetchStartMs: 50 }, AbortSignal.timeout(10_000));
    expect(answer).toMatchObject({ outcome: 'withheld' });
    expect(answer.detail).toContain('did not come within');
  });

  it('cannot be told as withheld when the inputs are missing, or when this machine cannot keep the outputs', async () => {
    const unknown = await requestFor(specOf(), HONEST, { withheld: true });
    reachable.delete(cutFile(input).cid);
    expect(await replayed(unknown)).toMatchObject({ outcome: 'unavailable' });
    const request = await requestFor(specOf(), HONEST);
    const full: ReplayParts['fetchFile'] = async (wanted, ...rest) => {
      if (wanted.bytes === HONEST.length) throw new NunetError('store-full', 'Cannot keep a file');
      return parts().fetchFile(wanted, ...rest);
    };
    expect(await replayJob(request, { ...parts(), fetchFile: full }, AbortSignal.timeout(10_000))).toMatchObject({
      outcome: 'unavailable',
    });
  });

  it('cannot bill for more outputs than the job allows', async () => {
    const spec = specOf({ outputLimitBytes: HONEST.length - 1 });
    expect(await replayed(await requestFor(spec, HONEST))).toMatchObject({ outcome: 'upheld' });
  });

  it('asks the service provider first for inputs, the compute provider first for outputs', async () => {
    const at = (peerId: string, port: number) => `/ip4/127.0.0.1/tcp/${port}/p2p/${peerId}`;
    const request = { ...(await requestFor(specOf(), HONEST)), sources: [at(agentKey.peerId, 1), at(clientKey.peerId, 2)] };
    const asked: string[] = [];
    const noting: ReplayParts['fetchFile'] = async (wanted, sources, ...rest) => {
      asked.push(sources[0]?.endsWith(agentKey.peerId) === true ? 'compute provider' : 'service provider');
      return parts().fetchFile(wanted, sources, ...rest);
    };
    await replayJob(request, { ...parts(), fetchFile: noting }, AbortSignal.timeout(10_000));
    expect(asked).toEqual(['service provider', 'compute provider']);
  });

  it('says nothing when files are out of reach, when it is too slow, when its own machine fails, or when it may not replay', async () => {
    const unreachable = await requestFor(specOf(), LAZY);
    reachable.delete(cutFile(input).cid);
    expect(await replayed(unreachable)).toMatchObject({ outcome: 'unavailable' });
    script = { steps: [{ do: 'hang' }] };
    expect(await replayed(await requestFor(specOf(), HONEST))).toMatchObject({ outcome: 'unavailable' });
    script = { steps: [{ do: 'fail', exit: { kind: 'computeProviderFault', code: 'disk', message: 'full' } }] };
    expect(await replayed(await requestFor(specOf(), HONEST))).toMatchObject({ outcome: 'unavailable' });
    expect(await replayed(await requestFor(specOf({ replay: 'never' }), HONEST))).toMatchObject({ outcome: 'unavailable' });
    scores.set(text(LAZY), new NunetError('score-unavailable', 'the child vanished'));
    script = { steps: [{ do: 'output', name: 'model.onnx', bytes: HONEST }] };
    expect(await replayed(await requestFor(specOf(), LAZY))).toMatchObject({ outcome: 'unavailable' });
  });

  it('cannot be asked with the pieces of another job', async () => {
    const one = await requestFor(specOf(), HONEST);
    const two = await requestFor(specOf(), HONEST);
    await expect(replayed({ ...one, manifest: two.manifest })).rejects.toMatchObject({ code: 'evidence-foreign' });
    await expect(replayed({ ...one, spec: two.spec })).rejects.toMatchObject({ code: 'evidence-foreign' });
  });
});

describe('replay of a sealed claim', () => {
  const key = '5a'.repeat(32);
  const sealedRequest = async (content: Uint8Array, more: { key?: string } = { key }): Promise<ReplayRequest> => {
    const spec = specOf({ delivery: 'sealed' });
    return requestFor(spec, content, { sealed: await sealedFixture(key, { 'model.onnx': content }, jobIdOf(spec)), ...more });
  };

  it('opens what was delivered with the key, and then says the same as of an open one', async () => {
    expect(await replayed(await sealedRequest(HONEST))).toMatchObject({ outcome: 'rejected', score: null });
    expect(await replayed(await sealedRequest(LAZY))).toMatchObject({ outcome: 'upheld', score: { claimed: 0.1, replayed: 0.95 } });
  });

  it('upholds a dispute over a delivery that does not open to what was committed to, and runs nothing', async () => {
    const spec = specOf({ delivery: 'sealed' });
    const cheat = await cheatingFixture(key, { 'model.onnx': HONEST }, 3, 'ciphertext', jobIdOf(spec));
    const answer = await replayed(await requestFor(spec, HONEST, { sealed: cheat, key }));
    expect(answer).toMatchObject({ outcome: 'upheld' });
    expect(answer.detail).toContain('does not open');
    expect(executor.calls).toEqual([]);
  });

  it('says nothing without the key, or with another one', async () => {
    expect(await replayed(await sealedRequest(HONEST, {}))).toMatchObject({ outcome: 'unavailable' });
    expect(await replayed(await sealedRequest(HONEST, { key: '5b'.repeat(32) }))).toMatchObject({ outcome: 'unavailable' });
  });

  it('cannot be paid for sealed outputs that it withholds', async () => {
    const request = await sealedRequest(HONEST);
    for (const cid of reachable.keys()) if (cid !== cutFile(input).cid) reachable.delete(cid);
    expect(await replayed(request)).toMatchObject({ outcome: 'withheld' });
  });
});

describe('replay over the network', () => {
  /** Two real parties that serve what `reachable` holds, and a replayer that knows their addresses as an oracle would tell it. */
  async function parties(): Promise<{ sources: string[]; fetching: ReplayParts; asked: string[] }> {
    const asked: string[] = [];
    const serving = async (name: string, seed: Uint8Array, serves: (cid: string) => boolean) => {
      const node = await loopbackNode(name, { privateKey: seed, listen: { tcp: LOOPBACK } });
      await serveBlocks(node, async (_, cid) => {
        asked.push(name);
        if (!serves(cid)) return null;
        for (const bytes of reachable.values()) {
          const file = cutFile(bytes);
          if (file.cid === cid) return file.nodeBytes;
          const index = file.node.blocks.indexOf(cid);
          if (index >= 0) return file.block(index);
        }
        return null;
      });
      return node;
    };
    const inputCids = new Set([cutFile(input).cid, ...cutFile(input).node.blocks]);
    const agent = await serving('compute provider', agentKey.seed, (cid) => !inputCids.has(cid));
    const client = await serving('service provider', clientKey.seed, (cid) => inputCids.has(cid));
    const replayer = await dialingNode('replayer');
    return {
      sources: [...agent.addresses(), ...client.addresses()],
      fetching: { ...parts(), fetchFile: fetchFromSources(replayer) },
      asked,
    };
  }

  it('fetches from the compute provider what a lying service provider says it never got', async () => {
    const { sources, fetching, asked } = await parties();
    const request = { ...(await requestFor(specOf(), HONEST)), sources };
    expect(await replayJob(request, fetching, AbortSignal.timeout(20_000))).toMatchObject({ outcome: 'rejected' });
    expect(asked).toContain('compute provider');
  });

  it('cannot be paid for outputs that it withholds, over real connections', async () => {
    const { sources, fetching } = await parties();
    const request = { ...(await requestFor(specOf(), HONEST, { withheld: true })), sources };
    const answer = await replayJob(request, fetching, AbortSignal.timeout(20_000));
    expect(answer).toMatchObject({ outcome: 'withheld' });
    expect(answer.detail).toContain('not served');
    // Served after all, they are looked at.
    reachable.set(cutFile(HONEST).cid, HONEST);
    expect(await replayJob(request, fetching, AbortSignal.timeout(20_000))).toMatchObject({ outcome: 'rejected' });
  });
});

describe('replay port', () => {
  const ask = (socketPath: string, body: Uint8Array): Promise<{ status: number; body: Uint8Array }> =>
    new Promise((resolve, reject) => {
      const asking = httpRequest(
        { socketPath, path: '/replay', method: 'POST', headers: { 'content-type': 'application/cbor' } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) }));
        },
      );
      asking.on('error', reject);
      asking.end(body);
    });

  it('answers over a unix socket, once a request, and says what is wrong with a bad one', async () => {
    let runs = 0;
    const port = await serveReplays(
      join(folder, 's'),
      (request, signal) => {
        runs += 1;
        return replayJob(request, parts(), signal);
      },
      { signal: new AbortController().signal, log: () => {} },
    );
    const request = encodeReplayRequest(await requestFor(specOf(), LAZY));
    const answers = await Promise.all([ask(join(folder, 's'), request), ask(join(folder, 's'), request)]);
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(openReplayResponse(body).outcome).toBe('upheld');
    }
    expect(runs).toBe(1);
    // Outputs that were not served may be served later: asked again, it looks again.
    const spec = specOf();
    const silent = encodeReplayRequest(await requestFor(spec, HONEST, { withheld: true }));
    expect(openReplayResponse((await ask(join(folder, 's'), silent)).body).outcome).toBe('withheld');
    reachable.set(cutFile(HONEST).cid, HONEST);
    expect(openReplayResponse((await ask(join(folder, 's'), silent)).body).outcome).toBe('rejected');
    expect((await ask(join(folder, 's'), new Uint8Array([1, 2, 3]))).status).toBe(400);
    await port.close();
  });
});

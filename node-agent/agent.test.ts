import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { Ack, Cancel, Dispute, Manifest } from '@nunet/shared/manifest.ts';
import type { LockRefusal, Quote } from '@nunet/shared/quote.ts';
import { signerOf, signStatement, type Signed } from '@nunet/shared/signature.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, oracleKeysOf, oracleSeeds, SP_ADDRESS, type World } from './agent-fixtures.ts';
import { fetchFile } from './network/blocks.ts';
import { openBlobStore } from './blobs.ts';
import { sendAnswer } from './network/answer.ts';
import { follow } from '@nunet/shared/peer-client.ts';
import { sendRelease } from './network/release.ts';
import { createNode } from './network/node.ts';
import { requestRun } from './network/run.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const statesOf = (events: FollowEvent[]): string[] => events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
const target = () => ({ peerId: world.agent.peerId, addresses: world.agent.addresses() });
const soon = (): AbortSignal => AbortSignal.timeout(15_000);

function manifestIn(events: FollowEvent[], quote: Signed<Quote>, lock: OutputReference): Signed<Manifest> {
  const event = events.find((e) => e.type === 'manifest');
  if (event?.type !== 'manifest') throw new Error(`no manifest in ${JSON.stringify(statesOf(events))}`);
  return openEvidence('manifest', event.envelope, { quote, lock }) as Signed<Manifest>;
}

function refusalIn(events: FollowEvent[], quote: Signed<Quote>, lock: OutputReference): LockRefusal {
  const event = events.find((e) => e.type === 'refusal');
  if (event?.type !== 'refusal') throw new Error(`no refusal in ${JSON.stringify(statesOf(events))}`);
  return openEvidence('lock-refusal', event.envelope, { quote, lock }).body as LockRefusal;
}

async function answer(kind: 'ack' | 'dispute' | 'cancel', quote: Signed<Quote>, lock: OutputReference, manifest?: Signed<Manifest>) {
  const base = { v: 1 as const, network: 'devnet' as const, jobId: quote.body.jobId, lock };
  const manifestCid = manifest?.cid ?? '';
  const { voucher } = world.client;
  const signed: Signed<Ack | Dispute | Cancel> =
    kind === 'ack'
      ? await signStatement('ack', { ...base, manifestCid, payBaseUnits: manifest?.body.payBaseUnits ?? 0n }, voucher)
      : kind === 'dispute'
        ? await signStatement('dispute', { ...base, manifestCid, reason: 'not what I asked for' }, voucher)
        : await signStatement('cancel', base, voucher);
  await sendAnswer(world.client.node, target(), { jobId: quote.body.jobId, kind, envelope: signed.envelope }, soon());
}

/** Resolves when the agent's own list says so. */
async function jobIs(says: (job: Awaited<ReturnType<World['agent']['status']>>['jobs'][number]) => boolean): Promise<void> {
  for (;;) {
    const { jobs } = await world.agent.status();
    if (jobs[0] !== undefined && says(jobs[0])) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const allFree = async (): Promise<boolean> => {
  const { free, total } = (await world.agent.status()).capacity;
  return free.cpus === total.cpus && free.memoryBytes === total.memoryBytes && free.diskBytes === total.diskBytes;
};

const OUTPUT = { do: 'output', name: 'out.npy', bytes: new Uint8Array(70_000).fill(7) } as const;

describe('agent', () => {
  it('takes a job from quote to pay: lock, inputs, run, manifest, outputs, acknowledgement, settle', async () => {
    const { client, chain } = world;
    world.script = {
      steps: [
        { do: 'log', line: 'first line' },
        { do: 'progress', epoch: 1, epochs: 2, metrics: { loss: 0.7 } },
        OUTPUT,
        { do: 'progress', epoch: 2, epochs: 2, metrics: { loss: 0.5 } },
        { do: 'log', line: 'second line' },
      ],
    };
    const quote = await client.goodQuote();
    expect(quote.body).toMatchObject({ amountBaseUnits: 10_000_000n, minimumBaseUnits: 10_000n, sandbox: 'namespace' });
    expect(quote.body.expiresAt - quote.body.issuedAt).toBe(90_000);
    expect(quote.body.reclaimAfter - quote.body.disputeBy).toBeGreaterThanOrEqual(20_000);
    const lock = chain.lock(quote);
    expect(await client.run(quote, lock)).toEqual({ type: 'accepted' });
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));

    expect(statesOf(events)).toEqual(['quoted', 'locked', 'preparing', 'running', 'finished']);
    expect(events.filter((e) => e.type === 'log')).toEqual([
      { type: 'log', offset: 0, line: 'first line' },
      { type: 'log', offset: 1, line: 'second line' },
    ]);
    expect(events.at(-1)).toEqual({ type: 'end' });
    const manifest = manifestIn(events, quote, lock);
    expect(manifest.body).toMatchObject({
      exit: { kind: 'completed' },
      outputs: [{ name: 'out.npy', bytes: 70_000 }],
      metrics: [{ name: 'loss', value: 0.5 }],
    });

    const folder = await mkdtemp(join(tmpdir(), 'fetched-'));
    const store = await openBlobStore({ root: folder, maxBytes: 2 ** 20 });
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    const { jobId } = quote.body;
    const fetch = { node: client.node, peer: target(), jobId, cid: output.cid, expectedBytes: output.bytes, store, signal: soon() };
    await fetchFile(fetch);
    expect((await readFile(await store.pathOf(jobId, output.cid))).equals(OUTPUT.bytes)).toBe(true);
    await store.close();
    await rm(folder, { recursive: true });

    await answer('ack', quote, lock, manifest);
    await jobIs(() => world.oracles.every((oracle) => oracle.kinds().sort().join() === 'ack,manifest,quote'));
    chain.spend(lock, manifest.body.payBaseUnits);
    await world.whileBlocksCome(jobIs((job) => job.paidBaseUnits === String(manifest.body.payBaseUnits)));
    expect((await world.agent.status()).earnedBaseUnits).toBe(String(manifest.body.payBaseUnits));
    while (!(await allFree())) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(world.calls()).toEqual(['prepare', 'start', 'remove']);
  });

  it('follows on from any event and log line', async () => {
    const { client, chain } = world;
    world.script = { steps: [0, 1, 2, 3, 4].map((n) => ({ do: 'log' as const, line: `line ${n}` })) };
    const quote = await client.goodQuote();
    await client.run(quote, chain.lock(quote));
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    const events: FollowEvent[] = [];
    for await (const event of client.follow(quote.body.jobId, 3, 4)) events.push(event);
    expect(statesOf(events)).toEqual(['running', 'finished']);
    expect(events.filter((e) => e.type === 'log')).toEqual([{ type: 'log', offset: 4, line: 'line 4' }]);
  });

  it('answers the same quote request with the same quote, and the same run request with the same yes', async () => {
    const { client, chain } = world;
    world.script = { steps: [] };
    const quote = await client.goodQuote();
    expect((await client.goodQuote()).cid).toBe(quote.cid);
    const lock = chain.lock(quote);
    const answers = await Promise.all([client.run(quote, lock), client.run(quote, lock), client.run(quote, lock)]);
    expect(answers).toEqual([{ type: 'accepted' }, { type: 'accepted' }, { type: 'accepted' }]);
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(await client.run(quote, lock)).toEqual({ type: 'accepted' });
    expect(world.calls().filter((call) => call === 'start')).toEqual(['start']);
  });

  it('holds quoted capacity against others, and gives it back when the quote runs out', async () => {
    const { client, chain } = world;
    const big = { resources: { ...client.spec.resources, cpus: 4 } };
    const first = await client.quote(big);
    expect(first.type).toBe('quote');
    const other = { ...big, jobId: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' };
    const second = await client.quote(other);
    expect(second.type === 'refusal' && second.refusal.body.reasons.map((r) => r.code)).toEqual(['capacity-busy']);
    chain.makeBlock(120_000);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await client.quote(other)).type).toBe('quote');
  });

  it('gives quoted capacity back when told that the quote is not taken, and cannot be told so by another peer', async () => {
    const { client } = world;
    const big = { resources: { ...client.spec.resources, cpus: 4 } };
    const other = { ...big, jobId: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' };
    const first = await client.quote(big);
    if (first.type !== 'quote') throw new Error('refused');
    const { jobId } = first.quote.body;
    const stranger = await createNode({
      network: 'devnet',
      privateKey: randomBytes(32),
      listen: {},
      hub: false,
      allowPrivate: true,
      signal: soon(),
    });
    await sendRelease(stranger, target(), jobId, soon());
    await stranger.stop();
    expect((await client.quote(other)).type).toBe('refusal');
    await sendRelease(client.node, target(), jobId, soon());
    expect((await client.quote(other)).type).toBe('quote');
  });

  it('refunds a job that is cancelled before it starts, and no other', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await answer('cancel', quote, lock);
    const events = await client.toEnd(quote.body.jobId);
    expect(statesOf(events)).toEqual(['quoted', 'cancelled']);
    expect(refusalIn(events, quote, lock).reasons[0]?.code).toBe('cancelled');
    await jobIs(() => world.oracles.every((oracle) => oracle.kinds().includes('lock-refusal')));
    expect(world.calls()).not.toContain('start');
  });

  it('refunds a lock whose job never came, once its cancel comes', async () => {
    const { client, chain, oracles } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await answer('cancel', quote, lock);
    await answer('cancel', quote, lock);
    while (!oracles.every((oracle) => oracle.kinds().includes('lock-refusal'))) await new Promise((resolve) => setTimeout(resolve, 10));
    const late = await client.run(quote, lock);
    expect(late.type === 'refusal' && late.refusal.body.reasons.map(({ code }) => code)).toEqual(['cancelled']);
    expect(world.calls()).toEqual([]);
  });

  it('cannot be made to refuse a lock that somebody else cancels', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    const forged = await signStatement(
      'cancel',
      { v: 1, network: 'devnet', jobId: quote.body.jobId, lock },
      signerOf(new Uint8Array(randomBytes(32))),
    );
    const message = { jobId: quote.body.jobId, kind: 'cancel' as const, envelope: forged.envelope };
    await expect(sendAnswer(client.node, target(), message, soon())).rejects.toMatchObject({ code: 'peer-failure' });
    const taken = await client.run(quote, lock);
    expect(taken.type).toBe('accepted');
  });

  it('cannot be cancelled once it runs', async () => {
    const { client, chain } = world;
    world.script = { steps: [{ do: 'hang' }] };
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.whileBlocksCome(jobIs((job) => job.state === 'running'));
    await expect(answer('cancel', quote, lock)).rejects.toMatchObject({ code: 'peer-failure', peerCode: 'job-started' });
  });

  it('tells every oracle each at its own pace: one that sleeps holds up no other, and hears all when it wakes', async () => {
    const { client, chain, oracles } = world;
    const [late, ...awake] = oracles;
    if (late === undefined) throw new Error('no oracle');
    late.awake = false;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    await jobIs(() => awake.every((oracle) => oracle.kinds().includes('manifest')));
    await answer('ack', quote, lock, manifestIn(events, quote, lock));
    await jobIs(() => awake.every((oracle) => oracle.kinds().includes('ack')));
    expect(late.bundles).toEqual([]);
    late.awake = true;
    await jobIs(() => late.kinds().includes('ack') && late.kinds().includes('manifest'));
  });

  it('ends a job that cannot start in time, with the money back', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    chain.makeBlock(quote.body.startBy - chain.timeMs + 1_000);
    const events = await client.toEnd(quote.body.jobId);
    expect(statesOf(events)).toEqual(['quoted', 'expired']);
    expect(refusalIn(events, quote, lock).reasons[0]?.code).toBe('start-missed');
  });

  it('ends work that cannot finish in time itself, as its own fault', async () => {
    const { client, chain } = world;
    world.script = { steps: [{ do: 'hang' }] };
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.whileBlocksCome(jobIs((job) => job.state === 'running'));
    chain.makeBlock(quote.body.finishBy - chain.timeMs - 1_000);
    const events = await client.toEnd(quote.body.jobId);
    expect(statesOf(events).at(-1)).toBe('failed');
    expect(manifestIn(events, quote, lock).body.exit.kind).toBe('computeProviderFault');
  });

  it('waits for inputs that are out of reach until the start is missed, and goes on when they come', async () => {
    const { client, chain } = world;
    client.serving = false;
    const quote = await client.goodQuote();
    await client.run(quote, chain.lock(quote));
    await world.whileBlocksCome(jobIs((job) => job.state === 'preparing'));
    client.serving = true;
    expect(statesOf(await client.toEnd(quote.body.jobId)).at(-1)).toBe('finished');
  });

  it.each(['cancelled', 'expired'])('gives the money back when a job is %s while its inputs are on their way', async (end) => {
    const { client, chain } = world;
    client.serving = false;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.whileBlocksCome(jobIs((job) => job.state === 'preparing'));
    if (end === 'cancelled') await answer('cancel', quote, lock);
    else chain.makeBlock(quote.body.startBy - chain.timeMs + 1_000);
    const events = await client.toEnd(quote.body.jobId);
    expect(statesOf(events)).toEqual(['quoted', 'locked', 'preparing', end]);
    expect(refusalIn(events, quote, lock).reasons[0]?.code).toBe(end === 'cancelled' ? 'cancelled' : 'start-missed');
    expect(world.calls()).toEqual([]);
  });

  it('forgets a lock that never came, without a refusal that nobody could use', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    await client.run(quote, { txId: 'ee'.repeat(32), index: 0 });
    chain.makeBlock(quote.body.startBy - chain.timeMs + 1_000);
    const events = await client.toEnd(quote.body.jobId);
    expect(statesOf(events)).toEqual(['quoted', 'expired']);
    expect(events.some((event) => event.type === 'refusal')).toBe(false);
    while (!(await allFree())) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('reports what the executor refuses, with its reason', async () => {
    const { client, chain } = world;
    world.script = { refuse: { code: 'program-feeds', message: 'the graph has no input x' }, steps: [] };
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(statesOf(events)).toEqual(['quoted', 'locked', 'preparing', 'refused']);
    expect(refusalIn(events, quote, lock).reasons).toEqual([{ code: 'program-feeds', message: 'the graph has no input x' }]);
  });
});

describe('agent: a lock that is not as quoted is refused before any work', () => {
  const cases: [string, Parameters<World['chain']['lock']>[1], string][] = [
    ['another agent', { datum: { computeProvider: SP_ADDRESS } }, 'lock-other-agent'],
    ['too little', { amountBaseUnits: 9_999_999n }, 'lock-underpaid'],
    [
      'oracle keys of its own',
      { datum: { oracleKeys: oracleKeysOf([randomBytes(32), randomBytes(32), randomBytes(32)]) } },
      'lock-oracle-keys',
    ],
    ['fewer oracles', { datum: { k: 1 } }, 'lock-oracle-keys'],
    ['another quote', { datum: { quoteHash: 'ab'.repeat(32) } }, 'lock-other-quote'],
    ['an unknown script', { scriptHash: '99'.repeat(28) }, 'lock-script-unknown'],
    ['an earlier reclaim', { datum: { reclaimAfter: 1 } }, 'lock-reclaim-after'],
  ];
  it.each(cases)('cannot be locked with %s', async (_, changes, code) => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote, changes);
    await client.run(quote, lock);
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(statesOf(events)).toEqual(['quoted', 'refused']);
    expect(refusalIn(events, quote, lock).reasons.map((r) => r.code)).toContain(code);
    expect(world.calls()).toEqual([]);
    await jobIs(() => world.oracles.every((oracle) => oracle.kinds().includes('lock-refusal')));
  });

  it('cannot be locked after the quote ran out', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    chain.makeBlock(91_000);
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(refusalIn(events, quote, lock).reasons.map((r) => r.code)).toEqual(['lock-late']);
  });

  it('cannot be run with another spec than quoted', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    const other = { ...client.spec, timeLimitMs: 20_000 };
    const direct = client.run(quote, lock, other);
    // The refusal names the quoted job, so the asking side cannot mistake it for the other one.
    await expect(direct).rejects.toMatchObject({ code: 'answer-mismatch' });
    await jobOracles('lock-refusal');
    expect((await world.agent.status()).jobs).toEqual([]);
  });

  it('cannot be run twice: a second lock for one quote, or a new quote for one job', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const second = chain.lock(quote);
    const refused = await client.run(quote, second);
    expect(refused.type === 'refusal' && refused.refusal.body).toMatchObject({ lock: second, reasons: [{ code: 'job-known' }] });
    expect(await client.run(quote, second)).toEqual(refused);
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    const again = await client.quote();
    expect(again.type === 'refusal' && again.refusal.body.reasons.map((r) => r.code)).toEqual(['job-known']);
    expect(world.calls().filter((call) => call === 'start')).toEqual(['start']);
  });

  it('cannot be run on a lock that stands for another job, and that lock is not harmed', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const { jobIdOf } = await import('@nunet/shared/job-spec.ts');
    const other = { ...client.spec, nonce: bytesToHex(randomBytes(16)) };
    const second = await client.quote({ jobId: jobIdOf(other) });
    if (second.type !== 'quote') throw new Error('refused');
    await expect(client.run(second.quote, lock, other)).rejects.toMatchObject({ peerCode: 'lock-used' });
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(statesOf(events).at(-1)).toBe('finished');
    expect(world.oracles.flatMap((oracle) => oracle.kinds())).not.toContain('lock-refusal');
  });

  it('cannot be run, followed, answered or read by another peer', async () => {
    const { client, chain } = world;
    world.script = { steps: [OUTPUT] };
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    const { jobId } = quote.body;
    const stranger = await createNode({
      network: 'devnet',
      privateKey: randomBytes(32),
      listen: {},
      hub: false,
      allowPrivate: true,
      signal: soon(),
    });
    const message = { spec: client.spec, quote: quote.envelope, lock };
    const asStranger = () => requestRun(stranger, target(), message, { computeProviderPeerId: world.agent.peerId, signal: soon() });
    await expect(asStranger()).rejects.toMatchObject({ peerCode: 'other-peer' });
    await client.run(quote, lock);
    const events = await world.whileBlocksCome(client.toEnd(jobId));
    const manifest = manifestIn(events, quote, lock);
    await expect(follow(stranger, target(), { jobId, fromEvent: 0, fromLog: 0 }, soon()).next()).rejects.toMatchObject({
      peerCode: 'job-unknown',
    });
    const ack = await signStatement(
      'ack',
      { v: 1 as const, network: 'devnet' as const, jobId, lock, manifestCid: manifest.cid, payBaseUnits: 1n },
      client.voucher,
    );
    await expect(sendAnswer(stranger, target(), { jobId, kind: 'ack', envelope: ack.envelope }, soon())).rejects.toMatchObject({
      peerCode: 'job-unknown',
    });
    const folder = await mkdtemp(join(tmpdir(), 'stolen-'));
    const store = await openBlobStore({ root: folder, maxBytes: 2 ** 20 });
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    const fetch = { node: stranger, peer: target(), jobId, cid: output.cid, expectedBytes: output.bytes, store, signal: soon() };
    await expect(fetchFile(fetch)).rejects.toMatchObject({ code: 'block-unavailable' });
    await stranger.stop();
    await rm(folder, { recursive: true });
  });

  it('cannot be acknowledged with another key than the quoted one', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    const manifest = manifestIn(await world.whileBlocksCome(client.toEnd(quote.body.jobId)), quote, lock);
    const { signerOf } = await import('@nunet/shared/signature.ts');
    const body = { v: 1 as const, network: 'devnet' as const, jobId: quote.body.jobId, lock, manifestCid: manifest.cid, payBaseUnits: 1n };
    const forged = await signStatement('ack', body, signerOf(randomBytes(32)));
    const sent = sendAnswer(client.node, target(), { jobId: body.jobId, kind: 'ack', envelope: forged.envelope }, soon());
    await expect(sent).rejects.toMatchObject({ peerCode: 'signature-invalid' });
  });

  const jobOracles = async (kind: string): Promise<void> => {
    while (!world.oracles.every((oracle) => oracle.kinds().includes(kind))) await new Promise((resolve) => setTimeout(resolve, 10));
  };
});

const CONTAINER_WORK = {
  kind: 'container' as const,
  run: { type: 'script' as const, base: 'pytorch', dependencies: [] },
  downloadHosts: [],
  downloadBytes: 0,
};

describe('agent: quotes', () => {
  const refused: [string, Parameters<World['client']['request']>[0], string][] = [
    ['foreign oracles', { oracleKeys: oracleKeysOf([...oracleSeeds.slice(0, 2), new Uint8Array(32).fill(9)]) }, 'oracle-unknown'],
    ['too few oracle signatures', { k: 1 }, 'oracle-k-too-small'],
    ['a container', { work: CONTAINER_WORK }, 'kind-not-offered'],
    ['more than the machine has', { resources: { cpus: 5, memoryBytes: 2 ** 28, diskBytes: 2 ** 24, gpus: 0 } }, 'capacity-too-small'],
    ['less disk than its files need', { resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 1_000, gpus: 0 } }, 'disk-too-small'],
    [
      'too little memory to run anything',
      { resources: { cpus: 1, memoryBytes: 2 ** 24, diskBytes: 2 ** 24, gpus: 0 } },
      'memory-too-small',
    ],
    ['a time limit of days', { timeLimitMs: 86_400_000 }, 'time-limit'],
    ['another network', { network: 'preprod' }, 'other-network'],
    [
      'an operator that no CPU has',
      {
        work: {
          kind: 'onnx',
          graph: {
            cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
            bytes: 10,
            opset: 17,
            operators: ['Evil'],
            externalData: true,
          },
        },
      },
      'graph-operator',
    ],
  ];
  it.each(refused)('refuses %s with a reason', async (_, changes, code) => {
    const answer = await world.client.quote(changes).catch((error: unknown) => error);
    if (code === 'other-network') {
      // Signed for the agent's own network: the asking side of another network does not take it.
      expect(answer).toMatchObject({ code: 'network-mismatch' });
      return;
    }
    const { type, refusal } = answer as Extract<Awaited<ReturnType<World['client']['quote']>>, { type: 'refusal' }>;
    expect(type).toBe('refusal');
    expect(refusal.body.reasons.map((r) => r.code)).toContain(code);
  });

  it('refuses everything once the network record has expired', async () => {
    world.chain.makeBlock(4_000_000_000_000 - world.chain.timeMs);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const answer = await world.client.quote();
    expect(answer.type === 'refusal' && answer.refusal.body.reasons.map((r) => r.code)).toEqual(['network-record-expired']);
  });

  it('cannot be asked for in the name of another peer', async () => {
    const answer = await world.client.quote({ serviceProvider: { peerId: world.agent.peerId, address: SP_ADDRESS } });
    expect(answer.type === 'refusal' && answer.refusal.body.reasons.map((r) => r.code)).toEqual(['other-peer']);
  });

  it('cannot be held without end by one service provider', async () => {
    const { client } = world;
    const small = { resources: { ...client.spec.resources, memoryBytes: 2 ** 27, cpus: 1 } };
    const { jobIdOf } = await import('@nunet/shared/job-spec.ts');
    const types: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const jobId = jobIdOf({ ...client.spec, nonce: bytesToHex(randomBytes(16)) });
      const answer = await client.quote({ ...small, jobId });
      types.push(answer.type === 'refusal' ? (answer.refusal.body.reasons[0]?.code ?? '') : answer.type);
    }
    expect(types).toEqual(['quote', 'quote', 'quote', 'quote', 'too-many-quotes']);
  });
});

describe('agent: after a restart', () => {
  it('tells the oracles anew where the outputs of a public job are, though they have all its evidence', async () => {
    const { client, chain, oracles } = world;
    client.spec.replay = 'public';
    world.script = { steps: [OUTPUT] };
    const quote = await client.goodQuote();
    await client.run(quote, chain.lock(quote));
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    await jobIs(() => oracles.every((oracle) => oracle.kinds().includes('manifest')));
    const before = oracles.map(({ bundles }) => bundles.length);
    await world.restart();
    const address = world.agent.addresses()[0] ?? 'none';
    const isNews = ({ items, sources }: (typeof oracles)[number]['bundles'][number]): boolean =>
      items.every(({ kind }) => kind === 'quote') && sources.includes(address);
    await jobIs(() => oracles.every(({ bundles }, i) => bundles.slice(before[i]).some(isNews)));
  });

  it('goes on waiting for a lock that it had accepted', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.restart();
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(statesOf(events)).toEqual(['quoted', 'locked', 'preparing', 'running', 'finished']);
  });

  it('takes the lock of a quote that it gave before', async () => {
    const { client, chain } = world;
    const quote = await client.goodQuote();
    await world.restart();
    expect(await client.run(quote, chain.lock(quote))).toEqual({ type: 'accepted' });
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
  });

  it('fails what it ran, once and with a reason, and never runs it again', async () => {
    const { client, chain } = world;
    world.script = { steps: [{ do: 'hang' }] };
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.whileBlocksCome(jobIs((job) => job.state === 'running'));
    await world.restart();
    const events = await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    expect(statesOf(events)).toEqual(['quoted', 'locked', 'preparing', 'running', 'failed']);
    expect(manifestIn(events, quote, lock).body.exit).toMatchObject({ kind: 'computeProviderFault', code: 'agent-stopped' });
    expect(world.calls().filter((call) => call === 'start')).toEqual(['start']);
  });

  it('hands over evidence that no oracle had before', async () => {
    const { client, chain, oracles } = world;
    for (const oracle of oracles) oracle.awake = false;
    const quote = await client.goodQuote();
    const lock = chain.lock(quote);
    await client.run(quote, lock);
    await world.whileBlocksCome(client.toEnd(quote.body.jobId));
    await world.restart();
    for (const oracle of oracles) oracle.awake = true;
    await jobIs(() => oracles.every((oracle) => oracle.kinds().includes('manifest')));
    const manifests = new Set(
      oracles.flatMap((o) => o.bundles.flatMap((b) => b.items.filter((i) => i.kind === 'manifest').map((i) => bytesToHex(i.envelope)))),
    );
    expect(manifests.size).toBe(1);
  });
});

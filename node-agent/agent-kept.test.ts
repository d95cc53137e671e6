// Checkpoints while a job runs, and what can be read again of a job that is over: after a restart, from an offset, by nobody else.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { containerWorkOf, type ContainerProgram } from '@nunet/shared/container-program.ts';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { follow } from '@nunet/shared/peer-client.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { signStatement, type Signed } from '@nunet/shared/signature.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONTAINER_JOB, openWorld, type World, type WorldOptions } from './agent-fixtures.ts';
import { openBlobStore, type BlobStore } from './blobs.ts';
import type { FakeStep } from './executor/fake.ts';
import { sendAnswer } from './network/answer.ts';
import { fetchFile } from './network/blocks.ts';
import { createNode, type NetworkNode } from './network/node.ts';

let world: World;
let folder: string;
let store: BlobStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-'));
  store = await openBlobStore({ root: join(folder, 'blobs'), maxBytes: 2 ** 24 });
});
afterEach(async () => {
  await world.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (options: WorldOptions = {}): Promise<void> => {
  world = await openWorld({ job: CONTAINER_JOB, ...options });
};
const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const target = () => ({ peerId: world.agent.peerId, addresses: world.agent.addresses() });
const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
};
const BYTES = Buffer.alloc(70_000, 7);
const OUTPUT = { do: 'output', name: 'model.bin', bytes: BYTES } as const;
const LOGS: FakeStep[] = ['one', 'two', 'three'].map((line) => ({ do: 'log', line }));
const checkpoint = (fill: number, bytes = 300_000): FakeStep => ({ do: 'checkpoint', bytes: new Uint8Array(bytes).fill(fill) });

interface Begun {
  quote: Signed<Quote>;
  lock: OutputReference;
  jobId: string;
}

/** Locks on a quote and hands the job over; another spec is another job. */
async function begin(changes: Partial<JobSpec> = {}): Promise<Begun> {
  const spec = { ...world.client.spec, ...changes };
  const asked = { jobId: jobIdOf(spec), resources: spec.resources, work: containerWorkOf(spec.program as ContainerProgram) };
  const answer = await world.client.quote(asked);
  if (answer.type !== 'quote') throw new Error(`refused: ${JSON.stringify(answer.refusal.body.reasons)}`);
  const lock = world.chain.lock(answer.quote);
  expect(await world.client.run(answer.quote, lock, spec)).toEqual({ type: 'accepted' });
  return { quote: answer.quote, lock, jobId: asked.jobId };
}

const anotherJob = (): Partial<JobSpec> => ({ nonce: bytesToHex(randomBytes(16)) });
const manifestIn = (events: readonly FollowEvent[], { quote, lock }: Begun): Signed<Manifest> => {
  const event = events.find(({ type }) => type === 'manifest');
  if (event?.type !== 'manifest') throw new Error(`no manifest in ${JSON.stringify(events)}`);
  return openEvidence('manifest', event.envelope, { quote, lock }) as Signed<Manifest>;
};
const checkpointsIn = (events: readonly FollowEvent[]) => events.flatMap((event) => (event.type === 'checkpoint' ? [event] : []));
const logIn = (events: readonly FollowEvent[]): string[] => events.flatMap((event) => (event.type === 'log' ? [event.line] : []));

async function read(jobId: string, { cid, bytes }: { cid: string; bytes: number }, node = world.client.node): Promise<Buffer> {
  const fresh = await openBlobStore({ root: await mkdtemp(join(folder, 'read-')), maxBytes: 2 ** 24 });
  try {
    await fetchFile({ node, peer: target(), jobId, cid, expectedBytes: bytes, store: fresh, signal: soon() });
    return await readFile(await fresh.pathOf(jobId, cid));
  } finally {
    await fresh.close();
  }
}

/** Acknowledged and paid; resolves when nothing is reserved for it any more. */
async function pay(begun: Begun, manifest: Signed<Manifest>): Promise<void> {
  const { jobId, lock } = begun;
  const { payBaseUnits } = manifest.body;
  const body = { v: 1 as const, network: 'devnet' as const, jobId, lock, manifestCid: manifest.cid, payBaseUnits };
  const { envelope } = await signStatement('ack', body, world.client.voucher);
  await sendAnswer(world.client.node, target(), { jobId, kind: 'ack', envelope }, soon());
  world.chain.spend(lock, payBaseUnits);
  await world.whileBlocksCome(until(allFree));
}
const allFree = async (): Promise<boolean> => {
  const { free, total } = (await world.agent.status()).capacity;
  return free.diskBytes === total.diskBytes;
};
const finished = async (begun: Begun): Promise<Signed<Manifest>> =>
  manifestIn(await world.whileBlocksCome(world.client.toEnd(begun.jobId)), begun);

const stranger = (): Promise<NetworkNode> =>
  createNode({ network: 'devnet', privateKey: randomBytes(32), listen: {}, hub: false, allowPrivate: true, signal: soon() });

describe('checkpoints of a running job', () => {
  test('are told as they come, replace each other, and are told to a late follower too', async () => {
    await open();
    const [second, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.script = {
      steps: [checkpoint(1), { do: 'wait', until: second.promise }, checkpoint(2), { do: 'wait', until: end.promise }, OUTPUT],
    };
    const begun = await begin();
    const { jobId } = begun;
    const events: FollowEvent[] = [];
    const following = world.whileBlocksCome(
      (async () => {
        for await (const event of world.client.follow(jobId)) {
          events.push(event);
          if (event.type !== 'checkpoint') continue;
          const { file, number } = event;
          expect([...(await read(jobId, file))].every((byte) => byte === number)).toBe(true);
          (number === 1 ? second : end).resolve();
        }
      })(),
    );
    await following;
    const told = checkpointsIn(events);
    expect(told.map(({ number, file }) => [number, file.name, file.bytes])).toEqual([
      [1, 'checkpoint-1.tar', 300_000],
      [2, 'checkpoint-2.tar', 300_000],
    ]);
    expect(manifestIn(events, begun).body.exit.kind).toBe('completed');
    expect(checkpointsIn(await world.client.toEnd(jobId)).map(({ number }) => number)).toEqual([2]);
    await expect(read(jobId, told[0]?.file ?? { cid: '', bytes: 0 })).rejects.toMatchObject({ code: 'block-unavailable' });
  });

  test('survive an agent that dies under the job: what was told last is what another agent resumes from', async () => {
    await open();
    world.script = { steps: [checkpoint(5), { do: 'hang' }] };
    const begun = await begin();
    await world.whileBlocksCome(
      (async () => {
        for await (const event of world.client.follow(begun.jobId)) if (event.type === 'checkpoint') return;
      })(),
    );
    await world.restart();
    const events = await world.whileBlocksCome(world.client.toEnd(begun.jobId));
    expect(manifestIn(events, begun).body.exit.kind).toBe('computeProviderFault');
    const [last] = checkpointsIn(events);
    if (last === undefined) throw new Error('no checkpoint was told');
    expect((await read(begun.jobId, last.file)).equals(new Uint8Array(300_000).fill(5))).toBe(true);
  });

  test('are counted on by an agent that found its container again, whatever the executor counts', async () => {
    await open({ survives: true });
    const [again, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.script = {
      steps: [checkpoint(1), { do: 'wait', until: again.promise }, checkpoint(2), { do: 'wait', until: end.promise }, OUTPUT],
    };
    const begun = await begin();
    const next = (number: number): Promise<void> =>
      world.whileBlocksCome(
        (async () => {
          for await (const event of world.client.follow(begun.jobId)) if (event.type === 'checkpoint' && event.number === number) return;
        })(),
      );
    await next(1);
    await world.kill();
    await world.begin();
    again.resolve();
    await next(2);
    end.resolve();
    const events = await world.whileBlocksCome(world.client.toEnd(begun.jobId));
    expect(manifestIn(events, begun).body.exit.kind).toBe('completed');
    const [last] = checkpointsIn(events);
    expect((await read(begun.jobId, last?.file ?? { cid: '', bytes: 0 })).equals(new Uint8Array(300_000).fill(2))).toBe(true);
  });

  test('cannot be followed or read by another peer', async () => {
    await open();
    world.script = { steps: [checkpoint(1), OUTPUT] };
    const begun = await begin();
    const events = await world.whileBlocksCome(world.client.toEnd(begun.jobId));
    const [told] = checkpointsIn(events);
    const other = await stranger();
    try {
      const asked = follow(other, target(), { jobId: begun.jobId, fromEvent: 0, fromLog: 0 }, soon()).next();
      await expect(asked).rejects.toMatchObject({ peerCode: 'job-unknown' });
      const taken = read(begun.jobId, told?.file ?? { cid: '', bytes: 0 }, other);
      await expect(taken).rejects.toMatchObject({ code: 'block-unavailable' });
    } finally {
      await other.stop();
    }
  });

  test('cannot take more disk than the job has, and the job goes on', async () => {
    await open({ resources: { diskBytes: 2 ** 20 + 200_000 } });
    world.script = { steps: [checkpoint(1, 300_000), checkpoint(2, 100_000), checkpoint(3, 300_000), OUTPUT] };
    const begun = await begin();
    const events = await world.whileBlocksCome(world.client.toEnd(begun.jobId));
    expect(manifestIn(events, begun).body.exit.kind).toBe('completed');
    expect(checkpointsIn(events).every(({ file }) => file.bytes === 100_000)).toBe(true);
  });

  test('cannot be had of a sealed job: they could be read before they are paid for', async () => {
    const program = { ...(CONTAINER_JOB.program as ContainerProgram), checkpointEveryMs: null };
    await open({ delivery: 'sealed', job: { ...CONTAINER_JOB, program } });
    world.script = { steps: [checkpoint(1), OUTPUT] };
    const begun = await begin();
    const events = await world.whileBlocksCome(world.client.toEnd(begun.jobId));
    expect(manifestIn(events, begun).body.exit.kind).toBe('completed');
    expect(checkpointsIn(events)).toEqual([]);
  });
});

describe('a job that is over', () => {
  test('is read again after a restart, from any offset, and cannot be by another peer', async () => {
    await open();
    world.script = { steps: [...LOGS, checkpoint(3), OUTPUT] };
    const begun = await begin();
    const { jobId } = begun;
    const manifest = await finished(begun);
    await pay(begun, manifest);
    await world.restart();

    expect(logIn(await world.client.toEnd(jobId))).toEqual(['one', 'two', 'three']);
    const rest: FollowEvent[] = [];
    for await (const event of world.client.follow(jobId, 0, 2)) rest.push(event);
    expect(logIn(rest)).toEqual(['three']);
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    expect((await read(jobId, output)).equals(BYTES)).toBe(true);
    expect((await read(jobId, checkpointsIn(rest)[0]?.file ?? { cid: '', bytes: 0 })).length).toBe(300_000);
    const other = await stranger();
    try {
      await expect(read(jobId, output, other)).rejects.toMatchObject({ code: 'block-unavailable' });
    } finally {
      await other.stop();
    }
    // Nothing of the inputs stays.
    const [input] = world.client.spec.inputs;
    await expect(read(jobId, input ?? { cid: '', bytes: 0 })).rejects.toMatchObject({ code: 'block-unavailable' });
  });

  test('keeps the log of one that failed, too', async () => {
    await open();
    world.script = { steps: [...LOGS, { do: 'fail', exit: { kind: 'jobFault', code: 'program-failed', message: 'exit code 2' } }] };
    const begun = await begin();
    await finished(begun);
    world.chain.spend(begun.lock, 0n);
    await world.whileBlocksCome(until(allFree));
    expect(logIn(await world.client.toEnd(begun.jobId))).toEqual(['one', 'two', 'three']);
  });

  test('cannot be read without its key where it was sealed: only ciphertext stays', async () => {
    const program = { ...(CONTAINER_JOB.program as ContainerProgram), checkpointEveryMs: null };
    const dataPath = join(folder, 'agent');
    await open({ delivery: 'sealed', job: { ...CONTAINER_JOB, program }, components: { dataPath } });
    world.script = { steps: [OUTPUT] };
    const begun = await begin();
    const manifest = await finished(begun);
    await pay(begun, manifest);
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    const kept = await read(begun.jobId, output);
    expect(kept.length).toBeGreaterThan(BYTES.length);
    expect(kept.includes(BYTES.subarray(0, 64))).toBe(false);
    for (const entry of await readdir(dataPath, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) expect((await readFile(join(entry.parentPath, entry.name))).includes(BYTES.subarray(0, 64))).toBe(false);
  });

  test('cannot be made to go while it may be disputed, however little is to be kept', async () => {
    await open({ components: { keep: { days: 0, bytes: 0 } } });
    world.script = { steps: [OUTPUT] };
    const begun = await begin();
    const { jobId, lock, quote } = begun;
    const manifest = await finished(begun);
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    world.chain.spend(lock, manifest.body.payBaseUnits);
    world.chain.timeMs = quote.body.disputeBy - 1_000;
    world.chain.height += 10;
    await until(async () => (await world.agent.status()).jobs[0]?.paidBaseUnits !== null);
    expect((await read(jobId, output)).equals(BYTES)).toBe(true);
    await world.whileBlocksCome(until(allFree));
    await expect(read(jobId, output)).rejects.toMatchObject({ code: 'block-unavailable' });
  });

  test('is given up when it is older than its owner keeps, also by an agent that was started only then', async () => {
    await open({ components: { keep: { days: 1, bytes: 2 ** 30 } } });
    world.script = { steps: [OUTPUT] };
    const begun = await begin();
    const manifest = await finished(begun);
    await pay(begun, manifest);
    const [output] = manifest.body.outputs;
    if (output === undefined) throw new Error('no output');
    expect((await read(begun.jobId, output)).length).toBe(BYTES.length);
    world.chain.makeBlock(2 * 86_400_000);
    await world.restart();
    await until(() =>
      read(begun.jobId, output).then(
        () => false,
        () => true,
      ),
    );
  });

  test('makes room, oldest first, for one that goes on', async () => {
    await open({
      components: { offer: { cpus: 4, memoryBytes: 2 ** 30, diskBytes: 2 ** 21, gpus: 0 } },
      resources: { diskBytes: 2 ** 20 + 2_000 },
    });
    world.script = { steps: [{ ...OUTPUT, bytes: new Uint8Array(700_000).fill(1) }] };
    const [first, second] = [await begin(), await begin(anotherJob()).catch(() => null)];
    expect(second).toBeNull();
    const old = await finished(first);
    await pay(first, old);
    const next = await begin(anotherJob());
    const newer = await finished(next);
    await pay(next, newer);
    const outputOf = ({ body }: Signed<Manifest>) => body.outputs[0] ?? { cid: '', bytes: 0 };
    // 1,400,000 bytes are kept of 2 MiB, and the third job has half of them.
    const third = await begin(anotherJob());
    await finished(third);
    await expect(read(first.jobId, outputOf(old))).rejects.toMatchObject({ code: 'block-unavailable' });
    expect((await read(next.jobId, outputOf(newer))).length).toBe(700_000);
  });
});

test('a container job that others may replay cannot be quoted: nobody could decide a dispute over it', async () => {
  await open();
  const answer = await world.client.quote({ replay: 'public' });
  if (answer.type !== 'refusal') throw new Error('it was quoted');
  expect(answer.refusal.body.reasons.map(({ code }) => code)).toEqual(['replay-not-offered']);
});

test('evidence of a container job reaches the oracles when its service provider is gone', async () => {
  await open();
  const gone = Promise.withResolvers<void>();
  world.script = { steps: [{ do: 'wait', until: gone.promise }, OUTPUT] };
  const begun = await begin();
  await world.whileBlocksCome(until(async () => (await world.agent.status()).jobs[0]?.state === 'running'));
  world.client.serving = false;
  await world.client.node.stop();
  gone.resolve();
  await world.whileBlocksCome(until(() => world.oracles.every((oracle) => oracle.kinds().includes('manifest'))));
  const told = world.oracles[0]?.bundles.flatMap(({ items }) => items).find(({ kind }) => kind === 'manifest');
  const { body } = openEvidence('manifest', told?.envelope ?? new Uint8Array(), begun) as Signed<Manifest>;
  expect(body).toMatchObject({ jobId: begun.jobId, exit: { kind: 'completed' } });
});

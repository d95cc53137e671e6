// Outputs from peers that are honest, wrong or short, into a browser with room and without; and what is answered to what the check finds.
import { cutFile, encodeFileNode } from '@nunet/shared/file-dag.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import type { CheckResult } from '@nunet/shared/job-flow/ports.ts';
import { blockAnswerer, streamServer } from '@nunet/shared/peer-server.ts';
import { sampleManifest, sampleSpec } from '@nunet/shared/samples.ts';
import { cheatingFixture, sealedFixture, type SealedFixture } from '@nunet/shared/sealed/fixtures.ts';
import { sealedFiles } from '@nunet/shared/sealed/manifest-delivery.ts';
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { PortStream } from '../network/stream-port.ts';
import { openBlocks, type BlockStore } from './block-store.ts';
import { openLog } from './log-store.ts';
import { browserOutputs } from './outputs.ts';
import { emptyDatabase } from './sample-database.ts';

const signal = AbortSignal.timeout(60_000);
const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 5) & 255);
const file = cutFile(content);
const JOB = sampleManifest('').jobId;
const output = { name: 'y.npy', cid: file.cid, bytes: content.length };
const manifest = { ...sampleManifest(file.cid), outputs: [output] };
const agent = { peerId: 'agent', addresses: [] };

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const honest = (cid: string): Uint8Array | null => (cid === file.cid ? file.nodeBytes : file.block(file.node.blocks.indexOf(cid)));

async function begin(
  more: Partial<Parameters<typeof browserOutputs>[0]> & { peer?: (cid: string) => Uint8Array | null; full?: boolean } = {},
) {
  const { database } = await emptyDatabase();
  const opened = await openBlocks(database, JOB);
  const noRoom = new NunetError('store-full', 'Cannot keep the file: this browser has no more room for it');
  const blocks: BlockStore = more.full === true ? { ...opened, put: () => Promise.reject(noRoom) } : opened;
  const log = await openLog(database, JOB);
  const answer = streamServer(
    'blocks',
    blockAnswerer(async (_, cid) => (more.peer ?? honest)(cid)),
    { now: () => performance.now(), signal },
  );
  const told: string[] = [];
  const outputs = browserOutputs({
    dialer: {
      open: async () => {
        const { port1, port2 } = new MessageChannel();
        ports.push(port1, port2);
        void answer(new PortStream(port2), 'me');
        return new PortStream(port1);
      },
    },
    clock: timerClock(() => Date.now()),
    blocks,
    log,
    note: { checkFiles: {} },
    check: { type: 'none' },
    scorer: { score: async () => 1 },
    decide: async (found) => {
      if (found instanceof NunetError) throw found;
      return found;
    },
    checkpoints: async () => [],
    onStored: (name) => told.push(`stored ${name}`),
    onLine: () => told.push('line'),
    onLineDropped: () => told.push('dropped'),
    ...more,
  });
  return { outputs, blocks, told };
}

describe('fetching', () => {
  test('an honest output is kept whole and told once', async () => {
    const { outputs, blocks, told } = await begin();
    const done: number[] = [];
    await outputs.fetch(agent, JOB, output, (bytes) => done.push(bytes), signal);
    await outputs.fetch(agent, JOB, output, () => undefined, signal);
    expect(new Uint8Array((await blocks.content(file.cid)?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(content);
    expect(done.at(-1)).toBe(content.length);
    expect(told[0]).toBe('stored y.npy');
  });

  test('a checkpoint is kept whole beside the outputs, and the one before it until the next', async () => {
    const contents = [1, 2, 3].map((fill) => cutFile(new Uint8Array(1_000).fill(fill)));
    const kept: string[] = [];
    const { outputs, blocks } = await begin({
      peer: (cid) => {
        const held = contents.find(({ cid: node, node: { blocks: all } }) => cid === node || all.includes(cid));
        return held === undefined ? null : cid === held.cid ? held.nodeBytes : held.block(held.node.blocks.indexOf(cid));
      },
      checkpoints: async () => kept,
    });
    for (const [index, { cid }] of contents.entries()) {
      const checkpoint = { number: index + 1, takenAtMs: 1, file: { name: `checkpoint-${index + 1}.tar`, cid, bytes: 1_000 } };
      await outputs.keepCheckpoint(agent, JOB, checkpoint, () => undefined, signal);
      kept.push(cid);
    }
    expect(contents.map(({ cid }) => blocks.content(cid)?.size ?? null)).toEqual([null, 1_000, 1_000]);
  });

  test('cannot be other bytes than the manifest names', async () => {
    const wrong = await begin({ peer: (cid) => (cid === file.cid ? file.nodeBytes : new Uint8Array(9)) });
    await expect(wrong.outputs.fetch(agent, JOB, output, () => undefined, signal)).rejects.toMatchObject({ code: 'outputs-wrong' });
    const otherNode = await begin({ peer: () => cutFile(new Uint8Array(5)).nodeBytes });
    await expect(otherNode.outputs.fetch(agent, JOB, output, () => undefined, signal)).rejects.toMatchObject({ code: 'outputs-wrong' });
    const larger = await begin();
    await expect(larger.outputs.fetch(agent, JOB, { ...output, bytes: 7 }, () => undefined, signal)).rejects.toMatchObject({
      code: 'outputs-wrong',
    });
    for (const { told } of [wrong, otherNode, larger]) expect(told).toEqual([]);
  });

  test('cannot make a full disk look like a fault of the agent, nor an agent that has it not like wrong bytes', async () => {
    const full = await begin({ full: true });
    await expect(full.outputs.fetch(agent, JOB, output, () => undefined, signal)).rejects.toMatchObject({ code: 'outputs-unsaved' });
    const missing = await begin({ peer: () => null });
    await expect(missing.outputs.fetch(agent, JOB, output, () => undefined, signal)).rejects.toMatchObject({ code: 'block-unavailable' });
  });
});

describe('sealed outputs', () => {
  const K = '5a'.repeat(32);
  const begun = async (fixture: SealedFixture) => {
    const served = (cid: string): Uint8Array | null => {
      for (const [file, { node, blocks }] of fixture.store.files) {
        if (file === cid) return encodeFileNode(node).bytes;
        const block = blocks[node.blocks.indexOf(cid)];
        if (block !== undefined) return block;
      }
      return null;
    };
    const world = await begin({ peer: served });
    for (const file of sealedFiles(fixture.manifest)) await world.outputs.fetchSealed(agent, JOB, file, () => undefined, signal);
    return world;
  };

  test('are kept as they came, and become readable files with the key; told of only then', async () => {
    const fixture = await sealedFixture(K, { 'y.npy': content, 'empty.txt': new Uint8Array() }, JOB);
    const { outputs, blocks, told } = await begun(fixture);
    await outputs.checkSealed(fixture.manifest, signal);
    expect(told).toEqual([]);
    const opening = await outputs.open(fixture.manifest, K, signal);
    expect(opening).toMatchObject({ type: 'opened', outputs: [{ name: 'empty.txt', bytes: 0 }, output] });
    expect(told).toEqual(['stored empty.txt', 'stored y.npy']);
    expect(Buffer.compare(new Uint8Array((await blocks.content(file.cid)?.arrayBuffer()) ?? new ArrayBuffer()), content)).toBe(0);
    expect(await outputs.open(fixture.manifest, K, signal)).toEqual(opening);
  });

  test('cannot be other than the committed ones: before the key they are wrong, after it one block proves it', async () => {
    const cheat = await cheatingFixture(K, { 'y.npy': content }, 5, 'commitment', JOB);
    const { outputs, told } = await begun(cheat);
    await outputs.checkSealed(cheat.manifest, signal);
    await expect(outputs.open(cheat.manifest, '5b'.repeat(32), signal)).rejects.toMatchObject({ code: 'key-wrong' });
    expect(await outputs.open(cheat.manifest, K, signal)).toMatchObject({ type: 'wrong', file: 'y.npy' });
    expect(told).toEqual([]);
    const other = { ...cheat.manifest, delivery: { ...cheat.manifest.delivery, plaintextRoot: '11'.repeat(32) } };
    await expect(outputs.checkSealed(other, signal)).rejects.toMatchObject({ code: 'outputs-wrong' });
  });
});

describe('the check', () => {
  const evaluation = { graph: 'y.npy', feeds: {}, batchSize: null, metric: { name: 'accuracy', output: 'accuracy' } };
  const score: OutputCheck = { type: 'score', evaluation, files: {}, atLeast: 0.9 };
  const spec = { ...sampleSpec, inputs: [] };

  test('scores what was stored, once, however often a person is waited for', async () => {
    let scored = 0;
    const seen: (CheckResult | NunetError)[] = [];
    const { outputs } = await begin({
      check: score,
      scorer: {
        score: async ({ file: fileOf }) => {
          scored += 1;
          return fileOf('y.npy').size / content.length;
        },
      },
      decide: async (found) => {
        seen.push(found);
        throw new NunetError('undecided', 'not yet');
      },
    });
    await outputs.fetch(agent, JOB, output, () => undefined, signal);
    for (let n = 0; n < 3; n++) await expect(outputs.check(spec, manifest, signal)).rejects.toMatchObject({ code: 'undecided' });
    expect(scored).toBe(1);
    expect(seen).toEqual(Array.from({ length: 3 }, () => ({ accept: true, score: 1, detail: 'accuracy 1.0000, want at least 0.9' })));
  });

  test('one that cannot be run is told to the person as that, and is no answer by itself', async () => {
    const unavailable = new NunetError('score-unavailable', 'no frame');
    const scorer = { score: () => Promise.reject(unavailable) };
    const alone = await begin({ check: score, scorer });
    await alone.outputs.fetch(agent, JOB, output, () => undefined, signal);
    await expect(alone.outputs.check(spec, manifest, signal)).rejects.toBe(unavailable);
    const asked = await begin({
      check: score,
      scorer,
      decide: async (found) => ({ accept: true, score: null, detail: (found as Error).message }),
    });
    await asked.outputs.fetch(agent, JOB, output, () => undefined, signal);
    expect(await asked.outputs.check(spec, manifest, signal)).toEqual({ accept: true, score: null, detail: 'no frame' });
  });
});

test('a flood of lines leaves turns for others', async () => {
  const { outputs, told } = await begin();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  for (let line = 0; line < 5_000; line++) await outputs.appendLog(JOB, line, `line ${line}`);
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(5);
  expect(told.filter((one) => one === 'line')).toHaveLength(5_000);
  expect(await outputs.logLength(JOB)).toBe(5_000);
});

// The command as an owner runs it: real processes, a hub to measure the network with, an agent that another one challenges.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { advert, MAX_ADVERT_BYTES } from '@nunet/shared/advert.ts';
import { benchmark, type Benchmark } from '@nunet/shared/benchmark.ts';
import { encode } from '@nunet/shared/encoding.ts';
import { sampleAdvert } from '@nunet/shared/samples.ts';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CP_ADDRESS, fixtureRecord } from '../agent-fixtures.ts';
import { advertised, readBenchmark, writeBenchmark } from '../benchmark/benchmark-file.ts';
import { peerKeyOfSeed } from '../network/identity.ts';

const main = resolve(import.meta.dirname, '../main.ts');
const pin = signerOf(new Uint8Array(32).fill(42));
const children = new Set<ChildProcess>();
let folder: string;
let devnet: Devnet;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'benchmark-'));
  devnet = await startDevnet();
  await writeFile(join(folder, 'record'), await signNetworkRecord(fixtureRecord(), [pin]));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await devnet.stop();
  await rm(folder, { recursive: true, force: true });
});

function agent(args: string): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  return child;
}
async function done(args: string): Promise<{ code: number; out: string; err: string }> {
  const child = agent(args);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}
async function ready(child: ChildProcess): Promise<{ peerId: string; addresses: string[] }> {
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Awaited<ReturnType<typeof ready>>;
  throw new Error('the agent ended');
}

describe('nunet-agent benchmark', () => {
  it('measures, signs and keeps, with the network by a hub; and another machine has the agent prove it', async () => {
    const { addresses: hubs } = await ready(agent(`hub --data ${folder}/hub --network devnet --listen-tcp 127.0.0.1:0 --json`));
    const data = `${folder}/agent`;
    const trust = `--network devnet --network-record ${folder}/record --pinned ${pin.publicKey} --chain ${devnet.url}`;
    const onboard = `onboard --data ${data} ${trust} --address ${CP_ADDRESS} --cpus 50 --memory 40 --disk 10 --yes --accept-terms --engine off --listen-tcp 127.0.0.1:0 --hub ${hubs[0]}`;
    expect((await done(onboard)).code).toBe(0);
    const made = await done(`benchmark --data ${data} --json`);
    expect(made.code, made.err).toBe(0);
    const { version, peerId, ...result } = JSON.parse(made.out) as Benchmark & { version: number; peerId: string };
    expect(version).toBe(1);
    expect(benchmark.parse(result).networkBytesPerSecond).toBeGreaterThan(0);
    expect(result.cpuFlops).toBeGreaterThan(1e7);
    expect(await readBenchmark(`${data}/benchmark.json`, { network: 'devnet', peerId })).toEqual(result);
    expect((await stat(`${data}/benchmark.json`)).mode & 0o777).toBe(0o600);

    const { addresses } = await ready(agent(`start --data ${data} --json --allow-below-floor`));
    const asked = await done(`benchmark --network devnet --peer ${addresses[0]} --size 256 --deadline 30000 --json`);
    expect(asked.code, asked.err).toBe(0);
    expect(JSON.parse(asked.out)).toMatchObject({
      version: 1,
      size: 256,
      flops: expect.any(Number),
      networkBytesPerSecond: expect.any(Number),
    });
  }, 240_000);

  it('says what is wrong with its flags', async () => {
    expect(await done('benchmark --peer /ip4/127.0.0.1/tcp/1')).toMatchObject({ code: 2, err: expect.stringContaining('peer id') });
    expect(await done('benchmark --via nonsense')).toMatchObject({ code: 2, err: expect.stringContaining('--via must be') });
    const peer = '/ip4/127.0.0.1/tcp/1/p2p/x';
    expect(await done(`benchmark --peer ${peer} --size 5000`)).toMatchObject({ code: 2, err: expect.stringContaining('64 to 2048') });
    expect(await done(`benchmark --peer ${peer} --network mainnet`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('devnet, preview or preprod'),
    });
  }, 120_000);
});

describe('the kept benchmark', () => {
  const gpu = { name: 'G'.repeat(100), flops: 1.2345e15, memoryBytes: 2 ** 40 };
  const result: Benchmark = {
    v: 1,
    measuredAt: 1_800_000_000_000,
    cpuFlops: 123_456_789_012,
    cpuFlopsAll: 1_234_567_890_123,
    memoryBytesPerSecond: 12_345_678_901,
    diskWriteBytesPerSecond: 1_234_567_890,
    diskReadBytesPerSecond: null,
    networkBytesPerSecond: 123_456_789,
    gpus: Array.from({ length: 16 }, () => gpu),
  };

  it('cannot be taken from another agent, altered, or read as a newer version', async () => {
    const [mine, other] = [peerKeyOfSeed(new Uint8Array(32).fill(1)), peerKeyOfSeed(new Uint8Array(32).fill(2))];
    const path = join(folder, 'kept.json');
    expect(await readBenchmark(path, { network: 'devnet', peerId: mine.peerId })).toBeNull();
    await writeBenchmark(path, result, { network: 'devnet', ...mine });
    expect(await readBenchmark(path, { network: 'devnet', peerId: mine.peerId })).toEqual(result);
    const refused = { code: 'benchmark-invalid' };
    await expect(readBenchmark(path, { network: 'devnet', peerId: other.peerId })).rejects.toMatchObject(refused);
    await expect(readBenchmark(path, { network: 'preprod', peerId: mine.peerId })).rejects.toMatchObject(refused);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"version": 1', '"version": 2'));
    await expect(readBenchmark(path, { network: 'devnet', peerId: mine.peerId })).rejects.toMatchObject(refused);
    await writeFile(path, text.replace(/00/, '01'));
    await expect(readBenchmark(path, { network: 'devnet', peerId: mine.peerId })).rejects.toMatchObject(refused);
  });

  it('fits an advert beside a dozen addresses, however many GPUs there are', () => {
    const long = `/dns4/${'a'.repeat(60)}.example.org/udp/65535/webrtc-direct/certhash/uEi${'A'.repeat(45)}/p2p/${sampleAdvert.peerId}`;
    const full = { ...sampleAdvert, addresses: Array.from({ length: 12 }, () => long), ...advertised(result) };
    expect(advert.parse(full).benchmark?.gpus).toHaveLength(4);
    expect(encode(full).length).toBeLessThan(MAX_ADVERT_BYTES);
  });
});

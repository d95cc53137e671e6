import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CP_ADDRESS, fixtureRecord } from '../agent-fixtures.ts';

const main = resolve(import.meta.dirname, '../main.ts');
const pin = signerOf(new Uint8Array(32).fill(42));

let folder: string;
let devnet: Devnet;
let record: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-'));
  devnet = await startDevnet();
  record = join(folder, 'network.record');
  await writeFile(record, await signNetworkRecord(fixtureRecord(), [pin]));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await devnet.stop();
  await rm(folder, { recursive: true, force: true });
});

function agent(args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function done(args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = agent(args);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** The first line that it prints; fails with what it complained of. */
async function ready(child: ChildProcess): Promise<{ peerId: string; addresses: string[]; sandbox: string }> {
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Awaited<ReturnType<typeof ready>>;
  throw new Error(`the agent ended: ${err}`);
}

const onboardFlags = (data: string): string[] => {
  const trust = `--network devnet --network-record ${record} --pinned ${pin.publicKey} --chain ${devnet.url}`;
  const offer = `--address ${CP_ADDRESS} --cpus 50 --memory 40 --disk 10 --yes --accept-terms --engine off`;
  return `onboard --data ${data} ${trust} ${offer} --listen-tcp 127.0.0.1:0 --listen-webrtc 127.0.0.1:0`.split(' ');
};

describe('nunet-agent', () => {
  it('onboards with flags alone, keeps secrets to its owner, and says what is wrong', async () => {
    const data = join(folder, 'onboarded');
    const { code, out } = await done(onboardFlags(data));
    expect(code).toBe(0);
    expect(out).toContain(`Pay goes to ${CP_ADDRESS}`);
    for (const file of ['config.json', 'peer.key']) expect((await stat(join(data, file))).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(join(data, 'config.json'), 'utf8'))).toMatchObject({
      version: 2,
      share: { cpus: 50, memory: 40, disk: 10 },
    });

    expect(await done(onboardFlags(data))).toMatchObject({ code: 1, err: expect.stringContaining('--force') });
    const wrong = onboardFlags(join(folder, 'wrong')).map((arg) => (arg === '50' ? '95' : arg));
    expect(await done(wrong)).toMatchObject({ code: 2, err: expect.stringMatching(/--cpus: .*90/) });
    expect(await done(['onboard', '--cpu', '50'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no flag --cpu\. Allowed: .*--cpus/),
    });
    expect(await done(['frobnicate'])).toMatchObject({ code: 2, err: expect.stringContaining('onboard, doctor, start') });
    expect((await done(['start', '--help'])).out).toContain('--allow-below-floor');
    expect(await done(['start', '--data', join(folder, 'nowhere')])).toMatchObject({ code: 1, err: expect.stringContaining('onboard') });
  });

  it('starts, answers status, refuses a second start, rests below 180 MB, and stops on SIGTERM', async () => {
    const data = join(folder, 'started');
    await done(onboardFlags(data));
    expect(await done(['status', '--data', data])).toMatchObject({ code: 3, out: expect.stringContaining('not running') });
    const child = agent(['start', '--data', data, '--json', '--allow-below-floor']);
    const { peerId, addresses } = await ready(child);
    expect(addresses.some((address) => address.includes('/webrtc-direct/certhash/'))).toBe(true);

    const status = await done(['status', '--data', data, '--json']);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({ running: true, peerId, jobs: [], earnedBaseUnits: '0', payoutAddress: CP_ADDRESS });
    expect(await done(['start', '--data', data])).toMatchObject({ code: 1, err: expect.stringContaining('holds') });

    const twin = join(folder, 'twin');
    await cp(data, twin, { recursive: true, filter: (path) => !path.endsWith('.lock') && !path.endsWith('.sock') });
    expect(await done(['start', '--data', twin])).toMatchObject({ code: 1, err: expect.stringMatching(/Cannot start agent 12D3.* holds/) });

    const rss = Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
    console.log(`agent at rest: ${rss.toFixed(0)} MB`);
    expect(rss).toBeLessThan(180);

    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const again = agent(['start', '--data', data, '--json', '--allow-below-floor']);
    const second = await ready(again);
    expect(second.peerId).toBe(peerId);
    const certhash = (all: string[]): string | undefined => /certhash\/([^/]+)/.exec(all.join())?.[1];
    expect(certhash(second.addresses)).toBe(certhash(addresses));
    again.kill('SIGKILL');
    await once(again, 'exit');
    expect((await done(['status', '--data', data])).code).toBe(3);
  });

  it('is examined by doctor, which asks whom the agent would ask', async () => {
    const data = join(folder, 'examined');
    await done(onboardFlags(data));
    const examined = await done(['doctor', '--data', data, '--json', '--only', 'folder,network']);
    const { findings } = JSON.parse(examined.out) as { findings: { check: string; state: string }[] };
    const states = Object.fromEntries(findings.map(({ check, state }) => [check, state]));
    expect(states).toMatchObject({
      folder: 'pass',
      config: 'pass',
      key: 'pass',
      payout: 'warn',
      chain: 'pass',
      clock: 'pass',
      hubs: 'warn',
    });
    expect(findings.find(({ check }) => check === 'oracles')?.state).toBe('fail');
  });

  it('is reached through a hub when it listens on nothing itself', async () => {
    const hub = agent(`hub --data ${join(folder, 'hub')} --network devnet --listen-ws 127.0.0.1:0 --json`.split(' '));
    const [at = ''] = (await ready(hub)).addresses;
    const data = join(folder, 'hidden');
    const unheard = onboardFlags(data).map((arg) => (arg === '127.0.0.1:0' ? 'off' : arg));
    expect(await done([...unheard, '--listen-relay', '--hub', at])).toMatchObject({ code: 0 });
    const child = agent(['start', '--data', data, '--json', '--allow-below-floor']);
    const { peerId } = await ready(child);
    await vi.waitFor(async () => {
      const { addresses } = JSON.parse((await done(['status', '--data', data, '--json'])).out) as { addresses: string[] };
      expect(addresses).toContain(`${at}/p2p-circuit/webrtc/p2p/${peerId}`);
    }, 20_000);
    for (const process of [child, hub]) {
      process.kill('SIGTERM');
      await once(process, 'exit');
    }
  });

  it('refuses a network record that the pinned keys did not sign', async () => {
    const data = join(folder, 'untrusted');
    const flags = onboardFlags(data).map((arg) => (arg === pin.publicKey ? '00'.repeat(32) : arg));
    await done(flags);
    expect(await done(['start', '--data', data])).toMatchObject({ code: 1, err: expect.stringContaining('pinned keys signed it') });
  });

  /** All files and packages that a program loads. */
  async function loadedBy(entry: string): Promise<{ files: string[]; packages: string[] }> {
    const seen = new Set<string>();
    const outside = new Set<string>();
    const walk = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = await readFile(file, 'utf8');
      // Static and dynamic imports alike; type-only imports load nothing.
      for (const [, clause = '', path = ''] of text.matchAll(/(?:^|\n)\s*(?:import|export)\s([^;'"]*?from\s*)?['"]([^'"]+)['"]|$^/g)) {
        if (!/^type\b/.test(clause.trim())) await follow(path, file);
      }
      for (const [, path = ''] of text.matchAll(/import\(\s*['"]([^'"]+)['"]/g)) await follow(path, file);
    };
    const follow = async (path: string, from: string): Promise<void> => {
      if (path.startsWith('.')) await walk(resolve(dirname(from), path));
      else if (path.startsWith('@nunet/')) await walk(resolve(import.meta.dirname, '../..', path.slice('@nunet/'.length)));
      else outside.add(path);
    };
    await walk(resolve(import.meta.dirname, entry));
    const root = resolve(import.meta.dirname, '../..');
    return { files: [...seen].map((file) => file.slice(root.length + 1)), packages: [...outside] };
  }

  it('cannot load a wallet signer or a transaction builder with start', async () => {
    // The honest twin: the walk does find them where they are loaded.
    expect((await loadedBy('run.ts')).packages).toContain('@meshsdk/core');
    const { files, packages } = await loadedBy('start.ts');
    expect(files).toContain('node-agent/agent.ts');
    expect(files.length).toBeGreaterThan(60);
    expect(packages.filter((name) => /mesh|wallet|blaze|lucid|scalus/i.test(name))).toEqual([]);
    const signing = /^contracts\/(draft|lock|settle|reclaim|sign|balance|deploy)\.ts$|wallet|^node-agent\/run\//;
    expect(files.filter((file) => signing.test(file))).toEqual([]);
    expect(files.filter((file) => file.endsWith('commands/run.ts') || file.endsWith('main.ts'))).toEqual([]);
  });

  it("cannot open a container engine's socket in the agent's own process", async () => {
    // The honest twin: the helper's process does load what speaks to an engine.
    expect((await loadedBy('../executor/container/engine-helper.ts')).packages).toContain('dockerode');
    const { files, packages } = await loadedBy('start.ts');
    expect(files).toContain('node-agent/executor/container/container.ts');
    expect(packages.filter((name) => /dockerode|docker-modem/.test(name))).toEqual([]);
    expect(files.filter((file) => /container\/(engine|helper-desk|limits|images|job-container|probe)\.ts$/.test(file))).toEqual([]);
  });
});

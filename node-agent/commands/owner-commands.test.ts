// A real agent process, its terminal, and a peer in the place of the extension.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { PeerFailure } from '@nunet/shared/exchange.ts';
import { signNetworkRecord } from '@nunet/shared/network-record.ts';
import type { OwnerAnswer, OwnerOrder } from '@nunet/shared/owner-command.ts';
import { ownerStatus } from '@nunet/shared/owner-views.ts';
import { fingerprintOf, pairingProof, parsePairingCode } from '@nunet/shared/pairing-code.ts';
import { request } from '@nunet/shared/peer-client.ts';
import { signerOf, signStatement } from '@nunet/shared/signature.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fixtureRecord } from '../agent-fixtures.ts';
import { writeConfig } from '../config.ts';
import { sampleConfig } from '../config-fixture.ts';
import { dialingNode } from '../network/loopback-nodes.ts';
import type { NetworkNode } from '../network/node.ts';

const main = resolve(import.meta.dirname, '../main.ts');
const pin = signerOf(new Uint8Array(32).fill(42));
const owner = signerOf(new Uint8Array(32).fill(9));

let folder: string;
let data: string;
let devnet: Devnet;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'owner-commands-'));
  data = join(folder, 'agent');
  devnet = await startDevnet();
  const record = join(folder, 'network.record');
  await writeFile(record, await signNetworkRecord(fixtureRecord(), [pin]));
  await writeConfig(
    join(data, 'config.json'),
    sampleConfig({
      networkRecord: record,
      pinned: { keys: [pin.publicKey], threshold: 1 },
      chainUrl: devnet.url,
      listen: { tcp: '127.0.0.1:0', ws: null, webrtc: null, relay: false },
      share: { cpus: 50, memory: 40, disk: 10 },
      containers: { engine: 'off', socket: null, runtime: 'auto', packageIndex: null },
    }),
  );
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await devnet.stop();
  await rm(folder, { recursive: true, force: true });
});

function agent(args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args, '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function terminal(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = agent(args);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

async function started(): Promise<{ child: ChildProcess; peerId: string; addresses: string[]; said: string[] }> {
  const child = agent(['start', '--json', '--allow-below-floor']);
  const said: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  if (child.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, said, ...(JSON.parse(line) as { peerId: string; addresses: string[] }) };
  }
  throw new Error(`the agent ended: ${said.join('')}`);
}

/** The extension's part. */
function extension(node: NetworkNode, target: { peerId: string; addresses: string[] }) {
  let counter = Date.now();
  const signal = (): AbortSignal => AbortSignal.timeout(20_000);
  return {
    pair: async (typed: string): Promise<void> => {
      const { secret, fingerprint } = parsePairingCode(typed);
      expect(fingerprint).toBe(fingerprintOf(target.peerId));
      const parties = { network: 'devnet', agent: target.peerId, caller: node.peerId, owner: owner.publicKey, name: 'laptop' } as const;
      const answer = await request(
        node,
        target,
        'pair',
        { v: 1, network: 'devnet', owner: owner.publicKey, name: 'laptop', proof: pairingProof(secret, 'owner', parties) },
        signal(),
      );
      expect(answer.proof).toBe(pairingProof(secret, 'agent', parties));
    },
    order: async (order: OwnerOrder): Promise<OwnerAnswer> => {
      const body = {
        v: 1 as const,
        network: 'devnet' as const,
        agent: target.peerId,
        owner: owner.publicKey,
        counter: (counter += 1),
        expiresAt: Date.now() + 30_000,
        order,
      };
      const { envelope } = await signStatement('owner-command', body, owner);
      return request(node, target, 'owner', { envelope }, signal());
    },
  };
}
const valueOf = (answer: OwnerAnswer): unknown => JSON.parse(answer.type === 'done' ? answer.json : 'null');

describe('an agent and its owner', () => {
  it('pair by the code of the terminal; what widens waits for the terminal; revoked at the terminal it is over; a pause outlives a restart', async () => {
    expect(await terminal('pair')).toMatchObject({ code: 1, err: expect.stringContaining('none runs in') });
    const running = await started();
    const target = { peerId: running.peerId, addresses: running.addresses };
    const ours = extension(await dialingNode('owner'), target);

    // The terminal waits until the code was used.
    const pairing = agent(['pair']);
    let shown = '';
    pairing.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    await vi.waitFor(() => expect(shown).toMatch(/([0-9A-Z]{5}-){4}[0-9A-Z]{5}/), 20_000);
    await ours.pair(/([0-9A-Z]{5}-){4}[0-9A-Z]{5}/.exec(shown)?.[0] ?? '');
    expect(await once(pairing, 'close')).toEqual([0, null]);
    expect(shown).toContain('Paired: laptop controls this agent now');
    expect(running.said.join('')).not.toMatch(/([0-9A-Z]{5}-){4}[0-9A-Z]{5}/);
    expect((await stat(join(data, 'owners.json'))).mode & 0o777).toBe(0o600);
    expect(await terminal('pair')).toMatchObject({
      code: 1,
      err: expect.stringContaining('laptop as owner already. Run again with --another'),
    });

    expect(ownerStatus.parse(valueOf(await ours.order({ type: 'status' })))).toMatchObject({ peerId: running.peerId, pausedBy: null });
    const answer = await ours.order({ type: 'change', change: { share: { cpus: 80, memory: 40, disk: 10 } } });
    if (answer.type !== 'pending') throw new Error('it was carried out');
    const waiting = await terminal('confirm');
    expect(waiting.out).toContain(`${answer.confirmation}  laptop asks for the share of the CPUs from 50 % to 80 %`);
    expect(await terminal('confirm', 'XXXX', '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing of that name waits'),
    });
    expect(await terminal('confirm', answer.confirmation)).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(await terminal('confirm', answer.confirmation, '--yes')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Done: the share'),
    });
    expect(JSON.parse(await readFile(join(data, 'config.json'), 'utf8'))).toMatchObject({ share: { cpus: 80 } });

    expect(valueOf(await ours.order({ type: 'pause' }))).toEqual({ pausedBy: 'owner' });
    running.child.kill('SIGTERM');
    expect(await once(running.child, 'exit')).toEqual([0, null]);
    const again = await started();
    expect(again.said.join('')).toContain('the agent is paused');
    const later = extension(await dialingNode('owner later'), { peerId: again.peerId, addresses: again.addresses });
    expect(ownerStatus.parse(valueOf(await later.order({ type: 'status' })))).toMatchObject({
      pausedBy: 'owner',
      settings: { share: { cpus: 80 } },
    });
    expect(valueOf(await later.order({ type: 'resume' }))).toEqual({ pausedBy: null });

    expect((await terminal('owners')).out).toContain(`${owner.publicKey.slice(0, 16)}...  laptop, added `);
    expect(await terminal('owners', 'revoke')).toMatchObject({ code: 2 });
    expect(await terminal('owners', 'revoke', '--key', owner.publicKey.slice(0, 12))).toMatchObject({
      code: 0,
      out: expect.stringContaining('Revoked: laptop'),
    });
    const refused = await later.order({ type: 'status' }).catch((error: unknown) => error);
    expect(refused instanceof PeerFailure ? refused.peerCode : refused).toBe('owner-revoked');
    expect((await terminal('owners')).out).toContain('REVOKED');
    again.child.kill('SIGTERM');
    await once(again.child, 'exit');
    // Without a running agent its file is read.
    expect((await terminal('owners', 'list', '--json')).out).toContain('"name": "laptop"');
  });
});

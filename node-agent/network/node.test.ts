// The node itself: what stays the same over a restart, whom it lets in, whom it dials.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { multiaddr } from '@multiformats/multiaddr';
import { expect, onTestFinished, test, vi } from 'vitest';
import { addressOf, dialingNode, LOOPBACK, loopbackNode, sampleKey, TRANSPORTS } from './loopback-nodes.ts';
import { createNode } from './node.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-node-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A node in a process of its own: the native WebRTC library gives its UDP port back only when the process ends. */
async function nodeProcess(datastorePath: string, port: number): Promise<{ address: string; kill: () => Promise<void> }> {
  const program = `
    import { createNode } from ${JSON.stringify(new URL('./node.ts', import.meta.url).href)};
    const node = await createNode({ network: 'devnet', privateKey: Buffer.from('${Buffer.from(sampleKey('agent').seed).toString('hex')}', 'hex'),
      listen: { webrtcDirect: { host: '127.0.0.1', port: ${port} } }, datastorePath: ${JSON.stringify(datastorePath)},
      hub: false, allowPrivate: true, signal: new AbortController().signal });
    console.log(node.addresses()[0]);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { address: line.toString().trim(), kill };
}

test('has the same address after kill -9 and a restart, certhash included, and the old address reaches it', async () => {
  const datastorePath = join(await temporaryFolder(), 'store');
  const first = await nodeProcess(datastorePath, 0);
  expect(first.address).toContain(`/p2p/${sampleKey('agent').peerId}`);
  await first.kill();
  const second = await nodeProcess(datastorePath, Number(/\/udp\/(\d+)\//.exec(first.address)?.[1]));
  expect(second.address).toBe(first.address);
  const dialer = await dialingNode('service provider');
  const connection = await dialer.libp2p.dial(multiaddr(first.address));
  expect(connection.remotePeer.toString()).toBe(sampleKey('agent').peerId);
});

test('a port that is taken ends in a plain message, and leaves nothing locked', async () => {
  const datastorePath = join(await temporaryFolder(), 'store');
  const first = await loopbackNode('agent');
  const port = Number(/\/tcp\/(\d+)/.exec(addressOf(first, 'tcp'))?.[1]);
  const options = {
    network: 'devnet' as const,
    privateKey: sampleKey('other').seed,
    datastorePath,
    hub: false,
    allowPrivate: true,
    signal: new AbortController().signal,
  };
  await expect(createNode({ ...options, listen: { tcp: { host: '127.0.0.1', port } } })).rejects.toMatchObject({ code: 'listen-failed' });
  await (await createNode({ ...options, listen: { tcp: LOOPBACK } })).stop();
});

test('a store that another agent has open, or that belongs to another key, is refused', async () => {
  const datastorePath = join(await temporaryFolder(), 'store');
  const first = await loopbackNode('agent', { datastorePath });
  await expect(loopbackNode('agent', { datastorePath })).rejects.toMatchObject({ code: 'datastore-locked' });
  await first.stop();
  await expect(loopbackNode('other', { datastorePath })).rejects.toMatchObject({ code: 'datastore-foreign' });
});

test('stops when its signal aborts', async () => {
  const stopping = new AbortController();
  const node = await loopbackNode('agent', { signal: stopping.signal });
  stopping.abort();
  await node.stop();
  expect(node.signal.aborted).toBe(true);
  expect(node.addresses()).toEqual([]);
});

test.each(TRANSPORTS)('cannot open more than four connections a peer (%s)', async (transport) => {
  const node = await loopbackNode('agent');
  const dialer = await dialingNode('service provider');
  const address = multiaddr(addressOf(node, transport));
  let most = 0;
  node.libp2p.addEventListener('connection:open', () => (most = Math.max(most, node.libp2p.getConnections().length)));
  for (let index = 0; index < 6; index++) await dialer.libp2p.dial(address, { force: true }).catch(() => undefined);
  await vi.waitFor(() => expect(most).toBe(4));
});

test('strangers cannot take the slots that are kept for reserved peers', async () => {
  const node = await loopbackNode('agent', { maxConnections: 4 });
  const address = multiaddr(addressOf(node, 'tcp'));
  const strangers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => dialingNode(name)));
  for (const stranger of strangers) await stranger.libp2p.dial(address).catch(() => undefined);
  await vi.waitFor(() => expect(node.libp2p.getConnections()).toHaveLength(3));
  const owner = await dialingNode('owner');
  node.reserve(owner.peerId);
  expect((await owner.libp2p.dial(address)).remotePeer.toString()).toBe(node.peerId);
  await vi.waitFor(() => expect(node.libp2p.getPeers().map(String)).toContain(owner.peerId));
  expect(node.libp2p.getConnections()).toHaveLength(4);
});

test('cannot be led to dial private addresses off the devnet, unless they are of a paired peer', async () => {
  const inside = await loopbackNode('agent');
  const outside = await dialingNode('service provider', { allowPrivate: false });
  const address = multiaddr(addressOf(inside, 'tcp'));
  await expect(outside.libp2p.dial(address)).rejects.toThrow();
  outside.reserve(inside.peerId);
  expect((await outside.libp2p.dial(address)).remotePeer.toString()).toBe(inside.peerId);
});

test('announces no private address off the devnet', async () => {
  const node = await loopbackNode('agent', { allowPrivate: false });
  expect(node.addresses()).toEqual([]);
});

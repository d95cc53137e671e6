// The network frame of the built extension in a real Chromium, against real nodes on loopback: every way to an agent, and what
// happens when a part of the way is taken away.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNode, type NetworkNode, type NodeOptions } from '@nunet/node-agent/network/node.ts';
import { keepHubs } from '@nunet/node-agent/network/hubs.ts';
import { serve } from '@nunet/node-agent/network/protocol.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { follow, request } from '@nunet/shared/peer-client.ts';
import { PROTOCOLS } from '@nunet/shared/wire.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { PeerLine } from '../bench/browser-network-peer.ts';
import { startProcess } from '../network/process.ts';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { sendCredited } from './credited-stream.ts';
import { until } from './driver.ts';
import { FIREFOX, openFirefox } from './firefox.ts';
import type { NetworkPage } from './network-page.ts';
import { evaluateIn, runInPage, type Remote } from './page-script.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const MEGABYTES = 20;
const jobId = cidOf(encode('a job'));

/** Sends on the follow protocol until told to stop, so that a test can take things away in the middle. */
interface Agent {
  node: NetworkNode;
  target: { peerId: string; addresses: string[] };
  stopSending(): void;
  sentBytes(): number;
}

/**
 * A peer that can be killed: node-datachannel 0.33.4 crashes the process in which a listener is stopped while a browser still
 * asks it for STUN (IceUdpMuxListener::UnhandledStunRequestCallback, seen in 6 of 8 runs), so no test stops one in its own.
 */
async function peerProcess(args: string[]): Promise<{ peer: PeerLine; kill: () => Promise<void> }> {
  const child = startProcess({
    name: 'peer',
    file: join(import.meta.dirname, '../bench/browser-network-peer.ts'),
    args,
    logFile: join(tmpdir(), `nunet-peer-${process.pid}.log`),
  });
  onTestFinished(() => child.kill());
  return { peer: (await child.line((line) => 'bareUrl' in line, 60_000)) as unknown as PeerLine, kill: () => child.kill() };
}

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  let browser: Chromium;
  let net: Remote<NetworkPage>;
  const nodes: NetworkNode[] = [];

  const node = async (options: Partial<NodeOptions>): Promise<NetworkNode> => {
    const made = await createNode({
      network: 'devnet',
      privateKey: randomBytes(32),
      listen: {},
      hub: false,
      allowPrivate: true,
      signal: new AbortController().signal,
      ...options,
    });
    nodes.push(made);
    return made;
  };

  /** `total` bytes as fast as the stream takes them; without it, a little every few milliseconds. */
  const agent = async (listen: NodeOptions['listen'], total?: number, hubs: readonly string[] = []): Promise<Agent> => {
    const made = await node({ listen });
    if (hubs.length > 0) {
      void keepHubs({ node: made, hubs, signal: made.signal });
      await until('the agent is reachable through its hub', async () => made.addresses().some((address) => address.includes('/webrtc/')));
    }
    let sent = 0;
    let isOver = false;
    await serve(made, 'answer', async () => ({ type: 'noted' }));
    await made.libp2p.handle(PROTOCOLS.follow.id, async (stream) => {
      if (total !== undefined) return sendCredited(stream, total);
      while (!isOver) {
        sent += 1000;
        stream.send(new Uint8Array(1000));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await stream.close();
    });
    const isWanted = (address: string): boolean => !address.includes('/p2p-circuit') || address.includes('/webrtc/');
    return {
      node: made,
      target: { peerId: made.peerId, addresses: made.addresses().filter(isWanted) },
      stopSending: () => (isOver = true),
      sentBytes: () => sent,
    };
  };

  const mount = (hubs: string[] = []): Promise<string> => net.mount({ seed: randomBytes(32).toString('hex'), hubs });
  const connections = async (): Promise<string[]> => (await net.status()).connections.map(({ address }) => address);

  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium });
  });
  beforeEach(async () => {
    // Beside the product's own host: a frame whose process dies takes down what Playwright calls a page, but not the document.
    await until('the host is there', async () => (await browser.targets.list()).some(({ url }) => url.endsWith('/offscreen.html')));
    net = await runInPage<NetworkPage>(evaluateIn(browser.targets, '/offscreen.html'), 'network-page.ts', 'nunetNetwork');
  });
  afterEach(async () => {
    await net.unmount();
    await Promise.all(nodes.splice(0).map((made) => made.stop()));
  });
  afterAll(() => browser?.close());

  test.each(['webrtc-direct', 'ws'])(
    `${MEGABYTES} MB from an agent come over %s through ports alone, and no byte is lost`,
    async (transport) => {
      const { target } = await agent(transport === 'ws' ? { ws: LOOPBACK } : { webrtcDirect: LOOPBACK }, MEGABYTES * 1e6);
      await mount();
      expect(await net.ask(target)).toMatchObject({ ms: expect.any(Number) as number });
      expect(await connections()).toEqual([expect.stringContaining(`/${transport}/`)]);
      expect((await net.read(target, 'follow')).bytes).toBe(MEGABYTES * 1e6);
      expect(await net.broken()).toEqual([]);
    },
  );

  test('a private address cannot be dialled off the devnet, except that of an own machine', async () => {
    const stranger = await agent({ webrtcDirect: LOOPBACK });
    const machine = await agent({ webrtcDirect: LOOPBACK });
    await net.mount({ seed: randomBytes(32).toString('hex'), hubs: [], allowPrivate: false });
    for (const { target } of [stranger, machine]) expect(await net.ask(target)).toMatchObject({ code: 'peer-unreachable' });
    expect(await net.ask({ ...machine.target, isOwn: true })).toMatchObject({ ms: expect.any(Number) as number });
    expect(await net.ask(stranger.target)).toMatchObject({ code: 'peer-unreachable' });
    expect(await connections()).toEqual([expect.stringContaining('/webrtc-direct/')]);
  });

  test('an agent that listens on nothing public is reached through a hub, and the stream goes on when the hub is gone', async () => {
    const { peer, kill } = await peerProcess(['--hub']);
    const hidden = await agent(
      { relay: true },
      undefined,
      peer.addresses.filter((address) => address.includes('/ws/')),
    );
    expect(hidden.target.addresses.every((address) => address.includes('/p2p-circuit/webrtc/'))).toBe(true);
    await mount();
    expect(await net.ask(hidden.target)).toMatchObject({ ms: expect.any(Number) as number });
    await net.begin(hidden.target, 'follow');
    await until('bytes flow', async () => hidden.sentBytes() > 10_000);
    await kill();
    const before = hidden.sentBytes();
    await until('bytes flow on', async () => hidden.sentBytes() > before + 100_000);
    hidden.stopSending();
    expect(await net.finish()).toEqual({ bytes: hidden.sentBytes() });
  });

  test('an agent reads from the browser over the connection that the browser made, and a replayer through a hub', async () => {
    const hub = await node({ listen: { ws: LOOPBACK }, hub: true });
    const direct = await agent({ webrtcDirect: LOOPBACK });
    const peerId = await mount(hub.addresses());
    await net.ask(direct.target);
    const wanted = { jobId, cids: [jobId] };
    const signal = AbortSignal.timeout(30_000);
    const text = ({ bytes }: { bytes: Uint8Array | null }): string => new TextDecoder().decode(bytes ?? new Uint8Array()).trimEnd();
    expect(text(await request(direct.node, peerId, 'blocks', wanted, signal))).toBe(`${jobId} for ${direct.node.peerId}`);
    const addresses = await until('the browser is reachable', async () => {
      const found = (await net.status()).addresses.filter((address) => address.includes('/webrtc/'));
      return found.length > 0 && found;
    });
    const replayer = await node({});
    expect(text(await request(replayer, { peerId, addresses }, 'blocks', wanted, signal))).toBe(`${jobId} for ${replayer.peerId}`);
    // What the browser does not serve, it does not speak.
    await expect(follow(replayer, peerId, { jobId, fromEvent: 0, fromLog: 0 }, signal).next()).rejects.toMatchObject({
      code: 'protocol-unsupported',
    });
  });

  test('when the process of the frame dies, its streams fail, it is mounted with the same key, and the next request works', async () => {
    const endless = await agent({ webrtcDirect: LOOPBACK });
    const peerId = await mount();
    await net.begin(endless.target, 'follow');
    await until('bytes flow', async () => endless.sentBytes() > 10_000);
    await browser.targets.crash('/net.html');
    expect(await net.finish()).toMatchObject({ code: 'stream-closed' });
    expect(await net.ask(endless.target)).toMatchObject({ ms: expect.any(Number) as number });
    const states = await net.states();
    expect(states.map(({ state }) => state)).toEqual(['starting', 'ready', 'gone', 'starting', 'ready']);
    expect(states.at(-1)).toMatchObject({ peerId, mount: 2, remounts: 1 });
  });

  test('an address where nobody is, and one that names another peer, are said to be out of reach', async () => {
    const { target } = await agent({ ws: LOOPBACK });
    const other = await agent({ ws: LOOPBACK });
    await mount();
    const nobody = { peerId: target.peerId, addresses: [`/ip4/127.0.0.1/tcp/1/ws/p2p/${target.peerId}`] };
    expect(await net.ask(nobody)).toMatchObject({ code: 'peer-unreachable' });
    expect(await net.ask({ peerId: target.peerId, addresses: other.target.addresses })).toMatchObject({ code: 'peer-unreachable' });
    expect(await net.ask({ peerId: target.peerId, addresses: ['no address', '/ip4/x/y'] })).toMatchObject({ code: 'peer-unreachable' });
    expect(await net.ask(target)).toMatchObject({ ms: expect.any(Number) as number });
  });
});

test.skipIf(FIREFOX === undefined)(`in Firefox the same frame brings ${MEGABYTES} MB over a WebSocket`, async () => {
  // Over loopback alone Firefox finds no WebRTC candidate, even where its preference allows loopback.
  const { peer } = await peerProcess(['--bytes', String(MEGABYTES * 1e6)]);
  const browser = await openFirefox();
  try {
    const page = await browser.install(inject('extension').firefox);
    const net = await runInPage<NetworkPage>((expression) => page.evaluate(expression), 'network-page.ts', 'nunetNetwork');
    const target = { peerId: peer.peerId, addresses: peer.addresses.filter((address) => address.includes('/ws/')) };
    await net.mount({ seed: randomBytes(32).toString('hex'), hubs: [] });
    expect(await net.ask(target)).toMatchObject({ ms: expect.any(Number) as number });
    expect((await net.read(target, 'follow')).bytes).toBe(MEGABYTES * 1e6);
    expect(await net.broken()).toEqual([]);
    await net.unmount();
  } finally {
    await browser.close();
  }
});

// The link to the host: what is asked while there is none, what dies with one, and what the next is told.
import { afterEach, expect, test, vi } from 'vitest';
import type { HostEvent, HostRequest } from '../host/messages.ts';
import { hostLink } from './host-link.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});
const channel = (): MessageChannel => {
  const made = new MessageChannel();
  ports.push(made.port1, made.port2);
  return made;
};

const begin = (more: Partial<Parameters<typeof hostLink>[0]> = {}) =>
  hostLink({
    serve: {},
    onHost: () => undefined,
    onDapps: () => undefined,
    now: () => performance.now(),
    onChange: () => undefined,
    ...more,
  });
const config = { seed: new Uint8Array(32), network: 'devnet' as const, allowPrivate: true, hubs: [] };

/** A host that keeps what it is asked. */
function host(link: ReturnType<typeof begin>) {
  const { port1, port2 } = channel();
  const asked: { request: HostRequest; port: MessagePort | undefined }[] = [];
  port1.onmessage = ({ data, ports: [port] }: MessageEvent<HostRequest>) => {
    asked.push({ request: data, port });
    if (port !== undefined) ports.push(port);
  };
  port2.start();
  link.attach(port2);
  return {
    asked,
    types: () => asked.map(({ request }) => request.type),
    say: (event: HostEvent, given?: MessagePort) => port1.postMessage(event, given === undefined ? [] : [given]),
  };
}

test('what was asked before a host was there reaches the first one', async () => {
  const link = begin();
  link.configure(config);
  const scoring = link.mountScoring();
  link.passPagePort(channel().port1);
  expect(link.state()).toMatchObject({ host: 'missing', frame: { state: 'gone', peerId: null } });
  const { asked, types } = host(link);
  await vi.waitFor(() => expect(types()).toEqual(['configure-network', 'score', 'network-port']));
  expect(asked[1]?.port).toBeInstanceOf(MessagePort);
  expect(link.state().host).toBe('ready');
  scoring.end();
  await vi.waitFor(() => expect(types().at(-1)).toBe('score-end'));
});

test('a frame that was mounted anew is attached anew, and what was open fails', async () => {
  const link = begin();
  const { types, say } = host(link);
  link.configure(config);
  say({ type: 'network', frame: { state: 'starting' }, mount: 1, remounts: 0 });
  await vi.waitFor(() => expect(types()).toEqual(['configure-network', 'network-port']));
  const opening = link.network.open('peer', 'run', AbortSignal.timeout(5_000), false);
  say({ type: 'network', frame: { state: 'gone', why: 'silent' }, mount: 1, remounts: 1 });
  await expect(opening).rejects.toThrow();
  say({ type: 'network', frame: { state: 'starting' }, mount: 2, remounts: 1 });
  await vi.waitFor(() => expect(types().filter((type) => type === 'network-port')).toHaveLength(2));
  say({ type: 'network', frame: { state: 'ready', peerId: 'me' }, mount: 2, remounts: 1 });
  await vi.waitFor(() => expect(link.state().frame).toMatchObject({ state: 'ready', peerId: 'me', remounts: 1 }));
});

test('a scoring whose frame went, or whose host did, knows of it', async () => {
  const link = begin();
  const first = host(link);
  const [one, two] = [link.mountScoring(), link.mountScoring()];
  first.say({ type: 'score-gone', id: 0, why: 'crashed' });
  await vi.waitFor(() => expect(one.gone.aborted).toBe(true));
  expect(two.gone.aborted).toBe(false);
  host(link);
  expect(two.gone.aborted).toBe(true);
  // A host that was replaced is not heard any more.
  first.say({ type: 'network', frame: { state: 'ready', peerId: 'old' }, mount: 1, remounts: 0 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(link.state().frame.peerId).toBeNull();
});

test('a transaction worker that failed is started again by the next build', async () => {
  const link = begin();
  const { types, say } = host(link);
  const warming = link.transactions.warm(AbortSignal.timeout(5_000));
  await vi.waitFor(() => expect(types()).toEqual(['transaction-worker']));
  say({ type: 'transaction-worker-failed' });
  await expect(warming).rejects.toMatchObject({ code: 'builder-unavailable' });
  link.transactions.warm(AbortSignal.timeout(5_000)).catch(() => undefined);
  await vi.waitFor(() => expect(types()).toEqual(['transaction-worker', 'transaction-worker']));
});

test('a port to the vault comes from the host that is there, or from the next one', async () => {
  let hosts = 0;
  const link = begin({ onHost: () => hosts++ });
  const early = link.openVault();
  const first = host(link);
  expect(hosts).toBe(1);
  // Whoever waited asks again when a host is there; the newest question is the one that is answered.
  const asked = link.openVault();
  await vi.waitFor(() => expect(first.types()).toEqual(['open-vault']));
  first.say({ type: 'vault-port' }, channel().port1);
  expect(await asked).toBeInstanceOf(MessagePort);
  expect(await Promise.race([early, Promise.resolve('nothing')])).toBe('nothing');
  host(link);
  expect(hosts).toBe(2);
});

test('cannot make the runner take a vault that it did not ask for', async () => {
  const link = begin();
  const { say } = host(link);
  const { port1, port2 } = channel();
  const closed = new Promise((resolve) => port2.addEventListener('close', resolve));
  port2.start();
  say({ type: 'vault-port' }, port1);
  await closed;
});

test('a port of web pages is handed on', async () => {
  const given: MessagePort[] = [];
  const link = begin({ onDapps: (port) => given.push(port) });
  host(link).say({ type: 'dapp-port' }, channel().port1);
  await vi.waitFor(() => expect(given).toHaveLength(1));
});

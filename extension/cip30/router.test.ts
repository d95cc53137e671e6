// Who gets through the background script: what the browser says of a port decides, and nothing that a page can write.
import { expect, test } from 'vitest';
import { askedFor, hostPorts } from './host-ports.ts';
import { portPair } from './port-pair.ts';
import { askerOf, join, refuse, type Sender } from './router.ts';
import { DAPP_PORT, REFUSED_DOCUMENT, ROUTED_PORT } from './wire.ts';

const ID = 'abcdefghijklmnopabcdefghijklmnop';
const DOCUMENT = '0123456789abcdef0123456789abcdef';
const NAME = DAPP_PORT + DOCUMENT;
const sender: Sender = { id: ID, origin: 'https://app.example', frameId: 0, tab: { id: 4 } };
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the top document of an http(s) page gets through, by its origin, tab and document', () => {
  expect(askerOf(NAME, sender, ID)).toEqual({ origin: 'https://app.example', frame: `4.${DOCUMENT}` });
  expect(askerOf(NAME, { ...sender, origin: 'http://127.0.0.1:8080' }, ID)?.origin).toBe('http://127.0.0.1:8080');
});

test.each([
  ['a frame', { frameId: 3 }],
  ['a document of opaque origin, whatever its address shows', { origin: 'null' }],
  ['a document whose origin the browser does not say', { origin: undefined }],
  ['a file', { origin: 'file://' }],
  ['a page of the extension itself', { origin: `chrome-extension://${ID}` }],
  ['an address in place of an origin', { origin: 'https://app.example/path' }],
  ['another extension', { id: 'ponmlkjihgfedcbaponmlkjihgfedcba' }],
  ['what belongs to no tab', { tab: undefined }],
  ['an origin without an end', { origin: `https://${'a'.repeat(400)}.example` }],
])('cannot get through: %s (Lace M-304)', (_what, change) => {
  expect(askerOf(NAME, { ...sender, ...change }, ID)).toBeNull();
});

test('cannot get through under another name, or with a document id of its own making', () => {
  for (const name of ['', DOCUMENT, DAPP_PORT, `${DAPP_PORT}short`, `${ROUTED_PORT}{}`, `${NAME}00`])
    expect(askerOf(name, sender, ID)).toBeNull();
  expect(askerOf(NAME, undefined, ID)).toBeNull();
});

test('cannot reach the host past the background script: what a content script says to it is not taken', () => {
  const own = { id: ID, origin: `chrome-extension://${ID}` };
  const asker = { origin: 'https://bank.example', frame: '1.a' };
  const message = ROUTED_PORT + JSON.stringify({ asker, ticket: DOCUMENT });
  const taken = { asker, portName: ROUTED_PORT + DOCUMENT };
  expect(askedFor(message, { id: ID, origin: own.origin }, own)).toEqual(taken);
  expect(askedFor(message, { id: ID }, own)).toEqual(taken);
  for (const from of [
    { id: ID, origin: 'https://evil.example', tab: { id: 1 }, frameId: 0 },
    { id: ID, origin: own.origin, tab: { id: 1 } },
    { id: ID, frameId: 0 },
    { tab: undefined },
    { id: ID, origin: 'https://evil.example' },
    { id: 'another', origin: own.origin },
    undefined,
  ])
    expect(askedFor(message, from, own)).toBeNull();
  expect(askedFor({ asker }, { id: ID }, own)).toBeNull();
});

test('cannot be the host for a document: a port without the ticket that was given out is ended', async () => {
  const told: string[] = [];
  let late = (): void => undefined;
  const ports = hostPorts({ ticket: () => DOCUMENT, tell: async (message) => void told.push(message), after: (_, act) => (late = act) });
  const opening = ports.open({ origin: 'https://app.example', frame: '1.a' });
  const [stranger, atStranger] = portPair(ROUTED_PORT + 'f'.repeat(32));
  let hasEnded = false;
  atStranger.onDisconnect.addListener(() => (hasEnded = true));
  expect(ports.take(stranger)).toBe(true);
  await settle();
  expect(hasEnded).toBe(true);
  const [host] = portPair(ROUTED_PORT + DOCUMENT);
  expect(ports.take(host)).toBe(true);
  expect(await opening).toBe(host);
  expect(told).toHaveLength(1);
  expect(ports.take(portPair(NAME)[0])).toBe(false);
  const silent = ports.open({ origin: 'https://app.example', frame: '1.a' });
  late();
  await expect(silent).rejects.toThrow('does not answer');
});

test('a document that may not come in is told so once, and its port ends', async () => {
  const [page, atRouter] = portPair(NAME);
  const heard: unknown[] = [];
  page.onMessage.addListener((message) => heard.push(message));
  page.onDisconnect.addListener(() => heard.push('end'));
  refuse(atRouter);
  await settle();
  expect(heard).toEqual([REFUSED_DOCUMENT, 'end']);
});

test('what a page says before the host is there waits, a bounded number of it', async () => {
  const [page, atRouter] = portPair(NAME);
  const [toHost, host] = portPair(ROUTED_PORT);
  const heard: unknown[] = [];
  host.onMessage.addListener((message) => heard.push(message));
  const made = Promise.withResolvers<typeof toHost>();
  join(atRouter, made.promise);
  for (let at = 0; at < 100; at++) page.postMessage(at);
  await settle();
  made.resolve(toHost);
  await settle();
  page.postMessage('later');
  await settle();
  expect(heard).toEqual([...Array.from({ length: 32 }, (_, at) => at), 'later']);
});

test('an end on either side is an end on the other', async () => {
  for (const side of ['page', 'host'] as const) {
    const [page, atRouter] = portPair(NAME);
    const [toHost, host] = portPair(ROUTED_PORT);
    join(atRouter, Promise.resolve(toHost));
    await settle();
    let hasEnded = false;
    (side === 'page' ? host : page).onDisconnect.addListener(() => (hasEnded = true));
    (side === 'page' ? page : host).disconnect();
    await settle();
    await settle();
    expect(hasEnded).toBe(true);
  }
});

test('a host that cannot be had ends the page’s port, so that it asks again', async () => {
  const [page, atRouter] = portPair(NAME);
  let hasEnded = false;
  page.onDisconnect.addListener(() => (hasEnded = true));
  join(atRouter, Promise.reject(new Error('no offscreen document')));
  await settle();
  await settle();
  expect(hasEnded).toBe(true);
});

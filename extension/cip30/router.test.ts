// Who gets through the background script: what the browser says of a port decides, and nothing that a page can write.
import { expect, test } from 'vitest';
import { routedAsker } from './host-relay.ts';
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

test('cannot reach the host past the background script: a content script’s own port is not taken', () => {
  const own = { id: ID, origin: `chrome-extension://${ID}` };
  const name = ROUTED_PORT + JSON.stringify({ origin: 'https://bank.example', frame: '1.a' });
  expect(routedAsker({ name, sender: { id: ID, origin: own.origin } }, own)).toEqual({ origin: 'https://bank.example', frame: '1.a' });
  expect(routedAsker({ name, sender: { id: ID } }, own)?.origin).toBe('https://bank.example');
  for (const from of [
    { id: ID, origin: 'https://evil.example', tab: { id: 1 }, frameId: 0 },
    { id: ID, origin: own.origin, tab: { id: 1 } },
    { id: ID, frameId: 0 },
    { tab: undefined },
    { id: ID, origin: 'https://evil.example' },
    { id: 'another', origin: own.origin },
    undefined,
  ])
    expect(routedAsker({ name, sender: from }, own)).toBeNull();
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

// Entry of vault.js, the SharedWorker that alone holds an open key. It takes what it needs of this browser and gives up everything that
// could carry a secret away, before any message is read.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { argon2 } from '../vault/argon2.ts';
import { aesGcm } from '../vault/cipher.ts';
import { serveVault } from '../vault/serve.ts';
import { openStore } from '../vault/store.ts';
import { secondVerify } from '../vault/verified-signature.ts';

/** Ways out of a worker, by name. `indexedDB` goes with them once the vault's own database has been asked for. */
const WAYS_OUT = [
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'WebSocketStream',
  'WebTransport',
  'EventSource',
  'BroadcastChannel',
  'caches',
  'importScripts',
  'indexedDB',
  'Worker',
  'SharedWorker',
  'navigator',
];

/** Where the property is on a prototype that cannot be changed, an own one hides it. */
function giveUp(scope: object, name: string): void {
  for (let at: object | null = scope; at !== null; at = Object.getPrototypeOf(at) as object | null) Reflect.deleteProperty(at, name);
  if (name in scope) Object.defineProperty(scope, name, { value: undefined, writable: false, configurable: false });
}

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {
  const { crypto, performance, setTimeout, clearTimeout } = globalThis;
  const end = (globalThis as { close?: () => void }).close?.bind(globalThis);
  const store = openStore();
  for (const name of WAYS_OUT) giveUp(globalThis, name);
  const connect = serveVault({
    store,
    kdf: argon2,
    cipher: aesGcm(crypto.subtle),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    now: () => ({ wallMs: Date.now(), ticksMs: performance.now() }),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    second: secondVerify(crypto.subtle),
    end: () => end?.(),
  });
  Object.assign(globalThis, {
    onconnect: ({ ports: [port] }: MessageEvent) => {
      if (port !== undefined) connect(port);
    },
  });
});
export default script;

// For tests: a whole vault behind real ports, on a database in memory, with a clock that the test moves and a password derivation that
// costs nothing. Only the derivation differs from what ships.
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { aesGcm } from './cipher.ts';
import { VaultClient } from './client.ts';
import type { Kdf } from './envelope.ts';
import { serveVault, type ServeParts } from './serve.ts';
import { openStore } from './store.ts';
import { secondVerify } from './verified-signature.ts';

/** Of BIP-39's published vectors; the CIP-19 vectors are of these words too. */
export const WORDS = 'test walk nut penalty hip pave soap entry language right filter choice';
export const PASSWORD = 'correct horse battery staple';

/** As the vault takes them: a fresh array each time, because it overwrites what it is given. */
export const secret = (text: string): Uint8Array => utf8ToBytes(text);

/** Parameters count, so that a changed header is another key. */
export const quickKdf: Kdf = async (password, salt, { memoryKib, passes }) =>
  hkdf(sha256, password, salt, utf8ToBytes(`${memoryKib} ${passes}`), 32);

export interface SampleVault {
  /** Moves both clocks and whatever was to happen by then. */
  pass(ms: number): Promise<void>;
  /** The wall clock alone, as a person sets it or a machine sleeps. */
  setWall(changeMs: number): void;
  client(): VaultClient;
  /** A port without a client. Starts the worker anew when it has ended, as a browser does. */
  port(): MessagePort;
  /** The worker ends without a word, as when it is killed. */
  kill(): void;
  workers(): number;
  stop(): void;
}

let names = 0;

/** Needs `fake-indexeddb/auto`, or a browser. `changes`: parts that a test makes another. */
export function sampleVault(changes: Partial<ServeParts> = {}, name: string = `vault-${++names}`): SampleVault {
  const clock = { wallMs: 1_800_000_000_000, ticksMs: 0 };
  let timers: { atTicks: number; act: () => void }[] = [];
  const clients: VaultClient[] = [];
  const ports: MessagePort[] = [];
  let connect: ((port: MessagePort) => void) | null = null;
  let workers = 0;

  const start = (): ((port: MessagePort) => void) => {
    workers += 1;
    const served = serveVault({
      store: openStore(name),
      kdf: quickKdf,
      cipher: aesGcm(crypto.subtle),
      random: randomBytes,
      now: () => ({ ...clock }),
      after: (ms, act) => {
        if (ms === 0) {
          const immediate = setTimeout(act, 0);
          return () => clearTimeout(immediate);
        }
        const timer = { atTicks: clock.ticksMs + ms, act };
        timers.push(timer);
        return () => void (timers = timers.filter((one) => one !== timer));
      },
      second: secondVerify(crypto.subtle),
      end: () => {
        if (connect === served) connect = null;
      },
      ...changes,
    });
    return served;
  };
  const port = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    connect ??= start();
    connect(port2);
    return port1;
  };
  return {
    async pass(ms) {
      clock.wallMs += ms;
      clock.ticksMs += ms;
      const due = timers.filter(({ atTicks }) => atTicks <= clock.ticksMs);
      timers = timers.filter((timer) => !due.includes(timer));
      for (const { act } of due) act();
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
    setWall(changeMs) {
      clock.wallMs += changeMs;
    },
    client() {
      const client = new VaultClient({
        open: port,
        now: () => clock.ticksMs,
        every: (ms, act) => {
          const timer = setInterval(act, ms);
          return () => clearInterval(timer);
        },
        after: (_, act) => void setTimeout(act, 1),
      });
      clients.push(client);
      return client;
    },
    port,
    kill() {
      connect = null;
      timers = [];
    },
    workers: () => workers,
    stop() {
      for (const client of clients) client.close();
      for (const one of ports) one.close();
    },
  };
}

// Put into the wallet's pages before their own script: SharedWorkers that play the runner from samples and the vault for real, with a
// password derivation that costs nothing, so that every state can be reached and looked at.
import './no-eval.ts';
import { FakeRunner, sampleApp, sampleWallet } from '@nunet/extension/ui/fake-runner.ts';
import { aesGcm } from '@nunet/extension/vault/cipher.ts';
import { quickKdf } from '@nunet/extension/vault/sample-vault.ts';
import { VaultClient } from '@nunet/extension/vault/client.ts';
import { serveVault } from '@nunet/extension/vault/serve.ts';
import { openStore } from '@nunet/extension/vault/store.ts';
import { secondVerify } from '@nunet/extension/vault/verified-signature.ts';
import type { DappPending } from '@nunet/extension/cip30/page-messages.ts';
import type { AppState, PageRequest } from '@nunet/extension/messages.ts';
import type { WalletView } from '@nunet/extension/wallet/messages.ts';

export interface FakePages {
  app(change: Partial<AppState>): void;
  wallet(change: Partial<WalletView> | null): void;
  refuse(type: 'connect' | 'build-payment' | 'history', code: string): void;
  /** A web page wants to connect. */
  asks(origin: string): void;
  /** No wallet is left. */
  remove(): Promise<void>;
  /** What the page has asked the runner. */
  asked(): PageRequest[];
  /** Somebody looks at another tab, or comes back. */
  background(isHidden: boolean): void;
  /** Everything that is kept of this wallet in the browser, as text: what a thief of the disk or of another script could read. */
  kept(): Promise<string>;
}

/** Every value of a database, bytes as text, so that a word in it is found. */
async function contentsOf(name: string): Promise<string> {
  const asked = indexedDB.open(name);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(new Error('no such database'));
  });
  const found: string[] = [];
  for (const store of database.objectStoreNames) {
    const all = database.transaction(store).objectStore(store).getAll();
    await new Promise((resolve) => (all.onsuccess = resolve));
    found.push(JSON.stringify(all.result, (_, value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value)));
  }
  database.close();
  return found.join('\n');
}

const PAGES = ['/onboarding.html', '/popup.html', '/sidepanel.html', '/approve.html'];

if (PAGES.includes(location.pathname) || new URLSearchParams(location.search).has('fake-vault')) {
  const now = (): number => Date.now();
  const fake = new FakeRunner({ app: sampleApp(now()), jobs: [], logLine: (offset) => `line ${offset}` }, now);
  const store = openStore('fake-vault');
  let served: ((port: MessagePort) => void) | null = null;
  const vaultPort = (): MessagePort => {
    served ??= serveVault({
      store,
      kdf: quickKdf,
      cipher: aesGcm(crypto.subtle),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      now: () => ({ wallMs: Date.now(), ticksMs: performance.now() }),
      after: (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
      second: secondVerify(crypto.subtle),
      end: () => (served = null),
    });
    const { port1, port2 } = new MessageChannel();
    served(port2);
    return port1;
  };
  const client = new VaultClient({
    open: vaultPort,
    now,
    every: () => () => undefined,
    after: (ms, act) => void setTimeout(act, ms),
  });
  const pages: FakePages = {
    app(change) {
      fake.state.app = { ...fake.state.app, ...change };
      fake.push();
    },
    wallet(change) {
      pages.app({ wallet: change === null ? null : sampleWallet(change) });
    },
    refuse: (type, code) => void fake.refusals.set(type, { code, message: 'the fake says no' }),
    asks(origin) {
      const what: DappPending['what'] = { kind: 'connect', extensions: [95] };
      const pending = { dappId: 'ab'.repeat(16), origin, frame: 'tab 1', askedAtMs: now(), account: 0, network: 'devnet' as const, what };
      pages.app({ dapps: { pending: [pending], grants: [] } });
    },
    remove: async () => {
      await client.ask({ type: 'wipe', confirm: 'remove this wallet' });
    },
    asked: () => fake.asked,
    background(isHidden) {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: isHidden ? 'hidden' : 'visible' });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    async kept() {
      const databases = await Promise.all((await indexedDB.databases()).map(({ name }) => contentsOf(name ?? '')));
      const inputs = [...document.querySelectorAll('input, textarea')].map((input) => (input as HTMLInputElement).value);
      return [
        JSON.stringify(Object.entries(localStorage)),
        JSON.stringify(Object.entries(sessionStorage)),
        JSON.stringify(history.state),
        location.href,
        document.title,
        document.documentElement.outerHTML,
        ...inputs,
        ...databases,
      ].join('\n');
    },
  };
  Object.assign(globalThis, {
    fakePages: pages,
    SharedWorker: class {
      readonly port: MessagePort;
      constructor(script: string) {
        this.port = script === '/vault.js' ? vaultPort() : fake.open();
      }
    },
  });
}

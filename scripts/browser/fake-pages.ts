// Put into the wallet's pages before their own script: SharedWorkers that play the runner from samples and the vault for real, with a
// password derivation that costs nothing, so that every state can be reached and looked at.
import './no-eval.ts';
import { FakeRunner, sampleApp, sampleWallet } from '@nunet/extension/ui/fake-runner.ts';
import { aesGcm } from '@nunet/extension/vault/cipher.ts';
import { quickKdf } from '@nunet/extension/vault/sample-vault.ts';
import { serveVault } from '@nunet/extension/vault/serve.ts';
import { openStore } from '@nunet/extension/vault/store.ts';
import { secondVerify } from '@nunet/extension/vault/verified-signature.ts';
import type { AppState } from '@nunet/extension/messages.ts';
import type { WalletView } from '@nunet/extension/wallet/messages.ts';

export interface FakePages {
  app(change: Partial<AppState>): void;
  wallet(change: Partial<WalletView> | null): void;
  refuse(type: 'connect' | 'build-payment' | 'history', code: string): void;
  asked(): { type: string }[];
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
  const pages: FakePages = {
    app(change) {
      fake.state.app = { ...fake.state.app, ...change };
      fake.push();
    },
    wallet(change) {
      pages.app({ wallet: change === null ? null : sampleWallet(change) });
    },
    refuse: (type, code) => void fake.refusals.set(type, { code, message: 'the fake says no' }),
    asked: () => fake.asked,
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

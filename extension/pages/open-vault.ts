// A page's port to the vault, wired to the browser.
import { VaultClient } from '../vault/client.ts';
import { VAULT } from '../vault/messages.ts';

export const openVault = (): VaultClient =>
  new VaultClient({
    open: () => new SharedWorker(VAULT.script, { name: VAULT.name }).port,
    now: () => Date.now(),
    every: (ms, act) => {
      const timer = setInterval(act, ms);
      return () => clearInterval(timer);
    },
    after: (ms, act) => void setTimeout(act, ms),
  });

// A page's port to the vault. (Until extension/vault/client.ts is here: the same protocol, without its reconnecting.)
import { NunetError } from '@nunet/shared/errors.ts';
import type { VaultPort } from '../ui/vault-state.ts';
import { VAULT, type FromVault, type VaultState } from '../vault/messages.ts';

export function openVault(): VaultPort {
  const listeners = new Set<(state: VaultState) => void>();
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: NunetError) => void }>();
  let nextId = 0;
  const { port } = new SharedWorker(VAULT.script, { name: VAULT.name });
  port.onmessage = ({ data }: MessageEvent<FromVault>) => {
    if (data.type === 'state') for (const listener of listeners) listener(data.state);
    if (data.type === 'reply') pending.get(data.id)?.resolve(data.value as never);
    if (data.type === 'failed') pending.get(data.id)?.reject(new NunetError(data.code, data.message));
  };
  port.start();
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        pending.set(id, { resolve, reject });
        port.postMessage({ id, request });
      }),
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

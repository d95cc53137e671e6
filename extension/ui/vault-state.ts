// What a page knows of the vault: its state as a signal, and the one way to ask it. Secrets go through `ask` alone and are never kept here.
import { signal, type ReadonlySignal } from '@preact/signals';
import type { VaultAnswers, VaultRequest, VaultState } from '../vault/messages.ts';

/** The vault's client (extension/vault/client.ts), as far as a page needs it. */
export interface VaultPort {
  ask<Type extends VaultRequest['type']>(request: Extract<VaultRequest, { type: Type }>): Promise<VaultAnswers[Type]>;
  /** Called with each state from now on. Gives the way to stop. */
  onState(listener: (state: VaultState) => void): () => void;
}

export interface PageVault extends VaultPort {
  /** Null until the vault has spoken. */
  state: ReadonlySignal<VaultState | null>;
}

export function pageVault(port: VaultPort): PageVault {
  const state = signal<VaultState | null>(null);
  port.onState((next) => (state.value = next));
  // A page that has just come does not wait for the next change; a vault that cannot answer now says so by its state later.
  port.ask({ type: 'state' }).then(
    (now) => (state.value = now),
    () => undefined,
  );
  return { state, ask: (request) => port.ask(request), onState: (listener) => port.onState(listener) };
}

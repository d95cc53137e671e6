import { expect, test, vi } from 'vitest';
import { VaultClient } from '../vault/client.ts';
import { FakeVault, sampleVault } from './fake-vault.ts';
import { watchPerson } from './person-there.ts';
import { pageVault } from './vault-state.ts';

const started = (change: Parameters<typeof sampleVault>[0] = {}) => {
  const fake = new FakeVault(sampleVault(change));
  const client = new VaultClient({ open: () => fake.open(), now: () => 0, every: () => () => undefined, after: () => undefined });
  return { fake, client, vault: pageVault(client) };
};

/** Real input is trusted; a script's event is not, and the class cannot say otherwise. */
const event = (type: string, isTrusted: boolean): Event => Object.defineProperty<Event>(new Event(type), 'isTrusted', { value: isTrusted });

test('a page knows the state as soon as the vault has spoken, and each one after it', async () => {
  const { fake, client, vault } = started();
  await vi.waitFor(() => expect(vault.state.value?.state).toBe('open'));
  fake.set({ state: 'locked' });
  await vi.waitFor(() => expect(vault.state.value?.state).toBe('locked'));
  client.close();
});

test('cannot be kept open by a script’s events, nor be told of every key', async () => {
  const { fake, client, vault } = started();
  await vi.waitFor(() => expect(vault.state.value?.state).toBe('open'));
  let now = 0;
  const listeners = new Map<string, (event: Event) => void>();
  watchPerson(vault, { addEventListener: (type, listener) => void listeners.set(type, listener as (event: Event) => void) }, () => now);
  const press = (isTrusted: boolean): void => listeners.get('keydown')?.(event('keydown', isTrusted));
  press(false);
  press(true);
  press(true);
  now = 20_000;
  press(true);
  await vi.waitFor(() => expect(fake.asked.filter((type) => type === 'touch')).toHaveLength(2));
  client.close();
});

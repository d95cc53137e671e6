// The vault through its real ports: what opens it, what closes it, and what each promise to the person is worth.
import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test } from 'vitest';
import type { VaultState } from './messages.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';
import type { VaultClient } from './client.ts';

let vaults: SampleVault[] = [];
afterEach(() => {
  for (const vault of vaults) vault.stop();
  vaults = [];
});

function started(...args: Parameters<typeof sampleVault>): { vault: SampleVault; client: VaultClient } {
  const vault = sampleVault(...args);
  vaults.push(vault);
  return { vault, client: vault.client() };
}

const create = (client: VaultClient, words: string | null = WORDS): Promise<null> =>
  client.ask({ type: 'create', password: secret(PASSWORD), words: words === null ? null : secret(words) });
const unlock = (client: VaultClient, password = PASSWORD): Promise<null> => client.ask({ type: 'unlock', password: secret(password) });

/** The state when it is as wanted. */
const until = (client: VaultClient, wanted: (state: VaultState) => boolean): Promise<VaultState> =>
  new Promise((resolve) => {
    const stop = client.onState((state) => {
      if (!wanted(state)) return;
      setTimeout(() => stop(), 0);
      resolve(state);
    });
  });

describe('a new wallet', () => {
  test('is made, locks and opens again with its password', async () => {
    const { client } = started();
    expect((await client.ask({ type: 'state' })).state).toBe('empty');
    await create(client);
    const open = await client.ask({ type: 'state' });
    expect(open).toMatchObject({ state: 'open', isBackedUp: true, selected: 0, jobs: [] });
    await client.ask({ type: 'lock' });
    const closed = await until(client, ({ state }) => state === 'locked');
    expect(closed.accounts).toEqual(open.accounts);
    await unlock(client);
    expect(await client.ask({ type: 'state' })).toMatchObject({ state: 'open', accounts: open.accounts });
  });
});

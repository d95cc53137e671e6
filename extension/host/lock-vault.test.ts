import 'fake-indexeddb/auto';
import { afterEach, expect, test } from 'vitest';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from '../vault/sample-vault.ts';
import { lockVault } from './lock-vault.ts';

let vault: SampleVault | undefined;
afterEach(() => vault?.stop());

test('an open wallet is locked, and every page is told', async () => {
  vault = sampleVault();
  const page = vault.client();
  await page.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  const locked = new Promise<void>((resolve) => page.onState(({ state }) => state === 'locked' && resolve()));
  lockVault(vault.port());
  await locked;
  await expect(page.ask({ type: 'add-account', name: 'Second' })).rejects.toMatchObject({ code: 'vault-locked' });
});

test('a vault without a wallet stays as it is', async () => {
  vault = sampleVault();
  lockVault(vault.port());
  expect(await vault.client().ask({ type: 'state' })).toMatchObject({ state: 'empty' });
});

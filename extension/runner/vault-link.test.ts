// The link to a whole vault: what is known of it while it is away, and how it is found again.
import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { PASSWORD, sampleVault, secret, type SampleVault } from '../vault/sample-vault.ts';
import { createWallet } from './sample-host.ts';
import { vaultLink, type VaultLink } from './vault-link.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

function begin(more: Partial<Parameters<typeof vaultLink>[0]> = {}) {
  const vault: SampleVault = sampleVault();
  const changes: (string | undefined)[] = [];
  let opened = 0;
  const link: VaultLink = vaultLink({
    open: async () => vault.port(),
    now: () => performance.now(),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    onChange: () => changes.push(link.state()?.state),
    onOpened: () => opened++,
    ...more,
  });
  open.push(() => {
    link.stop();
    vault.stop();
  });
  return { vault, link, changes, opened: () => opened };
}
const soon = (): AbortSignal => AbortSignal.timeout(5_000);

test('follows the vault: empty, open, locked, and told once each time that it is another one', async () => {
  const { vault, link, opened } = begin();
  expect(link.state()).toBeNull();
  await link.until((state) => state?.state === 'empty', soon());
  const owner = vault.client();
  await createWallet(owner);
  await link.until((state) => state?.state === 'open', soon());
  expect(link.state()?.accounts).toHaveLength(1);
  expect(opened()).toBe(1);
  await owner.ask({ type: 'lock' });
  await vi.waitFor(() => expect(opened()).toBe(2));
  await link.until((state) => state?.state === 'locked' && link.isHere(), soon());
});

test('of a vault that was killed the accounts stay known, and nothing of it counts as open', async () => {
  const { vault, link, changes } = begin();
  await createWallet(vault.client());
  await link.until((state) => state?.state === 'open', soon());
  vault.kill();
  link.renew();
  expect(link.state()).toMatchObject({ state: 'locked', jobs: [], accounts: [{ index: 0 }] });
  expect(changes).toContain('locked');
  await vi.waitFor(() => expect(link.isHere()).toBe(true));
  await vault.client().ask({ type: 'unlock', password: secret(PASSWORD) });
  await link.until((state) => state?.state === 'open', soon());
  expect(await link.ask({ type: 'job-key', keyId: '00'.repeat(16) })).toMatchObject({ publicKey: expect.any(String) as string });
});

test('what is asked before there is a host is answered when there is one', async () => {
  const host = Promise.withResolvers<MessagePort>();
  const { vault, link } = begin({ open: () => host.promise });
  const asked = link.ask({ type: 'state' });
  host.resolve(vault.port());
  expect(await asked).toMatchObject({ state: 'empty' });
});

test('cannot wait for ever for a vault that never comes', async () => {
  const timers: { ms: number; act: () => void }[] = [];
  const { link } = begin({
    open: () => new Promise(() => undefined),
    after: (ms, act) => {
      timers.push({ ms, act });
      return () => undefined;
    },
  });
  const asked = link.ask({ type: 'state' });
  timers.find(({ ms }) => ms === 60_000)?.act();
  await expect(asked).rejects.toMatchObject({ code: 'vault-silent' });
});

test('waiting for a state ends with its signal', async () => {
  const { link } = begin();
  const stop = new AbortController();
  const waiting = link.until((state) => state?.state === 'open', stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

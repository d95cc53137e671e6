// The vault through its real ports: what opens it, what closes it, and what it keeps.
import 'fake-indexeddb/auto';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { voucherBytes } from '@nunet/shared/lock.ts';
import { verifySignature } from '@nunet/shared/signature.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { addressesOf } from './account-keys.ts';
import { INERT_MS } from './approvals.ts';
import type { VaultClient } from './client.ts';
import type { JobGrant, VaultState } from './messages.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';
import { BUDGET, escrowDatum, lockTransaction, STRANGER } from './sample-transaction.ts';

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
async function created(...args: Parameters<typeof sampleVault>): Promise<{ vault: SampleVault; client: VaultClient }> {
  const made = started(...args);
  await create(made.client);
  return made;
}

const create = (client: VaultClient, words: string | null = WORDS): Promise<null> =>
  client.ask({ type: 'create', password: secret(PASSWORD), words: words === null ? null : secret(words) });
const unlock = (client: VaultClient, password = PASSWORD): Promise<null> => client.ask({ type: 'unlock', password: secret(password) });
const stateOf = (client: VaultClient): Promise<VaultState> => client.ask({ type: 'state' });
const wordsOf = async (client: VaultClient, password = PASSWORD): Promise<string> =>
  new TextDecoder().decode((await client.ask({ type: 'reveal', password: secret(password) })).words);
const wrong = { code: 'password-wrong' };

/** Waits for a state that is pushed. */
const until = (client: VaultClient, wanted: (state: VaultState) => boolean): Promise<VaultState> =>
  new Promise((resolve) => {
    const stops: (() => void)[] = [];
    stops.push(
      client.onState((state) => {
        if (!wanted(state)) return;
        for (const stop of stops) stop();
        resolve(state);
      }),
    );
  });

let jobs = 0;
/** Approves a job's lock, as a page does, and gives what its key is for. `again`: the same job's, built anew. */
async function approvedJob(
  vault: SampleVault,
  client: VaultClient,
  { again, changes = {} }: { again?: JobGrant; changes?: Partial<JobGrant> } = {},
): Promise<{ grant: JobGrant; publicKey: string; txId: string }> {
  const { accounts } = await stateOf(client);
  const [account] = accounts;
  if (account === undefined) throw new Error('no account');
  const home = addressText(addressesOf(account).base);
  const made = { jobId: cidOf(encode({ job: ++jobs })), keyId: String(jobs).padStart(32, '0') };
  const grant: JobGrant = { budgetBaseUnits: BUDGET, computeProvider: STRANGER, ...(again ?? made), ...changes };
  const { publicKey } = await client.ask({ type: 'job-key', keyId: grant.keyId });
  // Another time limit makes another transaction of the same lock.
  const datum = escrowDatum({ serviceProvider: home, voucherKey: publicKey, reclaimAfter: 1_900_000_000_000 + ++jobs });
  const cbor = lockTransaction(home, datum, grant.budgetBaseUnits);
  const { approvalId } = await client.ask({
    type: 'propose',
    proposal: { origin: null, frame: 'dashboard', account: 0, network: 'devnet', what: { kind: 'lock', cbor, grant } },
  });
  await vault.pass(INERT_MS);
  await client.ask({ type: 'approve', approvalId, password: null });
  return { grant, publicKey, txId: transactionId(cbor) };
}

describe('a new wallet', () => {
  test('is made, locks and opens again with its password', async () => {
    const { client } = started();
    expect((await stateOf(client)).state).toBe('empty');
    await create(client);
    const open = await stateOf(client);
    expect(open).toMatchObject({ state: 'open', isBackedUp: true, selected: 0, jobs: [], problem: null });
    await client.ask({ type: 'lock' });
    const closed = await until(client, ({ state }) => state === 'locked');
    expect(closed.accounts).toEqual(open.accounts);
    await unlock(client);
    expect(await stateOf(client)).toMatchObject({ state: 'open', accounts: open.accounts });
  });

  test('of 24 new words shows them only for the password, and they make the same wallet elsewhere', async () => {
    const { client } = started();
    await create(client, null);
    const { isBackedUp, accounts } = await stateOf(client);
    expect(isBackedUp).toBe(false);
    await expect(wordsOf(client, 'something else')).rejects.toMatchObject(wrong);
    const { vault, client: again } = started();
    await vault.pass(1_000);
    const words = await (async () => {
      await vaults[0]?.pass(1_000);
      return wordsOf(client);
    })();
    expect(words.split(' ')).toHaveLength(24);
    await create(again, words);
    expect((await stateOf(again)).accounts).toEqual(accounts);
    await client.ask({ type: 'confirm-backup' });
    expect((await stateOf(client)).isBackedUp).toBe(true);
  });

  test('is not made of a mistaken phrase or a password of a few letters', async () => {
    const { client } = started();
    await expect(create(client, WORDS.replace('walk', 'wolk'))).rejects.toMatchObject({ code: 'words-unknown' });
    await expect(client.ask({ type: 'create', password: secret('short'), words: null })).rejects.toMatchObject({
      code: 'password-too-short',
    });
    expect((await stateOf(client)).state).toBe('empty');
  });

  test('cannot take the place of one that is there', async () => {
    const { client } = await created();
    await expect(create(client, null)).rejects.toMatchObject({ code: 'vault-exists' });
    await client.ask({ type: 'lock' });
    await expect(create(client, null)).rejects.toMatchObject({ code: 'vault-exists' });
    const file = new Uint8Array(100);
    await expect(client.ask({ type: 'import', file, password: secret(PASSWORD) })).rejects.toMatchObject({ code: 'vault-exists' });
  });
});

describe('accounts', () => {
  test('are added, named and chosen, and all of it is there after a restart', async () => {
    const { vault, client } = await created();
    expect(await client.ask({ type: 'add-account', name: 'Savings' })).toEqual({ index: 1 });
    await client.ask({ type: 'rename-account', index: 0, name: 'Día a día' });
    await client.ask({ type: 'select-account', index: 1 });
    await client.ask({ type: 'set-auto-lock', minutes: 30 });
    const before = await stateOf(client);
    expect(before.accounts.map(({ name }) => name)).toEqual(['Día a día', 'Savings']);
    expect(new Set(before.accounts.flatMap(({ payment, stake, drep }) => [payment, stake, drep])).size).toBe(6);
    vault.kill();
    const after = await stateOf(vault.client());
    expect(after).toMatchObject({ state: 'locked', accounts: before.accounts, selected: 1, autoLockMinutes: 30 });
  });

  test('can be chosen and read, but not added or named, while the wallet is locked', async () => {
    const { client } = await created();
    await client.ask({ type: 'add-account', name: 'Savings' });
    await client.ask({ type: 'lock' });
    await client.ask({ type: 'select-account', index: 1 });
    expect((await stateOf(client)).selected).toBe(1);
    await expect(client.ask({ type: 'add-account', name: 'x' })).rejects.toMatchObject({ code: 'vault-locked' });
    await expect(client.ask({ type: 'rename-account', index: 0, name: 'x' })).rejects.toMatchObject({ code: 'vault-locked' });
    await expect(client.ask({ type: 'set-auto-lock', minutes: 60 })).rejects.toMatchObject({ code: 'vault-locked' });
  });

  test('cannot have names that hide or turn around what is beside them', async () => {
    const { client } = await created();
    for (const name of ['', 'a\u202eb', 'a\u0000b', 'x'.repeat(41), 'a\u200bb', 'a\nb'])
      await expect(client.ask({ type: 'rename-account', index: 0, name })).rejects.toMatchObject({ code: 'request-invalid' });
  });
});

describe('the lock', () => {
  test('comes by itself after the minutes that were chosen, and a touch moves it on', async () => {
    const { vault, client } = await created();
    await client.ask({ type: 'set-auto-lock', minutes: 2 });
    await vault.pass(110_000);
    await client.ask({ type: 'touch' });
    await vault.pass(110_000);
    expect((await stateOf(client)).state).toBe('open');
    const locked = until(client, ({ state }) => state === 'locked');
    await vault.pass(10_000);
    expect((await locked).locksAtMs).toBeNull();
    expect(vault.workers()).toBe(1);
    // The next port starts another worker.
    await unlock(client);
    expect(vault.workers()).toBe(2);
  });

  test('ends the worker, and with it everything that lay in its memory', async () => {
    const { vault, client } = await created();
    await client.ask({ type: 'lock' });
    await stateOf(client);
    expect(vault.workers()).toBe(2);
  });

  test('cannot be held off by background traffic: only a person’s touch counts', async () => {
    const { vault, client } = await created();
    for (let minute = 0; minute < 10; minute++) {
      await vault.pass(60_000);
      await stateOf(client).catch(() => undefined);
      await client.ask({ type: 'network', network: 'devnet' }).catch(() => undefined);
    }
    expect(await until(client, ({ state }) => state === 'locked')).toMatchObject({ state: 'locked' });
  });

  test('is told to every page', async () => {
    const { vault, client } = await created();
    const other = vault.client();
    await until(other, ({ state }) => state === 'open');
    await client.ask({ type: 'lock' });
    await until(other, ({ state }) => state === 'locked');
    // At once: the state and the end of the worker are one message.
    await unlock(other);
    await until(client, ({ state }) => state === 'open');
  });
});

describe('a password', () => {
  test('is changed for the old one, and only the new one opens the wallet then', async () => {
    const { vault, client } = await created();
    const change = (from: string, to: string): Promise<null> =>
      client.ask({ type: 'change-password', password: secret(from), next: secret(to) });
    await expect(change('not the old one', 'a new passphrase')).rejects.toMatchObject(wrong);
    await vault.pass(1_000);
    await expect(change(PASSWORD, 'short')).rejects.toMatchObject({ code: 'password-too-short' });
    await change(PASSWORD, 'a new passphrase');
    await client.ask({ type: 'lock' });
    await expect(unlock(client)).rejects.toMatchObject(wrong);
    await vault.pass(1_000);
    await unlock(client, 'a new passphrase');
    expect((await stateOf(client)).state).toBe('open');
  });
});

describe('a backup file', () => {
  test('brings accounts, names and running jobs to another machine with the same password', async () => {
    const { vault, client } = await created();
    await client.ask({ type: 'add-account', name: 'Savings' });
    const { grant, publicKey, txId } = await approvedJob(vault, client);
    const { accounts } = await stateOf(client);
    const { file } = await client.ask({ type: 'export', password: secret(PASSWORD) });
    const { client: elsewhere } = started();
    await elsewhere.ask({ type: 'import', file: file.slice(), password: secret(PASSWORD) });
    expect(await stateOf(elsewhere)).toMatchObject({ state: 'open', accounts, jobs: [grant.jobId] });
    const bytes = voucherBytes({ txId, index: 0 }, 1n);
    const { signature } = await elsewhere.ask({ type: 'job-sign', jobId: grant.jobId, bytes: bytes.slice() });
    expect(verifySignature(signature, bytes, publicKey)).toBe(true);
  });

  test('is not made or opened without its password, and a changed one changes nothing', async () => {
    const { vault, client } = await created();
    await expect(client.ask({ type: 'export', password: secret('not the password') })).rejects.toMatchObject(wrong);
    await vault.pass(1_000);
    const { file } = await client.ask({ type: 'export', password: secret(PASSWORD) });
    const { client: elsewhere } = started();
    const imported = (bytes: Uint8Array, password = PASSWORD): Promise<null> =>
      elsewhere.ask({ type: 'import', file: bytes, password: secret(password) });
    await expect(imported(file.slice(), 'not the password')).rejects.toMatchObject(wrong);
    for (let at = 0; at < file.length; at += 7) {
      const changed = file.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(imported(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^(password-wrong|backup-|vault-)/) as string });
    }
    await expect(imported(file.slice(0, -1))).rejects.toMatchObject({ code: 'backup-invalid' });
    expect((await stateOf(elsewhere)).state).toBe('empty');
    await imported(file.slice());
    expect((await stateOf(elsewhere)).state).toBe('open');
  });

  test('cannot show, to who has the old password, what the wallet holds after a change of it', async () => {
    const { client } = await created();
    const { file } = await client.ask({ type: 'export', password: secret(PASSWORD) });
    const { file: second } = await client.ask({ type: 'export', password: secret(PASSWORD) });
    // Salt, nonce and wrapped key of two files have nothing in common: no key is shared between them.
    expect(Buffer.from(file.subarray(36, 140)).equals(Buffer.from(second.subarray(36, 140)))).toBe(false);
  });
});

describe('an approved job', () => {
  test('goes on while the wallet is locked, and ends the worker when it is done', async () => {
    const { vault, client } = await created();
    const { grant, publicKey, txId } = await approvedJob(vault, client);
    await client.ask({ type: 'lock' });
    expect(await stateOf(client)).toMatchObject({ state: 'locked', jobs: [grant.jobId] });
    expect(vault.workers()).toBe(1);
    const bytes = voucherBytes({ txId, index: 0 }, BUDGET);
    const { signature } = await client.ask({ type: 'job-sign', jobId: grant.jobId, bytes: bytes.slice() });
    expect(verifySignature(signature, bytes, publicKey)).toBe(true);
    await client.ask({ type: 'job-end', jobId: grant.jobId });
    expect(await stateOf(client)).toMatchObject({ state: 'locked', jobs: [] });
    expect(vault.workers()).toBe(2);
    await unlock(client);
    expect((await stateOf(client)).jobs).toEqual([]);
  });

  test('may have its lock built again: either output may be paid from then on, each up to the budget', async () => {
    const { vault, client } = await created();
    const first = await approvedJob(vault, client);
    const second = await approvedJob(vault, client, { again: first.grant });
    expect(second.publicKey).toBe(first.publicKey);
    for (const txId of [first.txId, second.txId])
      await expect(
        client.ask({ type: 'job-sign', jobId: first.grant.jobId, bytes: voucherBytes({ txId, index: 0 }, BUDGET) }),
      ).resolves.toBeDefined();
    expect((await stateOf(client)).jobs).toEqual([first.grant.jobId]);
  });

  test('cannot be approved again on other terms', async () => {
    const { vault, client } = await created();
    const { grant } = await approvedJob(vault, client);
    for (const changes of [{ budgetBaseUnits: BUDGET + 1n }, { keyId: 'f'.repeat(32) }])
      await expect(approvedJob(vault, client, { again: grant, changes })).rejects.toMatchObject({ code: 'job-known' });
  });

  test('waits for the password after a restart, and its key is the same then', async () => {
    const { vault, client } = await created();
    const { grant, publicKey, txId } = await approvedJob(vault, client);
    vault.kill();
    const next = vault.client();
    const bytes = voucherBytes({ txId, index: 0 }, 7n);
    const sign = () => next.ask({ type: 'job-sign', jobId: grant.jobId, bytes: bytes.slice() });
    await expect(sign()).rejects.toMatchObject({ code: 'job-unknown' });
    await expect(next.ask({ type: 'job-end', jobId: grant.jobId })).rejects.toMatchObject({ code: 'vault-locked' });
    await unlock(next);
    expect((await stateOf(next)).jobs).toEqual([grant.jobId]);
    expect(verifySignature((await sign()).signature, bytes, publicKey)).toBe(true);
  });

  test('cannot open anything else of a locked wallet', async () => {
    const { vault, client } = await created();
    const { grant } = await approvedJob(vault, client);
    await client.ask({ type: 'lock' });
    const locked = { code: 'vault-locked' };
    await expect(client.ask({ type: 'job-key', keyId: '00'.repeat(16) })).rejects.toMatchObject(locked);
    await expect(client.ask({ type: 'owner-key', peerId: `12D3KooW${'A'.repeat(44)}` })).rejects.toMatchObject(locked);
    await expect(client.ask({ type: 'job-spend', jobId: grant.jobId, account: 0, cbor: '80' })).rejects.toMatchObject(locked);
    await expect(client.ask({ type: 'reveal', password: secret(PASSWORD) })).rejects.toMatchObject(locked);
    await expect(client.ask({ type: 'export', password: secret(PASSWORD) })).rejects.toMatchObject(locked);
    await expect(client.ask({ type: 'change-password', password: secret(PASSWORD), next: secret(PASSWORD) })).rejects.toMatchObject(locked);
  });

  test('cannot sign before it was approved, after it ended, or above its budget', async () => {
    const { vault, client } = await created();
    const { grant, txId } = await approvedJob(vault, client);
    const sign = (jobId: string, paid: bigint) => client.ask({ type: 'job-sign', jobId, bytes: voucherBytes({ txId, index: 0 }, paid) });
    await expect(sign(cidOf(encode('another')), 1n)).rejects.toMatchObject({ code: 'job-unknown' });
    await expect(sign(grant.jobId, BUDGET + 1n)).rejects.toMatchObject({ code: 'job-refused' });
    await client.ask({ type: 'job-end', jobId: grant.jobId });
    await expect(sign(grant.jobId, 1n)).rejects.toMatchObject({ code: 'job-unknown' });
    // Said twice, it is still ended.
    await client.ask({ type: 'job-end', jobId: grant.jobId });
  });

  test('has a key of its own, which no other job, account or owner has', async () => {
    const { client } = await created();
    const keys = [
      ...(await Promise.all(['01', '02'].map((byte) => client.ask({ type: 'job-key', keyId: byte.repeat(16) })))),
      await client.ask({ type: 'owner-key', peerId: `12D3KooW${'A'.repeat(44)}` }),
      await client.ask({ type: 'owner-key', peerId: `12D3KooW${'B'.repeat(44)}` }),
    ].map(({ publicKey }) => publicKey);
    const [account] = (await stateOf(client)).accounts;
    expect(new Set([...keys, account?.payment, account?.stake, account?.drep]).size).toBe(7);
  });
});

describe('removing the wallet', () => {
  test('needs no password, leaves nothing, and another can be made', async () => {
    const { vault, client } = await created();
    await approvedJob(vault, client);
    await client.ask({ type: 'lock' });
    await client.ask({ type: 'wipe', confirm: 'remove this wallet' });
    expect(await stateOf(client)).toMatchObject({ state: 'empty', accounts: [], jobs: [] });
    await create(client, null);
    expect((await stateOf(client)).jobs).toEqual([]);
  });

  test('cannot happen by a slip', async () => {
    const { client } = await created();
    await expect(client.ask({ type: 'wipe' } as never)).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(client.ask({ type: 'wipe', confirm: 'yes' } as never)).rejects.toMatchObject({ code: 'request-invalid' });
    expect((await stateOf(client)).state).toBe('open');
  });
});

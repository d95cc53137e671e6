// What is stored: whole or not at all, kept when it is older, left alone when it is newer or damaged, and the count of wrong passwords.
import 'fake-indexeddb/auto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { entropyOfWords } from './mnemonic.ts';
import { openStore } from './store.ts';
import { readStored, STORED_VERSION, type StoredVault } from './stored.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';

let names = 0;
let name = '';
let vaults: SampleVault[] = [];
beforeEach(() => {
  name = `store-${++names}`;
});
afterEach(() => {
  for (const vault of vaults) vault.stop();
  vaults = [];
});

const started = (): SampleVault => {
  const vault = sampleVault({}, name);
  vaults.push(vault);
  return vault;
};
/** The database as somebody else opens it. */
const raw = () => openDB(name, 1);
const stored = async (): Promise<Record<string, unknown>> => {
  const database = await raw();
  const value = (await database.get('wallet', 'wallet')) as Record<string, unknown>;
  database.close();
  return value;
};
async function put(value: unknown): Promise<void> {
  const database = await raw();
  await database.put('wallet', value, 'wallet');
  database.close();
}
/** A wallet that was made and whose worker is gone. */
async function made(): Promise<SampleVault> {
  const vault = started();
  await vault.client().ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  vault.kill();
  return vault;
}

describe('what is stored', () => {
  test('holds no word, no entropy and no password', async () => {
    await made();
    const value = await stored();
    const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? bytesToHex(part) : part));
    expect(text).toContain(bytesToHex(value['secret'] as Uint8Array));
    for (const hidden of [WORDS, PASSWORD]) {
      expect(text).not.toContain(hidden);
      expect(text).not.toContain(bytesToHex(secret(hidden)));
    }
    expect(text).not.toContain(bytesToHex(entropyOfWords(secret(WORDS))));
  });

  const damages: Record<string, (value: Record<string, unknown>) => unknown> = {
    'no record at all': () => 'wallet',
    'a record without a version': ({ version: _, ...rest }) => rest,
    'half of a record': ({ version, wrapped }) => ({ version, wrapped }),
    'a record without its details': ({ details: _, ...rest }) => rest,
    'accounts that are none': (value) => ({ ...value, details: { accounts: [], selected: 0, isBackedUp: true, autoLockMinutes: 10 } }),
    'a lock that never comes': (value) => ({ ...value, details: { ...(value['details'] as object), autoLockMinutes: 1e9 } }),
    'a cut header': (value) => ({ ...value, wrapped: (value['wrapped'] as Uint8Array).slice(0, 60) }),
    'an empty secret': (value) => ({ ...value, secret: new Uint8Array() }),
    'more than belongs there': (value) => ({ ...value, more: 1 }),
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`is said to be damaged, and is left as it is: ${what}`, async () => {
      const vault = await made();
      const broken = damage(await stored());
      await put(broken);
      const client = vault.client();
      const state = await client.ask({ type: 'state' });
      expect(state).toMatchObject({ state: 'failed', problem: { code: 'vault-damaged' }, accounts: [] });
      for (const request of [
        { type: 'unlock', password: secret(PASSWORD) },
        { type: 'create', password: secret(PASSWORD), words: null },
      ] as const)
        await expect(client.ask(request)).rejects.toMatchObject({ code: 'vault-damaged' });
      expect(await stored()).toEqual(broken);
    });
  }

  test('of a newer version is refused by name, and is left as it is', async () => {
    const vault = await made();
    const newer = { ...(await stored()), version: STORED_VERSION + 1, somethingNew: true };
    await put(newer);
    const client = vault.client();
    expect(await client.ask({ type: 'state' })).toMatchObject({ state: 'failed', problem: { code: 'vault-newer' } });
    await expect(client.ask({ type: 'create', password: secret(PASSWORD), words: null })).rejects.toMatchObject({ code: 'vault-newer' });
    expect(await stored()).toEqual(newer);
  });

  test('of a newer database is refused and left too', async () => {
    (await openDB(name, 9)).close();
    expect(await started().client().ask({ type: 'state' })).toMatchObject({ state: 'failed', problem: { code: 'vault-newer' } });
  });

  test('can be removed when it is damaged, so that the words can be brought back', async () => {
    const vault = await made();
    await put('nothing');
    const client = vault.client();
    await client.ask({ type: 'wipe', confirm: 'remove this wallet' });
    await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
    expect((await client.ask({ type: 'state' })).state).toBe('open');
  });

  test('whose secret was changed opens for nobody, says so, and is left as it is', async () => {
    const vault = await made();
    const value = await stored();
    const changed = (value['secret'] as Uint8Array).map((byte, at) => (at === 40 ? byte ^ 1 : byte));
    await put({ ...value, secret: changed });
    const client = vault.client();
    await expect(client.ask({ type: 'unlock', password: secret(PASSWORD) })).rejects.toMatchObject({ code: 'vault-damaged' });
    expect((await client.ask({ type: 'state' })).state).toBe('failed');
    expect((await stored())['secret']).toEqual(changed);
  });

  test('cannot make the wallet show an address of somebody else: at the next unlock keys are made again and it is said', async () => {
    const vault = await made();
    const value = await stored();
    const details = structuredClone(value['details']) as StoredVault['details'];
    const right = details.accounts[0]?.payment;
    if (details.accounts[0] !== undefined) details.accounts[0].payment = 'ab'.repeat(32);
    await put({ ...value, details });
    const client = vault.client();
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    const state = await client.ask({ type: 'state' });
    expect(state.accounts[0]?.payment).toBe(right);
    expect(state.problem?.code).toBe('accounts-repaired');
    expect(((await stored())['details'] as StoredVault['details']).accounts[0]?.payment).toBe(right);
  });

  test('with a changed list of jobs opens all the same, without the jobs, and says so', async () => {
    const vault = await made();
    await put({ ...(await stored()), grants: new Uint8Array(80) });
    const client = vault.client();
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    expect(await client.ask({ type: 'state' })).toMatchObject({ state: 'open', jobs: [], problem: { code: 'jobs-damaged' } });
  });
});

describe('an older version', () => {
  const step = (older: Record<string, unknown>): Record<string, unknown> => {
    const { minutes, ...rest } = older;
    return { ...rest, details: { ...(older['details'] as object), autoLockMinutes: minutes } };
  };

  test('is brought up step by step, and what was there before is kept', async () => {
    await made();
    const value = await stored();
    const { autoLockMinutes: _, ...details } = value['details'] as StoredVault['details'];
    const older = { ...value, version: 0, minutes: 7, details };
    await put(older);
    const store = await openStore(name, { 0: step });
    expect(await store.read()).toMatchObject({ version: STORED_VERSION, details: { autoLockMinutes: 7 } });
    expect(await stored()).toMatchObject({ version: STORED_VERSION });
    const database = await raw();
    expect(await database.get('copies', 0)).toEqual(older);
    database.close();
  });

  test('that cannot be brought up is damaged, and is left as it is', async () => {
    await made();
    const older = { ...(await stored()), version: 0 };
    await put(older);
    await expect((await openStore(name)).read()).rejects.toMatchObject({ code: 'vault-damaged' });
    await expect((await openStore(name, { 0: () => ({}) })).read()).rejects.toMatchObject({ code: 'vault-damaged' });
    expect(await stored()).toEqual(older);
  });

  test('numbers that are no version are damage', () => {
    for (const version of [-1, 0.5, NaN, '1', null])
      expect(() => readStored({ version })).toThrow(expect.objectContaining({ code: 'vault-damaged' }) as Error);
  });
});

describe('the count of wrong passwords', () => {
  const NOW = 1_800_000_000_000;

  test('is on the disk before a try, so that a killed one counts', async () => {
    const store = await openStore(name);
    expect(await store.beginTry(NOW)).toBeNull();
    // The worker dies here, in the middle of the try.
    const next = await openStore(name);
    expect(await next.beginTry(NOW + 999)).toEqual({ retryAtMs: NOW + 1_000 });
    expect(await next.beginTry(NOW + 1_000)).toBeNull();
    expect(await next.beginTry(NOW + 2_999)).toEqual({ retryAtMs: NOW + 3_000 });
  });

  test('lets one of two workers try, not both', async () => {
    const [one, two] = [await openStore(name), await openStore(name)];
    const tries = await Promise.all([one.beginTry(NOW), two.beginTry(NOW), one.beginTry(NOW), two.beginTry(NOW)]);
    expect(tries.filter((closed) => closed === null)).toHaveLength(1);
  });

  test('begins anew after the right password', async () => {
    const store = await openStore(name);
    await store.beginTry(NOW);
    await store.endTries();
    expect(await store.beginTry(NOW)).toBeNull();
  });

  test('cannot be made harmless by writing nonsense in its place', async () => {
    const store = await openStore(name);
    const database = await raw();
    await database.put('attempts', { failed: 'none' }, 'attempts');
    database.close();
    expect(await store.beginTry(NOW)).toEqual({ retryAtMs: NOW + 60_000 });
  });

  test('waits a minute at most when the clock was set back, and then goes on', async () => {
    const store = await openStore(name);
    await store.beginTry(NOW);
    const before = NOW - 86_400_000;
    expect(await store.beginTry(before)).toEqual({ retryAtMs: before + 1_000 });
    expect(await store.beginTry(before + 1_000)).toBeNull();
  });
});

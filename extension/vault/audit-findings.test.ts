// What audits found in other wallets, by the numbers of their reports (Lace: No Witness Labs), as promises of this vault.
import 'fake-indexeddb/auto';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { afterEach, describe, expect, test } from 'vitest';
import type { VaultClient } from './client.ts';
import { FLOOR } from './envelope.ts';
import type { FromVault, ToVault, VaultState } from './messages.ts';
import { entropyOfWords, wordsOfEntropy } from './mnemonic.ts';
import { PASSWORD, quickKdf, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';

let vaults: SampleVault[] = [];
afterEach(() => {
  for (const vault of vaults) vault.stop();
  vaults = [];
});
const started = (...args: Parameters<typeof sampleVault>): SampleVault => {
  const vault = sampleVault(...args);
  vaults.push(vault);
  return vault;
};
const create = (client: VaultClient, words: string | null = WORDS): Promise<null> =>
  client.ask({ type: 'create', password: secret(PASSWORD), words: words === null ? null : secret(words) });
const unlock = (client: VaultClient, password: string): Promise<null> => client.ask({ type: 'unlock', password: secret(password) });
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Parts that remember every secret buffer they handed out or were given, by reference. */
function watched() {
  const keys: Uint8Array[] = [];
  const passwords: Uint8Array[] = [];
  const random: Uint8Array[] = [];
  return {
    keys,
    passwords,
    random,
    parts: {
      kdf: async (password: Uint8Array, salt: Uint8Array, parameters: typeof FLOOR) => {
        const key = await quickKdf(password, salt, parameters);
        passwords.push(password);
        keys.push(key);
        return key;
      },
      random: (bytes: number) => {
        const made = randomBytes(bytes);
        random.push(made);
        return made;
      },
    },
  };
}

describe('C-501: a key buffer is never zeroed', () => {
  test('cannot happen: keys from the password, the data key and the entropy are overwritten when they were used', async () => {
    const { keys, random, parts } = watched();
    const vault = started(parts);
    const client = vault.client();
    await create(client, null);
    // The first 32 random bytes are the entropy, the second the data key; salts and nonces are no secrets.
    const [entropy, dataKey] = random.filter(({ length }) => length === 32);
    expect([entropy, dataKey].map((buffer) => buffer !== undefined && isZero(buffer))).toEqual([true, true]);
    await client.ask({ type: 'reveal', password: secret(PASSWORD) });
    await client.ask({ type: 'export', password: secret(PASSWORD) });
    await client.ask({ type: 'change-password', password: secret(PASSWORD), next: secret('another passphrase') });
    await client.ask({ type: 'lock' });
    await unlock(client, 'another passphrase');
    expect(keys.length).toBeGreaterThan(6);
    expect(keys.filter((key) => !isZero(key))).toEqual([]);
  });

  test('cannot happen after a wrong password or a refused one either', async () => {
    const { keys, passwords, parts } = watched();
    const vault = started(parts);
    const client = vault.client();
    await create(client);
    await client.ask({ type: 'lock' });
    await unlock(client, 'a wrong passphrase').catch(() => undefined);
    expect(keys.filter((key) => !isZero(key))).toEqual([]);
    expect(passwords.filter((password) => !isZero(password))).toEqual([]);
  });
});

describe('M-302: a derivation 31 times below what is recommended', () => {
  test('cannot happen: nothing is derived with less than 64 MiB and 3 passes', async () => {
    const used: (typeof FLOOR)[] = [];
    const vault = started({
      kdf: (password, salt, parameters) => {
        used.push(parameters);
        return quickKdf(password, salt, parameters);
      },
    });
    const client = vault.client();
    await create(client);
    await client.ask({ type: 'export', password: secret(PASSWORD) });
    expect(used.every(({ memoryKib, passes }) => memoryKib >= FLOOR.memoryKib && passes >= FLOOR.passes)).toBe(true);
  });

  test('rises by itself on a faster machine: what was made on a slow one is wrapped again at the next unlock', async () => {
    const name = 'rises';
    let ticks = 0;
    const used: (typeof FLOOR)[] = [];
    const machine = (kibAMs: number) =>
      started(
        {
          kdf: (password, salt, parameters) => {
            used.push(parameters);
            ticks += (parameters.memoryKib * parameters.passes) / kibAMs;
            return quickKdf(password, salt, parameters);
          },
          now: () => ({ wallMs: 1_800_000_000_000 + ticks, ticksMs: ticks }),
        },
        name,
      );
    // 64 MiB and 3 passes take 800 ms here, and 200 ms there.
    const slow = machine(246);
    await create(slow.client());
    slow.kill();
    expect(used).toEqual([FLOOR]);
    const fast = machine(983);
    await unlock(fast.client(), PASSWORD);
    fast.kill();
    const heavy = used.at(-1);
    expect(heavy).toEqual({ memoryKib: 128 * 1024, passes: 4 });
    used.length = 0;
    const again = machine(983);
    await unlock(again.client(), PASSWORD);
    again.kill();
    expect(used).toEqual([heavy]);
    // The slow machine opens what the fast one made, and does not make it lighter.
    used.length = 0;
    await unlock(machine(246).client(), PASSWORD);
    expect(used).toEqual([heavy]);
  });
});

describe('M-305: the unlock password stays in memory', () => {
  test('cannot happen: the page’s bytes are overwritten when they are sent, the vault’s when they were used', async () => {
    const { passwords, parts } = watched();
    const vault = started(parts);
    const client = vault.client();
    const mine = secret(PASSWORD);
    const words = secret(WORDS);
    const creating = client.ask({ type: 'create', password: mine, words });
    expect([isZero(mine), isZero(words)]).toEqual([true, true]);
    await creating;
    await client.ask({ type: 'lock' });
    await unlock(client, PASSWORD);
    expect(passwords.length).toBeGreaterThan(1);
    expect(passwords.filter((password) => !isZero(password))).toEqual([]);
  });

  test('cannot happen with a message that could not be read', async () => {
    const vault = started();
    const port = vault.port();
    const answer = new Promise<FromVault>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<FromVault>) => data.type === 'failed' && resolve(data);
    });
    const moved = secret(PASSWORD);
    port.postMessage({ id: 1, request: { type: 'unlock', password: moved, more: 1 } }, [moved.buffer]);
    expect(await answer).toMatchObject({ code: 'request-invalid' });
    expect(JSON.stringify(await answer)).not.toContain(PASSWORD);
    expect(moved.length).toBe(0);
  });
});

describe('L-201: unlimited password attempts', () => {
  test('cannot happen: 1 s after the first, doubled up to 60 s, for unlocking and for every other use of the password', async () => {
    const vault = started();
    const client = vault.client();
    await create(client);
    const uses = [
      (password: string) => client.ask({ type: 'reveal', password: secret(password) }),
      (password: string) => client.ask({ type: 'export', password: secret(password) }),
      (password: string) => client.ask({ type: 'change-password', password: secret(password), next: secret('whatever it is') }),
      (password: string) => unlock(client, password),
    ];
    const waits: number[] = [];
    for (let at = 0; at < 8; at++) {
      const use = uses[at % uses.length];
      if (use === undefined) throw new Error('no use');
      await expect(use('a wrong passphrase')).rejects.toMatchObject({ code: 'password-wrong' });
      const { retryAtMs } = await client.ask({ type: 'state' });
      waits.push((retryAtMs ?? 0) - (1_800_000_000_000 + waits.reduce((sum, wait) => sum + wait, 0)));
      // Too early, even with the right one.
      await expect(use(PASSWORD)).rejects.toMatchObject({ code: 'password-wait' });
      await vault.pass(waits.at(-1) ?? 0);
      await client.ask({ type: 'touch' });
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000));
    await unlock(client, PASSWORD);
    expect((await client.ask({ type: 'state' })).retryAtMs).toBeNull();
  });

  test('cannot be got around by killing the browser in the middle of a try', async () => {
    const vault = started({}, 'killed');
    await create(vault.client());
    vault.kill();
    let tries = 0;
    const dying = started(
      {
        kdf: () => {
          tries += 1;
          return new Promise(() => undefined);
        },
      },
      'killed',
    );
    for (let at = 0; at < 5; at++) {
      const client = dying.client();
      void unlock(client, 'a wrong passphrase').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
      dying.kill();
    }
    expect(tries).toBe(1);
    const state = await dying.client().ask({ type: 'state' });
    expect(state.retryAtMs).toBe(1_800_000_000_000 + 1_000);
  });

  test('cannot be got around by setting the clock forward while the vault runs', async () => {
    const vault = started();
    const client = vault.client();
    await create(client);
    await client.ask({ type: 'lock' });
    await expect(unlock(client, 'a wrong passphrase')).rejects.toMatchObject({ code: 'password-wrong' });
    vault.setWall(3_600_000);
    await expect(unlock(client, PASSWORD)).rejects.toMatchObject({ code: 'password-wait' });
  });
});

describe('L-204: the wallet never locks by itself', () => {
  test('cannot happen: ten minutes from the start, one at least, sixty at most', async () => {
    const vault = started();
    const client = vault.client();
    await create(client);
    expect(await client.ask({ type: 'state' })).toMatchObject({ autoLockMinutes: 10 });
    for (const minutes of [0, -1, 61, 0.5, Infinity, NaN])
      await expect(client.ask({ type: 'set-auto-lock', minutes })).rejects.toMatchObject({ code: 'request-invalid' });
    vault.setWall(10 * 60_000);
    // Without any timer: the next operation finds it locked.
    await expect(client.ask({ type: 'job-key', keyId: '00'.repeat(16) })).rejects.toMatchObject({ code: 'vault-locked' });
    expect((await client.ask({ type: 'state' })).state).toBe('locked');
  });
});

describe('R2 L-201: password and words in the state of the application', () => {
  test('cannot happen: nothing that the vault says by itself holds a secret, in whatever form', async () => {
    const vault = started();
    const heard: FromVault[] = [];
    const listener = vault.port();
    listener.onmessage = ({ data }: MessageEvent<FromVault>) => void heard.push(data);
    const states: VaultState[] = [];
    const client = vault.client();
    client.onState((state) => states.push(state));
    await create(client);
    await client.ask({ type: 'reveal', password: secret(PASSWORD) });
    await client.ask({ type: 'export', password: secret(PASSWORD) });
    await client.ask({ type: 'add-account', name: 'Savings' });
    await client.ask({ type: 'lock' });
    await unlock(client, 'a wrong passphrase').catch(() => undefined);
    expect(heard.length).toBeGreaterThan(3);
    const said = JSON.stringify([heard, states]);
    const entropy = entropyOfWords(secret(WORDS));
    for (const hidden of [WORDS, PASSWORD, 'a wrong passphrase', bytesToHex(entropy), bytesToHex(secret(PASSWORD))])
      expect(said).not.toContain(hidden);
    const keys = new Set(heard.flatMap((message) => ('state' in message ? Object.keys(message.state) : [])));
    expect([...keys].toSorted()).toEqual([
      'accounts',
      'autoLockMinutes',
      'isBackedUp',
      'jobs',
      'locksAtMs',
      'problem',
      'retryAtMs',
      'selected',
      'state',
    ]);
  });
});

describe('R2 L-202: the words as a string that nobody can overwrite', () => {
  test('cannot happen: they are read from bytes, written to bytes, and travel as bytes', async () => {
    const vault = started();
    const client = vault.client();
    await create(client);
    const { words } = await client.ask({ type: 'reveal', password: secret(PASSWORD) });
    expect(words).toBeInstanceOf(Uint8Array);
    expect(words).toEqual(secret(WORDS));
    expect(words.byteLength).toBe(words.buffer.byteLength);
    await expect(client.ask({ type: 'create', password: secret(PASSWORD), words: WORDS as never })).rejects.toMatchObject({
      code: 'request-invalid',
    });
  });

  test('plain ASCII is read and written without a decoder', () => {
    const { TextDecoder: Decoder, TextEncoder: Encoder } = globalThis;
    const bytes = utf8ToBytes(WORDS);
    const refuse = function (): never {
      throw new Error('a string was made');
    };
    Object.assign(globalThis, { TextDecoder: refuse, TextEncoder: refuse });
    try {
      expect(wordsOfEntropy(entropyOfWords(bytes))).toEqual(bytes);
    } finally {
      Object.assign(globalThis, { TextDecoder: Decoder, TextEncoder: Encoder });
    }
  });
});

test('one port’s secrets cannot be heard at another port', async () => {
  const vault = started();
  const client = vault.client();
  await create(client);
  const listener = vault.port();
  const heard: FromVault[] = [];
  listener.onmessage = ({ data }: MessageEvent<FromVault>) => void heard.push(data);
  listener.postMessage({ id: 7, request: { type: 'state' } } satisfies ToVault);
  await client.ask({ type: 'reveal', password: secret(PASSWORD) });
  await client.ask({ type: 'state' });
  expect(heard.filter(({ type }) => type === 'reply')).toHaveLength(1);
});

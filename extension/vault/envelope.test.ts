// The envelope: every byte of it counts, and what opens it is the password with parameters between floor and ceiling.
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { argon2id } from 'hash-wasm';
import { describe, expect, test } from 'vitest';
import { argon2 } from './argon2.ts';
import { aesGcm } from './cipher.ts';
import { CEILING, FLOOR, KEY_BYTES, readParameters, seal, unseal, unwrapKey, wrapKey } from './envelope.ts';
import { PASSWORD, quickKdf } from './sample-vault.ts';

const cipher = aesGcm(crypto.subtle);
const parts = { kdf: quickKdf, random: randomBytes, cipher };
const shipped = { ...parts, kdf: argon2 };
const password = utf8ToBytes(PASSWORD);
const key = randomBytes(KEY_BYTES);
const wrap = (parameters = FLOOR): Promise<Uint8Array> => wrapKey(key, password, parameters, parts);
/** With one number at a place of the header. */
const withNumber = (envelope: Uint8Array, at: number, value: number): Uint8Array => {
  const changed = envelope.slice();
  new DataView(changed.buffer).setUint32(at, value);
  return changed;
};

describe('the derivation that ships', () => {
  test('is Argon2id as another implementation computes it, at the floor', async () => {
    const salt = new Uint8Array(32).fill(3);
    const theirs = await argon2idAsync(password, salt, { m: FLOOR.memoryKib, t: FLOOR.passes, p: 1, dkLen: KEY_BYTES });
    expect(bytesToHex(await argon2(password, salt, FLOOR))).toBe(bytesToHex(theirs));
  });

  test('wraps a key that its password, and no other, unwraps', async () => {
    const envelope = await wrapKey(key, password, FLOOR, shipped);
    expect(await unwrapKey(envelope, password, shipped)).toEqual(key);
    expect(await unwrapKey(envelope, utf8ToBytes(`${PASSWORD} `), shipped)).toBeNull();
  });
});

describe('M-305, once more: the derivation’s own memory', () => {
  test('cannot keep a long passphrase: its end was left there, and is overwritten when the key is derived', async () => {
    const passphrase = utf8ToBytes('0123456789'.repeat(30));
    const memories: WebAssembly.Memory[] = [];
    const { instantiate } = WebAssembly;
    const noting = async (module: WebAssembly.Module): Promise<WebAssembly.Instance> => {
      const instance = await instantiate(module);
      memories.push(instance.exports['memory'] as WebAssembly.Memory);
      return instance;
    };
    const holding = (): number =>
      memories.filter(({ buffer }) => Buffer.from(buffer).includes(Buffer.from(passphrase.subarray(-100)))).length;
    const salt = new Uint8Array(32);
    Object.assign(WebAssembly, { instantiate: noting });
    try {
      await argon2id({ password: passphrase, salt, iterations: 3, memorySize: 64, parallelism: 1, hashLength: 32, outputType: 'binary' });
      expect(holding()).toBeGreaterThan(0);
      memories.length = 0;
      await argon2(passphrase, salt, { memoryKib: 64, passes: 3 });
      expect(memories.length).toBeGreaterThan(1);
      expect(holding()).toBe(0);
      expect(WebAssembly.instantiate).toBe(noting);
    } finally {
      Object.assign(WebAssembly, { instantiate });
    }
  });
});

describe('an envelope', () => {
  test('says its parameters, and holds neither key nor password', async () => {
    const heavy = { memoryKib: 96 * 1024, passes: 4 };
    const envelope = await wrap(heavy);
    expect(readParameters(envelope)).toEqual(heavy);
    expect(envelope.length).toBe(107);
    expect(bytesToHex(envelope)).not.toContain(bytesToHex(key));
    expect(bytesToHex(envelope)).not.toContain(bytesToHex(password));
  });

  test('is another one each time: salt and nonce are fresh', async () => {
    const [one, two] = [await wrap(), await wrap()];
    expect(bytesToHex(one.subarray(15, 59))).not.toBe(bytesToHex(two.subarray(15, 59)));
  });

  test('cannot have one bit of it changed: header, salt, nonce or box', async () => {
    const envelope = await wrap();
    for (let at = 0; at < envelope.length; at++) {
      for (const bit of [1, 128]) {
        const changed = envelope.slice();
        changed[at] = (changed[at] ?? 0) ^ bit;
        const opened = await unwrapKey(changed, password, parts).catch((error: unknown) => (error as { code: string }).code);
        expect([null, 'vault-damaged', 'vault-newer', 'vault-kdf-refused'], `byte ${at}`).toContain(opened);
      }
    }
  });

  test('cannot be cut or made longer', async () => {
    const envelope = await wrap();
    for (let length = 0; length < envelope.length; length++)
      expect(() => readParameters(envelope.subarray(0, length))).toThrow(expect.objectContaining({ code: 'vault-damaged' }) as Error);
    expect(() => readParameters(Uint8Array.of(...envelope, 0))).toThrow('not whole');
  });

  test('cannot weaken its own password protection (finding M-302): below 64 MiB and 3 passes nothing is opened', async () => {
    const envelope = await wrap();
    for (const changed of [
      withNumber(envelope, 6, FLOOR.memoryKib - 1),
      withNumber(envelope, 10, FLOOR.passes - 1),
      withNumber(envelope, 6, 0),
    ])
      await expect(unwrapKey(changed, password, parts)).rejects.toMatchObject({ code: 'vault-kdf-refused' });
  });

  test('cannot take all memory or time: above the ceiling nothing is derived', async () => {
    const envelope = await wrap(CEILING);
    let derived = 0;
    const counting = (...args: Parameters<typeof quickKdf>): ReturnType<typeof quickKdf> => {
      derived += 1;
      return quickKdf(...args);
    };
    for (const changed of [
      withNumber(envelope, 6, CEILING.memoryKib + 1),
      withNumber(envelope, 10, 2 ** 32 - 1),
      withNumber(envelope, 6, 2 ** 32 - 1),
    ])
      await expect(unwrapKey(changed, password, { kdf: counting, cipher })).rejects.toMatchObject({ code: 'vault-kdf-refused' });
    expect(derived).toBe(0);
    expect(await unwrapKey(envelope, password, { kdf: counting, cipher })).toEqual(key);
  });

  test('of a newer version is refused by name', async () => {
    const newer = (await wrap()).slice();
    newer[4] = 2;
    expect(() => readParameters(newer)).toThrow('a newer version of NuNet made it (format 2, this one knows 1)');
  });
});

describe('sealed bytes', () => {
  const plain = utf8ToBytes('entropy');

  test('are opened by their key, as what they were sealed', async () => {
    const sealed = await seal(key, 'secret', plain, parts);
    expect(await unseal(key, 'secret', sealed, cipher)).toEqual(plain);
  });

  test('cannot be opened as something else, with another key, changed or cut', async () => {
    const sealed = await seal(key, 'secret', plain, parts);
    expect(await unseal(key, 'details', sealed, cipher)).toBeNull();
    expect(await unseal(randomBytes(KEY_BYTES), 'secret', sealed, cipher)).toBeNull();
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await unseal(key, 'secret', changed, cipher)).toBeNull();
      expect(await unseal(key, 'secret', sealed.subarray(0, at), cipher)).toBeNull();
    }
  });
});

// Secrets under a passphrase: byte for byte what OpenSSL makes, and closed to every other passphrase, purpose and byte.
import { createDecipheriv, scryptSync } from 'node:crypto';
import { bytesToHex, hexToBytes, randomBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { openSecret, sealedSecret, sealSecret } from './passphrase.ts';

const PASSPHRASE = 'correct horse battery';
const secret = randomBytes(32);

test('a secret opens again, and Node’s OpenSSL opens it the same', async () => {
  const sealed = sealedSecret.parse(JSON.parse(JSON.stringify(await sealSecret(secret, PASSPHRASE, 'for tests', randomBytes))));
  expect(await openSecret(sealed, PASSPHRASE, 'for tests')).toEqual(secret);

  const key = scryptSync(PASSPHRASE, hexToBytes(sealed.salt), 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 });
  const box = hexToBytes(sealed.box);
  const decipher = createDecipheriv('aes-256-gcm', key, hexToBytes(sealed.nonce));
  decipher.setAAD(new TextEncoder().encode('for tests'));
  decipher.setAuthTag(box.slice(-16));
  expect(Buffer.concat([decipher.update(box.slice(0, -16)), decipher.final()]).toString('hex')).toBe(bytesToHex(secret));
});

test('a passphrase is the same however its accents are composed', async () => {
  const sealed = await sealSecret(secret, 'caf\u00e9 au lait noir', 'for tests', randomBytes);
  expect(await openSecret(sealed, 'cafe\u0301 au lait noir', 'for tests')).toEqual(secret);
});

describe('cannot open a secret', () => {
  test('with another passphrase, for another purpose, or with one bit changed', async () => {
    const sealed = await sealSecret(secret, PASSPHRASE, 'for tests', randomBytes);
    const flipped = hexToBytes(sealed.box);
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    for (const [box, passphrase, context] of [
      [sealed.box, 'correct horse batterx', 'for tests'],
      [sealed.box, PASSPHRASE, 'for something else'],
      [bytesToHex(flipped), PASSPHRASE, 'for tests'],
    ] as const)
      await expect(openSecret({ ...sealed, box }, passphrase, context)).rejects.toMatchObject({ code: 'passphrase-wrong' });
  });

  test('whose file asks for another amount of memory', () => {
    const sealed = {
      kdf: 'scrypt-1073741824-8-1',
      cipher: 'aes-256-gcm',
      salt: '00'.repeat(16),
      nonce: '00'.repeat(12),
      box: '00'.repeat(48),
    };
    expect(sealedSecret.safeParse(sealed).success).toBe(false);
    expect(sealedSecret.safeParse({ ...sealed, kdf: 'scrypt-131072-8-1' }).success).toBe(true);
  });
});

test('cannot seal under a passphrase that is guessed in a day', async () => {
  await expect(sealSecret(secret, 'short', 'for tests', randomBytes)).rejects.toMatchObject({ code: 'passphrase-short' });
});

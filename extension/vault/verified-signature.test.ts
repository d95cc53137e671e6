// No bad signature leaves: a signer that is wrong, in any of the ways that signers were wrong, says nothing.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { masterKey, publicKeyOf, signExtended, type ExtendedKey } from './bip32-ed25519.ts';
import { seedPair } from './derived-keys.ts';
import { leaksNonce } from './nonce-leak.ts';
import { secondVerify, signVerified, type KeyPair } from './verified-signature.ts';

const { BASE, Fn } = ed25519.Point;
const key = masterKey(randomBytes(32));
const publicKey = publicKeyOf(key);
const message = utf8ToBytes('a message');
const second = secondVerify(crypto.subtle);
const pair = (sign: KeyPair['sign']): KeyPair => ({ publicKey, sign });

/** The defect of June 2026: kR left out of the nonce. A verifier finds nothing wrong with it. */
function leakySign(from: ExtendedKey, text: Uint8Array): Uint8Array {
  const r = Fn.create(bytesToNumberLE(sha512(text)));
  const R = BASE.multiply(r).toBytes();
  const h = Fn.create(bytesToNumberLE(sha512(concatBytes(R, publicKeyOf(from), text))));
  return concatBytes(R, numberToBytesLE(Fn.add(r, Fn.mul(h, Fn.create(bytesToNumberLE(from.subarray(0, 32))))), 32));
}

describe('a right signature', () => {
  test('leaves, of an account key and of a job key', async () => {
    expect(
      await signVerified(
        pair((bytes) => signExtended(key, bytes)),
        message,
        second,
      ),
    ).toHaveLength(64);
    expect(await signVerified(seedPair(randomBytes(32)), message, second)).toHaveLength(64);
  });

  test('leaves where the browser has no Ed25519 of its own', async () => {
    const without = { importKey: () => Promise.reject(new DOMException('no', 'NotSupportedError')) } as unknown as SubtleCrypto;
    expect(
      await signVerified(
        pair((bytes) => signExtended(key, bytes)),
        message,
        secondVerify(without),
      ),
    ).toHaveLength(64);
    expect(
      await signVerified(
        pair((bytes) => signExtended(key, bytes)),
        message,
        secondVerify(undefined),
      ),
    ).toHaveLength(64);
  });
});

describe('cannot leave:', () => {
  test('a signature that gives the key away, although every verifier accepts it', async () => {
    const leaky = leakySign(key, message);
    expect(ed25519.verify(leaky, message, publicKey, { zip215: false })).toBe(true);
    expect(leaksNonce(leaky, message)).toBe(true);
    // What one signature is enough for.
    const nonce = Fn.create(bytesToNumberLE(sha512(message)));
    const h = Fn.create(bytesToNumberLE(sha512(concatBytes(leaky.subarray(0, 32), publicKey, message))));
    const scalar = Fn.mul(Fn.sub(bytesToNumberLE(leaky.subarray(32)), nonce), Fn.inv(h));
    expect(scalar).toBe(Fn.create(bytesToNumberLE(key.subarray(0, 32))));
    await expect(
      signVerified(
        pair((bytes) => leakySign(key, bytes)),
        message,
        second,
      ),
    ).rejects.toMatchObject({ code: 'signature-refused' });
  });

  const wrong: Record<string, KeyPair['sign']> = {
    'one with a flipped bit': (bytes) => signExtended(key, bytes).map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    'one of another message': () => signExtended(key, utf8ToBytes('another')),
    'one of another key': (bytes) => signExtended(masterKey(new Uint8Array(32)), bytes),
    'one whose S was not reduced': (bytes) => {
      const made = signExtended(key, bytes);
      return concatBytes(made.subarray(0, 32), numberToBytesLE(bytesToNumberLE(made.subarray(32)) + Fn.ORDER, 32));
    },
    'a short one': (bytes) => signExtended(key, bytes).subarray(0, 63),
    zeros: () => new Uint8Array(64),
  };
  for (const [name, sign] of Object.entries(wrong))
    test(name, async () => expect(signVerified(pair(sign), message, second)).rejects.toMatchObject({ code: 'signature-refused' }));

  test('one that the second library refuses', async () => {
    await expect(
      signVerified(
        pair((bytes) => signExtended(key, bytes)),
        message,
        async () => false,
      ),
    ).rejects.toMatchObject({ code: 'signature-refused' });
  });
});

test('the second library judges by itself', async () => {
  const good = signExtended(key, message);
  expect(await second(good, message, publicKey)).toBe(true);
  expect(await second(good, utf8ToBytes('other'), publicKey)).toBe(false);
  expect(await second(good, message, new Uint8Array(32))).toBe(false);
  expect(await second(good, message, new Uint8Array(31))).toBe(false);
});

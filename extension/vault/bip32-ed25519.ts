// BIP32-Ed25519 (Khovratovich and Law, variant "V2") as CIP-3 (Icarus) and CIP-1852 use it, on @noble/curves. The curve, the hashes and
// the key stretching are that library's; what is here is the arithmetic between them.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';

/** kL 32 || kR 32 || chain code 32: an extended private key with its chain code. */
export type ExtendedKey = Uint8Array;

export const EXTENDED_KEY_BYTES = 96;
/** From this index on a child is hardened. */
export const HARD = 0x8000_0000;

const { BASE, Fn } = ed25519.Point;
const SCALAR_BYTES = 32;
const MASK_256 = (1n << 256n) - 1n;

/** CIP-3, Icarus: PBKDF2-HMAC-SHA512 with an empty password and the entropy as its salt, 4,096 rounds, 96 bytes; then three bits are fixed. */
export function masterKey(entropy: Uint8Array): ExtendedKey {
  const key = pbkdf2(sha512, new Uint8Array(), entropy, { c: 4096, dkLen: EXTENDED_KEY_BYTES });
  // The lowest three bits and the highest three of kL; the second highest is set.
  key[0] = (key[0] ?? 0) & 0b1111_1000;
  key[31] = ((key[31] ?? 0) & 0b0001_1111) | 0b0100_0000;
  return key;
}

/** Ed25519 public key, 32 bytes: kL times the base point. */
export const publicKeyOf = (key: ExtendedKey): Uint8Array =>
  BASE.multiply(Fn.create(bytesToNumberLE(key.subarray(0, SCALAR_BYTES)))).toBytes();

/** The child at this index. The caller zeroes both keys. */
export function childKey(parent: ExtendedKey, index: number): ExtendedKey {
  const secret = parent.subarray(0, 64);
  const chainCode = parent.subarray(64);
  const isHard = index >= HARD;
  const number = numberToBytesLE(index, 4);
  const source = isHard ? secret : publicKeyOf(parent);
  const digest = (tag: number): Uint8Array => {
    const data = concatBytes(Uint8Array.of(tag), source, number);
    const result = hmac(sha512, chainCode, data);
    data.fill(0);
    return result;
  };
  const z = digest(isHard ? 0 : 2);
  const next = digest(isHard ? 1 : 3);
  try {
    // kL' = 8 * ZL[0..28) + kL, and kR' = ZR + kR mod 2^256; little-endian, without reduction by the order.
    const kL = 8n * bytesToNumberLE(z.subarray(0, 28)) + bytesToNumberLE(parent.subarray(0, 32));
    const kR = (bytesToNumberLE(z.subarray(32)) + bytesToNumberLE(parent.subarray(32, 64))) & MASK_256;
    if (Fn.create(kL) === 0n) throw new NunetError('key-unusable', `Cannot derive key ${index}: its scalar is zero; take the next index`);
    const child = new Uint8Array(EXTENDED_KEY_BYTES);
    child.set(numberToBytesLE(kL, 32));
    child.set(numberToBytesLE(kR, 32), 32);
    child.set(next.subarray(32), 64);
    return child;
  } finally {
    z.fill(0);
    next.fill(0);
  }
}

/** The key at the end of a path. What lies between is zeroed; `key` is left as it is. */
export function keyAt(key: ExtendedKey, path: readonly number[]): ExtendedKey {
  let at: ExtendedKey = key.slice();
  for (const index of path) {
    const parent = at;
    try {
      at = childKey(parent, index);
    } finally {
      parent.fill(0);
    }
  }
  return at;
}

/**
 * Ed25519 with an extended key (RFC 8032 section 5.1.6, where kL is the scalar and kR the prefix). The nonce is SHA-512(kR || message):
 * without kR anybody could compute it from the message, and with it the key.
 */
export function signExtended(key: ExtendedKey, message: Uint8Array, publicKey: Uint8Array = publicKeyOf(key)): Uint8Array {
  const seed = concatBytes(key.subarray(32, 64), message);
  const hash = sha512(seed);
  try {
    const r = Fn.create(bytesToNumberLE(hash));
    const R = BASE.multiply(r).toBytes();
    const h = Fn.create(bytesToNumberLE(sha512(concatBytes(R, publicKey, message))));
    const S = Fn.add(r, Fn.mul(h, Fn.create(bytesToNumberLE(key.subarray(0, 32)))));
    return concatBytes(R, numberToBytesLE(S, 32));
  } finally {
    seed.fill(0);
    hash.fill(0);
  }
}

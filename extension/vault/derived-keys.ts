// Keys that are no Cardano account: one a job, one an agent that is owned, and one that seals the list of approved jobs. All follow from the
// words, so that a restored wallet has them again; none leads back to the words or to another key.
import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { KeyPair } from './verified-signature.ts';

const SEED_BYTES = 32;
const SALT = utf8ToBytes('nunet/vault/1');

/** The root of all of them. The caller zeroes it. */
export const rootOf = (entropy: Uint8Array): Uint8Array => hkdf(sha256, entropy, SALT, utf8ToBytes('root'), SEED_BYTES);

const derived = (root: Uint8Array, purpose: string, which: Uint8Array): Uint8Array =>
  hkdf(sha256, root, SALT, Uint8Array.of(...utf8ToBytes(purpose), 0, ...which), SEED_BYTES);

/** Ed25519 seed of a job. `keyId`: 16 random bytes hex, so that no two jobs share one. */
export const jobSeed = (root: Uint8Array, keyId: string): Uint8Array => derived(root, 'nunet/job-key/1', hexToBytes(keyId));

/** Ed25519 seed of the owner of this agent. */
export const ownerSeed = (root: Uint8Array, peerId: string): Uint8Array => derived(root, 'nunet/owner-key/1', utf8ToBytes(peerId));

export const grantsKey = (root: Uint8Array): Uint8Array => derived(root, 'nunet/grants/1', new Uint8Array());

export const seedPair = (seed: Uint8Array): KeyPair => ({
  publicKey: ed25519.getPublicKey(seed),
  sign: (message) => ed25519.sign(message, seed),
});

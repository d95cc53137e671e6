// Tells the signature that gives its key away: the defect by which a Cardano wallet lost its users' money in June 2026.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, equalBytes } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';

const { BASE, Fn } = ed25519.Point;

/** True when R is SHA-512(message) times the base point: then the nonce is known to everybody, and one signature yields the private scalar. */
export const leaksNonce = (signature: Uint8Array, message: Uint8Array): boolean =>
  equalBytes(signature.subarray(0, 32), BASE.multiply(Fn.create(bytesToNumberLE(sha512(message)))).toBytes());

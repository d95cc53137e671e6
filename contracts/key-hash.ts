// What an address or a required signer holds of an Ed25519 public key: its blake2b-224 hash (CIP-19).
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** 28 bytes. `publicKey`: 32 bytes hex. */
export const keyHashBytes = (publicKey: string): Uint8Array => blake2b(hexToBytes(publicKey), { dkLen: 28 });

/** The same as hex. */
export const publicKeyHash = (publicKey: string): string => bytesToHex(keyHashBytes(publicKey));

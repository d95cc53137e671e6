// Adds key witnesses to a transaction without touching a byte of its body.
import { ed25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { asArray, asBytes, asInt, asMap, cborArray, cborBytes, cborInt, cborMap, cborTag, readCbor, type CborItem } from './chain/cbor.ts';
import { publicKeyHash } from './key-hash.ts';

/** An Ed25519 public key and its signature over the transaction id, hex. */
export interface KeyWitness {
  publicKey: string;
  signature: string;
}

/** A set in Conway's CBOR. */
const SET = 258;
const KEY_WITNESSES = 0n;

function partsOf(transactionCbor: string): { source: Uint8Array; items: CborItem[]; body: Uint8Array } {
  const source = hexToBytes(transactionCbor);
  const items = asArray(readCbor(source));
  const body = items[0];
  if (items.length !== 4 || body === undefined) throw new NunetError('transaction-invalid', 'Cannot sign: not a transaction of four parts');
  return { source, items, body: source.subarray(body.start, body.end) };
}

/** blake2b-256 of the body as it is; known before anybody signs. */
export const transactionId = (transactionCbor: string): string => bytesToHex(blake2b(partsOf(transactionCbor).body, { dkLen: 32 }));

/** The transaction with these witnesses beside those it has. */
export function addWitnesses(transactionCbor: string, witnesses: KeyWitness[]): string {
  const { source, items, body } = partsOf(transactionCbor);
  const raw = (item: CborItem): Uint8Array => source.subarray(item.start, item.end);
  const added = new Set(witnesses.map(({ publicKey }) => publicKey));
  const kept: Uint8Array[] = [];
  const others: [Uint8Array, Uint8Array][] = [];
  for (const [key, value] of asMap(items[1])) {
    if (asInt(key) !== KEY_WITNESSES) others.push([raw(key), raw(value)]);
    else for (const entry of asArray(value)) if (!added.has(bytesToHex(asBytes(asArray(entry)[0])))) kept.push(raw(entry));
  }
  const made = witnesses.map(({ publicKey, signature }) => cborArray([cborBytes(hexToBytes(publicKey)), cborBytes(hexToBytes(signature))]));
  const all = cborTag(SET, cborArray([...kept, ...made]));
  const tail = items.slice(2).map(raw);
  return bytesToHex(concatBytes(Uint8Array.of(0x84), body, cborMap([[cborInt(KEY_WITNESSES), all], ...others]), ...tail));
}

/** Signs the transaction id with raw Ed25519 secret keys (32 bytes hex). */
export function signTransaction(transactionCbor: string, secretKeys: string[]): string {
  const id = hexToBytes(transactionId(transactionCbor));
  return addWitnesses(
    transactionCbor,
    secretKeys.map((secret) => {
      const key = hexToBytes(secret);
      return { publicKey: bytesToHex(ed25519.getPublicKey(key)), signature: bytesToHex(ed25519.sign(id, key)) };
    }),
  );
}

/** 28-byte hash of the public key of a raw secret key: what a payment credential holds. */
export const keyHash = (secretKey: string): string => publicKeyHash(bytesToHex(ed25519.getPublicKey(hexToBytes(secretKey))));

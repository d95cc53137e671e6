// Who takes part in the property tests: the same keys in every run, so that a counterexample can be told again. Signatures are by
// node:crypto, a second implementation beside the one that ships.
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { addressOf, type Credential } from '../address.ts';

export interface Signer {
  publicKey: string;
  sign: (message: Uint8Array) => string;
}

export interface Party {
  address: string;
  payment: Credential;
  /** Of a party that is a script: the CBOR of it. */
  nativeScript?: Uint8Array;
}

// RFC 8410: what stands before the 32 bytes of an Ed25519 key.
const PRIVATE_PREFIX = hexToBytes('302e020100300506032b657004220420');
const PUBLIC_PREFIX = hexToBytes('302a300506032b6570032100');

const seed = (name: string): Uint8Array => createHash('sha256').update(name).digest();

export function signerCalled(name: string): Signer {
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PRIVATE_PREFIX, seed(name))), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: spki.subarray(PUBLIC_PREFIX.length).toString('hex'),
    sign: (message) => sign(null, message, key).toString('hex'),
  };
}

const publicKeys = new Map<string, KeyObject>();

/** False also for what is no key and no signature. */
export function isSignedBy(publicKey: string, message: Uint8Array, signature: string): boolean {
  if (publicKey.length !== 64 || signature.length !== 128) return false;
  try {
    const key =
      publicKeys.get(publicKey) ??
      createPublicKey({ key: Buffer.from(concatBytes(PUBLIC_PREFIX, hexToBytes(publicKey))), format: 'der', type: 'spki' });
    publicKeys.set(publicKey, key);
    return verify(null, message, key, hexToBytes(signature));
  } catch {
    return false;
  }
}

/** Ascending, as a datum wants them. */
export const ORACLES: Signer[] = Array.from({ length: 9 }, (_, index) => signerCalled(`oracle ${index}`)).toSorted((a, b) =>
  a.publicKey < b.publicKey ? -1 : 1,
);
export const JOB_KEYS: Signer[] = ['voucher 0', 'voucher 1', 'close 0', 'close 1'].map(signerCalled);

const keyCredential = (name: string): Credential => ({
  kind: 'key',
  hash: bytesToHex(blake2b(hexToBytes(signerCalled(name).publicKey), { dkLen: 28 })),
});

// Native script "sig": [0, key hash]; hashed behind its language's number.
const nativeScript = concatBytes(hexToBytes('8200581c'), hexToBytes(keyCredential('script owner').hash));
const nativeCredential: Credential = {
  kind: 'script',
  hash: bytesToHex(blake2b(concatBytes(Uint8Array.of(0), nativeScript), { dkLen: 28 })),
};

const party = (payment: Credential, stake?: Credential): Party => ({
  payment,
  address: addressOf(stake === undefined ? { payment } : { payment, stake }),
});

/** Of every kind that an address of a test network has; any of them may be either provider. */
export const PARTIES: Party[] = [
  party(keyCredential('anna'), keyCredential('stake of anna')),
  party(keyCredential('bert')),
  party(keyCredential('carl'), nativeCredential),
  { ...party(nativeCredential), nativeScript },
];
/** The same payment key as the first party, another stake part. */
export const HALF_ANNA: Party[] = [party(keyCredential('anna')), party(keyCredential('anna'), keyCredential('stake of the thief'))];
export const THIEF: Party = party(keyCredential('thief'), keyCredential('stake of the thief'));

export const ASSETS = [
  { policyId: 'a1'.repeat(28), assetName: '4e5458' },
  { policyId: 'a1'.repeat(28), assetName: '' },
] as const;
/** Worth nothing. */
export const DUST = { policyId: 'd0'.repeat(28), assetName: '64757374' };

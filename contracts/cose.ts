// CIP-8 messages as CIP-30 returns them: what is signed (Sig_structure), COSE_Sign1 and COSE_Key (RFC 9052, 9053).
import { cborArray, cborBytes, cborInt, cborMap, cborText } from './chain/cbor.ts';

/** With its headers, a COSE_Sign1 of it stays within 8 KiB. */
export const MAX_PAYLOAD_BYTES = 7_680;

const ALGORITHM = 1;
const EDDSA = -8;
const KEY_ID = 4;
const KEY_TYPE = 1;
const OCTET_KEY_PAIR = 1;
const KEY_ALGORITHM = 3;
const CURVE = -1;
const ED25519 = 6;
const X = -2;
/** `false` in CBOR: the payload is signed as it is, not its hash. */
const FALSE = Uint8Array.of(0xf4);

/** `keyId`: the public key, which some wallets (Mesh among them) name in the headers as well. Ours does not. */
const protectedHeaders = (address: Uint8Array, keyId?: Uint8Array): Uint8Array =>
  cborMap([
    [cborInt(ALGORITHM), cborInt(EDDSA)],
    ...(keyId === undefined ? [] : [[cborInt(KEY_ID), cborBytes(keyId)] satisfies [Uint8Array, Uint8Array]]),
    [cborText('address'), cborBytes(address)],
  ]);

/** What the key signs. */
export const signatureStructure = (address: Uint8Array, payload: Uint8Array, keyId?: Uint8Array): Uint8Array =>
  cborArray([cborText('Signature1'), cborBytes(protectedHeaders(address, keyId)), cborBytes(new Uint8Array()), cborBytes(payload)]);

export const coseSign1 = (address: Uint8Array, payload: Uint8Array, signature: Uint8Array, keyId?: Uint8Array): Uint8Array =>
  cborArray([
    cborBytes(protectedHeaders(address, keyId)),
    cborMap([[cborText('hashed'), FALSE]]),
    cborBytes(payload),
    cborBytes(signature),
  ]);

export const coseKey = (publicKey: Uint8Array): Uint8Array =>
  cborMap([
    [cborInt(KEY_TYPE), cborInt(OCTET_KEY_PAIR)],
    [cborInt(KEY_ALGORITHM), cborInt(EDDSA)],
    [cborInt(CURVE), cborInt(ED25519)],
    [cborInt(X), cborBytes(publicKey)],
  ]);

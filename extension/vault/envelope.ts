// How a key is wrapped by a password, and how bytes are sealed by a key. The header says how it was made and is authenticated whole, so
// that nobody can weaken what is stored without the password noticing.
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { NONCE_BYTES, TAG_BYTES, type Cipher } from './cipher.ts';

/** Argon2id, version 1.3. */
export interface KdfParameters {
  memoryKib: number;
  passes: number;
}

/** 32 bytes from a password. */
export type Kdf = (password: Uint8Array, salt: Uint8Array, parameters: KdfParameters) => Promise<Uint8Array>;
export type Random = (bytes: number) => Uint8Array;

/** What sealing takes. */
export interface Seals {
  cipher: Cipher;
  random: Random;
}

/** What wrapping by a password takes. */
export interface Wraps extends Seals {
  kdf: Kdf;
}

const MAGIC = utf8ToBytes('NTXV');
export const ENVELOPE_VERSION = 1;
const ARGON2ID = 1;
const LANES = 1;
const SALT_BYTES = 32;
export const KEY_BYTES = 32;
/** magic 4, version 1, kdf 1, memory 4, passes 4, lanes 1, salt 32, nonce 12. */
const HEADER_BYTES = 59;
const ENVELOPE_BYTES = HEADER_BYTES + KEY_BYTES + TAG_BYTES;

/** Weaker than this is neither made nor opened: 64 MiB and 3 passes. */
export const FLOOR: KdfParameters = { memoryKib: 64 * 1024, passes: 3 };
/** More than this is neither made nor opened, so that no file can take all memory or all time. */
export const CEILING: KdfParameters = { memoryKib: 128 * 1024, passes: 8 };

const damaged = (why: string): NunetError =>
  new NunetError('vault-damaged', `Cannot open the wallet: ${why}; nothing was changed. Restore it from its words or from a backup file.`);

/** The parameters of an envelope. Throws `vault-damaged`, `vault-newer`, `vault-kdf-refused`. */
export function readParameters(envelope: Uint8Array): KdfParameters {
  if (envelope.length < MAGIC.length + 1 || MAGIC.some((byte, at) => envelope[at] !== byte)) throw damaged('its header is not one');
  const version = envelope[4] ?? 0;
  if (version > ENVELOPE_VERSION)
    throw new NunetError(
      'vault-newer',
      `Cannot open the wallet: a newer version of NuNet made it (format ${version}, this one knows ${ENVELOPE_VERSION}); nothing was changed`,
    );
  if (version !== ENVELOPE_VERSION || envelope.length !== ENVELOPE_BYTES) throw damaged('its header is not whole');
  const view = new DataView(envelope.buffer, envelope.byteOffset);
  const parameters = { memoryKib: view.getUint32(6), passes: view.getUint32(10) };
  const isBetween =
    parameters.memoryKib >= FLOOR.memoryKib &&
    parameters.memoryKib <= CEILING.memoryKib &&
    parameters.passes >= FLOOR.passes &&
    parameters.passes <= CEILING.passes;
  if (envelope[5] !== ARGON2ID || envelope[14] !== LANES || !isBetween)
    throw new NunetError(
      'vault-kdf-refused',
      'Cannot open the wallet: its password protection is weaker or heavier than any that NuNet makes',
    );
  return parameters;
}

/** Wraps a key of 32 bytes. */
export async function wrapKey(key: Uint8Array, password: Uint8Array, parameters: KdfParameters, parts: Wraps): Promise<Uint8Array> {
  const numbers = new DataView(new ArrayBuffer(9));
  numbers.setUint32(0, parameters.memoryKib);
  numbers.setUint32(4, parameters.passes);
  numbers.setUint8(8, LANES);
  const salt = parts.random(SALT_BYTES);
  const nonce = parts.random(NONCE_BYTES);
  const header = concatBytes(MAGIC, Uint8Array.of(ENVELOPE_VERSION, ARGON2ID), new Uint8Array(numbers.buffer), salt, nonce);
  const wrapping = await parts.kdf(password, salt, parameters);
  try {
    return concatBytes(header, await parts.cipher.seal(wrapping, nonce, header, key));
  } finally {
    wrapping.fill(0);
  }
}

/** The wrapped key; null: another password, or a changed envelope, which nobody can tell apart. Throws as `readParameters`. */
export async function unwrapKey(
  envelope: Uint8Array,
  password: Uint8Array,
  { kdf, cipher }: Pick<Wraps, 'kdf' | 'cipher'>,
): Promise<Uint8Array | null> {
  const parameters = readParameters(envelope);
  const header = envelope.subarray(0, HEADER_BYTES);
  const nonce = header.subarray(HEADER_BYTES - NONCE_BYTES);
  const salt = header.subarray(HEADER_BYTES - NONCE_BYTES - SALT_BYTES, HEADER_BYTES - NONCE_BYTES);
  const wrapping = await kdf(password, salt, parameters);
  try {
    return await cipher.open(wrapping, nonce, header, envelope.subarray(HEADER_BYTES));
  } finally {
    wrapping.fill(0);
  }
}

/** nonce 12 || box. `what` names the content, so that one sealed thing cannot be put in another's place. */
export async function seal(key: Uint8Array, what: string, plain: Uint8Array, { cipher, random }: Seals): Promise<Uint8Array> {
  const nonce = random(NONCE_BYTES);
  return concatBytes(nonce, await cipher.seal(key, nonce, utf8ToBytes(what), plain));
}

/** Null: sealed by another key, as something else, or changed. */
export async function unseal(key: Uint8Array, what: string, sealed: Uint8Array, cipher: Cipher): Promise<Uint8Array | null> {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  return cipher.open(key, sealed.subarray(0, NONCE_BYTES), utf8ToBytes(what), sealed.subarray(NONCE_BYTES));
}

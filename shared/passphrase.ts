// A secret under a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM (NIST SP 800-38D) seals. For keys that lie in a file.
import { gcm } from '@noble/ciphers/aes.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { NunetError } from './errors.ts';

/** 128 MiB and half a second for each guess. Closed: a file must not tell this program how much memory to take. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, dkLen: 32 } as const;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const LEAST_CHARACTERS = 12;
const MOST_SECRET_BYTES = 1024;

const hexUpTo = (bytes: number) => z.string().regex(new RegExp(`^([0-9a-f]{2}){1,${bytes}}$`));

export const sealedSecret = z.strictObject({
  kdf: z.literal('scrypt-131072-8-1'),
  cipher: z.literal('aes-256-gcm'),
  salt: hexUpTo(SALT_BYTES).length(2 * SALT_BYTES),
  nonce: hexUpTo(NONCE_BYTES).length(2 * NONCE_BYTES),
  box: hexUpTo(MOST_SECRET_BYTES + 16),
});
export type SealedSecret = z.infer<typeof sealedSecret>;

/** Compatibility composition, so that one passphrase typed on two keyboards is one. */
const keyFrom = (passphrase: string, salt: Uint8Array): Promise<Uint8Array> =>
  scryptAsync(utf8ToBytes(passphrase.normalize('NFKC')), salt, SCRYPT);

/** `context` names what the secret is for and is bound to it. Throws `passphrase-short`. */
export async function sealSecret(
  secret: Uint8Array,
  passphrase: string,
  context: string,
  random: (bytes: number) => Uint8Array,
): Promise<SealedSecret> {
  if (secret.length > MOST_SECRET_BYTES) throw new RangeError(`a secret has at most ${MOST_SECRET_BYTES} bytes`);
  if (passphrase.length < LEAST_CHARACTERS)
    throw new NunetError(
      'passphrase-short',
      `Cannot seal the key: the passphrase is too short, want at least ${LEAST_CHARACTERS} characters`,
    );
  const salt = random(SALT_BYTES);
  const nonce = random(NONCE_BYTES);
  const box = gcm(await keyFrom(passphrase, salt), nonce, utf8ToBytes(context)).encrypt(secret);
  return { kdf: 'scrypt-131072-8-1', cipher: 'aes-256-gcm', salt: bytesToHex(salt), nonce: bytesToHex(nonce), box: bytesToHex(box) };
}

/** Throws `passphrase-wrong`: also for a box that was changed, or that was sealed for something else. */
export async function openSecret({ salt, nonce, box }: SealedSecret, passphrase: string, context: string): Promise<Uint8Array> {
  const key = await keyFrom(passphrase, hexToBytes(salt));
  try {
    return gcm(key, hexToBytes(nonce), utf8ToBytes(context)).decrypt(hexToBytes(box));
  } catch {
    throw new NunetError('passphrase-wrong', 'Cannot open the key: the passphrase is wrong, or the file was changed');
  }
}

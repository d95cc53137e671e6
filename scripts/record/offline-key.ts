// A key that signs network records, on a machine without network: in a file of mode 0600, sealed under a passphrase.
import { randomBytes } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { z } from 'zod';
import { readSecret, writeSecret } from '@nunet/edge/key-file.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { openSecret, sealedSecret, sealSecret } from '@nunet/shared/passphrase.ts';
import { signerOf, type Signer } from '@nunet/shared/signature.ts';

const keyFile = z.strictObject({ version: z.literal(1), purpose: z.literal('network-record'), publicKey: hex32, sealed: sealedSecret });
/** Bound to the box, so that no other file's key is taken for this one. */
const contextOf = (publicKey: string): string => `nunet network-record key ${publicKey}`;
const MAX_FILE_CHARACTERS = 4096;

/** Throws `key-exists`, `passphrase-short`. Gives the public key: what builds pin. */
export async function createOfflineKey(
  path: string,
  passphrase: string,
  random: (bytes: number) => Uint8Array = randomBytes,
): Promise<string> {
  const secretKey = Uint8Array.from(random(32));
  const { publicKey } = signerOf(secretKey);
  const sealed = await sealSecret(secretKey, passphrase, contextOf(publicKey), (bytes) => Uint8Array.from(random(bytes)));
  await writeSecret(path, `${JSON.stringify({ version: 1, purpose: 'network-record', publicKey, sealed }, null, 2)}\n`);
  return publicKey;
}

/** Throws `key-missing`, `key-open`, `key-invalid`, `passphrase-wrong`. */
export async function openOfflineKey(path: string, passphrase: string): Promise<Signer> {
  const text = await readSecret(path, 'offline key', 'make one with "npm run record -- keygen --key FILE"');
  const parsed = text.length > MAX_FILE_CHARACTERS ? undefined : keyFile.safeParse(jsonOf(text));
  if (parsed?.success !== true)
    throw new NunetError('key-invalid', `Cannot open offline key ${path}: it is not a key file of this program`);
  const { publicKey, sealed } = parsed.data;
  const secretKey = await openSecret(sealed, passphrase, contextOf(publicKey));
  if (secretKey.length !== ed25519.lengths.secretKey || signerOf(secretKey).publicKey !== publicKey)
    throw new NunetError('key-invalid', `Cannot open offline key ${path}: it does not hold the key that it names`);
  return signerOf(secretKey);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

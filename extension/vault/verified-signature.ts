// No signature leaves before two libraries have verified it and the nonce-leak predicate has passed it: a signer that is wrong says nothing.
import { ed25519 } from '@noble/curves/ed25519.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { leaksNonce } from './nonce-leak.ts';

/** Says whether a signature is right. Never throws. */
export type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => Promise<boolean>;

export interface KeyPair {
  publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/**
 * The browser's own Ed25519 (WebCrypto; Chromium from 137, Firefox from 129), which shares no code with the signer. Where a browser has none,
 * the strict verification of @noble/curves alone decides: it computes with points, the signer only with the scalar.
 */
export function secondVerify(subtle: SubtleCrypto | undefined): Verify {
  return async (signature, message, publicKey) => {
    if (subtle === undefined) return true;
    let key: CryptoKey;
    try {
      key = await subtle.importKey('raw', publicKey.slice(), 'Ed25519', false, ['verify']);
    } catch (error) {
      return (error as Error).name === 'NotSupportedError';
    }
    return subtle.verify('Ed25519', key, signature.slice(), message.slice()).catch(() => false);
  };
}

/** RFC 8032 without ZIP215's leniency. */
function isStrictlyValid(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Throws `signature-refused`. */
export async function signVerified(key: KeyPair, message: Uint8Array, second: Verify): Promise<Uint8Array> {
  const signature = key.sign(message);
  const isGood =
    signature.length === 64 &&
    !leaksNonce(signature, message) &&
    isStrictlyValid(signature, message, key.publicKey) &&
    (await second(signature, message, key.publicKey));
  if (isGood) return signature;
  signature.fill(0);
  throw new NunetError(
    'signature-refused',
    'Cannot sign: the signature did not pass its own check and was thrown away; restart the browser',
  );
}

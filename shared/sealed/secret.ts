// K, the secret of one sealed job, and what follows from it for each file: an AES-256-GCM key and a salt. K itself encrypts nothing.
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** RFC 5869 with SHA-256: the job's id as salt, the purpose and the file's name as info. */
const derived = (key: string, jobId: string, purpose: string, name: string): Uint8Array<ArrayBuffer> =>
  hkdf(sha256, hexToBytes(key), utf8ToBytes(jobId), concatBytes(utf8ToBytes(purpose), utf8ToBytes(name)), 32).slice();

/** Of one file: what encrypts it, and what keeps its commitments from being guessed. */
export interface FileSecret {
  readonly jobId: string;
  readonly name: string;
  readonly key: CryptoKey;
  readonly salt: CryptoKey;
}

/** Keys are used for this one file of this one job, so a nonce may be the number of the block. */
export async function fileSecret(key: string, jobId: string, name: string): Promise<FileSecret> {
  const { subtle } = globalThis.crypto;
  return {
    jobId,
    name,
    key: await subtle.importKey('raw', derived(key, jobId, 'nunet/sealed/file/1', name), 'AES-GCM', false, ['encrypt', 'decrypt']),
    salt: await subtle.importKey('raw', derived(key, jobId, 'nunet/sealed/salt/1', name), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ]),
  };
}

// The three functions of Node's crypto that Mesh imports. None is reached by building a transaction: no key ever enters this worker.
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { Buffer } from 'buffer';

export const randomFillSync = <T extends Uint8Array<ArrayBuffer>>(bytes: T): T => crypto.getRandomValues(bytes);
export const randomBytes = (length: number): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(length)));
export const pbkdf2Sync = (password: Uint8Array, salt: Uint8Array, c: number, dkLen: number): Buffer =>
  Buffer.from(pbkdf2(sha512, password, salt, { c, dkLen }));
export default { randomFillSync, randomBytes, pbkdf2Sync };

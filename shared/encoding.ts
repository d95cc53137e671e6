// The one codec: canonical dag-cbor, CIDs over blake2b-256, raw blocks of files over sha2-256. Anything that is not its own canonical encoding is refused.
import * as dagCbor from '@ipld/dag-cbor';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import type { z } from 'zod';
import { NunetError } from './errors.ts';

/** Multicodec of blake2b-256. Source: multiformats/multicodec table. */
const BLAKE2B_256 = 0xb220;
/** sha2-256, for raw blocks only: in JavaScript 235 MB/s against 28 for blake2b, and every platform has it built in. Statements that reach the chain stay blake2b. */
const SHA2_256 = 0x12;
const RAW = 0x55;

export const blake2b256 = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

/** Canonical dag-cbor. bigint up to 64 bits, Uint8Array, plain objects; `undefined` is refused by the codec. */
export const encode = (value: unknown): Uint8Array => dagCbor.encode(value);

const hashCodeOf = (codec: number): number => (codec === RAW ? SHA2_256 : BLAKE2B_256);

const cidOfDigest = (codec: number, hash: Uint8Array): string => CID.createV1(codec, digest.create(hashCodeOf(codec), hash)).toString();

/** CID text of canonical dag-cbor bytes. */
export const cidOf = (dagCborBytes: Uint8Array): string => cidOfDigest(dagCbor.code, blake2b256(dagCborBytes));

/** CID text of a raw block. */
export const rawCidOf = (bytes: Uint8Array): string => rawCidOfHash(sha256(bytes));

/** CID text of a raw block whose sha2-256 the platform computed. */
export const rawCidOfHash = (sha256Hash: Uint8Array): string => cidOfDigest(RAW, sha256Hash);

/** The 32-byte hash inside a CID of ours, in hex: what the datum keeps of a quote. */
export function hashOfCid(text: string): string {
  return bytesToHex(parseCid(text).multihash.digest);
}

/** The dag-cbor CID of a 32-byte hash in hex: the quote that a datum names. */
export const cidOfHash = (hash: string): string => cidOfDigest(dagCbor.code, hexToBytes(hash));

/** Throws `cid-invalid` unless the text is a CIDv1: dag-cbor over blake2b-256, or raw over sha2-256. */
export function parseCid(text: string): CID {
  try {
    const cid = CID.parse(text);
    if (cid.code !== RAW && cid.code !== dagCbor.code) throw new Error('foreign codec');
    if (cid.version !== 1 || cid.multihash.code !== hashCodeOf(cid.code) || cid.multihash.digest.length !== 32)
      throw new Error('foreign CID');
    return cid;
  } catch (cause) {
    throw new NunetError(
      'cid-invalid',
      `Cannot read CID "${text.slice(0, 80)}": want CIDv1, dag-cbor over blake2b-256 or raw over sha2-256`,
      { cause },
    );
  }
}

/** True when the bytes hash to the CID. */
export function matchesCid(bytes: Uint8Array, text: string): boolean {
  const cid = parseCid(text);
  return sameBytes(cid.code === RAW ? sha256(bytes) : blake2b256(bytes), cid.multihash.digest);
}

/** Words of four bytes, of a copy where the bytes do not begin at a word: what a frame holds begins anywhere. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, bytes.length >>> 2);
}

/** Four bytes at a time: a callback a byte took most of the time of a file transfer, a loop over bytes still 2 ms a block. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const wordsOfA = wordsOf(a);
  const wordsOfB = wordsOf(b);
  for (let word = 0; word < wordsOfA.length; word++) if (wordsOfA[word] !== wordsOfB[word]) return false;
  for (let i = wordsOfA.length * 4; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Bytes from a stranger -> closed type. Throws `bytes-too-large`, `bytes-invalid` (not canonical dag-cbor) or
 * `message-invalid` (names the first wrong field and what is allowed).
 */
export function decode<T>(schema: z.ZodType<T>, bytes: Uint8Array, limit: { name: string; maxBytes: number }): T {
  if (bytes.length > limit.maxBytes) {
    throw new NunetError('bytes-too-large', `Cannot read ${limit.name}: ${bytes.length} bytes, at most ${limit.maxBytes} are allowed`);
  }
  let value: unknown;
  try {
    value = dagCbor.decode(bytes);
    // cborg accepts unsorted maps; comparing with our own encoding leaves one encoding a value, so a CID names one meaning.
    if (!sameBytes(dagCbor.encode(value), bytes)) throw new Error('not canonical');
  } catch (cause) {
    throw new NunetError('bytes-invalid', `Cannot read ${limit.name}: not canonical dag-cbor`, { cause });
  }
  return parse(schema, value, limit.name);
}

/** A decoded value -> closed type. Throws `message-invalid`, naming the first wrong field and what is allowed. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? 'value' : issue.path.map(String).join('.');
  throw new NunetError('message-invalid', `Cannot read ${name}: ${path}: ${issue?.message ?? 'not valid'}`);
}

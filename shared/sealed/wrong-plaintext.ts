// Proof that a sealed delivery is not what its manifest commits to: one block and its Merkle path, checked by anybody once K is known.
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { keyHashOf } from '../agreement.ts';
import { cidOf, encode } from '../encoding.ts';
import { cidText, fileName, hex32, network, outputReference } from '../fields.ts';
import { MAX_BLOCK_BYTES, MAX_FILE_BYTES } from '../file-dag.ts';
import type { Manifest } from '../manifest.ts';
import { commitmentOf, openBlock } from './block.ts';
import { merklePath, pathOf, rootFrom, type Leaf } from './merkle.ts';
import { fileSecret } from './secret.ts';

/** Counts by what it says, whoever brings it. */
export const wrongPlaintext = z.strictObject({
  v: z.literal(1),
  network,
  jobId: cidText,
  lock: outputReference,
  manifestCid: cidText,
  /** K. */
  key: hex32,
  /** The block's place. */
  file: fileName,
  index: z
    .int()
    .min(0)
    .max(MAX_FILE_BYTES / MAX_BLOCK_BYTES),
  isLast: z.boolean(),
  ciphertext: z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= MAX_BLOCK_BYTES,
    'must be the bytes of one block',
  ),
  /** What the agent committed to there. */
  commitment: hex32,
  path: merklePath,
});
export type WrongPlaintext = z.infer<typeof wrongPlaintext>;
/** One block, a path of 40 nodes of 85 bytes each, and the rest. */
export const MAX_WRONG_PLAINTEXT_BYTES = MAX_BLOCK_BYTES + 5 * 1024;

/** True when the ciphertext opens to the plaintext that was committed to. */
async function isAsCommitted(
  key: string,
  jobId: string,
  block: { name: string; index: number; isLast: boolean; commitment: string },
  ciphertext: Uint8Array,
): Promise<boolean> {
  const secret = await fileSecret(key, jobId, block.name);
  const plaintext = await openBlock(secret, block, ciphertext);
  return plaintext !== null && bytesToHex(await commitmentOf(secret, block.index, plaintext)) === block.commitment;
}

/** `leaves` are the tree of the manifest, `position` the block's place in it. */
export function proveWrongPlaintext(
  manifest: Manifest,
  key: string,
  leaves: readonly Leaf[],
  position: number,
  ciphertext: Uint8Array,
): WrongPlaintext {
  const leaf = leaves[position];
  if (leaf === undefined) throw new RangeError('the tree has no such leaf');
  const { name: file, index, isLast, commitment } = leaf;
  return {
    v: 1,
    network: manifest.network,
    jobId: manifest.jobId,
    lock: manifest.lock,
    manifestCid: cidOf(encode(manifest)),
    key,
    file,
    index,
    isLast,
    ciphertext,
    commitment,
    path: pathOf(leaves, position),
  };
}

/** Why it proves nothing against this manifest; null when it does. */
export async function wrongPlaintextProblem(proof: WrongPlaintext, manifest: { body: Manifest; cid: string }): Promise<string | null> {
  const { delivery, jobId } = manifest.body;
  if (proof.manifestCid !== manifest.cid) return 'it is about another manifest';
  if (delivery.kind !== 'sealed' || delivery.leaves === undefined) return 'the manifest commits to no sealed plaintext';
  if (keyHashOf(proof.key) !== delivery.keyHash) return 'its key is not the one that the manifest names';
  const ciphertextHash = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', proof.ciphertext as Uint8Array<ArrayBuffer>));
  const { file: name, index, isLast, commitment } = proof;
  const leaf = { name, index, isLast, commitment, ciphertextHash: bytesToHex(ciphertextHash) };
  if (rootFrom(leaf, proof.path) !== delivery.plaintextRoot) return 'its block is not in the tree that the manifest commits to';
  return (await isAsCommitted(proof.key, jobId, leaf, proof.ciphertext)) ? 'the block opens to what was committed to' : null;
}

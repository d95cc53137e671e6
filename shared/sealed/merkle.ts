// The committed tree: binary, SHA-256, leaves and nodes apart by their first byte (as RFC 9162), in the order of blocks.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { hex32 } from '../fields.ts';
import { LEAF_MARK, nodeHash, rootOfHashes, splitOf } from '../merkle-tree.ts';

/** What one leaf binds together: a place, the ciphertext there, and the commitment to its plaintext. */
export interface Leaf {
  name: string;
  index: number;
  isLast: boolean;
  /** SHA-256 of the ciphertext block, hex: the hash in its CID. */
  ciphertextHash: string;
  /** Hex. */
  commitment: string;
}

/** More than any tree that can be: 2^40 blocks are 2^58 bytes. */
const MAX_DEPTH = 40;
export const merklePath = z.array(z.strictObject({ side: z.enum(['left', 'right']), hash: hex32 })).max(MAX_DEPTH);
/** From a leaf to the root: on which side each sibling stands. */
export type MerklePath = z.infer<typeof merklePath>;

export function leafHash({ name, index, isLast, ciphertextHash, commitment }: Leaf): Uint8Array {
  const place = new Uint8Array(5);
  new DataView(place.buffer).setUint32(0, index);
  place[4] = isLast ? 1 : 0;
  const text = utf8ToBytes(name);
  return sha256(concatBytes(Uint8Array.of(LEAF_MARK, text.length), text, place, hexToBytes(ciphertextHash), hexToBytes(commitment)));
}

/** Root of at least one leaf, hex. */
export const merkleRoot = (leaves: readonly Leaf[]): string => bytesToHex(rootOfHashes(leaves.map(leafHash)));

export function pathOf(leaves: readonly Leaf[], position: number): MerklePath {
  const hashes = leaves.map(leafHash);
  const path: MerklePath = [];
  let [from, to] = [0, hashes.length];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    const isLeft = position < middle;
    path.push(
      isLeft
        ? { side: 'right', hash: bytesToHex(rootOfHashes(hashes, middle, to)) }
        : { side: 'left', hash: bytesToHex(rootOfHashes(hashes, from, middle)) },
    );
    [from, to] = isLeft ? [from, middle] : [middle, to];
  }
  return path.reverse();
}

/** The root that a leaf and its path lead to, hex. */
export function rootFrom(leaf: Leaf, path: MerklePath): string {
  const root = path.reduce<Uint8Array>((hash, { side, hash: sibling }) => {
    const other = hexToBytes(sibling);
    return side === 'left' ? nodeHash(other, hash) : nodeHash(hash, other);
  }, leafHash(leaf));
  return bytesToHex(root);
}

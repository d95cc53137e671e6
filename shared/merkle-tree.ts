// A binary tree of SHA-256 over hashed leaves, leaves and nodes apart by their first byte (as RFC 9162), of any number of leaves.
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

export const LEAF_MARK = 0;
const NODE_MARK = 1;

export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(concatBytes(Uint8Array.of(NODE_MARK), left, right));

/** The largest power of two below `count`: where a subtree of that many leaves is cut. */
export const splitOf = (count: number): number => 2 ** Math.floor(Math.log2(count - 1));

/** Root of leaves `from` to before `to`, at least one. */
export function rootOfHashes(hashes: readonly Uint8Array[], from = 0, to = hashes.length): Uint8Array {
  const only = hashes[from];
  if (only === undefined) throw new RangeError('a tree has at least one leaf');
  if (to - from === 1) return only;
  const middle = from + splitOf(to - from);
  return nodeHash(rootOfHashes(hashes, from, middle), rootOfHashes(hashes, middle, to));
}

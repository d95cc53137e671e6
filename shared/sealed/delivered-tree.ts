// The committed tree as it was delivered: commitments and ciphertext that the receiver holds must be those of the manifest, before K is known.
import { bytesToHex } from '@noble/hashes/utils.js';
import { hashOfCid } from '../encoding.ts';
import { NunetError } from '../errors.ts';
import type { FileNode } from '../file-dag.ts';
import type { Manifest } from '../manifest.ts';
import { COMMITMENT_BYTES, deliveryProblem, inNameOrder } from './manifest-delivery.ts';
import { merkleRoot, type Leaf } from './merkle.ts';

/** Where a receiver keeps what it fetched; every block that it gives was checked against its CID. */
export interface SealedSource {
  /** Undefined: this file was never begun. */
  node(cid: string): FileNode | undefined;
  /** Throws `file-incomplete` when the block is not here. */
  block(fileCid: string, index: number): Promise<Uint8Array>;
}

const wrong = (why: string): NunetError => new NunetError('outputs-wrong', `Cannot accept the sealed outputs: ${why}`);

const nodeOf = (source: SealedSource, { cid, bytes }: { cid: string; bytes: number }): FileNode => {
  const node = source.node(cid);
  if (node === undefined) throw new NunetError('file-incomplete', `Cannot use file ${cid}: it has not been fetched`);
  if (node.bytes !== bytes) throw wrong(`file ${cid} has ${node.bytes} bytes, the manifest says ${bytes}`);
  return node;
};

/** Leaves in the order of the tree. Throws `outputs-wrong` for what is not as the manifest commits to, `file-incomplete` for what is not here. */
export async function deliveredTree(manifest: Manifest, source: SealedSource): Promise<Leaf[]> {
  const problem = deliveryProblem(manifest);
  if (problem !== null) throw wrong(problem);
  const { leaves: file, plaintextRoot } = manifest.delivery;
  if (file === undefined) return [];
  const commitments = new Uint8Array(file.bytes);
  let at = 0;
  for (const index of nodeOf(source, file).blocks.keys()) {
    const block = await source.block(file.cid, index);
    commitments.set(block, at);
    at += block.length;
  }
  const leaves: Leaf[] = [];
  for (const output of inNameOrder(manifest.outputs)) {
    const { blocks } = nodeOf(source, output);
    for (const [index, cid] of blocks.entries()) {
      const from = leaves.length * COMMITMENT_BYTES;
      const commitment = bytesToHex(commitments.subarray(from, from + COMMITMENT_BYTES));
      leaves.push({ name: output.name, index, isLast: index === blocks.length - 1, ciphertextHash: hashOfCid(cid), commitment });
    }
  }
  if (merkleRoot(leaves) !== plaintextRoot) throw wrong('commitments and ciphertext do not hash to the root in the manifest');
  return leaves;
}

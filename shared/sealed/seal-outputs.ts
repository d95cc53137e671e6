// Seals the outputs of a job, each read and written block by block; nothing holds a whole file. What the manifest must say comes out at the end.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { keyHashOf } from '../agreement.ts';
import { hashOfCid, rawCidOfHash } from '../encoding.ts';
import { encodeFileNode, MAX_FILE_BYTES } from '../file-dag.ts';
import { NunetError } from '../errors.ts';
import { NO_KEY_HASH } from '../lock.ts';
import { outputRootOf, type Manifest, type OutputFile } from '../manifest.ts';
import { sealBlock } from './block.ts';
import { inNameOrder } from './manifest-delivery.ts';
import { merkleRoot, type Leaf } from './merkle.ts';
import { fileSecret } from './secret.ts';
import { SEALED_BLOCK_BYTES, sealedBlocks, sealedBytes } from './size.ts';

/** A readable output, wherever it lies. */
export interface PlainFile {
  name: string;
  bytes: number;
  /** Exactly so many bytes from there. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** One output, encrypted: what is served, and what the committed tree says of it. */
export interface SealedOutput {
  file: OutputFile;
  leaves: Leaf[];
}

/** Hands each ciphertext block to `write`, in order. The same secret and plaintext give the same bytes, so it may be done again. Throws `file-too-large`. */
export async function sealFile(
  key: string,
  jobId: string,
  plain: PlainFile,
  write: (ciphertext: Uint8Array) => Promise<void>,
): Promise<SealedOutput> {
  const { name, bytes } = plain;
  if (sealedBytes(bytes) > MAX_FILE_BYTES)
    throw new NunetError(
      'file-too-large',
      `Cannot seal ${name}: ${sealedBytes(bytes)} bytes sealed, at most ${MAX_FILE_BYTES} are allowed`,
    );
  const secret = await fileSecret(key, jobId, name);
  const count = sealedBlocks(bytes);
  const leaves: Leaf[] = [];
  const blocks: string[] = [];
  for (let index = 0; index < count; index++) {
    const offset = index * SEALED_BLOCK_BYTES;
    const plaintext = await plain.read(offset, Math.min(SEALED_BLOCK_BYTES, bytes - offset));
    const place = { index, isLast: index === count - 1 };
    const { ciphertext, commitment } = await sealBlock(secret, place, plaintext);
    const cid = rawCidOfHash(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', ciphertext as Uint8Array<ArrayBuffer>)));
    blocks.push(cid);
    leaves.push({ name, ...place, ciphertextHash: hashOfCid(cid), commitment: bytesToHex(commitment) });
    await write(ciphertext);
  }
  const total = sealedBytes(bytes);
  return { file: { name, cid: encodeFileNode({ bytes: total, blocks }).cid, bytes: total }, leaves };
}

/** All leaves of a delivery, in the order of the committed tree. */
const leavesInOrder = (sealed: readonly SealedOutput[]): Leaf[] => {
  const byName = new Map(sealed.map((output) => [output.file.name, output]));
  return inNameOrder(sealed.map(({ file }) => file)).flatMap(({ name }) => byName.get(name)?.leaves ?? []);
};

/** The bytes of the leaves file: each block's commitment, in the order of the tree. */
export const commitmentsOf = (sealed: readonly SealedOutput[]): Uint8Array =>
  concatBytes(...leavesInOrder(sealed).map(({ commitment }) => hexToBytes(commitment)));

/** A delivery of nothing: no key, no plaintext. */
export const NOTHING_SEALED: Manifest['delivery'] = {
  kind: 'sealed',
  root: outputRootOf([]),
  plaintextRoot: NO_KEY_HASH,
  keyHash: NO_KEY_HASH,
};

/** The manifest's delivery. `leaves`: the file that holds `commitmentsOf(sealed)`. */
export const sealedDelivery = (
  key: string,
  sealed: readonly SealedOutput[],
  leaves: { cid: string; bytes: number },
): Manifest['delivery'] => ({
  kind: 'sealed',
  root: outputRootOf(sealed.map(({ file }) => file)),
  plaintextRoot: merkleRoot(leavesInOrder(sealed)),
  keyHash: keyHashOf(key),
  leaves,
});

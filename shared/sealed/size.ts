// Sizes of sealed files: each block of plaintext grows by its tag, so that each ciphertext block is exactly one block of a file.
import { MAX_BLOCK_BYTES } from '../file-dag.ts';

/** AES-GCM's tag. */
export const TAG_BYTES = 16;
/** Plaintext in a full block. */
export const SEALED_BLOCK_BYTES = MAX_BLOCK_BYTES - TAG_BYTES;

/** Blocks of a plaintext; an empty file has one, so that its end is sealed too. */
export const sealedBlocks = (plaintextBytes: number): number => Math.max(1, Math.ceil(plaintextBytes / SEALED_BLOCK_BYTES));

/** Size of the ciphertext. */
export const sealedBytes = (plaintextBytes: number): number => plaintextBytes + sealedBlocks(plaintextBytes) * TAG_BYTES;

/** Size of the plaintext in so much ciphertext; null where no plaintext has that ciphertext. */
export function plaintextBytes(ciphertextBytes: number): number | null {
  const plaintext = ciphertextBytes - Math.max(1, Math.ceil(ciphertextBytes / MAX_BLOCK_BYTES)) * TAG_BYTES;
  return plaintext >= 0 && sealedBytes(plaintext) === ciphertextBytes ? plaintext : null;
}

// What the delivery part of a sealed manifest must say, and which files it promises. Pure.
import { NO_KEY_HASH } from '../lock.ts';
import type { Manifest, OutputFile } from '../manifest.ts';
import { plaintextBytes, sealedBlocks } from './size.ts';

export const COMMITMENT_BYTES = 32;
/** 32 GiB in blocks, and 64 files. Their commitments are 4 MiB, which are read at once. */
const MAX_BLOCKS = 2 ** 17 + 64;

/** Blocks of all outputs; null where a size is none of a sealed file. */
function blocksOf(outputs: readonly OutputFile[]): number | null {
  let blocks = 0;
  for (const { bytes } of outputs) {
    const plaintext = plaintextBytes(bytes);
    if (plaintext === null) return null;
    blocks += sealedBlocks(plaintext);
  }
  return blocks;
}

/** Why a manifest's delivery is not a sealed one; null when it is. */
export function deliveryProblem({ exit, outputs, delivery }: Pick<Manifest, 'exit' | 'outputs' | 'delivery'>): string | null {
  const { kind, plaintextRoot, keyHash, leaves } = delivery;
  if (kind !== 'sealed') return `delivery is ${kind}, want sealed`;
  const isEmpty = plaintextRoot === NO_KEY_HASH && keyHash === NO_KEY_HASH && leaves === undefined;
  if (exit.kind !== 'completed' || outputs.length === 0)
    return isEmpty && outputs.length === 0 ? null : 'it commits to plaintext but delivers no outputs';
  if (plaintextRoot === NO_KEY_HASH || keyHash === NO_KEY_HASH || leaves === undefined)
    return 'it does not commit to its key and its plaintext';
  if (new Set(outputs.map(({ name }) => name)).size < outputs.length) return 'it names an output twice';
  const blocks = blocksOf(outputs);
  if (blocks === null) return 'an output has a size that no sealed file has';
  if (blocks > MAX_BLOCKS) return `its outputs have ${blocks} blocks, at most ${MAX_BLOCKS} are taken`;
  if (leaves.bytes !== blocks * COMMITMENT_BYTES)
    return `its commitments are ${leaves.bytes} bytes, its outputs have ${blocks} blocks of ${COMMITMENT_BYTES}`;
  return null;
}

/** What is fetched before a sealed result is agreed to: the encrypted outputs and their commitments. */
export const sealedFiles = ({ outputs, delivery }: Pick<Manifest, 'outputs' | 'delivery'>): OutputFile[] =>
  delivery.leaves === undefined ? outputs : [...outputs, { name: 'commitments', ...delivery.leaves }];

/** The order of the committed tree. */
export const inNameOrder = (outputs: readonly OutputFile[]): OutputFile[] => outputs.toSorted((a, b) => (a.name < b.name ? -1 : 1));

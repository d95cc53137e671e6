// Opens sealed outputs with K, block by block: either all of them become readable, or one block proves that the delivery is not the committed one.
import { bytesToHex } from '@noble/hashes/utils.js';
import { keyHashOf } from '../agreement.ts';
import { encode } from '../encoding.ts';
import { NunetError } from '../errors.ts';
import type { Manifest, OutputFile } from '../manifest.ts';
import { commitmentOf, openBlock } from './block.ts';
import { deliveredTree, type SealedSource } from './delivered-tree.ts';
import { inNameOrder } from './manifest-delivery.ts';
import { fileSecret } from './secret.ts';
import { plaintextBytes } from './size.ts';
import { proveWrongPlaintext } from './wrong-plaintext.ts';

export type SealedOpening =
  | {
      type: 'opened';
      /** The readable files, in name order. */
      outputs: OutputFile[];
    }
  | {
      type: 'wrong';
      /** Name of the file that is not what was committed to. */
      file: string;
      /** Evidence of kind `wrong-plaintext`, as it travels. */
      proof: Uint8Array;
    };

/** Takes the plaintext of one file in order. */
export interface PlainSink {
  write(plaintext: Uint8Array): Promise<void>;
  /** The file is whole; gives its CID. */
  finish(): Promise<{ cid: string }>;
  /** It will not be. */
  abandon(): Promise<void>;
}

/**
 * Opens everything that `deliveredTree` accepts. Throws as that does, `key-wrong` when K is not the one whose hash the manifest
 * names, and what the sink throws.
 */
export async function openOutputs(
  manifest: Manifest,
  key: string,
  source: SealedSource,
  begin: (file: { name: string; bytes: number }) => Promise<PlainSink>,
  signal: AbortSignal,
): Promise<SealedOpening> {
  const leaves = await deliveredTree(manifest, source);
  if (leaves.length > 0 && keyHashOf(key) !== manifest.delivery.keyHash)
    throw new NunetError('key-wrong', 'Cannot open the outputs: this key does not hash to the one that the manifest names');
  const outputs: OutputFile[] = [];
  let position = 0;
  for (const { name, cid, bytes } of inNameOrder(manifest.outputs)) {
    const secret = await fileSecret(key, manifest.jobId, name);
    const plain = { name, bytes: plaintextBytes(bytes) ?? 0 };
    const sink = await begin(plain);
    try {
      for (; leaves[position]?.name === name; position++) {
        signal.throwIfAborted();
        const leaf = leaves[position];
        if (leaf === undefined) break;
        const ciphertext = await source.block(cid, leaf.index);
        const plaintext = await openBlock(secret, leaf, ciphertext);
        if (plaintext === null || bytesToHex(await commitmentOf(secret, leaf.index, plaintext)) !== leaf.commitment) {
          await sink.abandon();
          return { type: 'wrong', file: name, proof: encode(proveWrongPlaintext(manifest, key, leaves, position, ciphertext)) };
        }
        await sink.write(plaintext);
      }
      outputs.push({ ...plain, cid: (await sink.finish()).cid });
    } catch (error) {
      await sink.abandon();
      throw error;
    }
  }
  return { type: 'opened', outputs };
}

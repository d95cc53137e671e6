// For tests: a sealed delivery in memory, as an agent makes it and a receiver holds it.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { cidOf, encode, rawCidOf } from '../encoding.ts';
import { cutFile, encodeFileNode, MAX_BLOCK_BYTES, type FileNode } from '../file-dag.ts';
import type { Manifest } from '../manifest.ts';
import { sampleManifest } from '../samples.ts';
import type { SealedSource } from './delivered-tree.ts';
import { openOutputs, type SealedOpening } from './open-outputs.ts';
import { commitmentsOf, sealedDelivery, sealFile, type SealedOutput } from './seal-outputs.ts';

const QUOTE_CID = cidOf(encode('a quote'));

/** Files by CID, each as its blocks; a test may put other bytes into them. */
class MemoryFiles implements SealedSource {
  readonly files = new Map<string, { node: FileNode; blocks: Uint8Array[] }>();
  add(blocks: Uint8Array[]): { cid: string; bytes: number } {
    const node = { bytes: blocks.reduce((sum, { length }) => sum + length, 0), blocks: blocks.map(rawCidOf) };
    const { cid } = encodeFileNode(node);
    this.files.set(cid, { node, blocks });
    return { cid, bytes: node.bytes };
  }
  addBytes(bytes: Uint8Array): { cid: string; bytes: number } {
    return this.add(Array.from({ length: Math.ceil(bytes.length / MAX_BLOCK_BYTES) }, (_, i) => cutFile(bytes).block(i)));
  }
  node(cid: string): FileNode | undefined {
    return this.files.get(cid)?.node;
  }
  async block(cid: string, index: number): Promise<Uint8Array> {
    const block = this.files.get(cid)?.blocks[index];
    if (block === undefined) throw new Error(`no block ${index} of ${cid}`);
    return block;
  }
}

export interface SealedFixture {
  manifest: Manifest;
  store: MemoryFiles;
  sealed: SealedOutput[];
}

/** The manifest of these outputs over what they are said to be. */
function manifestOf(key: string, store: MemoryFiles, sealed: SealedOutput[]): Manifest {
  const leaves = store.addBytes(commitmentsOf(sealed));
  return {
    ...sampleManifest(QUOTE_CID),
    outputs: sealed.map(({ file }) => file),
    delivery: sealedDelivery(key, sealed, leaves),
  };
}

export async function sealedFixture(
  key: string,
  plain: Record<string, Uint8Array>,
  jobId: string = sampleManifest(QUOTE_CID).jobId,
): Promise<SealedFixture> {
  const store = new MemoryFiles();
  const sealed: SealedOutput[] = [];
  for (const [name, bytes] of Object.entries(plain)) {
    const blocks: Uint8Array[] = [];
    const read = async (from: number, length: number): Promise<Uint8Array> => bytes.subarray(from, from + length);
    sealed.push(await sealFile(key, jobId, { name, bytes: bytes.length, read }, async (block) => void blocks.push(block)));
    store.add(blocks);
  }
  return { manifest: { ...manifestOf(key, store, sealed), jobId }, store, sealed };
}

/** An agent that commits to something else than it encrypts, in one block: the tree holds together, the block does not. `any` chooses which bit. */
export async function cheatingFixture(
  key: string,
  plain: Record<string, Uint8Array>,
  any: number,
  what: 'ciphertext' | 'commitment',
  jobId?: string,
): Promise<SealedFixture & { file: string }> {
  const honest = await sealedFixture(key, plain, jobId);
  const store = new MemoryFiles();
  const victim = any % honest.sealed.length;
  const sealed = honest.sealed.map((output, i) => {
    const { blocks } = honest.store.files.get(output.file.cid) ?? { blocks: [] };
    if (i !== victim) return { ...output, file: { name: output.file.name, ...store.add(blocks) } };
    const index = any % blocks.length;
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === any % bytes.length ? byte ^ (1 << (any % 8)) : byte));
    const served = what === 'ciphertext' ? blocks.map((block, j) => (j === index ? flip(block) : block)) : blocks;
    const file = { name: output.file.name, ...store.add(served) };
    const leaves = output.leaves.map((leaf, j) =>
      j !== index
        ? leaf
        : {
            ...leaf,
            ciphertextHash: bytesToHex(sha256(served[index] ?? new Uint8Array())),
            commitment: what === 'commitment' ? bytesToHex(flip(hexToBytes(leaf.commitment))) : leaf.commitment,
          },
    );
    return { file, leaves };
  });
  const manifest = { ...manifestOf(key, store, sealed), jobId: honest.manifest.jobId };
  return { manifest, store, sealed, file: sealed[victim]?.file.name ?? '' };
}

/** Opens into memory. */
export async function opened(
  { manifest, store }: Pick<SealedFixture, 'manifest' | 'store'>,
  key: string,
): Promise<{ opening: SealedOpening; files: Record<string, Uint8Array> }> {
  const files: Record<string, Uint8Array> = {};
  const opening = await openOutputs(
    manifest,
    key,
    store,
    async ({ name, bytes }) => {
      const whole = new Uint8Array(bytes);
      let at = 0;
      return {
        write: async (block) => void (whole.set(block, at), (at += block.length)),
        finish: async () => ((files[name] = whole), { cid: cutFile(whole).cid }),
        abandon: async () => undefined,
      };
    },
    new AbortController().signal,
  );
  return { opening, files };
}

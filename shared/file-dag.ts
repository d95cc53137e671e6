// A file as blocks: raw blocks of one size under one dag-cbor node that links them. The file's CID is the node's.
import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { z } from 'zod';
import { cidOf, decode, parseCid, rawCidOf } from './encoding.ts';
import { NunetError } from './errors.ts';
import { byteCount } from './fields.ts';

/** 256 KiB: 16 of them fill the read buffer of a WebRTC stream. */
export const MAX_BLOCK_BYTES = 256 * 1024;
/** Largest file, bytes: keeps its node under `MAX_NODE_BYTES`. */
export const MAX_FILE_BYTES = 8 * 2 ** 30;
export const MAX_NODE_BYTES = 1.5 * 2 ** 20;

const link = z.custom<CID>((value) => CID.asCID(value) !== null, 'must be a link');
const fileNode = z
  .strictObject({ v: z.literal(1), bytes: byteCount.max(MAX_FILE_BYTES), blocks: z.array(link).max(MAX_FILE_BYTES / MAX_BLOCK_BYTES) })
  .refine((node) => node.blocks.length === Math.ceil(node.bytes / MAX_BLOCK_BYTES), 'number of blocks must fit the file size');

/** Size of the file and CIDs of its blocks in order; all but the last hold exactly `MAX_BLOCK_BYTES`. */
export interface FileNode {
  bytes: number;
  blocks: string[];
}

/** The node's bytes and the file's CID. */
export function encodeFileNode(node: FileNode): { cid: string; bytes: Uint8Array } {
  const bytes = dagCbor.encode({ v: 1, bytes: node.bytes, blocks: node.blocks.map(parseCid) });
  return { cid: cidOf(bytes), bytes };
}

/** Throws as `decode` does; link targets are checked to be our CIDs. */
export function decodeFileNode(bytes: Uint8Array): FileNode {
  const node = decode(fileNode, bytes, { name: 'file node', maxBytes: MAX_NODE_BYTES });
  return { bytes: node.bytes, blocks: node.blocks.map((cid) => parseCid(cid.toString()).toString()) };
}

/** Bytes in block `index` of a file. */
export const blockLength = (node: FileNode, index: number): number => Math.min(MAX_BLOCK_BYTES, node.bytes - index * MAX_BLOCK_BYTES);

/** Cuts a file that is in memory. Streams are cut by whoever owns them, with `rawCidOf` a block. */
export function cutFile(bytes: Uint8Array): { cid: string; node: FileNode; nodeBytes: Uint8Array; block(index: number): Uint8Array } {
  if (bytes.length > MAX_FILE_BYTES)
    throw new NunetError('file-too-large', `Cannot take a file of ${bytes.length} bytes: at most ${MAX_FILE_BYTES} are allowed`);
  const block = (index: number): Uint8Array => bytes.subarray(index * MAX_BLOCK_BYTES, (index + 1) * MAX_BLOCK_BYTES);
  const blocks = Array.from({ length: Math.ceil(bytes.length / MAX_BLOCK_BYTES) }, (_, index) => rawCidOf(block(index)));
  const node = { bytes: bytes.length, blocks };
  const encoded = encodeFileNode(node);
  return { cid: encoded.cid, node, nodeBytes: encoded.bytes, block };
}

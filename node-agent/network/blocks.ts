// /nunet/blocks/1 on a libp2p node: a job's files, block by block, in either direction.
import { fetchFile as fetchFileOver, type FetchFile as FetchFileOver } from '@nunet/shared/fetch-file.ts';
import type { FileNode } from '@nunet/shared/file-dag.ts';
import { blockAnswerer, type ReadBlock } from '@nunet/shared/peer-server.ts';
import { clock } from '../system-clock.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

export const serveBlocks = (node: NetworkNode, read: ReadBlock, options: ServeOptions = {}): Promise<void> =>
  serve(node, 'blocks', blockAnswerer(read), options);

export type FetchFile = Omit<FetchFileOver, 'dialer' | 'sleep'> & { node: NetworkNode };

/** `fetchFile` of shared/ with this machine's timers. */
export const fetchFile = ({ node, ...fetch }: FetchFile): Promise<FileNode> =>
  fetchFileOver({ ...fetch, dialer: node, sleep: (ms, signal) => clock.sleep(ms, signal) });

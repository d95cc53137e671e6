// /nunet/blocks/1 on a libp2p node: a job's files, block by block, in either direction.
import {
  fetchFile as fetchFileOver,
  fetchFiles as fetchFilesOver,
  type FetchFile as FetchFileOver,
  type FetchFiles as FetchFilesOver,
} from '@nunet/shared/fetch-file.ts';
import type { FileNode } from '@nunet/shared/file-dag.ts';
import { blockAnswerer, type ReadBlock } from '@nunet/shared/peer-server.ts';
import { clock } from '../system-clock.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

export const serveBlocks = (node: NetworkNode, read: ReadBlock, options: ServeOptions = {}): Promise<void> =>
  serve(node, 'blocks', blockAnswerer(read), options);

export type FetchFile = Omit<FetchFileOver, 'dialer' | 'sleep'> & { node: NetworkNode };
type FetchFiles = Omit<FetchFilesOver, 'dialer' | 'sleep'> & { node: NetworkNode };

const sleep = (ms: number, signal: AbortSignal): Promise<void> => clock.sleep(ms, signal);

/** `fetchFile` of shared/ with this machine's timers. */
export const fetchFile = ({ node, ...fetch }: FetchFile): Promise<FileNode> => fetchFileOver({ ...fetch, dialer: node, sleep });

/** `fetchFiles` of shared/, the same way. */
export const fetchFiles = ({ node, ...fetch }: FetchFiles): Promise<FileNode[]> => fetchFilesOver({ ...fetch, dialer: node, sleep });

// Who may read which job's inputs: the agent that runs it, and anybody where a replay by others was allowed.
import type { Network } from './job-flow/ports.ts';
import type { ReadBlock } from './peer-server.ts';

interface Readers {
  peerIds: readonly string[];
  anybody: boolean;
}

/** `serveInputs` names the readers of a job, `read` is the access control over a store that knows none. */
export function inputReaders(readStored: (jobId: string, cid: string) => Promise<Uint8Array | null>): {
  serveInputs: Network['serveInputs'];
  read: ReadBlock;
} {
  const readers = new Map<string, Readers>();
  return {
    serveInputs: async (jobId, _inputs, allowed) => void readers.set(jobId, allowed),
    read: async (jobId, cid, peerId) => {
      const allowed = readers.get(jobId);
      return allowed !== undefined && (allowed.anybody || allowed.peerIds.includes(peerId)) ? readStored(jobId, cid) : null;
    },
  };
}

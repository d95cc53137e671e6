// How fast bytes come from a peer over the protocol that outputs travel by: one well-known block, served by agents and hubs to anybody,
// bounded for all askers together, so that it cannot be used to fill a link.
import { challengeMatrix } from '@nunet/shared/challenge.ts';
import { cidOf, encode, rawCidOf } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { MAX_BLOCK_BYTES } from '@nunet/shared/file-dag.ts';
import { requestMany, type Dialer, type Target } from '@nunet/shared/peer-client.ts';
import type { ReadBlock } from '@nunet/shared/peer-server.ts';
import { MAX_BLOCKS_A_REQUEST } from '@nunet/shared/wire.ts';

/** No job: a name that no spec hashes to. */
const PROBE_JOB = cidOf(encode('nunet/network-probe/1'));
/** Served to all together: at once, then a second. */
const BURST_BYTES = 96 * 2 ** 20;
const BYTES_PER_SECOND = 2 ** 20;
/** Fetched by one measurement at most. */
const MEASURED_BYTES = 32 * 2 ** 20;
const MEASURED_MS = 2_000;
/** Requests on their way at a time, as when a file is fetched. */
const AT_A_TIME = 4;

let made: { bytes: Uint8Array; cid: string } | null = null;
/** Bytes that no transport could compress; made when first wanted. */
function probeBlock(): { bytes: Uint8Array; cid: string } {
  if (made === null) {
    const bytes = new Uint8Array(challengeMatrix('70'.repeat(16), 'A', Math.sqrt(MAX_BLOCK_BYTES / 4)).buffer);
    made = { bytes, cid: rawCidOf(bytes) };
  }
  return made;
}

/** `elapsed`: monotonic ms. */
export function probeBlocks(read: ReadBlock, elapsed: () => number): ReadBlock {
  let left = BURST_BYTES;
  let at = elapsed();
  return async (jobId, cid, peerId) => {
    if (jobId !== PROBE_JOB) return read(jobId, cid, peerId);
    const { bytes, cid: known } = probeBlock();
    left = Math.min(BURST_BYTES, left + ((elapsed() - at) / 1000) * BYTES_PER_SECOND);
    at = elapsed();
    if (cid !== known || left < bytes.length) return null;
    left -= bytes.length;
    return bytes;
  };
}

/** Bytes a second. Throws `probe-unavailable`, or as `request`. */
export async function measureNetwork(dialer: Dialer, target: Target, elapsed: () => number, signal: AbortSignal): Promise<number> {
  const { cid } = probeBlock();
  const cids = Array.from({ length: MAX_BLOCKS_A_REQUEST }, () => cid);
  let taken = 0;
  let asked = 0;
  let startedAt = Number.NaN;
  const lane = async (): Promise<void> => {
    while (asked < MEASURED_BYTES && !(elapsed() - startedAt > MEASURED_MS)) {
      asked += cids.length * MAX_BLOCK_BYTES;
      for await (const { bytes } of requestMany(dialer, target, 'blocks', { jobId: PROBE_JOB, cids }, signal)) {
        if (bytes?.length !== MAX_BLOCK_BYTES)
          throw new NunetError(
            'probe-unavailable',
            'Cannot measure the network: the peer has no bytes to spare for it now, or is of an older version',
          );
        taken += bytes.length;
      }
    }
  };
  // The first block opens the connection, and is not counted.
  for await (const { bytes } of requestMany(dialer, target, 'blocks', { jobId: PROBE_JOB, cids: [cid] }, signal))
    if (bytes === null) throw new NunetError('probe-unavailable', 'Cannot measure the network: the peer has no bytes to spare for it now');
  startedAt = elapsed();
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return taken / ((elapsed() - startedAt) / 1000);
}

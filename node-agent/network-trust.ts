// The network record as this agent last saw it: signed by the pinned keys, not expired, and never older than one seen before.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { openNetworkRecord, type NetworkRecord, type PinnedKeys } from '@nunet/shared/network-record.ts';

/** Throws `network-record-*`. `seenPath` remembers the highest sequence number. */
export async function readNetworkRecord(options: {
  path: string;
  seenPath: string;
  network: Network;
  pinned: PinnedKeys;
  now: number;
}): Promise<NetworkRecord> {
  const bytes = await readFile(options.path).catch((cause: unknown) => {
    throw new NunetError('network-record-missing', `Cannot read the network record ${options.path}: it is not there`, { cause });
  });
  const seen = await readFile(options.seenPath, 'utf8').catch(() => '0');
  const lastSequence = /^\d{1,15}\n?$/.test(seen) ? Number(seen) : 0;
  const record = openNetworkRecord(new Uint8Array(bytes), {
    network: options.network,
    pinned: options.pinned,
    now: options.now,
    lastSequence,
  });
  if (record.sequence > lastSequence) {
    await writeFile(`${options.seenPath}.next`, `${record.sequence}\n`, { mode: 0o600 });
    await rename(`${options.seenPath}.next`, options.seenPath);
  }
  return record;
}

// The network record in a file: opened against the pinned keys, read again when the file changes, never an older one than seen.
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { openNetworkRecord, type NetworkRecord, type PinnedKeys } from '@nunet/shared/network-record.ts';

export interface RecordFile {
  current(): NetworkRecord;
  /** Reads the file if it changed. A bad one is reported and the one in use stays. */
  refresh(): Promise<void>;
}

/** Throws `network-record-missing` and what `openNetworkRecord` throws. `folder` remembers the highest sequence. */
export async function openRecordFile(options: {
  path: string;
  folder: string;
  network: Network;
  pinned: PinnedKeys;
  now: () => number;
  log: (line: string) => void;
}): Promise<RecordFile> {
  const seenPath = join(options.folder, 'record-sequence');
  const seen = await readFile(seenPath, 'utf8').catch(() => '0');
  let lastSequence = /^\d{1,15}\n?$/.test(seen) ? Number(seen) : 0;
  let readAt = -1;

  async function read(): Promise<NetworkRecord> {
    const info = await stat(options.path).catch((cause: unknown) => {
      throw new NunetError('network-record-missing', `Cannot read the network record ${options.path}: it is not there`, { cause });
    });
    readAt = info.mtimeMs;
    const bytes = new Uint8Array(await readFile(options.path));
    const { network, pinned } = options;
    const record = openNetworkRecord(bytes, { network, pinned, now: options.now(), lastSequence });
    if (record.sequence > lastSequence) {
      lastSequence = record.sequence;
      await writeFile(`${seenPath}.next`, `${lastSequence}\n`, { mode: 0o600 });
      await rename(`${seenPath}.next`, seenPath);
    }
    return record;
  }

  let current = await read();
  return {
    current: () => current,
    async refresh() {
      const info = await stat(options.path).catch(() => null);
      if (info === null || info.mtimeMs === readAt) return;
      try {
        current = await read();
        options.log(`network record ${current.sequence} is in use`);
      } catch (error) {
        options.log(`the network record file changed but stays unused: ${(error as Error).message}`);
      }
    },
  };
}

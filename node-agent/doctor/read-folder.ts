// Reads the data folder for `doctor`, and changes nothing in it: no migration, no new key, no remembered record.
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import type { PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { parseConfig, pathsOf, type AgentConfig } from '../config.ts';
import { loadPeerKey } from '../network/identity.ts';
import { payoutPathOf, readPayouts } from '../payout-file.ts';
import type { FolderFacts, Read } from './folder.ts';

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The value, or the reason in words. */
export async function attempt<T>(read: () => T | Promise<T>): Promise<Read<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

export async function readFolder(path: string, uid: number | null): Promise<FolderFacts> {
  const info = await stat(path).catch(() => null);
  if (info === null) return { path, found: null, uid, files: [] };
  const isWritable = await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
  const files = await Promise.all(
    ['config.json', 'peer.key', 'payout.json', 'owners.json'].map(async (name) => {
      const found = await stat(join(path, name)).catch(() => null);
      return found === null ? [] : [{ name, mode: found.mode & 0o777 }];
    }),
  );
  return { path, found: { mode: info.mode & 0o777, uid: info.uid, isWritable }, uid, files: files.flat() };
}

/** null: there is none. */
export async function readConfigOnly(dataPath: string): Promise<Read<AgentConfig> | null> {
  const path = pathsOf(dataPath).config;
  if (!(await there(path))) return null;
  return attempt(async () => parseConfig(JSON.parse(await readFile(path, 'utf8')), path));
}

export async function readPeerId(dataPath: string): Promise<Read<string> | null> {
  const path = pathsOf(dataPath).peerKey;
  return (await there(path)) ? attempt(async () => (await loadPeerKey(path)).peerId) : null;
}

export function readRecord(dataPath: string, config: AgentConfig, now: number): Promise<Read<NetworkRecord>> {
  return attempt(async () => {
    const seen = await readFile(pathsOf(dataPath).seenRecord, 'utf8').catch(() => '0');
    const bytes = await readFile(config.networkRecord);
    return openNetworkRecord(new Uint8Array(bytes), {
      network: config.network,
      pinned: config.pinned,
      now,
      lastSequence: /^\d{1,15}\n?$/.test(seen) ? Number(seen) : 0,
    });
  });
}

export const readPayout = (dataPath: string, config: AgentConfig, agent: string): Promise<Read<PayoutStatement | null>> =>
  attempt(async () => (await readPayouts(payoutPathOf(dataPath), { network: config.network, agent })).last);

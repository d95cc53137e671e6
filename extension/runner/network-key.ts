// The key by which agents know this browser on the network: of no worth, but quotes name its peer id, so a job goes on after a restart only
// under the same one. Kept while a job is under way; a new one at the next start, so that one day's peer is not the next day's.
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { signerOf, type Signer } from '@nunet/shared/signature.ts';
import type { RunnerDatabase } from './database.ts';

/** Name of the setting. */
const SEED = 'network-seed';

export interface NetworkKey {
  /** What the network frame is started with; it knows hostile bytes, so money depends on nothing that it signs. */
  readonly seed: Uint8Array;
  readonly peerId: string;
  readonly signer: Signer;
}

const keyOf = (seed: Uint8Array): NetworkKey => {
  const signer = signerOf(seed);
  return { seed, peerId: peerIdOfKey(signer.publicKey), signer };
};

/** `isWanted`: a job that has not ended was begun under the kept one. */
export async function networkKey(database: RunnerDatabase, isWanted: boolean, random: (bytes: number) => Uint8Array): Promise<NetworkKey> {
  const stored = await database.get('settings', SEED);
  if (isWanted && stored instanceof Uint8Array && stored.length === 32) return keyOf(stored);
  const seed = random(32);
  await database.put('settings', seed, SEED);
  return keyOf(seed);
}

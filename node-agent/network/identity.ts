// The agent's peer key on disk: an Ed25519 seed in a file that only its owner can read.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { signerOf, type Signer } from '@nunet/shared/signature.ts';

export interface PeerKey {
  /** 32-byte Ed25519 seed. */
  readonly seed: Uint8Array;
  readonly peerId: string;
  /** Signs adverts, quotes and manifests. */
  readonly signer: Signer;
}

const HEADER = 'nunet-peer-key/1';

export function peerKeyOfSeed(seed: Uint8Array): PeerKey {
  const signer = signerOf(seed);
  return { seed, peerId: peerIdOfKey(signer.publicKey), signer };
}

/** Reads the key file, or makes it (mode 0600) when there is none. Throws `key-file-open` when others may read it, `key-file-invalid`. */
export async function loadPeerKey(path: string, random: (bytes: number) => Uint8Array = randomBytes): Promise<PeerKey> {
  try {
    return await readPeerKey(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${bytesToHex(random(6))}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(`${HEADER}\n${bytesToHex(random(32))}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // link, not rename: of two first starts at once the first wins and both end with the same key.
    await link(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(temporary);
  }
  return readPeerKey(path);
}

async function readPeerKey(path: string): Promise<PeerKey> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new NunetError(
      'key-file-open',
      `Cannot use the peer key: ${path} has mode ${(mode & 0o777).toString(8)}, others may read it; run chmod 600 on it`,
    );
  }
  const [header, seed] = (await readFile(path, 'utf8')).split('\n');
  if (header !== HEADER || seed === undefined || !/^[0-9a-f]{64}$/.test(seed)) {
    throw new NunetError(
      'key-file-invalid',
      `Cannot use the peer key: ${path} is not a "${HEADER}" file; restore it from a backup or move it away`,
    );
  }
  return peerKeyOfSeed(hexToBytes(seed));
}

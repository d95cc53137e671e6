// Peer id text <-> Ed25519 public key: an identity multihash of the libp2p protobuf key, in base58.
// Source: libp2p specs, peer-ids. Kept apart from libp2p so that wallet, edge and contracts need not load it.
import { base58 } from '@scure/base';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from './errors.ts';

/** identity multihash of 36 bytes, then protobuf: field 1 = Ed25519 (1), field 2 = 32 bytes. */
const PREFIX = hexToBytes('002408011220');

export const peerIdOfKey = (publicKey: string): string => base58.encode(concatBytes(PREFIX, hexToBytes(publicKey)));

/** Throws `peer-id-invalid` on anything but the peer id of an Ed25519 key. */
export function keyOfPeerId(peerId: string): string {
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(peerId);
  } catch (cause) {
    throw new NunetError('peer-id-invalid', `Cannot read peer id "${peerId.slice(0, 70)}": not base58`, { cause });
  }
  if (bytes.length !== 38 || PREFIX.some((byte, i) => byte !== bytes[i])) {
    throw new NunetError('peer-id-invalid', `Cannot read peer id "${peerId.slice(0, 70)}": want the id of an Ed25519 key (12D3Koo...)`);
  }
  return bytesToHex(bytes.subarray(6));
}

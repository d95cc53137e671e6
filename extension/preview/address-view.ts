// A Cardano address from the bytes of a transaction: every kind that the ledger knows is named, so that none passes for another.
import type { Credential } from '@nunet/contracts/address.ts';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { asArray, asBytes, asMap, readCbor } from '@nunet/contracts/chain/cbor.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';

export interface AddressView {
  text: string;
  kind: 'base' | 'pointer' | 'enterprise' | 'reward' | 'byron';
  network: 'test' | 'mainnet';
  /** Who opens what lies there; null for a reward account and for Byron. */
  payment: Credential | null;
  /** Who delegates it; null for a pointer too. */
  stake: Credential | null;
}

/** Header nibble and credentials of CIP-19; 28 bytes a hash. */
const HASH = 28;

const credential = (isScript: boolean, hash: Uint8Array): Credential => ({ kind: isScript ? 'script' : 'key', hash: bytesToHex(hash) });
const unreadable = (why: string): NunetError => new NunetError('address-invalid', `Cannot read address: ${why}`);

/** A Byron address of a test network carries the network's number in attribute 2; a mainnet one does not. */
function byronNetwork(bytes: Uint8Array): 'test' | 'mainnet' {
  const [payload] = asArray(readCbor(bytes));
  if (payload?.kind !== 'tag' || payload.tag !== 24n) throw unreadable('a Byron address without its payload');
  const [, attributes] = asArray(readCbor(asBytes(payload.item)));
  return asMap(attributes).some(([key]) => key.kind === 'int' && key.value === 2n) ? 'test' : 'mainnet';
}

/** Throws `address-invalid`, `cbor-invalid`. */
export function viewAddress(bytes: Uint8Array): AddressView {
  const header = bytes[0];
  if (header === undefined) throw unreadable('it is empty');
  const kind = header >> 4;
  if (kind === 8) return { text: addressText(bytes), kind: 'byron', network: byronNetwork(bytes), payment: null, stake: null };
  const id = header & 15;
  if (id > 1) throw unreadable(`network ${id}`);
  const network = id === 1 ? 'mainnet' : 'test';
  const want = kind < 4 ? 1 + 2 * HASH : 1 + HASH;
  const isLengthRight = kind === 4 || kind === 5 ? bytes.length > want && bytes.length <= want + 30 : bytes.length === want;
  if (!isLengthRight) throw unreadable(`${bytes.length} bytes for kind ${kind}`);
  const first = bytes.subarray(1, 1 + HASH);
  const text = addressText(bytes);
  if (kind === 14 || kind === 15) return { text, kind: 'reward', network, payment: null, stake: credential(kind === 15, first) };
  const payment = credential((kind & 1) === 1, first);
  if (kind < 4) return { text, kind: 'base', network, payment, stake: credential((kind & 2) === 2, bytes.subarray(1 + HASH)) };
  return { text, kind: kind < 6 ? 'pointer' : 'enterprise', network, payment, stake: null };
}

// Which of the account's keys a dApp's request is about.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { bech32 } from '@scure/base';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { KeyRole, VaultAccount } from '../vault/messages.ts';
import { DATA_SIGN, fault, invalid, TX_SIGN } from './faults.ts';
import { type NeededKeys } from './needed-keys.ts';

export type OwnKeys = Pick<VaultAccount, KeyRole>;

const ROLES: readonly KeyRole[] = ['payment', 'stake', 'drep'];
const HASH_BYTES = 28;
const ENTERPRISE_KEY = 0x60;
const STAKE_KEY = 0xe0;
/** CIP-129: a DRep's key hash, with what it is in front. */
const CIP129_DREP_KEY = 0x22;

/** The keys of ours that sign. Throws TxSignError, where `at` says which of several transactions it is about. */
export function signingRoles(keys: NeededKeys, own: OwnKeys, isPartial: boolean, at: string): KeyRole[] {
  if (keys.hasDeprecated) throw fault(TX_SIGN.deprecatedCertificate, `${at}it holds a certificate that Conway took away`);
  const roles = ROLES.filter((role) => [keys.needed, keys.wanted].some((hashes) => hashes.has(publicKeyHash(own[role]))));
  const ours = new Set(ROLES.map((role) => publicKeyHash(own[role])));
  const missing = [...keys.needed].filter((hash) => !ours.has(hash) && !keys.present.has(hash));
  if (roles.length === 0) throw fault(TX_SIGN.proofGeneration, `${at}no key of this account is asked for`);
  if (isPartial) return roles;
  if (missing.length > 0) throw fault(TX_SIGN.proofGeneration, `${at}it needs ${missing.length} keys that this account does not have`);
  if (keys.unresolved.length > 0 || keys.hasUnknown)
    throw fault(TX_SIGN.proofGeneration, `${at}it spends or binds something that this wallet does not know; ask for a partial signature`);
  return roles;
}

export interface DataSigner {
  role: KeyRole;
  /** Bytes of the address in the signature's header, hex. */
  address: string;
}

/** Whom `signData` is to sign for. `withDRep`: CIP-95 was granted, so a DRep id counts. Throws DataSignError, APIError. */
export function dataSigner(text: string, own: OwnKeys, withDRep: boolean): DataSigner {
  const drep = publicKeyHash(own.drep);
  const id = drepId(text);
  if (id !== null) {
    if (!withDRep) throw invalid('A DRep id is taken only where CIP-95 is enabled');
    if (!id.endsWith(drep)) throw fault(DATA_SIGN.proofGeneration, 'This account does not have the key of that DRep');
    return { role: 'drep', address: id };
  }
  const bytes = bytesOf(text);
  const header = bytes[0] ?? 0;
  const kind = header >> 4;
  if ((header & 0x0f) !== 0 && kind !== 8) throw invalid('The address is not of a test network');
  const hash = bytesToHex(bytes.subarray(1, 1 + HASH_BYTES));
  const address = bytesToHex(bytes);
  if (kind === 1 || kind === 3 || kind === 5 || kind === 7 || kind === 15)
    throw fault(DATA_SIGN.addressNotPK, 'The address belongs to a script, which has no key');
  // Of this account's own addresses: one with our payment key and another's stake key would be no address that people know.
  if (address === `00${publicKeyHash(own.payment)}${publicKeyHash(own.stake)}`) return { role: 'payment', address };
  if (header === ENTERPRISE_KEY && hash === publicKeyHash(own.payment)) return { role: 'payment', address };
  if (header === ENTERPRISE_KEY && withDRep && hash === drep) return { role: 'drep', address };
  if (header === STAKE_KEY && hash === publicKeyHash(own.stake)) return { role: 'stake', address };
  throw fault(DATA_SIGN.proofGeneration, 'This account does not have the key of that address');
}

/** A DRep id as hex: 28 bytes, in hex or bech32 (CIP-105), or 29 with what it is in front (CIP-129). Null: no such id. */
function drepId(text: string): string | null {
  if (/^[0-9a-f]{56}$/i.test(text)) return text.toLowerCase();
  if (!/^drep(_vkh)?1/.test(text)) return null;
  try {
    const bytes = bech32.fromWords(bech32.decode(text as `${string}1${string}`, 120).words);
    const isKey = bytes.length === HASH_BYTES || (bytes.length === HASH_BYTES + 1 && bytes[0] === CIP129_DREP_KEY);
    if (isKey) return bytesToHex(bytes);
  } catch {
    // Told below.
  }
  throw invalid('Not a DRep id of a key');
}

const LENGTHS: readonly { kinds: readonly number[]; fits: (length: number) => boolean }[] = [
  { kinds: [0, 1, 2, 3], fits: (length) => length === 57 },
  // A pointer is three numbers of variable length.
  { kinds: [4, 5], fits: (length) => length >= 32 && length <= 60 },
  { kinds: [6, 7, 14, 15], fits: (length) => length === 29 },
  { kinds: [8], fits: (length) => length > 30 && length < 150 },
];

function bytesOf(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = /^([0-9a-f]{2})+$/i.test(text) ? hexToBytes(text) : addressBytes(text);
  } catch {
    throw invalid('Not an address in bech32 or hex');
  }
  const kind = (bytes[0] ?? 0) >> 4;
  if (LENGTHS.some(({ kinds, fits }) => kinds.includes(kind) && fits(bytes.length))) return bytes;
  throw invalid('Not an address');
}

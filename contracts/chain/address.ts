// Cardano addresses (CIP-19) between bytes and text.
import { bytesToHex } from '@noble/hashes/utils.js';
import { base58, bech32 } from '@scure/base';
import { NunetError } from '@nunet/shared/errors.ts';

/** Bech32 text of a Shelley address, base58 of a Byron one. */
export function addressText(bytes: Uint8Array): string {
  const header = bytes[0] ?? 0;
  const kind = header >> 4;
  if (kind === 8) return base58.encode(bytes);
  const stake = kind === 14 || kind === 15;
  if (!stake && kind > 7) throw new NunetError('address-invalid', `Cannot read address: header ${header} is no known kind`);
  const prefix = (stake ? 'stake' : 'addr') + ((header & 15) === 1 ? '' : '_test');
  return bech32.encode(prefix, bech32.toWords(bytes), false);
}

/** Bytes of a bech32 address. Throws `address-invalid`. */
export function addressBytes(text: string): Uint8Array {
  try {
    const { prefix, words } = bech32.decode(text as `${string}1${string}`, 150);
    const bytes = bech32.fromWords(words);
    if (!/^(addr|stake)(_test)?$/.test(prefix) || addressText(bytes) !== text.toLowerCase()) throw new Error('prefix and header differ');
    return bytes;
  } catch (cause) {
    throw new NunetError('address-invalid', `Cannot read address "${text.slice(0, 120)}": want bech32 such as addr_test1...`, { cause });
  }
}

/** True for an address whose payment part is this script, staked or not (header bit 4 of CIP-19). Throws `address-invalid`. */
export function isOfScript(address: string, scriptHash: string): boolean {
  const bytes = addressBytes(address);
  return ((bytes[0] ?? 0) & 0x90) === 0x10 && bytesToHex(bytes.subarray(1, 29)) === scriptHash;
}

/** Enterprise address of a 28-byte key hash on a test network. */
export const testKeyAddress = (keyHash: Uint8Array): string => addressText(Uint8Array.of(0x60, ...keyHash));

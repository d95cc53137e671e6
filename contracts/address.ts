// Shelley payment addresses (CIP-19) between text and the credentials that scripts see.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { addressBytes, addressText } from './chain/address.ts';

/** Who controls a part of an address: the hash of a key or of a script, 28 bytes hex. */
export interface Credential {
  kind: 'key' | 'script';
  hash: string;
}

export interface AddressParts {
  payment: Credential;
  stake?: Credential;
}

const SCRIPT_PAYMENT = 0x10;
const SCRIPT_STAKE = 0x20;
const NO_STAKE = 0x60;

const credential = (isScript: boolean, hash: Uint8Array): Credential => ({ kind: isScript ? 'script' : 'key', hash: bytesToHex(hash) });

/** Credentials of a test-network base or enterprise address. Throws `address-invalid`. */
export function addressParts(text: string): AddressParts {
  const bytes = addressBytes(text);
  const header = bytes[0] ?? 0;
  const staked = header < 0x40;
  if ((header & 0x0f) !== 0 || (!staked && (header & 0xe0) !== NO_STAKE) || bytes.length !== (staked ? 57 : 29)) {
    throw new NunetError(
      'address-invalid',
      `Cannot use address "${text.slice(0, 120)}": want a base or enterprise address of a test network`,
    );
  }
  const payment = credential((header & SCRIPT_PAYMENT) !== 0, bytes.subarray(1, 29));
  return staked ? { payment, stake: credential((header & SCRIPT_STAKE) !== 0, bytes.subarray(29)) } : { payment };
}

/** The test-network address of these credentials. */
export function addressOf({ payment, stake }: AddressParts): string {
  const header =
    (payment.kind === 'script' ? SCRIPT_PAYMENT : 0) | (stake === undefined ? NO_STAKE : stake.kind === 'script' ? SCRIPT_STAKE : 0);
  return addressText(concatBytes(Uint8Array.of(header), hexToBytes(payment.hash), hexToBytes(stake?.hash ?? '')));
}

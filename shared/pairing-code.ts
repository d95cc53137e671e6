// The code that an agent's terminal shows and a person types into the extension: 40 bits of fingerprint, by which the extension knows whom it
// dialled, 80 bits of secret, and a check character. Crockford's base32 (crockford.com/base32.html) in five groups of five.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import type { Network } from './fields.ts';
import { keyOfPeerId } from './peer-id.ts';

export const PAIRING_SECRET_BYTES = 10;
const FINGERPRINT_BYTES = 5;
const GROUP = 5;
const DATA_CHARACTERS = 24;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export interface PairingCode {
  /** Of the agent's peer key, 5 bytes hex. */
  readonly fingerprint: string;
  /** Known to the agent's terminal and to whoever reads it. Never travels. */
  readonly secret: Uint8Array;
}

export const fingerprintOf = (peerId: string): string =>
  bytesToHex(
    sha256(concatBytes(utf8ToBytes('nunet/agent-fingerprint/1\0'), hexToBytes(keyOfPeerId(peerId)))).subarray(0, FINGERPRINT_BYTES),
  );

/** Twice the value in GF(32) over x^5 + x^2 + 1. */
const doubled = (value: number): number => ((value << 1) ^ (value & 16 ? 0b100101 : 0)) & 31;

/**
 * A sum in which each place has another weight (2^1 to 2^24, the check character itself 2^0): any one wrong character, and any two that
 * changed places, give another sum.
 */
const checkOf = (values: readonly number[]): number => values.reduceRight((sum, value) => doubled(sum ^ value), 0);

export function formatPairingCode({ fingerprint, secret }: PairingCode): string {
  const bits = BigInt(`0x${fingerprint}${bytesToHex(secret)}`);
  const values = Array.from({ length: DATA_CHARACTERS }, (_, at) => Number((bits >> BigInt(5 * (DATA_CHARACTERS - 1 - at))) & 31n));
  const text = [...values, checkOf(values)].map((value) => ALPHABET[value]).join('');
  return text.replace(new RegExp(`.{${GROUP}}(?=.)`, 'g'), '$&-');
}

const invalid = (why: string): NunetError =>
  new NunetError(
    'pairing-code-invalid',
    `Cannot read the pairing code: ${why}; want five groups of five characters as the terminal shows them`,
  );

/** Small letters, spaces and any grouping are taken, I and L for 1, O for 0. Throws `pairing-code-invalid`, whose message never holds the code. */
export function parsePairingCode(typed: string): PairingCode {
  if (typed.length > 100) throw invalid('it is too long');
  const text = typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replaceAll('O', '0');
  const values = Array.from(text, (character) => ALPHABET.indexOf(character));
  if (values.includes(-1)) throw invalid('a character is none of the code’s');
  if (values.length !== DATA_CHARACTERS + 1) throw invalid(`it has ${values.length} characters, not ${DATA_CHARACTERS + 1}`);
  const data = values.slice(0, DATA_CHARACTERS);
  if (checkOf(data) !== values[DATA_CHARACTERS]) throw invalid('a character is wrong or two changed places');
  const bits = data.reduce((sum, value) => (sum << 5n) | BigInt(value), 0n);
  const bytes = hexToBytes(bits.toString(16).padStart(2 * (FINGERPRINT_BYTES + PAIRING_SECRET_BYTES), '0'));
  return { fingerprint: bytesToHex(bytes.subarray(0, FINGERPRINT_BYTES)), secret: bytes.slice(FINGERPRINT_BYTES) };
}

/** Who pairs with whom: all of it is under both proofs. */
export interface PairingParties {
  network: Network;
  /** Peer ids of both ends of the stream, as the transport proved them. */
  agent: string;
  caller: string;
  /** The owner key, 32 bytes hex, and the name it asks to be listed by. */
  owner: string;
  name: string;
}

/** HMAC-SHA256 under the secret. The role makes the agent's proof another than the owner's, so that neither can be sent back. */
export const pairingProof = (secret: Uint8Array, role: 'owner' | 'agent', parties: PairingParties): string => {
  const { network, agent, caller, owner, name } = parties;
  return bytesToHex(
    hmac(sha256, secret, encode({ tag: 'nunet/pair/1', role: role === 'owner' ? 1 : 2, network, agent, caller, owner, name })),
  );
};

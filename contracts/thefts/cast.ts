// Who takes part in the theft tests: fresh keys in every run.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { AssetId } from '@nunet/shared/fields.ts';
import { addressOf } from '../address.ts';
import { keyHash } from '../sign.ts';

export interface Person {
  secret: string;
  keyHash: string;
  stakeSecret: string;
  stakeHash: string;
  /** Base address of both. */
  address: string;
}

/** An Ed25519 key that signs for the escrow. */
export interface Oracle {
  secret: string;
  publicKey: string;
}

export interface Cast {
  serviceProvider: Person;
  computeProvider: Person;
  /** Submits every transaction and pays for it. */
  thief: Person;
  /** Ascending by public key, as the datum wants them. */
  oracles: [Oracle, Oracle, Oracle];
  /** Signs vouchers; behind the datums' voucherKey. */
  jobKey: Oracle;
  /** Signs closes; behind the datums' closeKey. */
  closeKey: Oracle;
  /** What the locks hold. */
  asset: AssetId;
  /** Worth nothing. */
  dust: AssetId;
}

const newSecret = (): string => bytesToHex(ed25519.utils.randomSecretKey());

export const publicKeyOf = (secret: string): string => bytesToHex(ed25519.getPublicKey(hexToBytes(secret)));

export function newPerson(): Person {
  const secret = newSecret();
  const stakeSecret = newSecret();
  const payment = { kind: 'key', hash: keyHash(secret) } as const;
  const stake = { kind: 'key', hash: keyHash(stakeSecret) } as const;
  return { secret, keyHash: payment.hash, stakeSecret, stakeHash: stake.hash, address: addressOf({ payment, stake }) };
}

export function newOracle(): Oracle {
  const secret = newSecret();
  return { secret, publicKey: publicKeyOf(secret) };
}

export function newCast(asset: AssetId, dust: AssetId): Cast {
  const [a, b, c] = [newOracle(), newOracle(), newOracle()].toSorted((x, y) => (x.publicKey < y.publicKey ? -1 : 1));
  if (a === undefined || b === undefined || c === undefined) throw new TypeError('three oracles');
  return {
    serviceProvider: newPerson(),
    computeProvider: newPerson(),
    thief: newPerson(),
    oracles: [a, b, c],
    jobKey: newOracle(),
    closeKey: newOracle(),
    asset,
    dust,
  };
}

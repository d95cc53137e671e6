// The lock: escrow datum fields, and the exact bytes that oracles, the service provider and the agent sign over it (DESIGN section 5).
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { amount, assetId, cardanoAddress, hex32, timeMs, type OutputReference } from './fields.ts';

export const MAX_ORACLES = 9;

/** Distinct Ed25519 public keys in ascending order, as the validator demands. */
export const oracleKeys = z
  .array(hex32)
  .min(1)
  .max(MAX_ORACLES)
  .refine((keys) => keys.every((key, i) => i === 0 || (keys[i - 1] ?? '') < key), 'must be ascending and distinct');

/** The datum, frozen. The amount is the asset quantity of the locked output and nothing else. */
export const escrowDatum = z
  .strictObject({
    serviceProvider: cardanoAddress,
    computeProvider: cardanoAddress,
    /** Ed25519 public key of the job key: vouchers, ack, dispute. */
    voucherKey: hex32,
    /** Ed25519 public key that the agent made for this job. */
    closeKey: hex32,
    oracleKeys,
    /** How many oracle signatures settle. */
    k: z.int().min(1).max(MAX_ORACLES),
    asset: assetId,
    /** POSIX ms; from then on the service provider alone may take everything back. */
    reclaimAfter: timeMs,
    /** The most that a submitter may take from the lock's lovelace for the fee. */
    settleLovelace: amount,
    /** blake2b-256 of the quote's dag-cbor bytes. */
    quoteHash: hex32,
  })
  .refine((datum) => datum.k <= datum.oracleKeys.length, 'k must not exceed the number of oracle keys');
export type EscrowDatum = z.infer<typeof escrowDatum>;

/** A lock output as the ledger has it, after the datum was parsed. */
export interface LockedOutput {
  reference: OutputReference;
  /** Hash of the script that holds it, 28 bytes hex. */
  scriptHash: string;
  /** True when the script address carries a stake credential. */
  staked: boolean;
  datum: EscrowDatum;
  amountBaseUnits: bigint;
  lovelace: bigint;
  /** True when the output holds any asset beside ADA and `datum.asset`. */
  foreignAssets: boolean;
  referenceScript: boolean;
  /** Blocks on top, 0 for the tip's own block. */
  confirmations: number;
}

function signedBytes(tag: string, reference: OutputReference, paid: bigint, tail: Uint8Array = new Uint8Array()): Uint8Array {
  if (paid < 0n || paid >= 1n << 63n) throw new RangeError('paid must be from 0 to 2^63 - 1');
  const head = new Uint8Array(16);
  head.set(utf8ToBytes(tag));
  const numbers = new DataView(new ArrayBuffer(10));
  numbers.setUint16(0, reference.index);
  numbers.setBigUint64(2, paid);
  return concatBytes(head, hexToBytes(reference.txId), new Uint8Array(numbers.buffer), tail);
}

/** What an oracle signs: tag 16 || txId 32 || index 2 || paid 8, big-endian, 58 bytes. */
export const settleBytes = (reference: OutputReference, paid: bigint): Uint8Array => signedBytes('nunet/settle/1', reference, paid);

/** What the agent's close key signs, 58 bytes. */
export const closeBytes = (reference: OutputReference, paid: bigint): Uint8Array => signedBytes('nunet/close/1', reference, paid);

/** What the job key signs for cumulative pay, 90 bytes; `keyHash` is 32 bytes hex, zeros for open delivery. */
export const voucherBytes = (reference: OutputReference, paid: bigint, keyHash: string = NO_KEY_HASH): Uint8Array =>
  signedBytes('nunet/voucher/1', reference, paid, hexToBytes(keyHash));

export const NO_KEY_HASH = '0'.repeat(64);

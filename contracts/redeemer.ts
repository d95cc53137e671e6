// What unlocks a lock: the escrow's redeemers as Plutus data, and the tag that binds a payout to the locks it pays.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { constructor, encodePlutusData, type PlutusData } from './plutus-data.ts';

export interface OracleSignature {
  /** Position of the key in the datum's oracleKeys. */
  keyIndex: number;
  /** Ed25519 over settleBytes, 64 bytes hex. */
  signature: string;
}

/** One lock's entry in the settle redeemer. */
export interface Settlement {
  paid: bigint;
  /** Key positions ascending. */
  signatures: OracleSignature[];
  /** Index of the output that pays the compute provider; NO_OUTPUT when paid is 0. */
  computeProviderOutput: number;
  serviceProviderOutput: number;
}

/** A compute provider that is paid nothing gets no output. */
export const NO_OUTPUT = -1;

const settlementData = ({ paid, signatures, computeProviderOutput, serviceProviderOutput }: Settlement): PlutusData =>
  constructor(
    0,
    paid,
    signatures.map(({ keyIndex, signature }) => [BigInt(keyIndex), signature]),
    BigInt(computeProviderOutput),
    BigInt(serviceProviderOutput),
  );

/** CBOR hex. The first lock of a transaction carries all settlements in input order, the others none. */
export const settleRedeemer = (settlements: Settlement[]): string => encodePlutusData(constructor(0, settlements.map(settlementData)));

/** CBOR hex. Constructor 1 is reserved for Agree. */
export const RECLAIM_REDEEMER = encodePlutusData(constructor(2));

/** 34 bytes: txId 32 || index 2, big-endian. */
const referenceBytes = ({ txId, index }: OutputReference): Uint8Array =>
  concatBytes(hexToBytes(txId), Uint8Array.of(index >> 8, index & 0xff));

/** blake2b-256 over the references of all locks that an output pays, in input order; hex. */
export const payoutTag = (locks: OutputReference[]): string =>
  bytesToHex(blake2b(concatBytes(...locks.map(referenceBytes)), { dkLen: 32 }));

/** Order of a transaction's inputs in the ledger: by transaction id, then by index. */
export const byInputOrder = (a: OutputReference, b: OutputReference): number =>
  a.txId < b.txId ? -1 : a.txId > b.txId ? 1 : a.index - b.index;

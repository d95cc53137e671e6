// What unlocks a lock: the escrow's redeemers as Plutus data, and the tag that binds a payout to the locks it pays.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Agreement } from '@nunet/shared/agreement.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { constructor, encodePlutusData, type PlutusData } from './plutus-data.ts';

export interface OracleSignature {
  /** Position of the key in the datum's oracleKeys. */
  keyIndex: number;
  /** Ed25519 over settleBytes, 64 bytes hex. */
  signature: string;
}

interface PayoutPlaces {
  /** Index of the output that pays the compute provider; NO_OUTPUT when paid is 0. */
  computeProviderOutput: number;
  serviceProviderOutput: number;
}

/** k oracles decided. Key positions ascend. */
export interface AttestedSettlement extends PayoutPlaces {
  kind: 'attested';
  paid: bigint;
  signatures: OracleSignature[];
}

/** Service provider and compute provider decided. */
export interface AgreedSettlement extends PayoutPlaces, Agreement {
  kind: 'agreed';
}

/** One lock's entry in the list: whose signatures decided. A lock that is reclaimed beside the batch is passed over. */
export type Settlement = AttestedSettlement | AgreedSettlement | { kind: 'reclaimed' };

/** Constructor numbers of the redeemer, and of an entry of its list. */
export const SETTLE = 0;
export const AGREE = 1;
export const RECLAIM = 2;
export const ATTESTED = 0;
export const AGREED = 1;
const RECLAIMED = 2;

/** A compute provider that is paid nothing gets no output. */
export const NO_OUTPUT = -1;

function settlementData(settlement: Settlement): PlutusData {
  if (settlement.kind === 'reclaimed') return constructor(RECLAIMED);
  const { paid, computeProviderOutput, serviceProviderOutput } = settlement;
  const places = [BigInt(computeProviderOutput), BigInt(serviceProviderOutput)];
  if (settlement.kind === 'agreed') {
    const { voucherSignature, closeSignature, secret } = settlement;
    return constructor(AGREED, paid, voucherSignature, closeSignature, secret ?? '', ...places);
  }
  return constructor(
    ATTESTED,
    paid,
    settlement.signatures.map(({ keyIndex, signature }) => [BigInt(keyIndex), signature]),
    ...places,
  );
}

/**
 * CBOR hex of a lock's redeemer. The first lock of a transaction that is not reclaimed carries the entries of all locks in
 * input order, the others none.
 */
export const batchRedeemer = (how: typeof SETTLE | typeof AGREE, settlements: readonly Settlement[]): string =>
  encodePlutusData(constructor(how, settlements.map(settlementData)));

/** CBOR hex. */
export const RECLAIM_REDEEMER = encodePlutusData(constructor(RECLAIM));

/** 34 bytes: txId 32 || index 2, big-endian. */
const referenceBytes = ({ txId, index }: OutputReference): Uint8Array =>
  concatBytes(hexToBytes(txId), Uint8Array.of(index >> 8, index & 0xff));

/** blake2b-256 over the references of all locks that an output pays, in input order; hex. */
export const payoutTag = (locks: OutputReference[]): string =>
  bytesToHex(blake2b(concatBytes(...locks.map(referenceBytes)), { dkLen: 32 }));

/** Order of a transaction's inputs in the ledger: by transaction id, then by index. */
export const byInputOrder = (a: OutputReference, b: OutputReference): number =>
  a.txId < b.txId ? -1 : a.txId > b.txId ? 1 : a.index - b.index;

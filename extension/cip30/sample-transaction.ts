// For tests: Conway transactions written field by field, so that each test holds exactly what it is about.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { CBOR_NULL, CBOR_TRUE, cborArray, cborBytes, cborInt, cborMap } from '@nunet/contracts/chain/cbor.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';

export interface SampleFields {
  inputs?: readonly OutputReference[];
  collateral?: readonly OutputReference[];
  to?: { address: string; lovelace: bigint };
  /** Each certificate as CBOR. */
  certificates?: readonly Uint8Array[];
  /** Reward accounts, hex. */
  withdrawals?: readonly string[];
  requiredSigners?: readonly string[];
  /** Voters as `[kind, hash]`. */
  voters?: readonly [number, string][];
  /** Public keys that have signed already. */
  signedBy?: readonly string[];
  /** Native scripts as CBOR. */
  scripts?: readonly Uint8Array[];
}

const hex = (text: string): Uint8Array => cborBytes(hexToBytes(text));
const references = (list: readonly OutputReference[]): Uint8Array =>
  cborArray(list.map(({ txId, index }) => cborArray([hex(txId), cborInt(index)])));

export const keyCredential = (hash: string): Uint8Array => cborArray([cborInt(0), hex(hash)]);
export const scriptCredential = (hash: string): Uint8Array => cborArray([cborInt(1), hex(hash)]);
/** `[kind, ...parts]` */
export const certificate = (kind: number, ...parts: Uint8Array[]): Uint8Array => cborArray([cborInt(kind), ...parts]);

export function sampleTransaction(fields: SampleFields = {}): string {
  const { to, certificates = [], withdrawals = [], requiredSigners = [], voters = [], collateral = [] } = fields;
  const body: [Uint8Array, Uint8Array][] = [
    [cborInt(0), references(fields.inputs ?? [])],
    [cborInt(1), cborArray(to === undefined ? [] : [cborArray([cborBytes(addressBytes(to.address)), cborInt(to.lovelace)])])],
    [cborInt(2), cborInt(170_000)],
  ];
  if (certificates.length > 0) body.push([cborInt(4), cborArray([...certificates])]);
  if (withdrawals.length > 0) body.push([cborInt(5), cborMap(withdrawals.map((account) => [hex(account), cborInt(0)]))]);
  if (collateral.length > 0) body.push([cborInt(13), references(collateral)]);
  if (requiredSigners.length > 0) body.push([cborInt(14), cborArray(requiredSigners.map(hex))]);
  if (voters.length > 0)
    body.push([cborInt(19), cborMap(voters.map(([kind, hash]) => [cborArray([cborInt(kind), hex(hash)]), cborMap([])]))]);
  const witnesses: [Uint8Array, Uint8Array][] = [];
  const { signedBy = [], scripts = [] } = fields;
  if (signedBy.length > 0)
    witnesses.push([cborInt(0), cborArray(signedBy.map((key) => cborArray([hex(key), cborBytes(new Uint8Array(64))])))]);
  if (scripts.length > 0) witnesses.push([cborInt(1), cborArray([...scripts])]);
  return bytesToHex(cborArray([cborMap(body), cborMap(witnesses), CBOR_TRUE, CBOR_NULL]));
}

// For tests: transactions written byte by byte, so that each can be wrong in one place.
import { addressBytes, testKeyAddress } from '@nunet/contracts/chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap, cborTag, CBOR_NULL, CBOR_TRUE } from '@nunet/contracts/chain/cbor.ts';
import { encodeDatum } from '@nunet/contracts/datum.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { AssetId, OutputReference } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';

export const STRANGER: string = testKeyAddress(new Uint8Array(28).fill(0xc1));
export const ASSET: AssetId = { policyId: 'ab'.repeat(28), assetName: '4e5458' };
export const OTHER_ASSET: AssetId = { policyId: 'cd'.repeat(28), assetName: '00' };
export const A_LOCK: OutputReference = { txId: '77'.repeat(32), index: 0 };

export interface SampleOutput {
  /** Bech32, or the bytes of any address. */
  to: string | Uint8Array;
  lovelace?: bigint;
  tokens?: [AssetId, bigint][];
  /** Plutus data, CBOR hex. */
  datum?: string;
  /** Carries a script along. */
  withScript?: boolean;
}

/** A field of the body, and its CBOR. */
export type Field = [number, Uint8Array];

const input = ({ txId, index }: OutputReference): Uint8Array => cborArray([cborBytes(hexToBytes(txId)), cborInt(index)]);
export const inputs = (references: OutputReference[]): Uint8Array => cborTag(258, cborArray(references.map(input)));

export function output({ to, lovelace = 2_000_000n, tokens = [], datum, withScript = false }: SampleOutput): Uint8Array {
  const assets = cborMap(
    tokens.map(([{ policyId, assetName }, quantity]) => [
      cborBytes(hexToBytes(policyId)),
      cborMap([[cborBytes(hexToBytes(assetName)), cborInt(quantity)]]),
    ]),
  );
  const entries: [Uint8Array, Uint8Array][] = [
    [cborInt(0), cborBytes(typeof to === 'string' ? addressBytes(to) : to)],
    [cborInt(1), tokens.length === 0 ? cborInt(lovelace) : cborArray([cborInt(lovelace), assets])],
  ];
  if (datum !== undefined) entries.push([cborInt(2), cborArray([cborInt(1), cborTag(24, cborBytes(hexToBytes(datum)))])]);
  if (withScript) entries.push([cborInt(3), cborTag(24, cborBytes(cborArray([cborInt(3), cborBytes(hexToBytes('46010000222601'))])))]);
  return cborMap(entries);
}

/** Hex. `more` replaces or adds fields of the body; `body` replaces all of it. */
export function transaction({
  spends = [{ txId: '11'.repeat(32), index: 0 }],
  outputs,
  fee = 170_000n,
  more = [],
  body,
  witnesses = cborMap([]),
  isValid = true,
  auxiliary = CBOR_NULL,
}: {
  spends?: OutputReference[];
  outputs: SampleOutput[];
  fee?: bigint;
  more?: Field[];
  body?: Uint8Array;
  witnesses?: Uint8Array;
  isValid?: boolean;
  auxiliary?: Uint8Array;
}): string {
  const fields = new Map<number, Uint8Array>([[0, inputs(spends)], [1, cborArray(outputs.map(output))], [2, cborInt(fee)], ...more]);
  const made = body ?? cborMap([...fields].map(([key, value]) => [cborInt(key), value]));
  return bytesToHex(cborArray([made, witnesses, isValid ? CBOR_TRUE : Uint8Array.of(0xf4), auxiliary]));
}

/** Base units of the sample lock. */
export const BUDGET = 5_000_000n;

/** A datum that the contract takes. */
export const escrowDatum = (changes: Partial<EscrowDatum> & Pick<EscrowDatum, 'serviceProvider' | 'voucherKey'>): EscrowDatum => ({
  computeProvider: STRANGER,
  closeKey: 'cc'.repeat(32),
  oracleKeys: ['01'.repeat(32), '02'.repeat(32)],
  k: 2,
  asset: ASSET,
  reclaimAfter: 1_900_000_000_000,
  settleLovelace: 1_000_000n,
  quoteHash: '99'.repeat(32),
  ...changes,
});

/** A script's address on a test network, unstaked. */
export const ESCROW_ADDRESS: Uint8Array = Uint8Array.of(0x70, ...hexToBytes('ee'.repeat(28)));

/** The lock of one job, and change for `home`. */
export const lockTransaction = (home: string, datum: EscrowDatum, amount: bigint = BUDGET, more: SampleOutput[] = []): string =>
  transaction({
    outputs: [
      { to: ESCROW_ADDRESS, lovelace: 3_000_000n, tokens: [[datum.asset, amount]], datum: encodeDatum(datum) },
      { to: home, lovelace: 50_000_000n },
      ...more,
    ],
  });

// For tests of previews: an account, what it holds, a network record with a signed quote, and transactions written field by field.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { addressOf } from '@nunet/contracts/address.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { CBOR_NULL, cborArray, cborBytes, cborInt, cborMap, cborTag } from '@nunet/contracts/chain/cbor.ts';
import { slotOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import type { Output } from '@nunet/contracts/value.ts';
import type { AssetId, OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { quote as quoteSchema, type Quote } from '@nunet/shared/quote.ts';
import * as samples from '@nunet/shared/samples.ts';
import { signStatement, type Signed } from '@nunet/shared/signature.ts';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { PreviewGround } from './preview.ts';

export const publicKey = (name: string): string => samples.sampleSigner(name).publicKey;
export const keyHashOf = (name: string): string => publicKeyHash(publicKey(name));
const key = (name: string) => ({ kind: 'key', hash: keyHashOf(name) }) as const;

/** A base address of two keys, or an enterprise one of the first. */
export const addressFor = (payment: string, stake?: string): string =>
  addressOf(stake === undefined ? { payment: key(payment) } : { payment: key(payment), stake: key(stake) });
export const scriptAddress = (hash: string): string => addressOf({ payment: { kind: 'script', hash } });
export const rewardBytes = (hash: string, isScript = false): Uint8Array =>
  concatBytes(Uint8Array.of(isScript ? 0xf0 : 0xe0), hexToBytes(hash));

export const HOME = addressFor('payment', 'stake');
export const FRIEND = addressFor('friend', 'friend stake');
export const STRANGER = addressFor('stranger', 'stranger stake');
export const NOW = samples.SAMPLE_TIME_MS;
export const SLOTS = { zeroTimeMs: NOW - 1_000_000, zeroSlot: 0, slotLengthMs: 1_000 };
export const NTX: AssetId = samples.sampleQuote.asset;
export const JUNK: AssetId = { policyId: 'ab'.repeat(28), assetName: bytesToHex(new TextEncoder().encode('Junk')) };

export const record: NetworkRecord = { ...samples.sampleRecord, escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }] };

export const quoteBody: Quote = {
  ...samples.sampleQuote,
  serviceProvider: { ...samples.sampleQuote.serviceProvider, address: HOME },
};
export const signQuote = (body: Quote = quoteBody, signer = 'agent'): Promise<Signed<Quote>> =>
  signStatement('quote', quoteSchema.parse(body), samples.sampleSigner(signer));

export const reference = (name: string, index = 0): OutputReference => ({ txId: samples.sampleHash(name), index });
export const held = (name: string, lovelace: bigint, assets: Utxo['assets'] = [], address: string = HOME): Utxo => ({
  reference: reference(name),
  address,
  lovelace,
  assets,
});

/** What the account holds: 100 ADA with 1,000 NTX, 50 ADA, 5 ADA as collateral; a stranger's 80 ADA. */
export const RICH = held('rich', 100_000_000n, [{ ...NTX, quantity: 1_000_000_000n }]);
export const PLAIN = held('plain', 50_000_000n);
export const COLLATERAL = held('collateral', 5_000_000n);
export const FOREIGN = held('foreign', 80_000_000n, [], STRANGER);

export const sampleGround = (change: Partial<PreviewGround> = {}): PreviewGround => ({
  network: 'devnet',
  ntx: NTX,
  record,
  slotConfig: SLOTS,
  tipTimeMs: NOW,
  account: {
    index: 0,
    name: 'Main',
    address: HOME,
    stakeAddress: 'stake_test',
    payment: publicKey('payment'),
    stake: publicKey('stake'),
    drep: publicKey('drep'),
  },
  balance: { lovelace: 155_000_000n, baseUnits: 1_000_000_000n },
  inputs: [RICH, PLAIN, COLLATERAL, FOREIGN],
  unresolved: [],
  deposits: { key: 2_000_000n, pool: 500_000_000n },
  quotes: [],
  known: [{ address: FRIEND, name: 'Ada' }],
  ...change,
});

const referenceCbor = ({ txId, index }: OutputReference): Uint8Array => cborArray([cborBytes(hexToBytes(txId)), cborInt(index)]);

const tokensCbor = (assets: Utxo['assets']): Uint8Array =>
  cborMap(
    [...Map.groupBy(assets, ({ policyId }) => policyId)].map(([policy, some]) => [
      cborBytes(hexToBytes(policy)),
      cborMap(some.map(({ assetName, quantity }) => [cborBytes(hexToBytes(assetName)), cborInt(quantity)])),
    ]),
  );

/** `to`: bytes of an address that has no text of a test network. */
export type SampleOutput = Partial<Output> & { to?: Uint8Array };

export const outputCbor = ({
  address = HOME,
  to,
  lovelace = 1_000_000n,
  assets = [],
  inlineDatum,
  referenceScript,
}: SampleOutput): Uint8Array =>
  cborMap([
    [cborInt(0), cborBytes(to ?? addressBytes(address))],
    [cborInt(1), assets.length === 0 ? cborInt(lovelace) : cborArray([cborInt(lovelace), tokensCbor(assets)])],
    ...(inlineDatum === undefined
      ? []
      : [[cborInt(2), cborArray([cborInt(1), cborTag(24, cborBytes(hexToBytes(inlineDatum)))])] as [Uint8Array, Uint8Array]]),
    ...(referenceScript === undefined
      ? []
      : ([[cborInt(3), cborTag(24, cborBytes(cborArray([cborInt(3), cborBytes(hexToBytes(referenceScript))])))]] as [
          Uint8Array,
          Uint8Array,
        ][])),
  ]);

export interface SampleTransaction {
  inputs?: Utxo[];
  outputs?: SampleOutput[];
  fee?: bigint;
  /** POSIX ms; null: none. An hour from now unless said. */
  validUntilMs?: number | null;
  collateral?: Utxo[];
  collateralReturn?: SampleOutput;
  totalCollateral?: bigint;
  mint?: Utxo['assets'];
  certificates?: Uint8Array[];
  withdrawals?: [Uint8Array, bigint][];
  requiredSigners?: string[];
  /** Other fields of the body, or those above in another form. */
  fields?: Record<number, Uint8Array>;
  witnesses?: Record<number, Uint8Array>;
  isValid?: boolean;
  auxiliary?: Uint8Array;
}

const fieldsCbor = (fields: Record<number, Uint8Array>): Uint8Array =>
  cborMap(Object.entries(fields).map(([name, value]) => [cborInt(Number(name)), value]));

/** CBOR hex of an unsigned transaction with exactly these fields. */
export function transactionOf(sample: SampleTransaction): string {
  const { inputs = [PLAIN], outputs = [], fee = 200_000n, validUntilMs = NOW + 3_600_000, isValid = true } = sample;
  const fields: Record<number, Uint8Array> = {
    0: cborTag(258, cborArray(inputs.map((utxo) => referenceCbor(utxo.reference)))),
    1: cborArray(outputs.map(outputCbor)),
    2: cborInt(fee),
    ...(validUntilMs === null ? {} : { 3: cborInt(slotOf(validUntilMs, SLOTS)) }),
    ...(sample.certificates === undefined ? {} : { 4: cborArray(sample.certificates) }),
    ...(sample.withdrawals === undefined ? {} : { 5: cborMap(sample.withdrawals.map(([from, coin]) => [cborBytes(from), cborInt(coin)])) }),
    ...(sample.mint === undefined ? {} : { 9: tokensCbor(sample.mint) }),
    ...(sample.collateral === undefined ? {} : { 13: cborArray(sample.collateral.map((utxo) => referenceCbor(utxo.reference))) }),
    ...(sample.requiredSigners === undefined ? {} : { 14: cborArray(sample.requiredSigners.map((hash) => cborBytes(hexToBytes(hash)))) }),
    ...(sample.collateralReturn === undefined ? {} : { 16: outputCbor(sample.collateralReturn) }),
    ...(sample.totalCollateral === undefined ? {} : { 17: cborInt(sample.totalCollateral) }),
    ...sample.fields,
  };
  const parts = [
    fieldsCbor(fields),
    fieldsCbor(sample.witnesses ?? {}),
    Uint8Array.of(isValid ? 0xf5 : 0xf4),
    sample.auxiliary ?? CBOR_NULL,
  ];
  return bytesToHex(cborArray(parts));
}

/** All of the inputs less the fee and what goes out, home. */
export const change = (lovelace: bigint, assets: Utxo['assets'] = []): SampleOutput => ({ address: HOME, lovelace, assets });

// Builds and signs plain payments for the devnet's own wallet, so that the devnet starts without a wallet library.
import { ed25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { addressBytes, testKeyAddress } from '../chain/address.ts';
import { CBOR_NULL, CBOR_TRUE, cborArray, cborBytes, cborInt, cborMap } from '../chain/cbor.ts';
import type { AssetQuantity } from '../chain/chain.ts';
import { scriptHash } from '../chain/transaction.ts';
import { PARAMETERS } from './parameters.ts';

export interface PaymentOutput {
  address: string;
  lovelace: bigint;
  assets: AssetQuantity[];
}

/** A key with its enterprise address and the native script that lets this key alone mint. */
export interface PaymentKey {
  secret: Uint8Array;
  publicKey: Uint8Array;
  keyHash: Uint8Array;
  address: string;
  policyScript: Uint8Array;
  policyId: string;
}

export function paymentKey(secret: Uint8Array): PaymentKey {
  const publicKey = ed25519.getPublicKey(secret);
  const keyHash = blake2b(publicKey, { dkLen: 28 });
  // Native script "sig": [0, key hash].
  const policyScript = cborArray([cborInt(0), cborBytes(keyHash)]);
  return { secret, publicKey, keyHash, address: testKeyAddress(keyHash), policyScript, policyId: scriptHash('native', policyScript) };
}

const tokenMap = (assets: AssetQuantity[]): Uint8Array =>
  cborMap(
    [...Map.groupBy(assets, (asset) => asset.policyId)].map(([policyId, names]) => [
      cborBytes(hexToBytes(policyId)),
      cborMap(names.map(({ assetName, quantity }) => [cborBytes(hexToBytes(assetName)), cborInt(quantity)])),
    ]),
  );

/** CBOR of an output in map form; `datum` is the encoded datum option. */
export function encodeOutput({ address, lovelace, assets }: PaymentOutput, datum?: Uint8Array): Uint8Array {
  const value = assets.length === 0 ? cborInt(lovelace) : cborArray([cborInt(lovelace), tokenMap(assets)]);
  return cborMap([
    [cborInt(0), cborBytes(addressBytes(address))],
    [cborInt(1), value],
    ...(datum === undefined ? [] : [[cborInt(2), datum] satisfies [Uint8Array, Uint8Array]]),
  ]);
}

export const encodeReference = ({ txId, index }: OutputReference): Uint8Array => cborArray([cborBytes(hexToBytes(txId)), cborInt(index)]);

/** Least lovelace that an output may hold: its bytes and 160 of overhead. */
export const leastLovelace = (output: PaymentOutput): bigint => BigInt(encodeOutput(output).length + 160) * PARAMETERS.coinsPerUtxoByte;

/** The bytes of a transaction without inputs, which only the genesis block may hold. */
export const genesisTransaction = (outputs: PaymentOutput[], nonce: Uint8Array): Uint8Array => {
  const body = cborMap([
    [cborInt(0), cborArray([])],
    [cborInt(1), cborArray(outputs.map((output) => encodeOutput(output)))],
    [cborInt(2), cborInt(0)],
    // The hash of no metadata at all: makes each genesis id its own.
    [cborInt(7), cborBytes(nonce)],
  ]);
  return cborArray([body, cborMap([]), CBOR_TRUE, CBOR_NULL]);
};

/** Spends `inputs`, mints `mint` under the key's own policy, pays `outputs` and the rest (`change`) back. */
export function signedPayment(
  key: PaymentKey,
  { inputs, available, outputs, mint }: { inputs: OutputReference[]; available: bigint; outputs: PaymentOutput[]; mint: AssetQuantity[] },
): { id: string; cbor: Uint8Array } {
  const paid = outputs.reduce((sum, output) => sum + output.lovelace, 0n);
  const make = (fee: bigint): { body: Uint8Array; cbor: Uint8Array } => {
    const change: PaymentOutput = { address: key.address, lovelace: available - paid - fee, assets: [] };
    const body = cborMap([
      [cborInt(0), cborArray(inputs.map(encodeReference))],
      [cborInt(1), cborArray([...outputs, change].map((output) => encodeOutput(output)))],
      [cborInt(2), cborInt(fee)],
      ...(mint.length === 0 ? [] : [[cborInt(9), tokenMap(mint)] satisfies [Uint8Array, Uint8Array]]),
    ]);
    const signature = ed25519.sign(blake2b(body, { dkLen: 32 }), key.secret);
    const witnesses = cborMap([
      [cborInt(0), cborArray([cborArray([cborBytes(key.publicKey), cborBytes(signature)])])],
      ...(mint.length === 0 ? [] : [[cborInt(1), cborArray([key.policyScript])] satisfies [Uint8Array, Uint8Array]]),
    ]);
    return { body, cbor: cborArray([body, witnesses, CBOR_TRUE, CBOR_NULL]) };
  };
  // The length does not depend on the fee's value within one size of integer, so the second round is exact.
  const draft = make(200_000n);
  const { body, cbor } = make(BigInt(draft.cbor.length) * PARAMETERS.minFeeA + PARAMETERS.minFeeB);
  return { id: bytesToHex(blake2b(body, { dkLen: 32 })), cbor };
}

export const utxoMap = (entries: { reference: OutputReference; raw: Uint8Array }[]): Uint8Array =>
  cborMap(entries.map(({ reference, raw }) => [encodeReference(reference), raw]));

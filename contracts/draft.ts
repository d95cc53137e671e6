// One fully decided transaction as unsigned CBOR. Mesh serialises it; nothing here chooses inputs, change or fee.
import { MeshTxBuilder, type Asset } from '@meshsdk/core';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import {
  asArray,
  asInt,
  asMap,
  CBOR_NULL,
  CBOR_TRUE,
  cborArray,
  cborBytes,
  cborInt,
  cborMap,
  readCbor,
  type CborItem,
} from './chain/cbor.ts';
import type { ProtocolParameters, Utxo } from './chain/chain.ts';
import type { PlutusScript } from './script.ts';
import { assetUnit, type Output, type Value } from './value.ts';

export interface ExecutionUnits {
  memory: bigint;
  steps: bigint;
}

export interface PlannedInput {
  utxo: Utxo;
  /** CBOR hex of the redeemer when the script is to unlock it; its datum is inline. */
  redeemer?: string;
}

export interface Draft {
  /** In the ledger's input order. */
  inputs: PlannedInput[];
  outputs: Output[];
  fee: bigint;
  /** Budget of each redeemer, by index of its input. */
  units: Map<number, ExecutionUnits>;
  /** The script of the inputs with redeemers, and the output that carries it. */
  script?: { script: PlutusScript; at: Utxo };
  collateral?: { utxo: Utxo; total: bigint; returnAddress: string };
  /** Key hashes that the script wants to see sign. */
  signers: string[];
  validFromSlot?: number;
  /** First slot in which it is invalid. */
  validUntilSlot?: number;
  /** Auxiliary data, CBOR hex. */
  auxiliary?: string;
}

const meshAmount = ({ lovelace, assets }: Value): Asset[] => [
  { unit: 'lovelace', quantity: lovelace.toString() },
  ...assets.map((asset) => ({ unit: assetUnit(asset), quantity: asset.quantity.toString() })),
];

/** Mesh takes scripts wrapped twice in CBOR. */
const twiceWrapped = (code: string): string => bytesToHex(cborBytes(hexToBytes(code)));

const AUXILIARY_HASH = 7n;
const TOTAL_COLLATERAL = 17n;

/**
 * What Mesh made, put right. It attaches empty metadata and its hash to every transaction, 38 bytes that somebody pays for: what was ordered
 * takes their place, or nothing. And it says nothing of collateral that is put up whole, although a signer who knows no outputs can bound
 * what is at stake only by what is said.
 */
function putRight(cbor: string, parts: { auxiliary: string | undefined; totalCollateral: bigint | undefined }): string {
  const source = hexToBytes(cbor);
  const [body, witnesses] = asArray(readCbor(source));
  const raw = ({ start, end }: CborItem): Uint8Array => source.subarray(start, end);
  const fields = asMap(body).flatMap(([key, value]): [bigint, Uint8Array, Uint8Array][] => {
    const name = asInt(key);
    return name === AUXILIARY_HASH || name === TOTAL_COLLATERAL ? [] : [[name, raw(key), raw(value)]];
  });
  const data = parts.auxiliary === undefined ? undefined : hexToBytes(parts.auxiliary);
  if (data !== undefined) fields.push([AUXILIARY_HASH, cborInt(AUXILIARY_HASH), cborBytes(blake2b(data, { dkLen: 32 }))]);
  if (parts.totalCollateral !== undefined) fields.push([TOTAL_COLLATERAL, cborInt(TOTAL_COLLATERAL), cborInt(parts.totalCollateral)]);
  // Ascending, as hardware wallets want a body's fields (CIP-21).
  const ordered = fields.toSorted(([a], [b]) => Number(a - b));
  return bytesToHex(
    cborArray([
      cborMap(ordered.map(([, key, value]) => [key, value])),
      witnesses === undefined ? cborMap([]) : raw(witnesses),
      CBOR_TRUE,
      data ?? CBOR_NULL,
    ]),
  );
}

/** Unsigned transaction, CBOR hex. */
export function serialize(draft: Draft, parameters: ProtocolParameters): string {
  const mesh = new MeshTxBuilder({ params: { coinsPerUtxoSize: Number(parameters.coinsPerUtxoByte) } });
  const { plutusV1, plutusV2, plutusV3 } = parameters.costModels;
  mesh.setCostModels([plutusV1, plutusV2, plutusV3]);
  draft.inputs.forEach(({ utxo, redeemer }, index) => {
    const { txId, index: outputIndex } = utxo.reference;
    if (redeemer === undefined) {
      mesh.txIn(txId, outputIndex, meshAmount(utxo), utxo.address, 0);
      return;
    }
    if (draft.script === undefined) throw new TypeError('an input with a redeemer needs the script');
    const { script, at } = draft.script;
    const units = draft.units.get(index) ?? { memory: 0n, steps: 0n };
    mesh
      .spendingPlutusScriptV3()
      .txIn(txId, outputIndex, meshAmount(utxo), utxo.address, 0)
      .txInInlineDatumPresent()
      .spendingTxInReference(at.reference.txId, at.reference.index, String(script.code.length / 2), script.hash)
      .txInRedeemerValue(redeemer, 'CBOR', { mem: Number(units.memory), steps: Number(units.steps) });
  });
  for (const output of draft.outputs) {
    mesh.txOut(output.address, meshAmount(output));
    if (output.inlineDatum !== undefined) mesh.txOutInlineDatumValue(output.inlineDatum, 'CBOR');
    if (output.referenceScript !== undefined) mesh.txOutReferenceScript(twiceWrapped(output.referenceScript), 'V3');
  }
  if (draft.collateral !== undefined) {
    const { utxo, total, returnAddress } = draft.collateral;
    mesh.txInCollateral(utxo.reference.txId, utxo.reference.index, meshAmount(utxo), utxo.address);
    if (utxo.lovelace > total || utxo.assets.length > 0)
      mesh.setTotalCollateral(total.toString()).setCollateralReturnAddress(returnAddress);
  }
  for (const signer of draft.signers) mesh.requiredSignerHash(signer);
  if (draft.validFromSlot !== undefined) mesh.invalidBefore(draft.validFromSlot);
  if (draft.validUntilSlot !== undefined) mesh.invalidHereafter(draft.validUntilSlot);
  return putRight(mesh.setFee(draft.fee.toString()).completeUnbalanced(), {
    auxiliary: draft.auxiliary,
    totalCollateral: draft.collateral?.total,
  });
}

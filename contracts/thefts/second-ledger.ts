// A second opinion on a transaction: Blaze's emulator, which runs scripts in Aiken's own evaluator.
import {
  HexBlob,
  hardCodedProtocolParams,
  PlutusLanguageVersion,
  Transaction,
  TransactionInput,
  TransactionOutput,
  TransactionUnspentOutput,
  TxCBOR,
} from '@blaze-cardano/core';
import { Emulator } from '@blaze-cardano/emulator';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { CostModels, ProtocolParameters, SlotConfig } from '../chain/chain.ts';
import type { TransactionOutput as ResolvedOutput } from '../chain/transaction.ts';
import { encodeReference } from '../devnet/payment.ts';

export interface Verdict {
  accepted: boolean;
  /** In the ledger's own words; empty when accepted. */
  reason: string;
}

export interface SecondOpinion {
  cbor: string;
  /** Everything that the transaction names. */
  resolved: ResolvedOutput[];
  slot: number;
  slotConfig: SlotConfig;
  parameters: ProtocolParameters;
}

/** Blaze's emulator with these cost models and times, and nothing on it. */
export function blazeEmulator({ plutusV1, plutusV2, plutusV3 }: CostModels, slotConfig: SlotConfig): Emulator {
  return new Emulator([], {
    params: {
      ...hardCodedProtocolParams,
      costModels: new Map([
        [PlutusLanguageVersion.V1, plutusV1],
        [PlutusLanguageVersion.V2, plutusV2],
        [PlutusLanguageVersion.V3, plutusV3],
      ]),
    },
    slotConfig: { zeroTime: slotConfig.zeroTimeMs, zeroSlot: slotConfig.zeroSlot, slotLength: slotConfig.slotLengthMs },
  });
}

export async function secondLedger({ cbor, resolved, slot, slotConfig, parameters }: SecondOpinion): Promise<Verdict> {
  const emulator = blazeEmulator(parameters.costModels, slotConfig);
  emulator.clock.slot = slot;
  for (const { reference, raw } of resolved) {
    const input = TransactionInput.fromCbor(HexBlob(bytesToHex(encodeReference(reference))));
    emulator.addUtxo(new TransactionUnspentOutput(input, TransactionOutput.fromCbor(HexBlob(bytesToHex(raw)))));
  }
  try {
    await emulator.submitTransaction(Transaction.fromCbor(TxCBOR(cbor)));
    return { accepted: true, reason: '' };
  } catch (error) {
    return { accepted: false, reason: error instanceof Error ? error.message : JSON.stringify(error) };
  }
}

// Asks a compiled script about one transaction, in two evaluators that share no code: Scalus' and Aiken's own (in Blaze).
import { HexBlob, Transaction, TransactionInput, TransactionOutput, TransactionUnspentOutput, TxCBOR } from '@blaze-cardano/core';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import scalus from 'scalus';
import type { SlotConfig } from '../chain/chain.ts';
import type { ExecutionUnits } from '../draft.ts';
import { PARAMETERS } from '../devnet/parameters.ts';
import { encodeReference, utxoMap } from '../devnet/payment.ts';
import { blazeEmulator } from '../thefts/second-ledger.ts';

/** Slot n begins n seconds after the epoch of 1970. */
export const SLOTS: SlotConfig = { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1_000 };

export interface Question {
  transaction: Uint8Array;
  /** Every output that it spends and reads. */
  resolved: { reference: OutputReference; raw: Uint8Array }[];
}

/** The verdict of all scripts of the transaction together. */
export interface Answer {
  accepted: boolean;
  /** Of each redeemer, by what it is for and by index, when accepted. */
  units: ExecutionUnits[];
  /** What a traced script printed. */
  logs: string[];
}

const scalusSlots = new scalus.SlotConfig(SLOTS.zeroTimeMs, SLOTS.zeroSlot, SLOTS.slotLengthMs);
const { plutusV1, plutusV2, plutusV3 } = PARAMETERS.costModels;

const logsOf = (error: unknown): string[] | undefined =>
  typeof error === 'object' && error !== null && 'logs' in error && Array.isArray(error.logs) ? error.logs.map(String) : undefined;

/** Throws when no script was run, so that an unreadable transaction never counts as a refusal. */
export function askScalus({ transaction, resolved }: Question): Answer {
  try {
    const redeemers = scalus.Scalus.evalPlutusScripts(transaction, utxoMap(resolved), scalusSlots, [plutusV1, plutusV2, plutusV3]);
    // Scalus answers in no order.
    const ordered = redeemers.toSorted((a, b) => a.tag.localeCompare(b.tag) || a.index - b.index);
    return { accepted: true, units: ordered.map(({ budget }) => ({ memory: budget.memory, steps: budget.steps })), logs: [] };
  } catch (error) {
    const logs = logsOf(error);
    if (logs === undefined) throw error;
    return { accepted: false, units: [], logs };
  }
}

const blaze = blazeEmulator(PARAMETERS.costModels, SLOTS);

/** As askScalus; some ten times slower. */
export async function askAiken({ transaction, resolved }: Question): Promise<Answer> {
  const utxos = resolved.map(
    ({ reference, raw }) =>
      new TransactionUnspentOutput(
        TransactionInput.fromCbor(HexBlob(bytesToHex(encodeReference(reference)))),
        TransactionOutput.fromCbor(HexBlob(bytesToHex(raw))),
      ),
  );
  try {
    const redeemers = await blaze.evaluator(Transaction.fromCbor(TxCBOR(bytesToHex(transaction))), utxos);
    const ordered = redeemers.values().toSorted((a, b) => a.tag() - b.tag() || Number(a.index() - b.index()));
    return { accepted: true, units: ordered.map((one) => ({ memory: one.exUnits().mem(), steps: one.exUnits().steps() })), logs: [] };
  } catch (error) {
    const reason = String(error);
    if (!reason.includes('failed script execution')) throw error;
    return { accepted: false, units: [], logs: [reason] };
  }
}

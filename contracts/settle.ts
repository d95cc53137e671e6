// Ends one or many locks by what oracles or their parties signed, and takes others back beside them: (what, who submits) -> unsigned transaction.
import { balance, type BuiltTransaction, type Payer, type ScriptRun } from './balance.ts';
import type { ProtocolParameters, SlotConfig, Utxo } from './chain/chain.ts';
import { planBatch, type Decision } from './payouts.ts';
import { reclaimConditions } from './reclaim.ts';

export interface SettleRequest {
  locks: Decision[];
  /** Pays only what the locks' settleLovelace does not cover; usually nothing. */
  payer: Payer;
  parameters: ProtocolParameters;
  run: ScriptRun;
}

/**
 * Anybody may submit it and nobody gains by it. Throws `locks-missing`, `amount-invalid`, `datum-invalid`,
 * `chain-rejected` (the script refuses, for example a signature) and what `balance` throws.
 */
export async function buildSettle(request: SettleRequest, signal?: AbortSignal): Promise<BuiltTransaction> {
  const { locks, payer, parameters, run } = request;
  const { inputs, outputs } = planBatch(locks, [], parameters.coinsPerUtxoByte);
  return await balance({ action: 'settle', inputs, outputs, payer, parameters, run }, signal);
}

export interface MixedRequest extends SettleRequest {
  /** Locks of the payer, past their reclaimAfter: their value comes as change. */
  reclaims: Utxo[];
  slotConfig: SlotConfig;
}

/** As `buildSettle`, and takes the payer's own locks back in the same transaction. Throws `reclaim-too-early` too. */
export async function buildMixed(request: MixedRequest, now: number, signal?: AbortSignal): Promise<BuiltTransaction> {
  const { locks, reclaims, payer, parameters, run, slotConfig } = request;
  const { inputs, outputs } = planBatch(locks, reclaims, parameters.coinsPerUtxoByte);
  const conditions = reclaimConditions(reclaims, slotConfig, now);
  return await balance({ action: 'settle', inputs, outputs, payer, parameters, run, ...conditions }, signal);
}

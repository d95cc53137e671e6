// Settles one or many locks with the oracles' signatures: (what, who submits) -> unsigned transaction.
import { balance, type BuiltTransaction, type Payer, type ScriptRun } from './balance.ts';
import type { ProtocolParameters } from './chain/chain.ts';
import { planSettlement, type LockToSettle } from './payouts.ts';
import { settleRedeemer } from './redeemer.ts';

export interface SettleRequest {
  locks: LockToSettle[];
  /** Pays only what the locks' settleLovelace does not cover; usually nothing. */
  payer: Payer;
  parameters: ProtocolParameters;
  run: ScriptRun;
}

/**
 * Anybody may submit it and nobody gains by it. Throws `locks-missing`, `amount-invalid`, `datum-invalid`,
 * `chain-rejected` (the script refuses, for example a signature) and what `balance` throws.
 */
export async function buildSettle({ locks, payer, parameters, run }: SettleRequest, signal?: AbortSignal): Promise<BuiltTransaction> {
  const plan = planSettlement(locks, parameters.coinsPerUtxoByte);
  return await balance(
    {
      action: 'settle',
      // The first lock's redeemer settles them all.
      inputs: plan.locks.map((utxo, position) => ({ utxo, redeemer: settleRedeemer(position === 0 ? plan.settlements : []) })),
      outputs: plan.outputs,
      payer,
      parameters,
      run,
    },
    signal,
  );
}

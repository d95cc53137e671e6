// Takes a lock back after its reclaimAfter, without oracles: (what, who, now) -> unsigned transaction.
import { NunetError } from '@nunet/shared/errors.ts';
import { balance, type BuiltTransaction, type Payer, type ScriptRun } from './balance.ts';
import { timeOf, type ProtocolParameters, type SlotConfig, type Utxo } from './chain/chain.ts';
import { reclaimTerms } from './reclaim-terms.ts';
import { RECLAIM_REDEEMER } from './redeemer.ts';

export interface ReclaimRequest {
  /** Locks of one service provider; their datums may be malformed anywhere but in owner and time. */
  locks: Utxo[];
  /** Gets everything, less the fee. */
  payer: Payer;
  parameters: ProtocolParameters;
  slotConfig: SlotConfig;
  run: ScriptRun;
}

/** The first slot that begins at `timeMs` or later. */
const slotFrom = (timeMs: number, config: SlotConfig): number =>
  config.zeroSlot + Math.max(1, Math.ceil((timeMs - config.zeroTimeMs) / config.slotLengthMs));

/** Who must sign, and from which slot on. Throws `reclaim-too-early`, `locks-missing`, `datum-invalid`. */
export function reclaimConditions(
  locks: readonly Utxo[],
  slotConfig: SlotConfig,
  now: number,
): { signers: string[]; validFromSlot: number } {
  if (locks.length === 0) throw new NunetError('locks-missing', 'Cannot reclaim: no lock was given');
  const terms = locks.map(reclaimTerms);
  const validFromSlot = slotFrom(Math.max(...terms.map(({ reclaimAfter }) => reclaimAfter)), slotConfig);
  const opens = timeOf(validFromSlot, slotConfig);
  if (now < opens) {
    throw new NunetError(
      'reclaim-too-early',
      `Cannot reclaim: it is ${new Date(now).toISOString()}, the lock opens at ${new Date(opens).toISOString()}`,
    );
  }
  return { signers: [...new Set(terms.map(({ keyHash }) => keyHash))], validFromSlot };
}

/** Throws `reclaim-too-early`, `locks-missing`, `datum-invalid`, and what `balance` throws. */
export async function buildReclaim(request: ReclaimRequest, now: number, signal?: AbortSignal): Promise<BuiltTransaction> {
  const { locks, payer, parameters, slotConfig, run } = request;
  return await balance(
    {
      action: 'reclaim',
      inputs: locks.map((utxo) => ({ utxo, redeemer: RECLAIM_REDEEMER })),
      outputs: () => [],
      payer,
      parameters,
      run,
      ...reclaimConditions(locks, slotConfig, now),
    },
    signal,
  );
}

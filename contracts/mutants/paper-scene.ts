// A theft's scene on paper: what ground.ts makes on a devnet, without one, and for any script, so that a mutant can be robbed.
import { addressOf } from '../address.ts';
import { timeOf, type Utxo } from '../chain/chain.ts';
import { encodeDatum } from '../datum.ts';
import { PARAMETERS } from '../devnet/parameters.ts';
import { askScalus, SLOTS, type Answer, type Question } from '../properties/evaluate.ts';
import { outputBytes } from '../properties/paper.ts';
import { PARKING_ADDRESS, type PlutusScript } from '../script.ts';
import { newCast, type Cast } from '../thefts/cast.ts';
import type { LockOrder } from '../thefts/ground.ts';
import { AMOUNT, finish, LOCK_LOVELACE, honestDatum, type Plan, type Scene, type SceneLock } from '../thefts/plan.ts';
import type { Theft } from '../thefts/theft.ts';

const SLOT = 1_000_000;
const OPENS_AT_SLOT = SLOT - 100;
const RECLAIM_AFTER = timeOf(OPENS_AT_SLOT, SLOTS);

// The second token of the asset's own policy comes after it, the dust's policy after the asset's.
const ASSET = { policyId: 'a1'.repeat(28), assetName: '4e5458' };
const DUST = { policyId: 'd0'.repeat(28), assetName: '64757374' };

export const PAPER_CAST: Cast = newCast(ASSET, DUST);

/** Inputs of one transaction, in this order: what is no lock comes first, so that the first input is not the first lock. */
const at = (index: number): Utxo['reference'] => ({ txId: '5c'.repeat(32), index });

function sceneFor(script: PlutusScript, orders: LockOrder[], others: Omit<Utxo, 'reference'>[]): Scene {
  const cast = PAPER_CAST;
  const payment = { kind: 'script', hash: script.hash } as const;
  const locks = orders.map(({ datum: overrides = {}, rawDatum, quantity = AMOUNT, extraAssets = [], staked = false }, index): SceneLock => {
    const datum = { ...honestDatum(cast, RECLAIM_AFTER), ...overrides };
    const utxo: Utxo = {
      reference: at(10 + index),
      address: addressOf(staked ? { payment, stake: { kind: 'key', hash: cast.thief.stakeHash } } : { payment }),
      lovelace: LOCK_LOVELACE,
      assets: [...(quantity === 0n ? [] : [{ ...datum.asset, quantity }]), ...extraAssets],
      inlineDatum: rawDatum ?? encodeDatum(datum),
    };
    return { utxo, datum };
  });
  const thief = { address: cast.thief.address, lovelace: 20_000_000n };
  return {
    cast,
    script,
    scriptAt: { reference: at(2), address: PARKING_ADDRESS, lovelace: 20_000_000n, assets: [], referenceScriptHash: script.hash },
    locks,
    others: others.map((output, index) => ({ reference: at(20 + index), ...output })),
    funds: {
      reference: at(0),
      ...thief,
      assets: [
        { ...cast.asset, quantity: 20_000_000n },
        { ...cast.dust, quantity: 10n },
      ],
    },
    collateral: { reference: at(1), ...thief, assets: [] },
    parameters: PARAMETERS,
    slot: SLOT,
    opensAtSlot: OPENS_AT_SLOT,
  };
}

const question = (plan: Plan, scene: Scene): Question => ({
  transaction: Uint8Array.from(Buffer.from(finish(plan, scene), 'hex')),
  resolved: [
    ...[...scene.locks.map(({ utxo }) => utxo), ...scene.others, scene.funds, scene.collateral].map((utxo) => ({
      reference: utxo.reference,
      raw: outputBytes(utxo),
    })),
    { reference: scene.scriptAt.reference, raw: outputBytes({ ...scene.scriptAt, referenceScript: scene.script.code }) },
  ],
});

/** The theft, or its honest twin, as this script answers it. */
export function attempt(theft: Theft, script: PlutusScript, kind: 'theft' | 'twin'): Answer {
  const scene = sceneFor(script, theft.locks(PAPER_CAST, RECLAIM_AFTER), theft.others?.(PAPER_CAST) ?? []);
  const plan = theft.honest(scene);
  if (kind === 'theft') theft.steal(plan, scene);
  return askScalus(question(plan, scene));
}

// What each further lock in a transaction costs, and how many fit into one within the network's limits.
import { NunetError } from '@nunet/shared/errors.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { BuiltTransaction } from '../balance.ts';
import type { Utxo } from '../chain/chain.ts';
import type { Decision } from '../payouts.ts';
import { buildLocks } from '../lock.ts';
import { buildReclaim } from '../reclaim.ts';
import type { Rehearsal } from '../rehearsal.ts';
import { buildSettle } from '../settle.ts';
import { newPerson } from '../thefts/cast.ts';

export interface BatchCost {
  name: string;
  /** The largest number of locks that one transaction took. */
  largest: number;
  bytes: number;
  memory: bigint;
  steps: bigint;
  /** Of the largest batch, a lock. */
  feePerLock: bigint;
  /** What each lock after the first adds, on average. */
  feeOfEachFurther: bigint;
  /** Which limit comes next. */
  limit: 'bytes' | 'memory' | 'steps';
}

const PART = 3_000_000n;
/** No kind of batch takes more; a search starts here. */
const MOST = 70;
/** Locks that fit one sweep with room to spare. */
const SWEEP = 24;

/** Makes `count` locks in as few transactions as fit. */
async function manyLocks(on: Rehearsal, count: number, datum: () => EscrowDatum): Promise<Utxo[]> {
  const utxos: Utxo[] = [];
  while (utxos.length < count) {
    const datums = Array.from({ length: Math.min(SWEEP, count - utxos.length) }, datum);
    utxos.push(...(await on.sweep(datums)).utxos);
  }
  return utxos;
}

const fits = async (build: () => Promise<BuiltTransaction>): Promise<BuiltTransaction | null> => {
  try {
    return await build();
  } catch (error) {
    // Above the limits the evaluator refuses too, in its own words.
    if (error instanceof NunetError && ['transaction-too-big', 'chain-rejected'].includes(error.code)) return null;
    throw error;
  }
};

/** Builds with ever more locks until the next one does not fit. `build` takes the number of locks. */
async function largest(on: Rehearsal, name: string, build: (count: number) => Promise<BuiltTransaction>): Promise<BatchCost> {
  const one = await build(1);
  let [low, high] = [1, MOST + 1];
  let best = one;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const built = await fits(() => build(middle));
    if (built === null) high = middle;
    else [low, best] = [middle, built];
  }
  const { maxTxSize, maxTxMemory, maxTxSteps } = on.parameters;
  const bytes = best.cbor.length / 2;
  const used = {
    bytes: bytes / maxTxSize,
    memory: Number(best.units.memory) / Number(maxTxMemory),
    steps: Number(best.units.steps) / Number(maxTxSteps),
  };
  const limits: BatchCost['limit'][] = ['bytes', 'memory', 'steps'];
  return {
    name,
    largest: low,
    bytes,
    memory: best.units.memory,
    steps: best.units.steps,
    feePerLock: best.fee / BigInt(low),
    feeOfEachFurther: low === 1 ? 0n : (best.fee - one.fee) / BigInt(low - 1),
    limit: limits.reduce((most, next) => (used[next] > used[most] ? next : most)),
  };
}

/** Nothing of this is submitted but the locks: each largest batch was evaluated by the ledger's own evaluator. */
export async function batchCosts(on: Rehearsal): Promise<BatchCost[]> {
  // A wallet whose outputs are few and large, so that its inputs are no part of the figure.
  const decided = async (locks: Decision[]): Promise<BuiltTransaction> =>
    await buildSettle({ locks, payer: await on.payer(on.operator), parameters: on.parameters, run: await on.run(on.operator) });
  const attested = (utxo: Utxo, paid: bigint): Decision => ({ by: 'oracles', utxo, paid, signatures: on.attest(utxo, paid) });
  const agreed = (utxo: Utxo): Decision => ({ by: 'agreement', utxo, agreement: on.agree(utxo, PART) });
  const common = await manyLocks(on, MOST, () => on.datum());
  const apart = await manyLocks(on, MOST, () => on.datum({ computeProvider: newPerson().address, serviceProvider: newPerson().address }));
  const rows: BatchCost[] = [];
  const add = async (name: string, build: (count: number) => Promise<BuiltTransaction>): Promise<void> => {
    rows.push(await largest(on, name, build));
  };
  await add('settle 2 of 3, two people in all', (count) => decided(common.slice(0, count).map((utxo) => attested(utxo, PART))));
  await add('settle 2 of 3, two people a lock', (count) => decided(apart.slice(0, count).map((utxo) => attested(utxo, PART))));
  await add('settle 2 of 3, refunds, one person', (count) => decided(common.slice(0, count).map((utxo) => attested(utxo, 0n))));
  await add('agree, two people in all', (count) => decided(common.slice(0, count).map(agreed)));
  await add('agree, two people a lock', (count) => decided(apart.slice(0, count).map(agreed)));
  const one = on.datum({ oracleKeys: [on.cast.oracles[0].publicKey], k: 1 });
  const single = await manyLocks(on, MOST, () => one);
  await add('settle 1 of 1, two people in all', (count) =>
    decided(single.slice(0, count).map((utxo) => ({ by: 'oracles', utxo, paid: PART, signatures: on.attest(utxo, PART, [0]) }))),
  );
  rows.push(await sweeps(on, 'lock with 1 oracle, a sweep', one));
  rows.push(await sweeps(on, 'lock with 3 oracles, a sweep', on.datum()));
  rows.push(await reclaims(on));
  return rows;
}

async function sweeps(on: Rehearsal, name: string, datum: EscrowDatum): Promise<BatchCost> {
  const now = Date.now();
  const payer = await on.payer(on.cast.serviceProvider);
  const { parameters, chain } = on;
  return await largest(on, name, (count) =>
    buildLocks(
      {
        orders: Array.from({ length: count }, () => ({ datum, amountBaseUnits: PART, expiresAt: now + 3_600_000 })),
        payer,
        parameters,
        slotConfig: chain.slotConfig,
      },
      now,
    ),
  );
}

async function reclaims(on: Rehearsal): Promise<BatchCost> {
  const { serviceProvider } = on.cast;
  const { ledger } = on.devnet;
  const utxos = await manyLocks(on, MOST, () => on.datum({ reclaimAfter: Math.max(ledger.blockTimeMs(ledger.tip), Date.now()) + 60_000 }));
  ledger.advance({ slots: 600, blocks: 1 });
  const now = ledger.blockTimeMs(ledger.tip) + 60_000;
  const payer = await on.payer(serviceProvider);
  const run = await on.run(serviceProvider);
  const { parameters, chain } = on;
  return await largest(on, 'reclaim', (count) =>
    buildReclaim({ locks: utxos.slice(0, count), payer, parameters, slotConfig: chain.slotConfig, run }, now),
  );
}

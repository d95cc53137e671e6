// What the escrow's transactions cost on a devnet with PreProd's prices, and what each datum field and check adds.
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import checkCosts from './costs/check-costs.json' with { type: 'json' };
import type { CheckCost } from './costs/check-costs.ts';
import { datumData } from './datum.ts';
import { encodePlutusData } from './plutus-data.ts';
import { buildReclaim } from './reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal, type Sent } from './rehearsal.ts';
import { ESCROW } from './script.ts';
import { buildSettle } from './settle.ts';
import type { Utxo } from './chain/chain.ts';

export interface TransactionCost {
  name: string;
  bytes: number;
  memory: bigint;
  steps: bigint;
  feeLovelace: bigint;
  /** The fee has to stay below. */
  goalLovelace?: bigint;
  /** Lovelace that the transaction's first output holds on to. */
  heldLovelace: bigint;
}

export interface FieldCost {
  field: string;
  bytes: number;
  /** At PreProd's 44 a byte, once in the lock. */
  feeLovelace: number;
  /** At 4,310 a byte: held by the lock, given back by its settlement. */
  heldLovelace: number;
}

const PART = 3_000_000n;
const BATCH = 10;
/** PreProd's, which the devnet has too. */
const FEE_PER_BYTE = 44;
const HELD_PER_BYTE = 4_310;

/** Locks, settles and reclaims on a devnet of its own. Each figure is of a transaction that the ledger accepted. */
export async function transactionCosts(): Promise<TransactionCost[]> {
  const on = await startRehearsal();
  try {
    const { serviceProvider } = on.cast;
    const parked = on.devnet.ledger.transaction(on.deployed.txId)?.transaction.outputs[0]?.lovelace ?? 0n;
    const costs = [row('park the script, once a network', on.deployed, parked)];
    const first = await on.lock(on.datum());
    costs.push({ ...row('lock', first.sent, first.utxo.lovelace), goalLovelace: 190_000n });
    costs.push({ ...(await settled(on, '2-of-3 settle, a part paid', [first.utxo], PART)), goalLovelace: 255_000n });
    costs.push({ ...(await settled(on, '2-of-3 settle, all paid', [(await on.lock(on.datum())).utxo], AMOUNT)), goalLovelace: 255_000n });
    costs.push({ ...(await settled(on, '2-of-3 settle, refund', [(await on.lock(on.datum())).utxo], 0n)), goalLovelace: 255_000n });
    const batch: Utxo[] = [];
    for (let made = 0; made < BATCH; made++) batch.push((await on.lock(on.datum())).utxo);
    costs.push(await settled(on, `2-of-3 settle of ${BATCH} locks at once`, batch, PART));
    const tipMs = on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
    const { utxo } = await on.lock(on.datum({ reclaimAfter: tipMs + 1_000 }));
    on.devnet.ledger.advance({ slots: 10, blocks: 1 });
    const reclaim = await buildReclaim(
      {
        locks: [utxo],
        payer: await on.payer(serviceProvider),
        parameters: on.parameters,
        slotConfig: on.chain.slotConfig,
        run: await on.run(serviceProvider),
      },
      tipMs + 10_000,
    );
    costs.push(row('reclaim', await on.send(reclaim, [serviceProvider.secret]), 0n));
    return costs;
  } finally {
    await on.stop();
  }
}

const row = (name: string, { bytes, memory, steps, fee }: Sent, heldLovelace: bigint): TransactionCost => ({
  name,
  bytes,
  memory,
  steps,
  feeLovelace: fee,
  heldLovelace,
});

async function settled(on: Rehearsal, name: string, locks: Utxo[], paid: bigint): Promise<TransactionCost> {
  const built = await buildSettle({
    locks: locks.map((utxo) => ({ by: 'oracles', utxo, paid, signatures: on.attest(utxo, paid) })),
    payer: await on.payer(on.operator),
    parameters: on.parameters,
    run: await on.run(on.operator),
  });
  return row(name, await on.send(built, [on.operator.secret]), built.outputs[0]?.lovelace ?? 0n);
}

/** Bytes that each field of a datum takes in the lock. */
export function fieldCosts(datum: EscrowDatum): FieldCost[] {
  const data = datumData(datum);
  const fields = typeof data === 'object' && !Array.isArray(data) ? data.fields : [];
  return Object.keys(datum).map((field, index) => {
    const bytes = encodePlutusData(fields[index] ?? 0n).length / 2;
    return { field, bytes, feeLovelace: bytes * FEE_PER_BYTE, heldLovelace: bytes * HELD_PER_BYTE };
  });
}

/** What a 2-of-3 settlement would save without each check; from the build of the committed sources. */
export const checkCostFigures = (): CheckCost[] => checkCosts.checks;

/** Bytes of the script, each of which costs 15 lovelace in every settlement and reclaim. */
export const SCRIPT_BYTES: number = ESCROW.code.length / 2;

if (import.meta.main) {
  const costs = await transactionCosts();
  console.log(`escrow script: ${SCRIPT_BYTES} bytes`);
  console.table(costs.map((cost) => ({ ...cost, ok: cost.goalLovelace === undefined ? '' : cost.feeLovelace < cost.goalLovelace })));
  const { exampleDatum } = await import('./vectors/example.ts');
  console.table(fieldCosts(exampleDatum));
  console.table(checkCostFigures());
}

// What the escrow costs on a ledger with PreProd's prices: fees, bytes, execution units, and what each field and check adds.
import { checkCostFigures, fieldCosts, SCRIPT_BYTES, transactionCosts } from '@nunet/contracts/cost.bench.ts';
import { batchCosts, type BatchCost } from '@nunet/contracts/costs/batches.ts';
import { actCosts, SIGNATURE_STEPS, type ActCost } from '@nunet/contracts/costs/matrix.ts';
import { startRehearsal } from '@nunet/contracts/rehearsal.ts';
import { exampleDatum } from '@nunet/contracts/vectors/example.ts';
import { dim, say } from '../demo/terminal.ts';
import { printRows, type Row } from './table.ts';

const actRow = ({ name, bytes, memory, steps, feeLovelace, floorLovelace, signatures }: ActCost): Row => {
  const fee = (Number(feeLovelace) / Number(floorLovelace)).toFixed(2);
  const cpu =
    signatures === 0 ? '' : `, cpu ${(Number(steps) / (signatures * Number(SIGNATURE_STEPS))).toFixed(2)} of the signatures alone`;
  return {
    what: name,
    figure: `${feeLovelace} lovelace`,
    baseline: `${fee} of ${floorLovelace}${cpu}; ${bytes} bytes, ${memory} mem, ${steps} cpu`,
  };
};

const batchRow = ({ name, largest, bytes, memory, steps, feePerLock, feeOfEachFurther, limit }: BatchCost): Row => ({
  what: name,
  figure: `${largest} locks`,
  baseline: `${feePerLock} lovelace a lock, ${feeOfEachFurther} each further; ${bytes} bytes, ${memory} mem, ${steps} cpu: ${limit} end it`,
});

/** The draft in plu-ts that this escrow replaces: without full addresses, vouchers, oracle lists, fee rule or merged payouts. */
const EARLIER_DRAFT = 'plu-ts draft at 1 of 1: script 1,202 bytes; settle 0.20M mem, 0.12G cpu; 41,000 a claim at 48, 12,000 a lock at 60';

export async function benchEscrow(): Promise<Row[]> {
  const rows = (await transactionCosts()).map(({ name, bytes, memory, steps, feeLovelace, goalLovelace }): Row => ({
    what: name,
    figure: `${feeLovelace} lovelace`,
    baseline: `${bytes} bytes${memory === 0n ? '' : `, ${memory} mem, ${steps} cpu`}`,
    ...(goalLovelace === undefined ? {} : { goal: `< ${goalLovelace}`, met: feeLovelace < goalLovelace }),
  }));
  printRows(`Escrow transactions (script of ${SCRIPT_BYTES} bytes)`, rows);
  say(dim(`  ${EARLIER_DRAFT}`));
  const on = await startRehearsal();
  try {
    await on.fund(on.cast.serviceProvider, 3_000_000_000n, 5_000_000_000n);
    printRows('One lock ended, beside the same outputs paid without the script', (await actCosts(on)).map(actRow));
    printRows('As many locks in one transaction as the network takes', (await batchCosts(on)).map(batchRow));
  } finally {
    await on.stop();
  }
  printRows(
    'What each field of the datum adds to a lock',
    fieldCosts(exampleDatum).map(({ field, bytes, feeLovelace, heldLovelace }) => ({
      what: field,
      figure: `${feeLovelace} lovelace`,
      baseline: `${bytes} bytes, holds ${heldLovelace}`,
    })),
  );
  printRows(
    'What each check adds to a 2-of-3 settle',
    checkCostFigures().map(({ check, scriptBytes, memory, steps, lovelace }) => ({
      what: check,
      figure: `${lovelace} lovelace`,
      baseline: `${scriptBytes} bytes, ${memory} mem, ${steps} cpu`,
    })),
  );
  return rows;
}

// What the escrow costs on a ledger with PreProd's prices: fees, bytes, execution units, and what each field and check adds.
import { checkCostFigures, fieldCosts, SCRIPT_BYTES, transactionCosts } from '@nunet/contracts/cost.bench.ts';
import { exampleDatum } from '@nunet/contracts/vectors/example.ts';
import { printRows, type Row } from './table.ts';

export async function benchEscrow(): Promise<Row[]> {
  const rows = (await transactionCosts()).map(({ name, bytes, memory, steps, feeLovelace, goalLovelace }): Row => ({
    what: name,
    figure: `${feeLovelace} lovelace`,
    baseline: `${bytes} bytes${memory === 0n ? '' : `, ${memory} mem, ${steps} cpu`}`,
    ...(goalLovelace === undefined ? {} : { goal: `< ${goalLovelace}`, met: feeLovelace < goalLovelace }),
  }));
  printRows(`Escrow transactions (script of ${SCRIPT_BYTES} bytes)`, rows);
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

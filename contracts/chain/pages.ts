// The outputs of an address, read page by page: all of them as they lay at one tip, or an error.
import type { Tip } from './chain.ts';
import { unavailable } from './source-request.ts';

/** Readings of a wallet of several pages before giving up; a page takes milliseconds, a block seconds. */
const STABLE_READS = 5;

/**
 * Reads until a page is not full. An output moves to another page when one before it is spent, so several pages count only
 * when read between two looks at the same tip. Throws `chain-unavailable`, also beyond `maxRows`: never a shortened wallet.
 */
export async function allPages<Row>(
  address: string,
  { pageSize, maxRows, read, tip }: { pageSize: number; maxRows: number; read: (page: number) => Promise<Row[]>; tip: () => Promise<Tip> },
): Promise<Row[]> {
  const first = await read(0);
  if (first.length < pageSize) return first;
  for (let tried = 0; tried < STABLE_READS; tried++) {
    const before = await tip();
    const found: Row[] = [];
    for (let page = 0, full = true; full; page++) {
      if (found.length >= maxRows) throw unavailable(`${address} holds more than ${maxRows} outputs`);
      const rows = await read(page);
      found.push(...rows);
      full = rows.length === pageSize;
    }
    if ((await tip()).hash === before.hash) return found;
  }
  throw unavailable(`new blocks came in during each of ${STABLE_READS} readings of the outputs of ${address}`);
}

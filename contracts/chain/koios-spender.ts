// Which transaction spent an output. Koios only says that one did, so it is found among those of the output's address, by its bytes.
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { unavailable } from './source-request.ts';
import { effectOf, type Transaction } from './transaction.ts';

/** As many ids as fit into the 1 kB that the public service takes: each is 67 bytes with its quotes and comma. */
const AT_ONCE = 14;
const PAGE_SIZE = 500;
/** Transactions of the address since the output was made; beyond them the search is given up. */
const MAX_SEARCHED = 5_000;
/** What was read is kept, so that the locks of one address are not searched for again and again. */
const KEPT = 5_000;

export interface SpenderSource {
  /** Ids of the transactions that touched an address, from a block on, oldest first. */
  at(address: string, fromHeight: number, offset: number, limit: number, signal: AbortSignal | undefined): Promise<string[]>;
  load(txIds: readonly string[], signal: AbortSignal | undefined): Promise<Transaction[]>;
}

/** Finds the spender of an output that is spent. Throws `chain-unavailable` when the source lists none. */
export function spenders(source: SpenderSource) {
  const spends = new Map<string, readonly string[]>();

  const note = (transaction: Transaction): void => {
    spends.set(transaction.id, effectOf(transaction).spent.map(referenceText));
    for (const oldest of spends.keys()) {
      if (spends.size <= KEPT) break;
      spends.delete(oldest);
    }
  };

  return async (reference: OutputReference, address: string, fromHeight: number, signal: AbortSignal | undefined): Promise<string> => {
    const name = referenceText(reference);
    for (let offset = 0; offset < MAX_SEARCHED; offset += PAGE_SIZE) {
      // Listed afresh each time: after a rollback another one may have spent it.
      const page = await source.at(address, fromHeight, offset, PAGE_SIZE, signal);
      for (let from = 0; from < page.length; from += AT_ONCE) {
        const listed = page.slice(from, from + AT_ONCE);
        const unread = listed.filter((txId) => !spends.has(txId));
        if (unread.length > 0) for (const transaction of await source.load(unread, signal)) note(transaction);
        const found = listed.find((txId) => spends.get(txId)?.includes(name) === true);
        if (found !== undefined) return found;
      }
      if (page.length < PAGE_SIZE) throw unavailable(`the source says that ${name} is spent and lists no transaction that spends it`);
    }
    throw unavailable(`${address} has more than ${MAX_SEARCHED} transactions since ${name} was made`);
  };
}

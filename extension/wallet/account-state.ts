// What is kept of one account on one network beside what the chain says: sent transactions, first sights, the person's words, collateral.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { outputReference, type OutputReference } from '@nunet/shared/fields.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import { STRICT, type RunnerDatabase } from '../runner/database.ts';
import type { AddressBook } from './address-book.ts';
import { openFirstSights, type FirstSights } from './first-sights.ts';
import { linkKey, type MoneyLink } from './money-link.ts';
import { openPaidAddresses, type PaidAddresses } from './paid-addresses.ts';
import type { PromisedInputs } from './promised-inputs.ts';
import { openSent, type Sent } from './sent.ts';

export interface AccountParts {
  database: RunnerDatabase;
  /** One for all accounts. */
  book: Promise<AddressBook>;
  inputs: PromisedInputs;
  clock: Clock;
  onChange: () => void;
}

export interface AccountState {
  readonly sent: Sent;
  readonly sights: FirstSights;
  readonly book: AddressBook;
  readonly paid: PaidAddresses;
  /** The person's own word on a token, by unit. */
  readonly shown: ReadonlyMap<string, boolean>;
  show(unit: string, isShown: boolean): Promise<void>;
  /** The collateral. */
  apart(): OutputReference | null;
  setApart(reference: OutputReference | null): Promise<void>;
}

export async function openAccountState(link: MoneyLink, { database, book, inputs, clock, onChange }: AccountParts): Promise<AccountState> {
  const { account, network, chain, signal } = link;
  const key = linkKey(link);
  const collateralName = `collateral/${key}`;
  const units = IDBKeyRange.bound([account.index, network], [account.index, network, []]);
  const [sent, sights, contacts, paid, kept, names, words] = await Promise.all([
    openSent({ chain, database, key, inputs, now: () => clock.now(), onChange, signal }),
    openFirstSights({ chain, database, key, paymentHash: publicKeyHash(account.payment), onChange, signal }),
    book,
    openPaidAddresses(database, key),
    database.get('settings', collateralName),
    database.getAllKeys('shownTokens', units),
    database.getAll('shownTokens', units),
  ]);
  const shown = new Map(names.map(([, , unit], index) => [unit, words[index] === true]));
  const parsed = outputReference.safeParse(kept);
  let apart = parsed.success ? parsed.data : null;
  const tell = (): void => inputs.setApart(apart === null ? [] : [apart]);
  if (!signal.aborted) tell();
  // The next account sets its own apart.
  signal.addEventListener('abort', () => inputs.setApart([]), { once: true });

  return {
    sent,
    sights,
    book: contacts,
    paid,
    shown,
    async show(unit, isShown) {
      await database.put('shownTokens', isShown, [account.index, network, unit]);
      shown.set(unit, isShown);
      onChange();
    },
    apart: () => apart,
    async setApart(reference) {
      const transaction = database.transaction('settings', 'readwrite', STRICT);
      const { store } = transaction;
      await Promise.all([reference === null ? store.delete(collateralName) : store.put(reference, collateralName), transaction.done]);
      apart = reference;
      tell();
      onChange();
    },
  };
}

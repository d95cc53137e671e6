// The people whom this wallet pays, by name. Kept in this browser alone; works without a network.
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import { STRICT, type RunnerDatabase } from '../runner/database.ts';
import { visibleText } from '../ui/visible-text.ts';
import { checkAddress } from './address-check.ts';
import { addressRefusal } from './address-refusal.ts';
import type { Contact } from './messages.ts';

const MOST_CONTACTS = 500;
const NAME_LENGTH = 60;

const kept = z.object({ name: z.string(), address: z.string() });

export interface AddressBook {
  /** By name. */
  contacts(): Contact[];
  /** Throws `address-...` and `contact-invalid`. `own`: the account's address, which no contact may look like. */
  save(contact: Contact, own: readonly string[]): Promise<void>;
  remove(address: string): Promise<void>;
  /** Of nobody any more: the database is emptied elsewhere. */
  forget(): void;
}

const byName = (a: Contact, b: Contact): number => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);

export async function openAddressBook(database: RunnerDatabase, onChange: () => void): Promise<AddressBook> {
  const book = new Map<string, Contact>();
  for (const value of await database.getAll('contacts')) {
    const parsed = kept.safeParse(value);
    if (parsed.success) book.set(parsed.data.address, parsed.data);
  }
  const contacts = (): Contact[] => [...book.values()].toSorted(byName);
  const no = (why: string): NunetError => new NunetError('contact-invalid', `Cannot keep this contact: ${why}`);

  return {
    contacts,
    async save({ name, address: text }, own) {
      // Whoever is saved is compared with the others: a look-alike must not come in by the book.
      const others = contacts().filter(({ address }) => address !== text.trim().toLowerCase());
      const verdict = checkAddress(text, { own, contacts: others });
      if (!verdict.ok) throw addressRefusal(verdict);
      const { address } = verdict;
      const shown = name.trim();
      if (shown === '' || visibleText(shown, NAME_LENGTH) !== shown) throw no(`want a name of at most ${NAME_LENGTH} visible characters`);
      if (others.some((other) => other.name.toLowerCase() === shown.toLowerCase())) throw no('another one has this name');
      if (!book.has(address) && book.size >= MOST_CONTACTS) throw no(`there are ${book.size} already`);
      const transaction = database.transaction('contacts', 'readwrite', STRICT);
      await Promise.all([transaction.store.put({ name: shown, address }, address), transaction.done]);
      book.set(address, { name: shown, address });
      onChange();
    },
    async remove(address) {
      const transaction = database.transaction('contacts', 'readwrite', STRICT);
      await Promise.all([transaction.store.delete(address), transaction.done]);
      book.delete(address);
      onChange();
    },
    forget() {
      book.clear();
      onChange();
    },
  };
}

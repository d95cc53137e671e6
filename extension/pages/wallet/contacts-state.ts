// The address book as a page holds it: read once, and again after each change.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { usePage } from '../../ui/page.ts';
import type { Contact } from '../../wallet/messages.ts';

export interface Contacts {
  /** Null until they are read. */
  list: ReadonlySignal<readonly Contact[] | null>;
  /** Throws what the runner answered. */
  save: (contact: Contact) => Promise<void>;
  remove: (address: string) => Promise<void>;
}

export function useContacts(): Contacts {
  const { runner } = usePage();
  const list = useSignal<readonly Contact[] | null>(null);
  const contacts = useRef<Contacts | null>(null);
  const read = async (): Promise<void> => {
    list.value = (await runner.ask({ type: 'address-book' })).contacts;
  };
  contacts.current ??= {
    list,
    save: async ({ name, address }) => {
      await runner.ask({ type: 'save-contact', name, address });
      await read();
    },
    remove: async (address) => {
      await runner.ask({ type: 'remove-contact', address });
      await read();
    },
  };
  useEffect(() => {
    // Without its address book a payment can still be made; the page of the book says what is wrong.
    read().catch(() => (list.value = []));
  }, []);
  return contacts.current;
}

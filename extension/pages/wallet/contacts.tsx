// The address book: names for addresses, which also guard against look-alikes.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Address } from '../../ui/address.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Field } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Stranger } from '../../ui/stranger.tsx';
import { visibleText } from '../../ui/visible-text.ts';
import { checkAddress } from '../../wallet/address-check.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { useContacts } from './contacts-state.ts';
import { addressProblem } from './problem-text.ts';

export function ContactsPage({ wallet, onSend }: { wallet: WalletView; onSend: (to: string) => void }): JSX.Element {
  const contacts = useContacts();
  const asking = useAsking();
  const name = useSignal('');
  const address = useSignal('');
  const wasSent = useSignal(false);
  const words = t().wallet.contacts;
  const list = contacts.list.value;
  const verdict = checkAddress(address.value, { own: [wallet.address], contacts: list ?? [] });
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    wasSent.value = true;
    if (!verdict.ok || name.value.trim() === '') return;
    if (!(await asking.run(() => contacts.save({ name: name.value.trim(), address: verdict.address })))) return;
    name.value = '';
    address.value = '';
    wasSent.value = false;
  };
  return (
    <div class="stack loose">
      {list === null ? (
        <Skeleton label={words.title} shape="rows" />
      ) : list.length === 0 ? (
        <EmptyState icon="book" title={words.empty} says={words.emptyHint} isPlain testid="no-contacts" />
      ) : (
        <Rows label={words.title}>
          {list.map((contact) => (
            <ListRow
              key={contact.address}
              icon="user"
              title={<Stranger text={contact.name} length={60} />}
              more={<Address text={contact.address} what={t().wallet.receive.what} />}
              testid="contact"
              end={
                <>
                  <IconButton
                    icon="send"
                    size="small"
                    label={words.sendTo(visibleText(contact.name, 60))}
                    onClick={() => onSend(contact.address)}
                  />
                  <IconButton
                    icon="trash"
                    size="small"
                    label={words.removeName(visibleText(contact.name, 60))}
                    testid="contact-remove"
                    onClick={() => void asking.run(() => contacts.remove(contact.address))}
                  />
                </>
              }
            />
          ))}
        </Rows>
      )}
      <form class="stack" onSubmit={(event) => void add(event)} autocomplete="off">
        <Field
          label={words.name}
          value={name.value}
          maxLength={60}
          testid="contact-name"
          error={wasSent.value && name.value.trim() === '' ? words.wantName : null}
          onInput={(text) => (name.value = text)}
        />
        <Field
          label={words.address}
          value={address.value}
          isMono
          maxLength={200}
          testid="contact-address"
          error={wasSent.value && !verdict.ok ? addressProblem(verdict.reason, verdict.like, list ?? []) : null}
          onInput={(text) => (address.value = text)}
        />
        <No no={asking.no.value} />
        <div class="actions end">
          <Button type="submit" icon="plus" testid="contact-add" isDisabled={asking.isBusy.value}>
            {words.add}
          </Button>
        </div>
      </form>
    </div>
  );
}

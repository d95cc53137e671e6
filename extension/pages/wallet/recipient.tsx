// To whom: typed, pasted or from the address book; checked while it stands there, with what a person has to compare.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { visibleText } from '../../ui/visible-text.ts';
import { checkAddress } from '../../wallet/address-check.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import type { Contacts } from './contacts-state.ts';
import { addressProblem } from './problem-text.ts';
import type { PaymentProblems } from './send-form.ts';

interface RecipientProps {
  to: string;
  wallet: WalletView;
  contacts: Contacts;
  problem: PaymentProblems['to'];
  onChange: (to: string) => void;
}

export function Recipient({ to, wallet, contacts, problem, onChange }: RecipientProps): JSX.Element {
  const wasLeft = useSignal(false);
  const name = useSignal('');
  const asking = useAsking();
  const words = t().wallet.send;
  const list = contacts.list.value ?? [];
  const verdict = checkAddress(to, { own: [wallet.address], contacts: list });
  const shown = problem ?? (wasLeft.value && to.trim() !== '' && !verdict.ok ? { reason: verdict.reason, like: verdict.like } : null);
  const save = async (): Promise<void> => {
    if (!verdict.ok || name.value.trim() === '') return;
    if (await asking.run(() => contacts.save({ name: name.value.trim(), address: verdict.address }))) name.value = '';
  };
  return (
    <div class="stack tight">
      <Field
        label={words.to}
        value={to}
        isMono
        placeholder={words.toPlaceholder}
        maxLength={200}
        testid="send-to"
        error={shown === null ? null : addressProblem(shown.reason, shown.like, list)}
        onInput={onChange}
        onBlur={() => (wasLeft.value = true)}
      />
      {to === '' && list.length > 0 && (
        <Select
          label={words.pick}
          value=""
          testid="send-pick"
          options={[{ value: '', label: words.choose }, ...list.map((one) => ({ value: one.address, label: visibleText(one.name, 60) }))]}
          onSelect={onChange}
        />
      )}
      {verdict.ok && verdict.contact !== null && (
        <p class="says good" data-testid="send-known">
          <Stranger text={words.known(verdict.contact)} />
        </p>
      )}
      {verdict.ok && verdict.isOwn && <p class="says">{t().wallet.address.own}</p>}
      {verdict.ok && !verdict.isOwn && verdict.contact === null && (
        <details class="fold" data-testid="send-first-time">
          <summary>{words.firstTime}</summary>
          <div class="inline-form">
            <Field label={words.saveAs} value={name.value} maxLength={60} testid="send-save-name" onInput={(text) => (name.value = text)} />
            <Button testid="send-save" isDisabled={name.value.trim() === '' || asking.isBusy.value} onClick={() => void save()}>
              {t().wallet.contacts.add}
            </Button>
          </div>
          <No no={asking.no.value} />
        </details>
      )}
    </div>
  );
}

// Accounts: which is in use, their names, and another one.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Field } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { visibleText } from '../../ui/visible-text.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { NeedsKey } from './needs-key.tsx';

const MAX_NAME = 40;

function NameForm({
  label,
  start,
  action,
  onName,
  onCancel,
}: {
  label: string;
  start: string;
  action: string;
  onName: (name: string) => Promise<unknown>;
  onCancel: () => void;
}): JSX.Element {
  const asking = useAsking();
  const name = useSignal(start);
  const wasSent = useSignal(false);
  const words = t().settings.accounts;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    wasSent.value = true;
    if (name.value.trim() === '') return;
    if (await asking.run(() => onName(name.value.trim()))) onCancel();
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
      <Field
        label={label}
        value={name.value}
        maxLength={MAX_NAME}
        testid="account-name"
        error={wasSent.value && name.value.trim() === '' ? words.wantName : null}
        onInput={(text) => (name.value = text)}
      />
      <No no={asking.no.value} />
      <div class="actions">
        <Button type="submit" kind="primary" testid="account-save" isDisabled={asking.isBusy.value}>
          {action}
        </Button>
        <Button onClick={onCancel}>{words.cancel}</Button>
      </div>
    </form>
  );
}

export function AccountSettings(): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  /** Index of the account that is renamed, or -1 for a new one. */
  const editing = useSignal<number | null>(null);
  const words = t().settings.accounts;
  const kept = vault.state.value;
  const edited = kept?.accounts.find(({ index }) => index === editing.value);
  return (
    <Card title={t().settings.sections.accounts}>
      <div class="stack">
        <p class="hint">{words.lead}</p>
        <Rows label={t().settings.sections.accounts}>
          {(kept?.accounts ?? []).map((account) => (
            <ListRow
              key={account.index}
              icon="user"
              title={<Stranger text={account.name} length={MAX_NAME} />}
              more={words.path(account.index)}
              testid="account"
              data={{ 'data-index': account.index }}
              end={
                <>
                  {account.index === kept?.selected ? (
                    <Badge tone="accent">{words.current}</Badge>
                  ) : (
                    <Button
                      size="small"
                      label={words.useName(visibleText(account.name, MAX_NAME))}
                      testid={`account-use-${account.index}`}
                      isDisabled={asking.isBusy.value}
                      onClick={() => void asking.run(() => vault.ask({ type: 'select-account', index: account.index }))}
                    >
                      {words.use}
                    </Button>
                  )}
                  <IconButton
                    size="small"
                    icon="edit"
                    label={words.renameName(visibleText(account.name, MAX_NAME))}
                    testid={`account-rename-${account.index}`}
                    onClick={() => (editing.value = account.index)}
                  />
                </>
              }
            />
          ))}
        </Rows>
        <No no={asking.no.value} />
        {edited !== undefined && (
          <NameForm
            key={edited.index}
            label={words.name}
            start={edited.name}
            action={words.save}
            onName={(name) => vault.ask({ type: 'rename-account', index: edited.index, name })}
            onCancel={() => (editing.value = null)}
          />
        )}
        {editing.value === -1 ? (
          <NeedsKey>
            <NameForm
              label={words.newName}
              start=""
              action={words.add}
              onName={(name) => vault.ask({ type: 'add-account', name })}
              onCancel={() => (editing.value = null)}
            />
          </NeedsKey>
        ) : (
          edited === undefined && (
            <div class="actions">
              <Button icon="plus" testid="account-add" onClick={() => (editing.value = -1)}>
                {words.add}
              </Button>
            </div>
          )
        )}
      </div>
    </Card>
  );
}

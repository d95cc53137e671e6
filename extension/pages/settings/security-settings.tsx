// When the wallet locks, its password, and taking it out of this browser.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Select } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { No } from '../no.tsx';
import { RemoveWallet } from '../remove-wallet.tsx';
import { useAsking } from '../use-asking.ts';
import { ChangePassword } from './change-password.tsx';
import { NeedsKey } from './needs-key.tsx';

const MINUTES: readonly number[] = [1, 2, 5, 10, 15, 30, 60];

export function SecuritySettings(): JSX.Element {
  const { vault, toasts } = usePage();
  const asking = useAsking();
  const isChanging = useSignal(false);
  const isRemoving = useSignal(false);
  const words = t().settings;
  const kept = vault.state.value;
  const minutes = kept?.autoLockMinutes ?? 10;
  const set = async (next: number): Promise<void> => {
    if (await asking.run(() => vault.ask({ type: 'set-auto-lock', minutes: next }))) toasts.say(words.saved);
  };
  return (
    <>
      <Card title={words.lock.title}>
        <NeedsKey>
          <div class="stack">
            <Select
              label={words.lock.label}
              hint={words.lock.hint}
              value={String(minutes)}
              testid="auto-lock"
              options={[...new Set([...MINUTES, minutes])]
                .sort((a, b) => a - b)
                .map((one) => ({ value: String(one), label: words.lock.minutes(one) }))}
              onSelect={(next) => void set(Number(next))}
            />
            <No no={asking.no.value} />
            <div class="actions">
              <Button icon="lock" testid="lock-now" onClick={() => void asking.run(() => vault.ask({ type: 'lock' }))}>
                {words.lock.now}
              </Button>
            </div>
          </div>
        </NeedsKey>
      </Card>
      <Card title={words.password.title}>
        <div class="stack">
          <p class="hint">{words.password.lead}</p>
          {isChanging.value ? (
            <NeedsKey>
              <ChangePassword
                onDone={() => {
                  isChanging.value = false;
                  toasts.say(words.password.changed);
                }}
              />
            </NeedsKey>
          ) : (
            <div class="actions">
              <Button testid="change-password" onClick={() => (isChanging.value = true)}>
                {words.password.open}
              </Button>
            </div>
          )}
        </div>
      </Card>
      <Card title={t().vault.removal.title}>
        {isRemoving.value ? (
          <RemoveWallet onRemoved={() => location.assign('/onboarding.html')} onCancel={() => (isRemoving.value = false)} />
        ) : (
          <div class="stack">
            <p class="hint">{words.removalLead}</p>
            <div class="actions">
              <Button icon="trash" testid="remove-open" onClick={() => (isRemoving.value = true)}>
                {words.removal}
              </Button>
            </div>
          </div>
        )}
      </Card>
    </>
  );
}

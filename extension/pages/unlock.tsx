// Unlocking: the password, how long to wait after wrong ones, and what to do when it is forgotten.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { PasswordField, takeSecret } from '../ui/password-field.tsx';
import { PasswordProblem, usePasswordWait } from './password-wait.tsx';
import { useAsking } from './use-asking.ts';
import { useFirstFocus } from './use-first-focus.ts';
import { useWayOut } from './way-out.ts';

export interface UnlockProps {
  onUnlocked?: (() => void) | undefined;
  /** A title above, where the place has none. */
  hasTitle?: boolean | undefined;
}

export function Unlock({ onUnlocked, hasTitle = true }: UnlockProps): JSX.Element {
  const { vault } = usePage();
  const { open } = useWayOut();
  const asking = useAsking();
  const password = useRef<HTMLInputElement>(null);
  const isEmpty = useSignal(true);
  const words = t().vault.unlock;
  useFirstFocus(password);
  const waitMs = usePasswordWait();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isEmpty.value || waitMs > 0) return;
    const isOpen = await asking.run(() => vault.ask({ type: 'unlock', password: takeSecret(password.current) }));
    isEmpty.value = true;
    if (isOpen) onUnlocked?.();
    else password.current?.focus();
  };
  return (
    <form class="stack unlock" onSubmit={(event) => void submit(event)} autocomplete="off" data-testid="unlock-form">
      {hasTitle && (
        <div class="unlock-head">
          <span class="unlock-icon">
            <Icon name="lock" size={24} />
          </span>
          <h1 tabIndex={-1}>{words.title}</h1>
          <p class="hint">{words.lead}</p>
        </div>
      )}
      <PasswordField
        inputRef={password}
        label={words.label}
        testid="unlock-password"
        isDisabled={asking.isBusy.value}
        onInput={(input) => {
          isEmpty.value = input.value === '';
        }}
      />
      <PasswordProblem waitMs={waitMs} no={asking.no.value} testid="unlock-error" />
      <Button
        type="submit"
        kind="primary"
        size="large"
        isWide
        testid="unlock"
        isDisabled={isEmpty.value || asking.isBusy.value || waitMs > 0}
      >
        {asking.isBusy.value ? words.unlocking : words.action}
      </Button>
      <details class="fold">
        <summary data-testid="unlock-forgot">{words.forgot}</summary>
        <p class="hint">{words.forgotHint}</p>
        <Button testid="unlock-remove" onClick={() => open('/onboarding.html#forgot')}>
          {words.forgotAction}
        </Button>
      </details>
    </form>
  );
}

// Another password: the current one again, then the new one as in onboarding.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { PasswordField, takeSecret } from '../../ui/password-field.tsx';
import { NewPassword } from '../new-password.tsx';
import { PasswordProblem, usePasswordWait } from '../password-wait.tsx';
import { useAsking } from '../use-asking.ts';

export function ChangePassword({ onDone }: { onDone: () => void }): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  const waitMs = usePasswordWait();
  const current = useRef<HTMLInputElement>(null);
  const words = t().settings.password;
  const change = async (next: Uint8Array): Promise<void> => {
    if (await asking.run(() => vault.ask({ type: 'change-password', password: takeSecret(current.current), next }))) onDone();
  };
  return (
    <div class="stack">
      <PasswordField inputRef={current} label={words.current} testid="current-password" isDisabled={asking.isBusy.value} />
      <NewPassword action={words.action} isBusy={asking.isBusy.value} isHeld={waitMs > 0} onChosen={(next) => void change(next)} />
      <PasswordProblem waitMs={waitMs} no={asking.no.value} />
    </div>
  );
}

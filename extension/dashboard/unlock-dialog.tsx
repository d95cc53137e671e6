// The password, asked for on top of whatever needs a key; gone once the vault is open.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { safeError } from '@nunet/shared/errors.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { errorText } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { PasswordField, takeSecret } from '../ui/password-field.tsx';

export function UnlockDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { vault } = usePage();
  const field = useRef<HTMLInputElement>(null);
  const error = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const isOpen = vault.state.value?.state === 'open';
  const words = t().shell.account;
  useEffect(() => {
    if (isOpen) onClose();
  }, [isOpen]);
  useEffect(() => field.current?.focus(), []);
  const unlock = async (event: Event): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    error.value = null;
    try {
      await vault.ask({ type: 'unlock', password: takeSecret(field.current) });
    } catch (failure) {
      error.value = errorText(safeError(failure));
    }
    isBusy.value = false;
  };
  return (
    <Dialog title={words.unlockTitle} onClose={onClose} testid="unlock-dialog">
      <form class="stack" onSubmit={(event) => void unlock(event)}>
        <PasswordField
          label={words.password}
          autoComplete="current-password"
          inputRef={field}
          error={error.value}
          testid="unlock-password"
        />
        <Button type="submit" kind="primary" isWide isDisabled={isBusy.value} testid="unlock">
          {words.unlock}
        </Button>
      </form>
    </Dialog>
  );
}

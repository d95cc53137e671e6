// Restoring from a backup file of this wallet and the password it was made with.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { FieldFrame } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { PasswordField, takeSecret } from '../../ui/password-field.tsx';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';

/** A backup holds a header and one sealed box: kilobytes. */
const MAX_FILE_BYTES = 1_000_000;

export function RestoreFile({ onRestored }: { onRestored: () => void }): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  const file = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const problem = useSignal<'missing' | 'tooLarge' | null>(null);
  const words = t().vault.file;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const chosen = file.current?.files?.[0];
    problem.value = chosen === undefined ? 'missing' : chosen.size > MAX_FILE_BYTES ? 'tooLarge' : null;
    if (chosen === undefined || problem.value !== null) return;
    const isDone = await asking.run(async () => {
      const bytes = new Uint8Array(await chosen.arrayBuffer());
      await vault.ask({ type: 'import', file: bytes, password: takeSecret(password.current) });
    });
    if (isDone) onRestored();
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
      <FieldFrame label={words.choose} error={problem.value === null ? null : words[problem.value]}>
        {(ids) => <input {...ids} ref={file} type="file" class="control" data-testid="backup-file" />}
      </FieldFrame>
      <PasswordField inputRef={password} label={words.password} testid="backup-password" isDisabled={asking.isBusy.value} />
      <No no={asking.no.value} />
      <div class="actions end">
        <Button type="submit" kind="primary" size="large" testid="backup-open" isDisabled={asking.isBusy.value}>
          {asking.isBusy.value ? t().vault.password.making : words.open}
        </Button>
      </div>
    </form>
  );
}

// Copies a text, and says that it did.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { IconButton } from './button.tsx';
import { t } from './i18n.ts';

const SAID_MS = 1_600;

/** `what`: with its article, as it stands in a sentence. */
export function CopyButton({ text, what }: { text: string; what: string }): JSX.Element {
  const done = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    done.value = true;
    setTimeout(() => (done.value = false), SAID_MS);
  };
  return (
    <>
      <IconButton
        size="small"
        icon={done.value ? 'check' : 'copy'}
        label={done.value ? t().shell.parts.copied(what) : t().shell.parts.copy(what)}
        onClick={() => void copy()}
      />
      <span class="away" aria-live="polite">
        {done.value ? t().shell.parts.copied(what) : ''}
      </span>
    </>
  );
}

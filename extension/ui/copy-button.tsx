// Copies a text, and says that it did.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Icon } from './icons.tsx';

const SAID_MS = 1_600;

export function CopyButton({ text, what }: { text: string; what: string }): JSX.Element {
  const done = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    done.value = true;
    setTimeout(() => (done.value = false), SAID_MS);
  };
  return (
    <button type="button" class="quiet square" aria-label={done.value ? `${what} copied` : `Copy ${what}`} onClick={() => void copy()}>
      <Icon name={done.value ? 'check' : 'copy'} size={16} />
    </button>
  );
}

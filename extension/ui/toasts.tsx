// Toasts: what has just gone well, said for a moment to everybody. What went wrong stays where it is (ui/problem.tsx).
import { signal, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Icon } from './icons.tsx';
import './toasts.css';

export interface Toasts {
  shown: ReadonlySignal<readonly { id: number; text: string }[]>;
  say: (text: string) => void;
}

const SHOWN_MS = 4_000;
const MOST = 3;

/** `later`: calls once after some time. */
export function createToasts(later: (ms: number, act: () => void) => void): Toasts {
  const shown = signal<readonly { id: number; text: string }[]>([]);
  let next = 0;
  return {
    shown,
    say: (text) => {
      const id = next++;
      shown.value = [...shown.value, { id, text }].slice(-MOST);
      later(SHOWN_MS, () => (shown.value = shown.value.filter((toast) => toast.id !== id)));
    },
  };
}

export const ToastList = ({ toasts }: { toasts: Toasts }): JSX.Element => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.shown.value.map(({ id, text }) => (
      <div key={id} class="toast" data-testid="toast">
        <Icon name="check" size={16} /> {text}
      </div>
    ))}
  </div>
);

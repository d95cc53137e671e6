// A question on top of the page: the browser's own modal dialog, closed by Escape, its cross, or what it asks.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { IconButton } from './button.tsx';
import './dialog.css';
import { t } from './i18n.ts';

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** For a sheet rather than a question. */
  isWide?: boolean | undefined;
  testid?: string | undefined;
  children: ComponentChildren;
}

/** Open as long as it is drawn. */
export function Dialog({ title, onClose, isWide, testid, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  return (
    <dialog ref={dialog} class={isWide === true ? 'dialog wide' : 'dialog'} aria-labelledby={id} data-testid={testid} onClose={onClose}>
      <div class="dialog-inside">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <IconButton icon="cross" size="small" label={t().shell.parts.close} onClick={() => dialog.current?.close()} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

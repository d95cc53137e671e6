// Asks once more before something that cannot be undone.
import type { ComponentChildren, JSX } from 'preact';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { t } from './i18n.ts';

export interface ConfirmDialogProps {
  title: string;
  /** What it does, as a verb. */
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

export function ConfirmDialog({ title, action, onConfirm, onClose, children }: ConfirmDialogProps): JSX.Element {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <div class="actions end">
        <Button testid="confirm-back" onClick={onClose}>
          {t().shell.parts.back}
        </Button>
        <Button
          kind="danger"
          testid="confirm"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}

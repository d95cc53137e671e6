// The password, asked for on top of whatever needs a key; gone once the vault is open.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../ui/dialog.tsx';
import { t } from '../ui/i18n.ts';
import { lazyView } from '../ui/lazy-view.tsx';
import { usePage } from '../ui/page.ts';

const Unlock = lazyView<{ hasTitle: boolean }>(async () => (await import('../pages/unlock.tsx')).Unlock);

export function UnlockDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { vault } = usePage();
  const isOpen = vault.state.value?.state === 'open';
  useEffect(() => {
    if (isOpen) onClose();
  }, [isOpen]);
  return (
    <Dialog title={t().shell.account.unlockTitle} onClose={onClose} testid="unlock-dialog">
      <Unlock hasTitle={false} />
    </Dialog>
  );
}

// Unlocking over what somebody was doing.
import type { JSX } from 'preact';
import { Dialog } from '../ui/dialog.tsx';
import { t } from '../ui/i18n.ts';
import { Unlock } from './unlock.tsx';

export const UnlockDialog = ({ onUnlocked, onClose }: { onUnlocked: () => void; onClose: () => void }): JSX.Element => (
  <Dialog title={t().vault.unlock.title} onClose={onClose} testid="unlock-dialog">
    <Unlock hasTitle={false} onUnlocked={onUnlocked} />
  </Dialog>
);

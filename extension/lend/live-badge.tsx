// In one word how it stands with a machine.
import type { JSX } from 'preact';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { t } from '../ui/i18n.ts';
import type { Live } from './machine-live.ts';

type Word = Live['state'] | 'paused';

const TONES: Readonly<Record<Word, BadgeTone>> = {
  asking: 'plain',
  locked: 'plain',
  elsewhere: 'plain',
  online: 'good',
  paused: 'wait',
  offline: 'bad',
  revoked: 'bad',
};

export function LiveBadge({ live }: { live: Live }): JSX.Element {
  const word: Word = live.state === 'online' && live.status.pausedBy !== null ? 'paused' : live.state;
  return (
    <Badge tone={TONES[word]} testid="machine-state">
      {t().lend.state[word]}
    </Badge>
  );
}

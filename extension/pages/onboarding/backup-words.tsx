// Writing the words down, and showing that they are on the paper. Reached with the words at hand, or by password after a reload.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { WordsCard } from '../words-card.tsx';
import { WordCheck } from './word-check.tsx';

interface BackupWordsProps {
  places: Uint16Array;
  list: readonly string[];
  onConfirmed: () => void;
}

export function BackupWords({ places, list, onConfirmed }: BackupWordsProps): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  const isChecking = useSignal(false);
  const wasSeen = useSignal(false);
  const words = t().vault.words;
  const confirm = async (): Promise<void> => {
    if (await asking.run(() => vault.ask({ type: 'confirm-backup' }))) onConfirmed();
  };
  if (isChecking.value) {
    return (
      <>
        <WordCheck
          places={places}
          list={list}
          isBusy={asking.isBusy.value}
          onRight={() => void confirm()}
          onBack={() => (isChecking.value = false)}
        />
        <No no={asking.no.value} />
      </>
    );
  }
  return (
    <>
      <WordsCard places={places} list={list} onRevealed={() => (wasSeen.value = true)} />
      <div class="actions end">
        <Button kind="primary" size="large" testid="onboarding-next" isDisabled={!wasSeen.value} onClick={() => (isChecking.value = true)}>
          {words.written}
        </Button>
      </div>
    </>
  );
}

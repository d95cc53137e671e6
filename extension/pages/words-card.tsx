// Recovery words on the screen: only after a tap, only while the tab is in front, never to be selected or copied.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../ui/button.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { useHidden } from './use-hidden.ts';

interface WordsCardProps {
  /** Places in the list; the owner overwrites them. */
  places: Uint16Array;
  list: readonly string[];
  onRevealed?: () => void;
}

const stop = (event: Event): void => event.preventDefault();

export function WordsCard({ places, list, onRevealed }: WordsCardProps): JSX.Element {
  const isShown = useSignal(false);
  const wasHidden = useSignal(false);
  const words = t().vault.words;
  useHidden(() => {
    wasHidden.value ||= isShown.value;
    isShown.value = false;
  });
  if (!isShown.value) {
    return (
      <div class="words covered">
        <Icon name="eye-off" size={28} />
        <p class="hint">{wasHidden.value ? words.hidden : words.revealHint}</p>
        <Button
          icon="eye"
          testid="words-reveal"
          onClick={() => {
            isShown.value = true;
            onRevealed?.();
          }}
        >
          {words.reveal}
        </Button>
      </div>
    );
  }
  return (
    <div class="words">
      <ol data-testid="words-shown" translate={false} onCopy={stop} onCut={stop} onContextMenu={stop} onDragStart={stop}>
        {Array.from(places, (place, index) => (
          <li key={index} data-testid={`word-${index + 1}`}>
            <span class="word-number">{index + 1}</span>
            <span data-word>{list[place]}</span>
          </li>
        ))}
      </ol>
      <Button kind="quiet" size="small" icon="eye-off" testid="words-hide" onClick={() => (isShown.value = false)}>
        {words.hide}
      </Button>
    </div>
  );
}

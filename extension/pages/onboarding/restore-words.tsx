// Typing recovery words: what is wrong is said by number while they are typed; they are covered while the tab is in the background.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { useHidden } from '../use-hidden.ts';
import { useWordList } from '../word-list.ts';
import { MAX_TYPED, readWords, type TypedWords } from './read-words.ts';

interface RestoreWordsProps {
  /** Words that one space parts, in UTF-8; the receiver's to overwrite. */
  onWords: (words: Uint8Array) => void;
}

type Verdict = TypedWords['problem'] | { kind: 'checksum' };

/** What is known of the typed words, without the words; the suggestion is a word of the list that was not typed. */
interface Seen {
  known: boolean[];
  suggestion: { number: number; word: string } | null;
  verdict: Verdict;
}

export function RestoreWords({ onWords }: RestoreWordsProps): JSX.Element {
  const list = useWordList();
  const input = useRef<HTMLTextAreaElement>(null);
  const seen = useSignal<Seen | null>(null);
  const wasSent = useSignal(false);
  const isAway = useHidden(() => undefined);
  const words = t().vault.restore;
  useEffect(() => {
    const element = input.current;
    element?.focus({ preventScroll: true });
    return () => {
      if (element !== null) element.value = '';
    };
  }, []);

  const look = async (): Promise<Uint8Array | null> => {
    if (list === null) return null;
    const typed = readWords(input.current?.value ?? '', list);
    const joined = typed.words.map((word) => word.text).join(' ');
    const { validateMnemonic } = await import('@scure/bip39');
    const isPhrase = typed.problem.kind === 'none' && validateMnemonic(joined, list as string[]);
    const wrong = typed.words.findIndex((word) => word.suggestion !== null);
    seen.value =
      typed.words.length === 0
        ? null
        : {
            known: typed.words.map((word) => word.isKnown),
            suggestion: wrong < 0 ? null : { number: wrong + 1, word: typed.words[wrong]?.suggestion ?? '' },
            verdict: typed.problem.kind === 'none' && !isPhrase ? { kind: 'checksum' } : typed.problem,
          };
    return isPhrase ? new TextEncoder().encode(joined) : null;
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    wasSent.value = true;
    const phrase = await look();
    if (phrase === null) return;
    if (input.current !== null) input.current.value = '';
    onWords(phrase);
  };

  const now = seen.value;
  const says = now === null ? (wasSent.value ? words.wantCount(0) : '') : sentence(now.verdict, now.known.length, wasSent.value);
  const isGood = now?.verdict.kind === 'none';
  const isWrong = now !== null && (now.verdict.kind === 'unknown' || now.verdict.kind === 'checksum' || wasSent.value) && !isGood;
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
      <div class="field">
        <label for="restore-words">{words.label}</label>
        <div class={isAway.value ? 'secret-area covered' : 'secret-area'}>
          <textarea
            ref={input}
            id="restore-words"
            class="control mono"
            rows={5}
            maxLength={MAX_TYPED}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            translate={false}
            placeholder={words.placeholder}
            data-testid="restore-words"
            aria-describedby="restore-says"
            aria-invalid={isWrong ? 'true' : undefined}
            disabled={list === null}
            onInput={() => void look()}
          />
          {isAway.value && <p class="cover">{words.hidden}</p>}
        </div>
      </div>
      {now !== null && (
        <ol class="word-dots" aria-hidden="true">
          {now.known.map((isKnown, index) => (
            <li key={index} class={isKnown ? 'known' : 'unknown'}>
              {index + 1}
            </li>
          ))}
        </ol>
      )}
      <p
        id="restore-says"
        class={isGood ? 'says good' : isWrong ? 'says bad' : 'says'}
        role="status"
        data-testid="restore-says"
        data-state={now?.verdict.kind ?? 'empty'}
      >
        {says} {now !== null && now.suggestion !== null && <Stranger text={words.meant(now.suggestion.number, now.suggestion.word)} />}
      </p>
      <div class="actions end">
        <Button type="submit" kind="primary" size="large" testid="onboarding-next" isDisabled={list === null}>
          {t().vault.next}
        </Button>
      </div>
    </form>
  );
}

function sentence(verdict: Verdict, count: number, wasSent: boolean): string {
  const words = t().vault.restore;
  switch (verdict.kind) {
    case 'none':
      return words.good;
    case 'checksum':
      return words.checksum;
    case 'unknown':
      return words.unknown(verdict.numbers.join(', '));
    case 'count':
      return wasSent ? words.wantCount(count) : words.counted(count);
  }
}

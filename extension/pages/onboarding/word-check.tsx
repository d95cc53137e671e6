// Three questions about the words that were just written down. A wrong answer asks for others, so that trying out leads nowhere.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { t } from '../../ui/i18n.ts';
import { askWords, isRight, pickFrom, type WordQuestion } from '../phrase-words.ts';

interface WordCheckProps {
  places: Uint16Array;
  list: readonly string[];
  isBusy: boolean;
  onRight: () => void;
  onBack: () => void;
}

const pick = pickFrom((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));

export function WordCheck({ places, list, isBusy, onRight, onBack }: WordCheckProps): JSX.Element {
  const [questions, ask] = useState<WordQuestion[]>(() => askWords(places, list.length, pick));
  const answered = useSignal<readonly number[]>([]);
  const wrong = useSignal<number | null>(null);
  const words = t().vault.words;
  const answer = (question: WordQuestion, choice: number): void => {
    if (isRight(places, question, choice)) {
      wrong.value = null;
      answered.value = [...answered.value, question.number];
      return;
    }
    wrong.value = question.number;
    answered.value = [];
    ask(askWords(places, list.length, pick));
  };
  const isDone = questions.every(({ number }) => answered.value.includes(number));
  return (
    <div class="stack">
      <p class="hint">{words.checkLead}</p>
      {wrong.value !== null && (
        <Callout tone="bad" role="alert" testid="word-wrong">
          {words.wrong(wrong.value)}
        </Callout>
      )}
      {questions.map((question) => {
        const isKnown = answered.value.includes(question.number);
        return (
          <fieldset
            key={`${question.number}-${question.choices.join()}`}
            class="word-question"
            data-testid={`word-check-${question.number}`}
          >
            <legend class="field-label">{words.which(question.number)}</legend>
            <div class="choices" translate={false}>
              {question.choices.map((choice) => (
                <Button
                  key={choice}
                  isPressed={isKnown && isRight(places, question, choice)}
                  isDisabled={isKnown && !isRight(places, question, choice)}
                  onClick={() => {
                    if (!isKnown) answer(question, choice);
                  }}
                >
                  {list[choice]}
                </Button>
              ))}
            </div>
          </fieldset>
        );
      })}
      <div class="actions end">
        <Button kind="quiet" testid="words-again" onClick={onBack}>
          {words.again}
        </Button>
        <Button kind="primary" size="large" testid="onboarding-next" isDisabled={!isDone || isBusy} onClick={onRight}>
          {t().vault.next}
        </Button>
      </div>
    </div>
  );
}

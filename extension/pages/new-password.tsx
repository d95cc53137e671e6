// Choosing a password: how strong it is while it is typed, a phrase on offer, and the same twice. What is typed stays in the two inputs.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { t } from '../ui/i18n.ts';
import { PasswordField, takeSecret } from '../ui/password-field.tsx';
import { useFirstFocus } from './use-first-focus.ts';

interface NewPasswordProps {
  action: string;
  isBusy: boolean;
  /** Not now, though nothing is under way. */
  isHeld?: boolean | undefined;
  /** The bytes are the receiver's, to overwrite. */
  onChosen: (password: Uint8Array) => void;
}

interface Strength {
  score: number;
  isStrong: boolean;
}

/** Typing is not held up by the estimate. */
const SETTLE_MS = 120;

export function NewPassword({ action, isBusy, isHeld = false, onChosen }: NewPasswordProps): JSX.Element {
  const first = useRef<HTMLInputElement>(null);
  const again = useRef<HTMLInputElement>(null);
  const strength = useSignal<Strength | null>(null);
  const isEqual = useSignal(true);
  const wasSent = useSignal(false);
  /** Bytes of a phrase on offer, for as long as it is shown. */
  const phrase = useRef<Uint8Array | null>(null);
  const offers = useSignal(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const words = t().vault.password;
  useFirstFocus(first);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      phrase.current?.fill(0);
    },
    [],
  );

  const isSame = (): boolean => first.current?.value === again.current?.value;
  const look = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(() => void estimate(), SETTLE_MS);
    if (wasSent.value) isEqual.value = isSame();
  };
  const estimate = async (): Promise<boolean> => {
    const { strengthOf } = await import('../vault/strength.ts');
    const typed = first.current?.value ?? '';
    const found = strengthOf(typed);
    strength.value = typed === '' ? null : found;
    return found.isStrong;
  };
  const suggest = async (): Promise<void> => {
    const { generatePhrase } = await import('../vault/phrase.ts');
    phrase.current?.fill(0);
    phrase.current = generatePhrase((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
    for (const input of [first.current, again.current]) if (input !== null) input.value = new TextDecoder().decode(phrase.current);
    offers.value += 1;
    isEqual.value = true;
    await estimate();
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    wasSent.value = true;
    isEqual.value = isSame();
    if (!(await estimate()) || !isEqual.value) return;
    if (again.current !== null) again.current.value = '';
    phrase.current?.fill(0);
    phrase.current = null;
    onChosen(takeSecret(first.current));
    strength.value = null;
  };

  const score = strength.value?.score ?? -1;
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
      <PasswordField inputRef={first} label={words.label} testid="password" autoComplete="off" isDisabled={isBusy} onInput={look} />
      <div class="strength" data-testid="strength" data-score={score} data-strong={strength.value?.isStrong === true}>
        <span class="strength-bars" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((bar) => (
            <span key={bar} class={bar <= score ? `level-${score}` : undefined} />
          ))}
        </span>
        <span class="hint" role="status">
          {strength.value === null
            ? words.wanted
            : strength.value.isStrong
              ? words.strong
              : `${words.levels[Math.max(0, score)] ?? ''}. ${words.wanted}`}
        </span>
      </div>
      <PasswordField
        inputRef={again}
        label={words.again}
        testid="password-again"
        autoComplete="off"
        isDisabled={isBusy}
        error={isEqual.value ? null : words.differ}
        onInput={look}
      />
      <div class="actions">
        <Button kind="quiet" size="small" icon="again" testid="suggest-phrase" isDisabled={isBusy} onClick={() => void suggest()}>
          {offers.value === 0 ? words.suggest : words.another}
        </Button>
      </div>
      {offers.value > 0 && phrase.current !== null && (
        <Callout role="status">
          <strong class="phrase" translate={false} data-testid="suggested-phrase">
            {new TextDecoder().decode(phrase.current)}
          </strong>
          <p>{words.suggested}</p>
        </Callout>
      )}
      <div class="actions end">
        {isBusy && (
          <span class="hint" role="status">
            {words.makingHint}
          </span>
        )}
        <Button
          type="submit"
          kind="primary"
          size="large"
          testid="onboarding-next"
          isDisabled={isBusy || isHeld || strength.value?.isStrong !== true}
        >
          {isBusy ? words.making : action}
        </Button>
      </div>
    </form>
  );
}

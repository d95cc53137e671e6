// Asks for the password again and then shows the recovery words: what is needed after a reload, and in the settings.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { PasswordField, takeSecret } from '../ui/password-field.tsx';
import { PasswordProblem, usePasswordWait } from './password-wait.tsx';
import { placesOf } from './phrase-words.ts';
import { useAsking } from './use-asking.ts';
import { useWordList } from './word-list.ts';

interface ShowWordsProps {
  lead: string;
  /** The places are overwritten when this goes. */
  children: (places: Uint16Array, list: readonly string[]) => ComponentChildren;
}

export function ShowWords({ lead, children }: ShowWordsProps): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  const list = useWordList();
  const waitMs = usePasswordWait();
  const password = useRef<HTMLInputElement>(null);
  const places = useRef<Uint16Array | null>(null);
  const isOpen = useSignal(false);
  useEffect(() => () => void places.current?.fill(0), []);
  if (isOpen.value && places.current !== null && list !== null) return <>{children(places.current, list)}</>;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (list === null) return;
    isOpen.value = await asking.run(async () => {
      const secret = takeSecret(password.current);
      try {
        if (vault.state.value?.state === 'locked') await vault.ask({ type: 'unlock', password: secret.slice() });
        const { words } = await vault.ask({ type: 'reveal', password: secret.slice() });
        places.current = placesOf(words, list);
        words.fill(0);
      } finally {
        secret.fill(0);
      }
    });
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
      <p class="hint">{lead}</p>
      <PasswordField inputRef={password} label={t().vault.unlock.label} testid="reveal-password" isDisabled={asking.isBusy.value} />
      <PasswordProblem waitMs={waitMs} no={asking.no.value} />
      <div class="actions end">
        <Button type="submit" kind="primary" testid="reveal" isDisabled={asking.isBusy.value || list === null || waitMs > 0}>
          {t().vault.words.showWith}
        </Button>
      </div>
    </form>
  );
}

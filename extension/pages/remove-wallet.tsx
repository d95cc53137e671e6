// Removing the wallet from this browser: what it costs, and a sentence to type.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import type { RunnerClient } from '../ui/runner-client.ts';
import { No } from './no.tsx';
import { useAsking } from './use-asking.ts';

/** What the vault wants to hear; what a person types is in their language. */
const CONFIRM = 'remove this wallet';

const TRIES = 10;
const PAUSE_MS = 300;

/** Address book and history go with the keys. The runner does it once it has heard that there is no wallet, which takes a moment. */
async function forgetMoney(runner: Pick<RunnerClient, 'ask'>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const isDone = await runner.ask({ type: 'forget-wallet' }).then(
      () => true,
      () => false,
    );
    if (isDone) return;
    await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
  }
}

export function RemoveWallet({ onRemoved, onCancel }: { onRemoved: () => void; onCancel: () => void }): JSX.Element {
  const { vault, runner } = usePage();
  const asking = useAsking();
  const typed = useSignal('');
  const words = t().vault.removal;
  const isTyped = typed.value.trim().toLowerCase() === words.phrase;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isTyped || !(await asking.run(() => vault.ask({ type: 'wipe', confirm: CONFIRM })))) return;
    await forgetMoney(runner);
    onRemoved();
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off" data-testid="remove-form">
      <p>{words.lead}</p>
      {vault.state.value?.isBackedUp === false && (
        <Callout tone="bad" role="alert">
          {words.notBackedUp}
        </Callout>
      )}
      <Field
        label={words.type(words.phrase)}
        value={typed.value}
        maxLength={60}
        testid="remove-typed"
        onInput={(text) => (typed.value = text)}
      />
      <No no={asking.no.value} />
      <div class="actions end">
        <Button testid="remove-cancel" onClick={onCancel}>
          {words.cancel}
        </Button>
        <Button type="submit" kind="danger" testid="remove" isDisabled={!isTyped || asking.isBusy.value}>
          {words.action}
        </Button>
      </div>
    </form>
  );
}

// Choosing a network and where its chain is read from: nothing is fetched before the click.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { PasswordField } from '../ui/password-field.tsx';
import { RadioCards } from '../ui/radio-cards.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { changed, hostOf, NETWORKS, SOURCES, targetOf, type NetworkChoice } from './network-target.ts';
import { No } from './no.tsx';
import { useAsking } from './use-asking.ts';

interface NetworkFormProps {
  start: NetworkChoice;
  onConnected: () => void;
  /** Beside the button: a way out. */
  children?: ComponentChildren;
}

export function NetworkForm({ start, onConnected, children }: NetworkFormProps): JSX.Element {
  const { runner } = usePage();
  const asking = useAsking();
  const choice = useSignal<NetworkChoice>(start);
  const projectId = useRef<HTMLInputElement>(null);
  const problem = useSignal<'badDevnet' | 'badUrl' | 'wantProject' | null>(null);
  const words = t().vault.network;
  const now = choice.value;
  const change = (part: Partial<NetworkChoice>): void => {
    choice.value = changed(start, now, part);
    problem.value = null;
    asking.clear();
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const target = targetOf(now, projectId.current?.value ?? '');
    problem.value = 'problem' in target ? target.problem : null;
    if ('problem' in target) return;
    if (!(await asking.run(() => runner.ask({ type: 'connect', to: target })))) return;
    if (projectId.current !== null) projectId.current.value = '';
    onConnected();
  };
  const host = hostOf(now);
  return (
    <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off" data-testid="network-form">
      <RadioCards
        label={words.title}
        isLabelHidden
        testid="network"
        value={now.network}
        options={NETWORKS.map((value) => ({ value, label: words[value], says: words[`${value}Hint`] }))}
        onSelect={(network) => change({ network })}
      />
      {now.network === 'devnet' ? (
        <Field
          label={words.devnetUrl}
          value={now.devnetUrl}
          inputMode="url"
          maxLength={200}
          placeholder="http://127.0.0.1:4000"
          testid="devnet-url"
          error={problem.value === null ? null : words[problem.value]}
          onInput={(devnetUrl) => change({ devnetUrl })}
        />
      ) : (
        <>
          <RadioCards
            label={words.source}
            testid="source"
            value={now.kind}
            options={SOURCES.map((value) => ({ value, label: words[value], says: words[`${value}Hint`] }))}
            onSelect={(kind) => change({ kind })}
          />
          {now.kind === 'own' && (
            <Field
              label={words.sourceUrl}
              value={now.source}
              inputMode="url"
              maxLength={300}
              placeholder="https://"
              testid="source-url"
              error={problem.value === 'badUrl' ? words.badUrl : null}
              onInput={(source) => change({ source })}
            />
          )}
          {now.kind !== 'koios' && (
            <PasswordField
              label={now.kind === 'own' ? `${words.projectId} (${t().vault.optional})` : words.projectId}
              inputRef={projectId}
              testid="project-id"
              {...(now.hasProjectId ? { hint: words.projectKept } : {})}
              error={problem.value === 'wantProject' ? words.wantProject : null}
              onInput={() => (problem.value = null)}
            />
          )}
          {host !== '' && (
            <p class="hint" data-testid="network-sees">
              <Stranger text={words.sees(host)} />
            </p>
          )}
        </>
      )}
      <No no={asking.no.value} testid="network-error" />
      <div class="actions end">
        {children}
        <Button type="submit" kind="primary" size="large" testid="onboarding-connect" isDisabled={asking.isBusy.value}>
          {asking.isBusy.value ? words.connecting : words.connect}
        </Button>
      </div>
    </form>
  );
}

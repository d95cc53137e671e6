// The two backups: words on paper, and a file. Both only after the password again.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Card } from '../../ui/card.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { PasswordField, takeSecret } from '../../ui/password-field.tsx';
import { saveBlob } from '../../ui/save-blob.ts';
import { PasswordProblem, usePasswordWait } from '../password-wait.tsx';
import { ShowWords } from '../show-words.tsx';
import { useAsking } from '../use-asking.ts';
import { useWayOut } from '../way-out.ts';
import { WordsCard } from '../words-card.tsx';

export function BackupSettings(): JSX.Element {
  const { vault } = usePage();
  const { open } = useWayOut();
  const isShown = useSignal(false);
  const words = t().settings.words;
  const isBackedUp = vault.state.value?.isBackedUp === true;
  return (
    <>
      <Card
        title={words.title}
        actions={<Badge tone={isBackedUp ? 'good' : 'wait'}>{isBackedUp ? words.confirmed : words.unconfirmed}</Badge>}
      >
        {isShown.value ? (
          <div class="stack">
            <ShowWords lead={words.lead}>{(places, list) => <WordsCard places={places} list={list} />}</ShowWords>
            <div class="actions end">
              <Button testid="words-close" onClick={() => (isShown.value = false)}>
                {words.close}
              </Button>
            </div>
          </div>
        ) : (
          <div class="stack">
            <p class="hint">{t().vault.words.lead}</p>
            <div class="actions">
              <Button icon="eye" testid="words-open" onClick={() => (isShown.value = true)}>
                {words.open}
              </Button>
              {!isBackedUp && (
                <Button kind="primary" testid="words-confirm" onClick={() => open('/onboarding.html')}>
                  {words.confirm}
                </Button>
              )}
            </div>
          </div>
        )}
      </Card>
      <ExportFile />
    </>
  );
}

function ExportFile(): JSX.Element {
  const { vault, now } = usePage();
  const waitMs = usePasswordWait();
  const asking = useAsking();
  const password = useRef<HTMLInputElement>(null);
  const state = useSignal<'closed' | 'open' | 'saved'>('closed');
  const words = t().settings.file;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isDone = await asking.run(async () => {
      const { file } = await vault.ask({ type: 'export', password: takeSecret(password.current) });
      saveBlob(new Blob([file.slice()]), `nunet-wallet-${new Date(now.value).toISOString().slice(0, 10)}.backup`);
    });
    if (isDone) state.value = 'saved';
  };
  return (
    <Card title={words.title}>
      <div class="stack">
        <p class="hint">{words.lead}</p>
        {state.value === 'saved' && (
          <Callout tone="good" role="status" testid="export-saved">
            {words.saved}
          </Callout>
        )}
        {state.value === 'open' ? (
          <form class="stack" onSubmit={(event) => void submit(event)} autocomplete="off">
            <PasswordField inputRef={password} label={t().vault.unlock.label} testid="export-password" isDisabled={asking.isBusy.value} />
            <PasswordProblem waitMs={waitMs} no={asking.no.value} />
            <div class="actions">
              <Button type="submit" kind="primary" icon="save" testid="export" isDisabled={asking.isBusy.value || waitMs > 0}>
                {words.action}
              </Button>
            </div>
          </form>
        ) : (
          <div class="actions">
            <Button icon="save" testid="export-open" onClick={() => (state.value = 'open')}>
              {words.open}
            </Button>
          </div>
        )}
        <p class="hint">{words.import}</p>
      </div>
    </Card>
  );
}

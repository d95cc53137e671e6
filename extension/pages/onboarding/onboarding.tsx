// Onboarding: at most four steps from nothing to a wallet on a network. What is kept decides where a reload goes on; secrets are in none
// of it, only in buffers of this component that are overwritten when it is done with them.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Card } from '../../ui/card.tsx';
import { t } from '../../ui/i18n.ts';
import { Mark } from '../../ui/mark.tsx';
import { usePage } from '../../ui/page.ts';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Stepper } from '../../ui/stepper.tsx';
import { LanguageSelect } from '../language-select.tsx';
import { NetworkForm } from '../network-form.tsx';
import { NewPassword } from '../new-password.tsx';
import { No } from '../no.tsx';
import { placesOf } from '../phrase-words.ts';
import { RemoveWallet } from '../remove-wallet.tsx';
import { ShowWords } from '../show-words.tsx';
import { useAsking } from '../use-asking.ts';
import { useWordList } from '../word-list.ts';
import { BackupWords } from './backup-words.tsx';
import { Ready } from './ready.tsx';
import { RestoreFile } from './restore-file.tsx';
import { RestoreWords } from './restore-words.tsx';
import { stageAtStart, stepsOf, type Stage } from './stages.ts';
import { Welcome, type Way } from './welcome.tsx';

interface OnboardingProps {
  /** The page was opened with the address of a devnet; empty: it was not. */
  devnetUrl: string;
  /** Somebody forgot the password: the wallet has to go before another comes. */
  isForgotten: boolean;
}

export function Onboarding({ devnetUrl, isForgotten }: OnboardingProps): JSX.Element {
  const { vault, runner } = usePage();
  const asking = useAsking();
  const list = useWordList();
  const stage = useSignal<Stage | null>(null);
  const way = useSignal<Way>('create');
  /** Typed words on their way to the vault, and new ones on their way to a paper. */
  const typed = useRef<Uint8Array | null>(null);
  const made = useRef<Uint16Array | null>(null);
  const panel = useRef<HTMLElement>(null);
  const forget = (): void => {
    typed.current?.fill(0);
    made.current?.fill(0);
    typed.current = null;
    made.current = null;
  };
  useEffect(() => {
    addEventListener('pagehide', forget);
    return () => {
      removeEventListener('pagehide', forget);
      forget();
    };
  }, []);

  const kept = vault.state.value;
  const app = runner.app.value;
  if (stage.value === null && kept !== null) stage.value = stageAtStart(kept, app?.network.state ?? null, isForgotten);
  const here = stage.value;
  useEffect(() => {
    if (document.activeElement === document.body) panel.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [here]);

  const go = (to: Stage): void => {
    asking.clear();
    stage.value = to;
  };
  const create = async (password: Uint8Array): Promise<void> => {
    const isMade = await asking.run(async () => {
      try {
        // The vault overwrites what it is sent: a copy is left for showing the words once.
        await vault.ask({ type: 'create', password: password.slice(), words: typed.current });
        typed.current = null;
        if (way.value !== 'create' || list === null) return;
        const { words } = await vault.ask({ type: 'reveal', password: password.slice() });
        made.current = placesOf(words, list);
        words.fill(0);
      } finally {
        password.fill(0);
      }
    });
    // Made, though its words could not be shown at once: they are shown after the password.
    if (isMade || vault.state.value?.state === 'open') go(way.value === 'create' ? 'words' : 'network');
    // The words went to the vault and it said no: they are typed again, not kept.
    else if (way.value === 'restore') {
      forget();
      stage.value = 'restore';
    }
  };
  const confirmed = (): void => {
    forget();
    go('network');
  };

  const words = t().vault;
  const titled = (title: string, lead: string, body: JSX.Element): JSX.Element => (
    <>
      <h1 tabIndex={-1}>{title}</h1>
      <p class="lead">{lead}</p>
      {body}
    </>
  );
  const body = (): JSX.Element => {
    switch (here) {
      case null:
        return <Skeleton label={words.title} shape="rows" />;
      case 'failed':
        return (
          <>
            <h1 tabIndex={-1}>{words.title}</h1>
            <Callout
              tone="bad"
              role="alert"
              title={words.welcome.failed}
              testid="vault-failed"
              {...(kept?.problem == null ? {} : { code: kept.problem.code })}
            >
              <No no={kept?.problem ?? null} testid="vault-problem" />
            </Callout>
          </>
        );
      case 'forgotten':
        return (
          <>
            <h1 tabIndex={-1}>{words.removal.title}</h1>
            <RemoveWallet onRemoved={() => go('welcome')} onCancel={() => location.assign('/dashboard.html')} />
          </>
        );
      case 'welcome':
        return (
          <Welcome
            onChosen={(chosen) => {
              way.value = chosen;
              go(chosen === 'create' ? 'password' : chosen);
            }}
          />
        );
      case 'restore':
        return titled(
          words.restore.title,
          words.restore.lead,
          <RestoreWords
            onWords={(given) => {
              typed.current = given;
              go('password');
            }}
          />,
        );
      case 'file':
        return titled(words.file.title, words.file.lead, <RestoreFile onRestored={() => go('network')} />);
      case 'password':
        return titled(
          words.password.title,
          words.password.lead,
          <NewPassword action={words.next} isBusy={asking.isBusy.value} onChosen={(password) => void create(password)} />,
        );
      case 'words':
        return titled(
          words.words.title,
          words.words.lead,
          <>
            {made.current !== null && list !== null ? (
              <BackupWords places={made.current} list={list} onConfirmed={confirmed} />
            ) : (
              <ShowWords lead={words.words.askPassword}>
                {(places, all) => <BackupWords places={places} list={all} onConfirmed={confirmed} />}
              </ShowWords>
            )}
            <p class="later">
              <Button kind="quiet" size="small" testid="words-later" onClick={confirmed}>
                {words.words.later}
              </Button>
              <span class="hint">{words.words.laterHint}</span>
            </p>
          </>,
        );
      case 'network':
        return titled(
          words.network.title,
          words.network.lead,
          <NetworkForm
            start={{ network: devnetUrl === '' ? 'preprod' : 'devnet', devnetUrl, kind: 'koios', source: '', hasProjectId: false }}
            onConnected={() => go('ready')}
          >
            <Button kind="quiet" testid="onboarding-skip" onClick={() => go('ready')}>
              {words.network.skip}
            </Button>
          </NetworkForm>,
        );
      case 'ready':
        return <Ready />;
    }
  };

  const { steps, at } = stepsOf(here, way.value);
  const canGoBack = here === 'restore' || here === 'file' || here === 'password';
  return (
    <div class="onboarding" data-testid="onboarding" data-stage={here ?? 'starting'}>
      <header>
        <Mark size={32} />
        <span class="name">NuNet</span>
        <LanguageSelect />
      </header>
      <main ref={panel}>
        {at >= 0 && here !== 'ready' && here !== 'welcome' && (
          <Stepper label={words.stepOf(at + 1, steps.length)} steps={steps.map((step) => words.steps[step])} at={at} />
        )}
        <Card label={words.title}>
          {canGoBack && (
            <Button
              kind="quiet"
              size="small"
              icon="back"
              testid="onboarding-back"
              isDisabled={asking.isBusy.value}
              onClick={() => {
                const to = here === 'password' && way.value === 'restore' ? 'restore' : 'welcome';
                forget();
                go(to);
              }}
            >
              {words.back}
            </Button>
          )}
          {body()}
          <No no={asking.no.value} />
        </Card>
      </main>
    </div>
  );
}

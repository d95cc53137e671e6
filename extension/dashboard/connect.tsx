// Connecting to a devnet: an address, one click, and what is there once it is done.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button, LinkButton } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { errorText } from '../ui/error-text.ts';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { visibleText } from '../ui/visible-text.ts';
import { routeHash } from './route.ts';
import { useRouter } from './router.ts';
import { WalletCard } from './wallet-card.tsx';

const MAX_URL = 200;

function Connected({ url, record }: { url: string; record: { oracles: number; k: number } | null }): JSX.Element {
  const words = t().shell.connect;
  return (
    <div class="stack">
      <PageHeader title={words.connected} lead={visibleText(url, MAX_URL)} />
      <div class="columns">
        <Card>
          <div class="stack">
            <p>{record === null ? words.noRecord : words.connectedSays(record.k, record.oracles)}</p>
            <div class="actions">
              <LinkButton kind="primary" icon="plus" href={routeHash({ view: 'deploy', template: null })}>
                {t().jobs.list.deploy}
              </LinkButton>
              <LinkButton href={routeHash({ view: 'jobs' })}>{t().shell.nav.jobs}</LinkButton>
            </div>
          </div>
        </Card>
        <WalletCard />
      </div>
    </div>
  );
}

export function Connect(): JSX.Element {
  const { runner, act } = usePage();
  const { route } = useRouter();
  const network = runner.app.value?.network ?? { state: 'none' as const };
  const asked = route.value.view === 'connect' ? route.value.devnetUrl : '';
  const typed = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const words = t().shell.connect;
  const target = network.state === 'none' ? null : network.target;
  const known = target?.network === 'devnet' ? target.url : '';
  if (network.state === 'ready' && (asked === '' || asked === known)) return <Connected url={known} record={network.record} />;
  const url = typed.value ?? (asked === '' ? known : asked);
  const isBusy = isAsking.value || network.state === 'connecting';
  const connect = async (event: Event): Promise<void> => {
    event.preventDefault();
    isAsking.value = true;
    await act(() => runner.ask({ type: 'connect', to: { network: 'devnet', url: url.trim().slice(0, MAX_URL) } }));
    isAsking.value = false;
  };
  return (
    <form class="card narrow" onSubmit={(event) => void connect(event)}>
      <h1>{words.title}</h1>
      <p>
        {words.says} {words.start} <code>npm run dev</code>
      </p>
      <Field
        label={words.address}
        inputMode="url"
        name="devnet"
        isRequired
        maxLength={MAX_URL}
        placeholder="http://127.0.0.1:4000"
        value={url}
        testid="connect-url"
        onInput={(value) => (typed.value = value)}
      />
      {network.state === 'failed' && (
        <Callout tone="bad" role="alert" testid="network-error" code={network.code}>
          <bdi>{visibleText(errorText(network), 400)}</bdi>
        </Callout>
      )}
      <div class="actions">
        <Button type="submit" kind="primary" testid="connect" isDisabled={isBusy || url.trim() === ''}>
          {isBusy ? words.busy : words.action}
        </Button>
        <LinkButton kind="quiet" href={routeHash({ view: 'settings', place: ['network'] })}>
          {words.elsewhere}
        </LinkButton>
      </div>
    </form>
  );
}

// Connecting to a devnet: an address, one click, and what is there once it is done.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Icon } from './icons.tsx';
import { usePage } from './page.ts';
import { useRouter } from './router.ts';
import { routeHash } from './route.ts';
import { Stranger } from './stranger.tsx';
import { WalletCard } from './wallet-card.tsx';

function Connected({ url, record }: { url: string; record: { oracles: number; k: number } | null }): JSX.Element {
  return (
    <div class="columns">
      <section class="card">
        <h1 tabIndex={-1}>Connected</h1>
        <p>
          Devnet <Stranger text={url} />. {record?.k} of {record?.oracles} oracles decide over each lock. Its tokens are worth nothing, on
          purpose: try everything.
        </p>
        <div class="actions">
          <a class="button primary" href={routeHash({ view: 'new', template: null })}>
            <Icon name="plus" /> New job
          </a>
          <a class="button" href={routeHash({ view: 'jobs' })}>
            Jobs
          </a>
        </div>
      </section>
      <WalletCard />
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
  const target = network.state === 'none' ? null : network.target;
  const known = target?.network === 'devnet' ? target.url : '';
  if (network.state === 'ready' && (asked === '' || asked === known)) return <Connected url={known} record={network.record} />;
  const url = typed.value ?? (asked === '' ? known : asked);
  const isBusy = isAsking.value || network.state === 'connecting';
  const connect = async (event: Event): Promise<void> => {
    event.preventDefault();
    isAsking.value = true;
    await act(() => runner.ask({ type: 'connect', to: { network: 'devnet', url: url.trim().slice(0, 200) } }));
    isAsking.value = false;
  };
  return (
    <section class="card narrow">
      <h1 tabIndex={-1}>Run machine-learning jobs on other people’s computers</h1>
      <p>
        Pick a job, see what compute providers ask for it, lock the price, and get the result checked before anybody is paid. First, connect
        to a devnet: <code>npm run dev</code> prints its address.
      </p>
      <form onSubmit={(event) => void connect(event)}>
        <label>
          <span>Address of the devnet</span>
          <input
            type="url"
            name="devnet"
            required
            maxLength={200}
            spellcheck={false}
            autocomplete="off"
            placeholder="http://127.0.0.1:4000"
            value={url}
            data-testid="connect-url"
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        <button class="primary" data-testid="connect" disabled={isBusy || url.trim() === ''}>
          {isBusy ? 'Connecting' : 'Connect'}
        </button>
      </form>
      {network.state === 'failed' && (
        <p class="message bad" role="alert" data-testid="network-error" data-code={network.code}>
          <Icon name="alert" />
          <span>
            <Stranger text={network.message} length={400} />
            {network.target === null ? '' : ' Start the devnet or correct its address, then connect again.'}
          </span>
        </p>
      )}
      <p class="label">
        <Icon name="lock" size={16} />
        <span>
          A devnet-only key is made in this browser’s memory. Only addresses of this machine are accepted; public networks come with the
          vault.
        </span>
      </p>
    </section>
  );
}

// "May this page see your wallet?": who asks, what it will see and what it never can, with which account and for how long.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ApproveFlow } from '../../cip30/approve-flow.ts';
import type { DappPending } from '../../cip30/page-messages.ts';
import { ApproveButton } from '../../preview/approve-button.tsx';
import { INERT_MS } from '../../preview/approve-guard.ts';
import { useAttention } from '../../preview/use-attention.ts';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Select } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { Icon } from '../../ui/icons.tsx';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { visibleText } from '../../ui/visible-text.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';

const DAYS = ['1', '7', '30', '90'] as const;
/** CIP-95: the page learns the DRep key too. */
const GOVERNANCE = 95;

interface ConnectProps {
  flow: ApproveFlow;
  pending: DappPending;
  extensions: readonly number[];
  onRefuse: () => void;
}

export function Connect({ flow, pending, extensions, onRefuse }: ConnectProps): JSX.Element {
  const { vault } = usePage();
  const asking = useAsking();
  const days = useSignal<(typeof DAYS)[number]>('30');
  const words = t().dapp.connect;
  const { origin, account, network } = pending;
  // What it is about changed: read anew, and no click that was meant for before.
  const attention = useAttention(`${pending.dappId} ${account} ${network}`).value;
  const isJustShown = attention.sinceMs === null || attention.nowMs - attention.sinceMs < INERT_MS;
  const accounts = vault.state.value?.accounts ?? [];
  const isSecure = origin.startsWith('https:') || /^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(origin);
  const sees = [words.seesAddress, words.seesBalance, ...(extensions.includes(GOVERNANCE) ? [words.seesGovernance] : [])];
  return (
    <section class="approve-connect" aria-labelledby="connect-title" data-testid="connect-page">
      <div class="approve-body">
        <header>
          <span class="approve-icon">
            <Icon name="globe" size={24} />
          </span>
          <h1 id="connect-title">{words.title}</h1>
          <p class="approve-origin" data-testid="connect-origin">
            <Stranger text={origin} length={200} />
          </p>
        </header>
        {!isSecure && <Callout tone="bad">{words.insecure}</Callout>}
        <ul class="approve-list">
          {sees.map((line) => (
            <li key={line}>
              <Icon name="check" size={16} /> {line}
            </li>
          ))}
          <li>
            <Icon name="lock" size={16} /> {words.never}
          </li>
        </ul>
        <Select
          label={words.account}
          hint={words.accountHint}
          testid="connect-account"
          value={String(account)}
          options={accounts.map(({ index, name }) => ({ value: String(index), label: `${visibleText(name, 40)} · ${network}` }))}
          onSelect={(index) => void asking.run(() => vault.ask({ type: 'select-account', index: Number(index) }))}
        />
        <Select
          label={words.days}
          testid="connect-days"
          value={days.value}
          options={DAYS.map((value) => ({ value, label: words.dayCount(Number(value)) }))}
          onSelect={(value) => {
            days.value = value;
          }}
        />
        <No no={asking.no.value} testid="connect-error" />
      </div>
      <footer class="approve-foot">
        <Button size="large" testid="refuse" onClick={onRefuse}>
          {words.refuse}
        </Button>
        <ApproveButton
          label={words.action}
          hold={isJustShown ? 'just-shown' : null}
          isBusy={asking.isBusy.value}
          onApprove={() => void asking.run(() => flow.connect(pending, Number(days.value)))}
        />
      </footer>
    </section>
  );
}

// What the account did: newest first, page by page as the chain gives it, and all of it as a file.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Ada, Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { COVER, useCover } from '../../ui/cover.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Facts, type Fact } from '../../ui/facts.tsx';
import { t } from '../../ui/i18n.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Moment } from '../../ui/moment.tsx';
import { usePage } from '../../ui/page.ts';
import { adaText } from '../../ui/quantity-text.ts';
import { saveBlob } from '../../ui/save-blob.ts';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Stranger } from '../../ui/stranger.tsx';
import type { HistoryEntry, WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { Pending } from './pending.tsx';

const ICONS: Readonly<Record<HistoryEntry['kind'], IconName>> = {
  sent: 'send',
  received: 'receive',
  own: 'again',
  lock: 'lock',
  settle: 'check',
  reclaim: 'again',
  script: 'link',
  'failed-script': 'alert',
};

/** Tokens that stand in the row; the rest is in its details. */
const IN_ROW = 2;

function Entry({ entry }: { entry: HistoryEntry }): JSX.Element {
  const { now } = usePage();
  const isCovered = useCover();
  const words = t().wallet.history;
  const amounts = [
    ...entry.tokens.map((token) => (
      <Amount key={token.unit} quantity={token.quantity} decimals={token.decimals} unit={token.label} isStrange isSigned />
    )),
    <Ada key="ada" quantity={entry.lovelace} isSigned />,
  ];
  const facts: Fact[] = [
    { name: words.transaction, value: <code>{entry.txId}</code> },
    { name: words.when, value: <Moment atMs={entry.timeMs} nowMs={now.value} /> },
    ...(entry.memo === null ? [] : [{ name: words.memo, value: <Stranger text={entry.memo} length={512} /> }]),
    ...entry.counterparties.map((address) => ({ name: words.with, value: <code>{address}</code> })),
    { name: words.feeName, value: adaText(entry.feeLovelace) },
  ];
  return (
    <li data-testid="history-entry" data-kind={entry.kind} data-tx={entry.txId}>
      <details class="token">
        <summary>
          <span class="row-lead">
            <Icon name={ICONS[entry.kind]} />
          </span>
          <span class="token-name">
            {words.kinds[entry.kind]}
            <span class="hint">
              <Moment atMs={entry.timeMs} nowMs={now.value} /> · {words.confirmations(entry.confirmations)}
            </span>
          </span>
          <span class="token-quantity lines">{isCovered ? COVER : amounts.slice(0, IN_ROW)}</span>
        </summary>
        <div class="stack tight">
          {amounts.length > IN_ROW && !isCovered && <p class="actions">{amounts.slice(IN_ROW)}</p>}
          <Facts shape="stacked" facts={facts} />
        </div>
      </details>
    </li>
  );
}

export function History({ wallet }: { wallet: WalletView }): JSX.Element {
  const { runner, toasts } = usePage();
  const asking = useAsking();
  const saving = useAsking();
  const entries = useSignal<readonly HistoryEntry[] | null>(null);
  const next = useSignal<string | null>(null);
  const words = t().wallet.history;
  const read = async (before: string | null): Promise<void> => {
    await asking.run(async () => {
      const page = await runner.ask({ type: 'history', before });
      entries.value = [...(before === null ? [] : (entries.value ?? [])), ...page.entries];
      next.value = page.next;
    });
  };
  // Something that was on its way has arrived, or the account is another: read again.
  const mark = `${wallet.address} ${wallet.pending.length} ${wallet.lovelace} ${wallet.baseUnits}`;
  useEffect(() => void read(null), [mark]);
  const save = async (): Promise<void> => {
    await saving.run(async () => {
      const { csv, isWhole } = await runner.ask({ type: 'history-csv' });
      saveBlob(new Blob([csv], { type: 'text/csv' }), 'nunet-history.csv');
      if (!isWhole) toasts.say(words.csvPart);
    });
  };
  return (
    <div class="stack">
      <div class="heading">
        <span />
        <Button
          size="small"
          icon="save"
          testid="history-csv"
          isDisabled={saving.isBusy.value || entries.value?.length === 0}
          onClick={() => void save()}
        >
          {words.csv}
        </Button>
      </div>
      <No no={saving.no.value} />
      <Pending pending={wallet.pending} />
      {entries.value === null ? (
        asking.no.value === null && <Skeleton label={words.loading} shape="rows" count={4} />
      ) : entries.value.length === 0 ? (
        <EmptyState icon="list" title={words.empty} says={words.emptyHint} isPlain testid="no-history" />
      ) : (
        <ul class="tokens" aria-label={words.title}>
          {entries.value.map((entry) => (
            <Entry key={entry.txId} entry={entry} />
          ))}
        </ul>
      )}
      <No no={asking.no.value} testid="history-error" />
      {(next.value !== null || asking.no.value !== null) && (
        <Button
          testid="history-more"
          isDisabled={asking.isBusy.value}
          onClick={() => void read(entries.value === null ? null : next.value)}
        >
          {asking.isBusy.value ? words.loading : asking.no.value === null ? words.more : t().shell.parts.tryAgain}
        </Button>
      )}
    </div>
  );
}

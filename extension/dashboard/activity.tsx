// The activity's page: jobs and money in one list, as far back as somebody asks.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { jobRows } from '../jobs/job-rows.ts';
import { Ada, Amount } from '../ui/amount.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import type { IconName } from '../ui/icons.tsx';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { Moment } from '../ui/moment.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { shortId } from '../ui/visible-text.ts';
import type { HistoryEntry, HistoryPage } from '../wallet/messages.ts';
import { eventsOf, type Event } from './events.ts';
import { routeHash } from './route.ts';

const ICONS: Readonly<Record<HistoryEntry['kind'], IconName>> = {
  sent: 'send',
  received: 'receive',
  own: 'wallet',
  lock: 'lock',
  settle: 'check',
  reclaim: 'again',
  script: 'link',
  'failed-script': 'alert',
};

function Line({ event, nowMs }: { event: Event; nowMs: number }): JSX.Element {
  const words = t().shell.activity;
  if (event.kind === 'job') {
    const [row] = jobRows([event.job], t().jobs);
    return (
      <ListRow
        icon="list"
        testid="activity-job"
        href={routeHash({ view: 'job', jobId: event.job.jobId })}
        title={<Stranger text={event.job.title} length={80} />}
        more={<Moment atMs={event.atMs} nowMs={nowMs} />}
        value={row?.work}
        valueMore={row?.amount}
      />
    );
  }
  const { entry } = event;
  const [token] = entry.tokens;
  return (
    <ListRow
      icon={ICONS[entry.kind]}
      testid="activity-money"
      title={words.kinds[entry.kind]}
      more={
        <>
          <Moment atMs={entry.timeMs} nowMs={nowMs} /> · <code title={entry.txId}>{shortId(entry.txId)}</code>
        </>
      }
      value={
        token === undefined ? (
          <Ada quantity={entry.lovelace} isSigned />
        ) : (
          <Amount quantity={token.quantity} decimals={token.decimals} unit={token.label} isStrange isSigned />
        )
      }
      valueMore={token === undefined ? undefined : <Ada quantity={entry.lovelace} isSigned />}
    />
  );
}

export function Activity(): JSX.Element {
  const { runner, now, act } = usePage();
  const pages = useSignal<readonly HistoryPage[] | null>(null);
  const isReading = useSignal(false);
  const app = runner.app.value;
  const account = app?.wallet?.address ?? null;
  const next = pages.value?.at(-1)?.next ?? null;
  const read = async (before: string | null): Promise<void> => {
    isReading.value = true;
    const isThere = await act(async () => {
      const page = await runner.ask({ type: 'history', before });
      pages.value = [...(before === null ? [] : (pages.value ?? [])), page];
    });
    if (!isThere) pages.value ??= [];
    isReading.value = false;
  };
  useEffect(() => {
    pages.value = null;
    if (account !== null) void read(null);
  }, [account]);
  const words = t().shell.activity;
  const isKnown = app !== null && runner.ready.value && (account === null || pages.value !== null);
  const events = isKnown
    ? eventsOf(
        app.jobs,
        (pages.value ?? []).flatMap(({ entries }) => entries),
      )
    : [];
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.activity} lead={words.lead} />
      {!isKnown && <Skeleton label={t().shell.parts.reading} shape="rows" count={5} />}
      {isKnown && events.length === 0 && (
        <EmptyState
          icon="activity"
          title={words.empty}
          says={words.emptySays}
          testid="activity-empty"
          action={
            <LinkButton kind="primary" icon="rocket" href={routeHash({ view: 'deploy', template: null })}>
              {t().shell.overview.deploy}
            </LinkButton>
          }
        />
      )}
      {events.length > 0 && (
        <Card label={t().shell.nav.activity}>
          <Rows>
            {events.map((event) => (
              <Line key={event.kind === 'job' ? event.job.jobId : event.entry.txId} event={event} nowMs={now.value} />
            ))}
          </Rows>
          {next !== null && (
            <Button kind="quiet" isDisabled={isReading.value} testid="activity-more" onClick={() => void read(next)}>
              {words.earlier}
            </Button>
          )}
        </Card>
      )}
    </div>
  );
}

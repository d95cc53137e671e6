// The escrow's page: this wallet's locks with their amounts, those that wait for somebody first.
import type { JSX } from 'preact';
import { chainNow } from '../jobs/chain-clock.ts';
import { Ntx } from '../ui/amount.tsx';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { LinkButton } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { Moment } from '../ui/moment.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { ntxText } from '../ui/quantity-text.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { escrowOf, type EscrowGroup, type EscrowLine } from './escrow-lines.ts';
import { routeHash } from './route.ts';
import './summary.css';

const GROUPS: readonly EscrowGroup[] = ['refundable', 'settling', 'locked', 'ended'];
const TONES: Readonly<Record<EscrowGroup, BadgeTone>> = { refundable: 'wait', settling: 'accent', locked: 'accent', ended: 'plain' };

function Line({ line, nowMs }: { line: EscrowLine; nowMs: number }): JSX.Element {
  const words = t().shell.escrow;
  const isOpen = line.group === 'locked' && line.reclaimAfterMs !== null;
  return (
    <ListRow
      href={routeHash({ view: 'job', jobId: line.jobId })}
      testid="escrow-line"
      data={{ 'data-group': line.group, 'data-amount': line.amountBaseUnits.toString() }}
      title={<Stranger text={line.title} length={80} />}
      more={
        isOpen ? (
          <>
            {words.refundableFrom} <Moment atMs={line.reclaimAfterMs ?? 0} nowMs={nowMs} />
          </>
        ) : (
          t().jobs.states[line.lock]
        )
      }
      value={<Ntx quantity={line.amountBaseUnits} />}
      valueMore={line.paidBaseUnits === null ? undefined : words.paid(ntxText(line.paidBaseUnits))}
    />
  );
}

export function Escrow(): JSX.Element {
  const { runner, now } = usePage();
  const app = runner.app.value;
  const words = t().shell.escrow;
  const escrow = app === null ? null : escrowOf(app.jobs, chainNow(app.chain, now.value));
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.escrow} lead={words.lead} />
      {escrow === null && <Skeleton label={t().shell.parts.reading} shape="rows" />}
      {escrow !== null && escrow.lines.length === 0 && (
        <EmptyState
          icon="lock"
          title={words.empty}
          steps={words.teach}
          testid="escrow-empty"
          action={
            <LinkButton kind="primary" icon="rocket" href={routeHash({ view: 'deploy', template: null })}>
              {t().shell.overview.deploy}
            </LinkButton>
          }
        />
      )}
      {escrow !== null && escrow.lines.length > 0 && (
        <>
          <dl class="figures">
            {GROUPS.filter((group) => group !== 'ended').map((group) => (
              <div key={group} class="figure" data-testid={`escrow-${group}`} data-base-units={escrow.totals[group].toString()}>
                <dt>{words.groups[group].name}</dt>
                <dd>
                  <Ntx quantity={escrow.totals[group]} />
                </dd>
                <dd class="hint">{words.groups[group].says}</dd>
              </div>
            ))}
          </dl>
          {GROUPS.map((group) => {
            const lines = escrow.lines.filter((line) => line.group === group);
            return (
              lines.length > 0 && (
                <Card key={group} title={words.groups[group].name} actions={<Badge tone={TONES[group]}>{lines.length}</Badge>}>
                  <Rows>
                    {lines.map((line) => (
                      <Line key={line.jobId} line={line} nowMs={now.value} />
                    ))}
                  </Rows>
                </Card>
              )
            );
          })}
        </>
      )}
    </div>
  );
}

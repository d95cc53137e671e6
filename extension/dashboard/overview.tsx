// The first page: what there is, what is bound in the escrow, what runs, and what to do next.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { chainNow } from '../jobs/chain-clock.ts';
import { jobRows } from '../jobs/job-rows.ts';
import { JobRowItem } from '../jobs/job-row.tsx';
import type { AppState } from '../messages.ts';
import { Ada, Ntx } from '../ui/amount.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { COVER, useCover } from '../ui/cover.ts';
import { escrowOf, inEscrow } from './escrow-lines.ts';
import { FundButton } from './fund-button.tsx';
import { nextSteps, type NextStep } from './next-steps.ts';
import { routeHash } from './route.ts';
import './summary.css';

const SHOWN_JOBS = 5;
const deploy = routeHash({ view: 'deploy', template: null });

function Balances({ app, nowMs }: { app: AppState; nowMs: number }): JSX.Element {
  const isCovered = useCover();
  const words = t().shell.overview;
  const { wallet } = app;
  const isDevnet = app.network.state === 'ready' && app.network.target.network === 'devnet';
  const escrow = escrowOf(app.jobs, chainNow(app.chain, nowMs));
  return (
    <Card label={words.balance}>
      <div class="balance-card">
        <div class="heading">
          <div>
            <p class="hint">{words.balance}</p>
            {wallet === null || !wallet.isKnown ? (
              <Skeleton label={t().shell.parts.reading} shape="title" count={1} />
            ) : isCovered ? (
              <p class="amount large">{COVER}</p>
            ) : (
              <Ntx quantity={wallet.baseUnits} size="large" testid="overview-ntx" />
            )}
          </div>
          <div class="actions">
            {isDevnet && wallet !== null && <FundButton wallet={wallet} />}
            <LinkButton icon="receive" href={routeHash({ view: 'wallet', place: ['receive'] })}>
              {words.receive}
            </LinkButton>
            <LinkButton icon="send" href={routeHash({ view: 'wallet', place: ['send'] })}>
              {words.send}
            </LinkButton>
          </div>
        </div>
        <dl class="figures">
          <div class="figure">
            <dt>ADA</dt>
            <dd>{wallet === null ? '–' : isCovered ? COVER : <Ada quantity={wallet.lovelace} testid="overview-ada" />}</dd>
          </div>
          <div class="figure">
            <dt>{words.inEscrow}</dt>
            <dd>{isCovered ? COVER : <Ntx quantity={inEscrow(escrow)} testid="overview-escrow" />}</dd>
          </div>
          <div class="figure">
            <dt>{words.refundable}</dt>
            <dd>{isCovered ? COVER : <Ntx quantity={escrow.totals.refundable} />}</dd>
          </div>
        </dl>
      </div>
    </Card>
  );
}

function Step({ step }: { step: NextStep }): JSX.Element {
  const words = t().shell.overview.next;
  switch (step.kind) {
    case 'answer':
      return (
        <ListRow
          icon="check"
          href={routeHash({ view: 'job', jobId: step.jobId })}
          title={words.answer.title}
          more={words.answer.says(visibleText(step.title, 60))}
        />
      );
    case 'draft':
      return (
        <ListRow
          icon="edit"
          href={routeHash({ view: 'job', jobId: step.jobId })}
          title={words.draft.title}
          more={words.draft.says(visibleText(step.title, 60))}
        />
      );
    case 'connect':
      return (
        <ListRow icon="globe" href={routeHash({ view: 'connect', devnetUrl: '' })} title={words.connect.title} more={words.connect.says} />
      );
    case 'fund':
      return (
        <ListRow icon="coin" href={routeHash({ view: 'wallet', place: ['receive'] })} title={words.fund.title} more={words.fund.says} />
      );
    case 'back-up':
      return (
        <ListRow
          icon="vault"
          href={routeHash({ view: 'settings', place: ['backup'] })}
          title={words.backUp.title}
          more={words.backUp.says}
        />
      );
    case 'deploy':
      return <ListRow icon="rocket" href={deploy} title={words.deploy.title} more={words.deploy.says} />;
  }
}

export function Overview(): JSX.Element {
  const { runner, vault, now } = usePage();
  const isAll = useSignal(false);
  const app = runner.app.value;
  const words = t().shell.overview;
  if (app === null || !runner.ready.value)
    return (
      <div class="stack">
        <PageHeader title={t().shell.nav.overview} />
        <Skeleton label={t().shell.parts.reading} shape="rows" count={4} />
      </div>
    );
  const running = jobRows(
    app.jobs.filter((job) => !job.hasEnded && job.job !== 'draft'),
    t().jobs,
  );
  const steps = nextSteps(app, vault.state.value);
  return (
    <div class="stack">
      <PageHeader
        title={t().shell.nav.overview}
        actions={
          <LinkButton kind="primary" icon="rocket" href={deploy}>
            {words.deploy}
          </LinkButton>
        }
      />
      <div class="columns">
        <div class="stack">
          <Balances app={app} nowMs={now.value} />
          <Card title={words.running}>
            {running.length === 0 ? (
              <EmptyState isPlain icon="list" title={words.noneRuns} says={words.noneRunsSays} />
            ) : (
              <ul class="job-list">
                {running.slice(0, isAll.value ? undefined : SHOWN_JOBS).map((row) => (
                  <JobRowItem key={row.jobId} row={row} nowMs={now.value} />
                ))}
              </ul>
            )}
            {running.length > SHOWN_JOBS && !isAll.value && (
              <Button kind="quiet" onClick={() => (isAll.value = true)}>
                {words.showAll(running.length)}
              </Button>
            )}
          </Card>
        </div>
        <Card title={words.nextTitle}>
          {steps.length === 0 ? (
            <p class="hint">{words.nothingNext}</p>
          ) : (
            <Rows>
              {steps.map((step) => (
                <Step key={`${step.kind} ${'jobId' in step ? step.jobId : ''}`} step={step} />
              ))}
            </Rows>
          )}
        </Card>
      </div>
    </div>
  );
}

// Pre-flight: what compute providers ask for this job, who will not do it and why, and the one click that takes an offer.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Preflight } from '@nunet/shared/job-flow/preflight.ts';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import { WalletCard } from '../dashboard/wallet-card.tsx';
import type { JobSnapshot } from '../messages.ts';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { chainNow } from './chain-clock.ts';
import { CodeFacts } from './code-facts.tsx';
import { Offers, Refusals } from './offer-table.tsx';
import { fundsProblem, nextSentence, offerRows, refusalRows, summarySentence } from './offers.ts';

const Asking = (): JSX.Element => (
  <Card>
    <div class="stack">
      <p>{t().jobs.offers.asking}</p>
      <Skeleton label={t().jobs.offers.asking} />
    </div>
  </Card>
);

interface ChoiceProps {
  job: JobSnapshot;
  found: Preflight;
  askAgain: () => void;
}

function Choice({ job, found, askAgain }: ChoiceProps): JSX.Element {
  const { runner, now, act } = usePage();
  const picked = useSignal<string | null>(null);
  const isTaking = useSignal(false);
  const words = t().jobs.offers;
  const app = runner.app.value;
  const chainNowMs = app === null ? now.value : chainNow(app.chain, now.value);
  const offers = offerRows(found, chainNowMs, words);
  const live = offers.filter((row) => !row.isExpired);
  const chosen = live.find((row) => row.quoteCid === picked.value) ?? live[0];
  const quote = found.offers.find((offer) => offer.quote.cid === chosen?.quoteCid)?.quote.body;
  const problem = chosen === undefined || quote === undefined ? null : fundsProblem(chosen, quote, app?.wallet ?? null, words);
  const take = async (quoteCid: string): Promise<void> => {
    isTaking.value = true;
    await act(() => runner.ask({ type: 'take', jobId: job.summary.jobId, quoteCid }));
    isTaking.value = false;
  };
  const refusals = refusalRows(found, words);
  return (
    <>
      <Card label={words.title}>
        <div class="stack">
          <div class="heading">
            <p data-testid="preflight-summary" role="status">
              {summarySentence(found, offers, words)}
            </p>
            <Button kind="quiet" size="small" icon="again" testid="ask-again" onClick={askAgain}>
              {words.askAgain}
            </Button>
          </div>
          {offers.length > 0 && <Offers rows={offers} chosen={chosen?.quoteCid} onChoose={(cid) => (picked.value = cid)} />}
          {offers.length > 0 && live.length === 0 && (
            <Callout tone="wait" icon="clock" role="status">
              {words.allExpired}
            </Callout>
          )}
          {refusals.length > 0 && <Refusals rows={refusals} />}
        </div>
      </Card>
      {chosen !== undefined && (
        <Card title={words.next}>
          <div class="stack">
            <p>{nextSentence(chosen, job.record, words)}</p>
            <p class="hint">{words.readers[job.record.spec.replay]}</p>
            {problem !== null && (
              <Callout tone="wait" icon="coin" role="status">
                {problem}
              </Callout>
            )}
            <div class="actions">
              <Button
                kind="primary"
                size="large"
                icon="lock"
                testid="run"
                isDisabled={problem !== null || isTaking.value}
                onClick={() => void take(chosen.quoteCid)}
              >
                {isTaking.value ? words.taking : words.run(chosen.amount)}
              </Button>
            </div>
          </div>
        </Card>
      )}
    </>
  );
}

export function PreFlight({ job }: { job: JobSnapshot }): JSX.Element {
  const { runner, act } = usePage();
  const { go } = useRouter();
  const found = useSignal<Preflight | null>(null);
  const failed = useSignal(false);
  const words = t().jobs.offers;
  const { jobId, title, key } = job.summary;
  const { program } = job.record.spec;
  const isKeyLost = key === 'lost';
  const isReady = runner.app.value?.network.state === 'ready';
  const ask = (): void => {
    found.value = null;
    failed.value = false;
    void act(async () => (found.value = await runner.ask({ type: 'preflight', jobId }))).then((isThere) => (failed.value = !isThere));
  };
  useEffect(() => {
    if (isReady && !isKeyLost) ask();
  }, [jobId, isReady]);
  const discard = async (): Promise<void> => {
    if (await act(() => runner.ask({ type: 'discard', jobId }))) go({ view: 'jobs' });
  };
  return (
    <div class="stack">
      <PageHeader
        back={{ href: routeHash({ view: 'jobs' }), label: t().jobs.head.back }}
        testid="job-title"
        title={<Stranger text={title} length={120} />}
        actions={
          <Button kind="quiet" icon="trash" testid="discard" onClick={() => void discard()}>
            {words.discard}
          </Button>
        }
      />
      <div class="columns">
        <div class="stack">
          {program.kind === 'container' && (
            <Card title={t().jobs.code.title}>
              <CodeFacts program={program} />
            </Card>
          )}
          {isKeyLost && (
            <Callout tone="bad" testid="key-lost">
              {words.draftKeyLost}
            </Callout>
          )}
          {!isKeyLost && !isReady && (
            <Callout tone="wait" icon="globe" role="status">
              {words.notConnected}
            </Callout>
          )}
          {!isKeyLost && isReady && found.value === null && !failed.value && <Asking />}
          {failed.value && found.value === null && (
            <Callout
              tone="wait"
              actions={
                <Button size="small" icon="again" testid="ask-again" onClick={ask}>
                  {words.askAgain}
                </Button>
              }
            >
              {words.noneAsked}
            </Callout>
          )}
          {found.value !== null && <Choice job={job} found={found.value} askAgain={ask} />}
        </div>
        <WalletCard />
      </div>
    </div>
  );
}

// Pre-flight: what compute providers ask for this job, who will not do it and why, and the one click that locks money.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { JobSnapshot } from '../messages.ts';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { useRouter } from '../ui/router.ts';
import { Stranger } from '../ui/stranger.tsx';
import { shortId } from '../ui/visible-text.ts';
import { WalletCard } from '../ui/wallet-card.tsx';
import { chainNow } from './chain-clock.ts';
import { fundsProblem, nextSentence, offerRows, readersSentence, refusalRows, type OfferRow, type RefusalRow } from './offers.ts';

interface OffersProps {
  rows: readonly OfferRow[];
  chosen: string | undefined;
  onChoose: (quoteCid: string) => void;
}

function Offers({ rows, chosen, onChoose }: OffersProps): JSX.Element {
  return (
    <div class="table-place">
      <table class="offers">
        <caption class="away">Offers, best first</caption>
        <thead>
          <tr>
            <th scope="col">Compute provider</th>
            <th scope="col" class="number">
              At most
            </th>
            <th scope="col" class="number">
              NTX an hour
            </th>
            <th scope="col" class="number">
              Min. NTX
            </th>
            <th scope="col" class="number">
              Starts in
            </th>
            <th scope="col">Sandbox, delivery</th>
            <th scope="col" class="number">
              Expires in
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr
              key={row.quoteCid}
              class={`${row.quoteCid === chosen ? 'chosen' : ''} ${row.isExpired ? 'gone' : ''}`}
              data-testid={`offer-${i}`}
              data-peer-id={row.peerId}
              data-amount={row.amountBaseUnits.toString()}
              data-selected={row.quoteCid === chosen}
              onClick={() => onChoose(row.quoteCid)}
            >
              <td data-label="Compute provider">
                <label class="pick-offer">
                  <input
                    type="radio"
                    name="offer"
                    checked={row.quoteCid === chosen}
                    disabled={row.isExpired}
                    data-testid={`offer-pick-${i}`}
                    onChange={() => onChoose(row.quoteCid)}
                  />
                  <code title={row.peerId}>{shortId(row.peerId)}</code>
                </label>
              </td>
              <td data-label="At most" class="number">
                <strong>{row.amount}</strong>
              </td>
              <td data-label="NTX an hour" class="number">
                {row.rate}
              </td>
              <td data-label="Min. NTX" class="number">
                {row.minimum}
              </td>
              <td data-label="Starts in" class="number">
                {row.start}
              </td>
              <td data-label="Sandbox, delivery">
                {row.sandbox}, {row.delivery}
              </td>
              <td data-label="Expires in" class="number">
                {row.isExpired ? 'expired' : row.expires}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Refusals({ rows }: { rows: readonly RefusalRow[] }): JSX.Element {
  return (
    <ul class="refusals" aria-label="Compute providers that will not do it">
      {rows.map((row, i) => (
        <li key={row.peerId} data-testid={`refusal-${i}`} data-peer-id={row.peerId} data-outcome={row.outcome}>
          <code title={row.peerId}>{shortId(row.peerId)}</code>
          <span class="badge bad">{row.says}</span>
          <span class="lines">
            {row.reasons.map((reason) => (
              <Stranger key={reason} text={reason} length={300} />
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

const Asking = (): JSX.Element => (
  <div class="card" aria-busy="true" role="status">
    <p>Asking every compute provider in reach what this job would cost. No money moves.</p>
    <div class="skeleton line" />
    <div class="skeleton line" />
    <div class="skeleton line" />
  </div>
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
  const app = runner.app.value;
  const chainNowMs = app === null ? now.value : chainNow(app.chain, now.value);
  const offers = offerRows(found, chainNowMs);
  const live = offers.filter((row) => !row.isExpired);
  const chosen = live.find((row) => row.quoteCid === picked.value) ?? live[0];
  const quote = found.offers.find((offer) => offer.quote.cid === chosen?.quoteCid)?.quote.body;
  const problem = chosen === undefined || quote === undefined ? null : fundsProblem(chosen, quote, app?.wallet ?? null);
  const take = async (quoteCid: string): Promise<void> => {
    isTaking.value = true;
    await act(() => runner.ask({ type: 'take', jobId: job.summary.jobId, quoteCid }));
    isTaking.value = false;
  };
  const refusals = refusalRows(found);
  return (
    <>
      <section class="card" aria-label="Offers">
        <div class="heading">
          <p data-testid="preflight-summary" role="status">
            <Stranger text={found.summary} length={900} />
          </p>
          <button type="button" class="quiet" data-testid="ask-again" onClick={askAgain}>
            <Icon name="again" size={16} /> Ask again
          </button>
        </div>
        {offers.length > 0 && <Offers rows={offers} chosen={chosen?.quoteCid} onChoose={(cid) => (picked.value = cid)} />}
        {offers.length > 0 && live.length === 0 && (
          <p class="message wait" role="status">
            <Icon name="clock" /> All offers have expired. Nothing was locked; ask again for fresh ones.
          </p>
        )}
        {refusals.length > 0 && <Refusals rows={refusals} />}
      </section>
      {chosen !== undefined && (
        <section class="card next" aria-label="What happens next">
          <p>{nextSentence(chosen, job.record)}</p>
          <p>{readersSentence(job.record.spec.replay)}</p>
          {problem !== null && (
            <p class="message wait" role="status">
              <Icon name="coin" /> {problem}
            </p>
          )}
          <div class="actions">
            <button
              type="button"
              class="primary large"
              data-testid="run"
              disabled={problem !== null || isTaking.value}
              onClick={() => void take(chosen.quoteCid)}
            >
              <Icon name="lock" /> {isTaking.value ? 'Taking the offer' : `Run and lock ${chosen.amount}`}
            </button>
          </div>
        </section>
      )}
    </>
  );
}

export function PreFlight({ job }: { job: JobSnapshot }): JSX.Element {
  const { runner, act } = usePage();
  const { go } = useRouter();
  const found = useSignal<Preflight | null>(null);
  const failed = useSignal(false);
  const { jobId, title, key } = job.summary;
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
      <div class="heading">
        <h1 data-testid="job-title">
          <Stranger text={title} length={120} />
        </h1>
        <button type="button" class="quiet" data-testid="discard" onClick={() => void discard()}>
          <Icon name="cross" size={16} /> Discard draft
        </button>
      </div>
      <div class="columns">
        <div class="stack">
          {isKeyLost && (
            <p class="message bad" data-testid="key-lost">
              <Icon name="alert" /> The keys of this draft were in this browser’s memory and are gone. Discard it and prepare the job again.
            </p>
          )}
          {!isKeyLost && !isReady && (
            <p class="message wait" role="status">
              <Icon name="node" /> Not connected: offers come once the devnet is there again.
            </p>
          )}
          {!isKeyLost && isReady && found.value === null && !failed.value && <Asking />}
          {failed.value && found.value === null && (
            <div class="card">
              <p>Nobody could be asked. Nothing was locked.</p>
              <div class="actions">
                <button type="button" data-testid="ask-again" onClick={ask}>
                  <Icon name="again" size={16} /> Ask again
                </button>
              </div>
            </div>
          )}
          {found.value !== null && <Choice job={job} found={found.value} askAgain={ask} />}
        </div>
        <WalletCard />
      </div>
    </div>
  );
}

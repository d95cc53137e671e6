// What agents said to a draft, as rows: offers that may be taken, refusals with their reasons, and what happens once one is taken.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { NoOffer, Preflight } from '@nunet/shared/job-flow/preflight.ts';
import { minimumLockLovelace } from '@nunet/shared/lock-check.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { AppState } from '../messages.ts';
import { adaText, amountText, countdownText, durationText, ntxText } from '../ui/quantity-text.ts';

export interface OfferRow {
  quoteCid: string;
  peerId: string;
  amountBaseUnits: bigint;
  amount: string;
  /** NTX an hour, and the least NTX that is charged. */
  rate: string;
  minimum: string;
  start: string;
  sandbox: string;
  delivery: string;
  /** Countdown to the quote's end in chain time. */
  expires: string;
  isExpired: boolean;
}

/** An agent that will not do it. */
export interface RefusalRow {
  peerId: string;
  outcome: NoOffer['outcome'];
  says: string;
  reasons: string[];
}

const SANDBOXES: Readonly<Record<Quote['sandbox'], string>> = {
  none: 'none',
  limits: 'limits only',
  namespace: 'namespaces',
  container: 'container',
};
const OUTCOMES: Readonly<Record<NoOffer['outcome'], string>> = {
  refused: 'Refused',
  unreachable: 'No answer',
  'over-budget': 'Over budget',
  invalid: 'Unusable quote',
};

export const offerRows = (found: Preflight, chainNowMs: number): OfferRow[] =>
  found.offers.map(({ quote: { cid, body } }) => ({
    quoteCid: cid,
    peerId: body.computeProvider.peerId,
    amountBaseUnits: body.amountBaseUnits,
    amount: ntxText(body.amountBaseUnits),
    rate: amountText(body.rateBaseUnitsPerHour),
    minimum: amountText(body.minimumBaseUnits),
    start: durationText(body.expectedStartMs),
    sandbox: SANDBOXES[body.sandbox],
    delivery: body.delivery,
    expires: countdownText(body.expiresAt - chainNowMs),
    isExpired: body.expiresAt <= chainNowMs,
  }));

export const refusalRows = (found: Preflight): RefusalRow[] =>
  found.others.map(({ agent, outcome, reasons }) => ({
    peerId: agent.peerId,
    outcome,
    says: OUTCOMES[outcome],
    reasons: reasons.map((reason) => reason.message),
  }));

/** Who can see the inputs, as the spec allows it. */
export function readersSentence(replay: JobRecord['spec']['replay']): string {
  const owner = 'Whoever owns the machine can see what runs on it, inputs and outputs included.';
  switch (replay) {
    case 'public':
      return `${owner} If you dispute the result, anybody may fetch inputs and outputs to run the job again.`;
    case 'named':
      return `${owner} If you dispute the result, the replayers that the oracles name may fetch inputs and outputs too.`;
    case 'never':
      return `${owner} Nobody else may run the job again, so a dispute is decided without a replay.`;
  }
}

/** What a click on the button does, for this offer. */
export const nextSentence = (offer: OfferRow, record: JobRecord): string =>
  `${offer.amount} go from your wallet into the escrow; the compute provider fetches ${record.spec.inputs.length} inputs and runs the job for at most ${durationText(record.spec.timeLimitMs)}. You pay for the time it used, at least ${offer.minimum} NTX, and the rest comes back in the same transaction.`;

/** Two fees and the least ADA that a change output must hold; a lock and its settle cost 0.2 to 0.5 ADA on the devnet. */
const SPARE_LOVELACE = 2_000_000n;

/** Why this offer cannot be taken with what the wallet holds; null when it can. */
export function fundsProblem(offer: OfferRow, quote: Quote, wallet: AppState['wallet']): string | null {
  if (wallet === null) return 'There is no wallet yet: connect to a devnet first.';
  const wanted = minimumLockLovelace(quote.settleLovelace) + SPARE_LOVELACE;
  if (wallet.baseUnits < offer.amountBaseUnits) return `Your wallet holds ${ntxText(wallet.baseUnits)}; this offer locks ${offer.amount}.`;
  if (wallet.lovelace < wanted)
    return `Your wallet holds ${adaText(wallet.lovelace)}; a lock needs about ${adaText(wanted)}, most of which comes back.`;
  return null;
}

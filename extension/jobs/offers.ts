// What agents said to a draft, as rows: offers that may be taken, refusals with their reasons, and what happens once one is taken.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { NoOffer, Preflight } from '@nunet/shared/job-flow/preflight.ts';
import { minimumLockLovelace } from '@nunet/shared/lock-check.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { AppState } from '../messages.ts';
import type { Catalog } from '../ui/i18n.ts';
import { adaText, amountText, countdownText, durationText, ntxText } from '../ui/quantity-text.ts';

type Words = Catalog['jobs']['offers'];

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

export const offerRows = (found: Preflight, chainNowMs: number, words: Words): OfferRow[] =>
  found.offers.map(({ quote: { cid, body } }) => ({
    quoteCid: cid,
    peerId: body.computeProvider.peerId,
    amountBaseUnits: body.amountBaseUnits,
    amount: ntxText(body.amountBaseUnits),
    rate: amountText(body.rateBaseUnitsPerHour),
    minimum: amountText(body.minimumBaseUnits),
    start: durationText(body.expectedStartMs),
    sandbox: words.sandboxes[body.sandbox],
    delivery: words.deliveries[body.delivery],
    expires: countdownText(body.expiresAt - chainNowMs),
    isExpired: body.expiresAt <= chainNowMs,
  }));

/** How many would do it, how many will not, and what the best asks: the first of the rows. */
export function summarySentence(found: Preflight, [best]: readonly OfferRow[], words: Words): string {
  if (found.offers.length + found.others.length === 0) return words.nobody;
  return words.summary(found.offers.length, found.others.length) + (best === undefined ? '' : words.best(best.amount, best.start));
}

export const refusalRows = (found: Preflight, words: Words): RefusalRow[] =>
  found.others.map(({ agent, outcome, reasons }) => ({
    peerId: agent.peerId,
    outcome,
    says: words.outcomes[outcome],
    reasons: reasons.map((reason) => reason.message),
  }));

/** What a click on the button does, for this offer. */
export const nextSentence = (offer: OfferRow, record: JobRecord, words: Words): string =>
  words.nextSays(offer.amount, record.spec.inputs.length, durationText(record.spec.timeLimitMs), offer.minimum);

/** Two fees and the least ADA that a change output must hold; a lock and its settle cost 0.2 to 0.5 ADA on the devnet. */
const SPARE_LOVELACE = 2_000_000n;

/** Why this offer cannot be taken with what the wallet holds; null when it can. */
export function fundsProblem(offer: OfferRow, quote: Quote, wallet: AppState['wallet'], words: Words): string | null {
  if (wallet === null) return words.noWallet;
  const wanted = minimumLockLovelace(quote.settleLovelace) + SPARE_LOVELACE;
  if (wallet.baseUnits < offer.amountBaseUnits) return words.tooLittleNtx(ntxText(wallet.baseUnits), offer.amount);
  return wallet.lovelace < wanted ? words.tooLittleAda(adaText(wallet.lovelace), adaText(wanted)) : null;
}

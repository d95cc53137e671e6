// A draft's offers: asked for once however many pages look, kept until the next asking, given back when they are not taken.
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import { preflight, releaseOthers, type Offer, type Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { Online } from './online.ts';

/** A hub that has just started hears of its agents within seconds. */
const ADVERT_TRIES = 5;
const FAREWELL_MS = 3_000;

export interface DraftOffers {
  /** Asks every agent in reach; a second caller shares the first one's question. */
  ask(online: Online): Promise<Preflight>;
  /** An offer of the newest answer that can still be locked. Throws `offer-gone`, `offer-expired`, `funds-insufficient`; the draft stays. */
  find(quoteCid: string, online: Online): Offer;
  /** Tells all agents but the one that was taken that they hold nothing. Never throws. */
  giveBack(online: Online, taken: Offer | null): Promise<void>;
}

export function draftOffers(parts: {
  clock: Clock;
  draft: Pick<JobRecord, 'jobId' | 'request' | 'budgetBaseUnits'>;
  /** NTX of the job's account; null while it is not known. */
  held: () => bigint | null;
}): DraftOffers {
  const { clock, draft } = parts;
  let asked: { online: Online; found: Promise<Preflight>; result: Preflight | undefined } | undefined;

  const askAll = async (online: Online): Promise<Preflight> => {
    const ports = { network: online.network, clock, escrow: online };
    const { request, budgetBaseUnits } = draft;
    const options = { request, record: online.record, budgetBaseUnits, signal: online.signal };
    let found = await preflight(ports, options);
    for (let again = 0; again < ADVERT_TRIES && found.offers.length + found.others.length === 0; again++) {
      await clock.sleep(1_000, online.signal);
      found = await preflight(ports, options);
    }
    return found;
  };
  const resultOf = (online: Online): Preflight | undefined => (asked?.online === online ? asked.result : undefined);

  return {
    ask(online) {
      if (asked !== undefined && asked.online === online && asked.result === undefined) return asked.found;
      const asking = { online, found: askAll(online), result: undefined as Preflight | undefined };
      asked = asking;
      asking.found.then(
        (result) => (asking.result = result),
        () => {
          if (asked === asking) asked = undefined;
        },
      );
      return asking.found;
    },
    find(quoteCid, online) {
      const offer = resultOf(online)?.offers.find(({ quote }) => quote.cid === quoteCid);
      if (offer === undefined)
        throw new NunetError('offer-gone', 'Cannot take this offer: it is not one of the newest; ask the compute providers again');
      const { expiresAt, amountBaseUnits } = offer.quote.body;
      if (expiresAt <= (online.tipTimeMs() ?? 0))
        throw new NunetError('offer-expired', 'Cannot take this offer: it has expired; ask the compute providers again');
      const held = parts.held();
      if (held !== null && held < amountBaseUnits) {
        throw new NunetError(
          'funds-insufficient',
          `Cannot take this offer: it locks ${formatAmount(amountBaseUnits)} NTX and the wallet holds ${formatAmount(held)}; add funds first`,
        );
      }
      return offer;
    },
    async giveBack(online, taken) {
      const found = resultOf(online);
      asked = undefined;
      if (found === undefined) return;
      await releaseOthers({ network: online.network, clock }, found, taken, AbortSignal.timeout(FAREWELL_MS)).catch(() => undefined);
    },
  };
}

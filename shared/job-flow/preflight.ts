// Pre-flight: current adverts -> quotes and refusals, ranked, each "no" with its plain reason. No money moves here.
import { formatAmount } from '../amount.ts';
import type { Advert } from '../advert.ts';
import { safeError } from '../errors.ts';
import { openQuote } from '../evidence.ts';
import type { NetworkRecord } from '../network-record.ts';
import { keyOfPeerId } from '../peer-id.ts';
import { MAX_QUOTE_BYTES, quoteRefusal, type Quote, type QuoteRequest, type Reason } from '../quote.ts';
import { openStatement, type Signed } from '../signature.ts';
import { sandboxLevel } from '../job-spec.ts';
import type { AgentContact, Clock, Escrow, Network } from './ports.ts';
import { quoteProblems } from './quote-check.ts';
import { withTimeout } from './waiting.ts';

/** Agents asked at once. */
const PARALLEL = 16;
/** Agents asked in all, cheapest adverts first. */
const MAX_ASKED = 64;
const ASK_TIMEOUT_MS = 15_000;
/** Once somebody offers and everybody was asked, nobody waits longer than this for the rest. */
const PATIENCE_MS = 3_000;
const RELEASE_TIMEOUT_MS = 3_000;

/** A quote that may be locked. */
export interface Offer {
  agent: AgentContact;
  advert: Advert;
  quote: Signed<Quote>;
}

/** An agent that will not do it, and why. */
export interface NoOffer {
  agent: AgentContact;
  advert: Advert;
  outcome: 'refused' | 'unreachable' | 'over-budget' | 'invalid';
  reasons: Reason[];
  /** The quote, where there was one. */
  quote?: Signed<Quote>;
}

export interface Preflight {
  /** Best first: price, then expected start, then sandbox. */
  offers: Offer[];
  others: NoOffer[];
  /** "2 agents match, 1 refused because ...": one line to show. */
  summary: string;
}

const lowest = (advert: Advert): bigint => advert.price.cpuHour + advert.price.minimum;

const byWorth = (a: Offer, b: Offer): number => {
  const [p, q] = [a.quote.body, b.quote.body];
  if (p.amountBaseUnits !== q.amountBaseUnits) return p.amountBaseUnits < q.amountBaseUnits ? -1 : 1;
  if (p.expectedStartMs !== q.expectedStartMs) return p.expectedStartMs - q.expectedStartMs;
  const sandbox = sandboxLevel.options.indexOf(q.sandbox) - sandboxLevel.options.indexOf(p.sandbox);
  return sandbox !== 0 ? sandbox : p.computeProvider.peerId < q.computeProvider.peerId ? -1 : 1;
};

/** What an advert alone rules out; asking would only cost both sides time. */
function advertProblems(advert: Advert, request: QuoteRequest, record: NetworkRecord): Reason[] {
  const problems: Reason[] = [];
  if (record.revokedPeers.includes(advert.peerId))
    problems.push({ code: 'peer-revoked', message: 'the network record revokes this agent' });
  if (!advert.kinds.includes(request.work.kind)) problems.push({ code: 'kind', message: `it does not run ${request.work.kind} jobs` });
  const { gpus } = request.resources;
  if (advert.total.gpus < gpus) problems.push({ code: 'gpus', message: `it lends ${advert.total.gpus} GPUs, the job wants ${gpus}` });
  if (advert.asset.policyId !== record.asset.policyId || advert.asset.assetName !== record.asset.assetName)
    problems.push({ code: 'asset', message: 'it wants to be paid in another asset' });
  return problems;
}

interface Asking {
  network: Network;
  request: QuoteRequest;
  record: NetworkRecord;
  budgetBaseUnits: bigint;
  clock: Clock;
  chainTimeMs: number;
  signal: AbortSignal;
  /** Aborted when the others are not waited for any longer. */
  late: AbortSignal;
}

async function askOne(advert: Advert, asking: Asking): Promise<Offer | NoOffer> {
  const { request, record, network, clock, signal } = asking;
  const agent: AgentContact = { peerId: advert.peerId, addresses: advert.addresses };
  const no = (outcome: NoOffer['outcome'], reasons: Reason[], quote?: Signed<Quote>): NoOffer => ({
    agent,
    advert,
    outcome,
    reasons,
    ...(quote === undefined ? {} : { quote }),
  });
  const ruledOut = advertProblems(advert, request, record);
  if (ruledOut.length > 0) return no('refused', ruledOut);
  let answer: Awaited<ReturnType<Network['requestQuote']>>;
  try {
    const patience = AbortSignal.any([signal, asking.late]);
    answer = await withTimeout((within) => network.requestQuote(agent, request, within), ASK_TIMEOUT_MS, clock, patience);
  } catch (error) {
    signal.throwIfAborted();
    if (asking.late.aborted)
      return no('unreachable', [{ code: 'peer-slow', message: `no answer while others waited ${PATIENCE_MS / 1000} s` }]);
    const { code, message } = safeError(error);
    // A peer that answers with an error is there; one that does not answer is not.
    return no(code === 'peer-failure' ? 'refused' : 'unreachable', [{ code, message }]);
  }
  try {
    if (answer.type === 'refusal') {
      const refusal = openStatement('quote-refusal', quoteRefusal, answer.envelope, {
        network: request.network,
        maxBytes: MAX_QUOTE_BYTES,
        keyOf: () => keyOfPeerId(agent.peerId),
      });
      return no('refused', refusal.body.reasons);
    }
    const quote = openQuote(answer.envelope, request.network);
    const problems = quoteProblems(quote.body, {
      request,
      record,
      peerId: agent.peerId,
      budgetBaseUnits: asking.budgetBaseUnits,
      now: asking.chainTimeMs,
    });
    if (problems.length === 0) return { agent, advert, quote };
    return no(problems.every((problem) => problem.code === 'over-budget') ? 'over-budget' : 'invalid', problems, quote);
  } catch (error) {
    const { code, message } = safeError(error);
    return no('invalid', [{ code, message }]);
  }
}

/** Asks every agent that is in reach, in parallel, and ranks what they say. Throws when the adverts or the chain cannot be had. */
export async function preflight(
  ports: { network: Network; clock: Clock; escrow: Pick<Escrow, 'chainTimeMs'> },
  options: { request: QuoteRequest; record: NetworkRecord; budgetBaseUnits: bigint; signal: AbortSignal },
): Promise<Preflight> {
  const now = ports.clock.now();
  // Times of a quote are chain time; those of an advert are not.
  const chainTimeMs = await ports.escrow.chainTimeMs(options.signal);
  const adverts = (await ports.network.adverts(options.signal))
    .map((signed) => signed.body)
    .filter((advert) => advert.network === options.request.network && advert.expiresAt > now)
    .sort((a, b) => (lowest(a) < lowest(b) ? -1 : lowest(a) > lowest(b) ? 1 : a.peerId < b.peerId ? -1 : 1));
  const waiting = adverts.slice(0, MAX_ASKED);
  const results: (Offer | NoOffer)[] = [];
  const late = new AbortController();
  const settled = new AbortController();
  let isHurrying = false;
  const worker = async (): Promise<void> => {
    for (let advert = waiting.shift(); advert !== undefined; advert = waiting.shift()) {
      results.push(await askOne(advert, { ...options, network: ports.network, clock: ports.clock, chainTimeMs, late: late.signal }));
      if (isHurrying || waiting.length > 0 || !results.some((result) => !('outcome' in result))) continue;
      isHurrying = true;
      ports.clock.sleep(PATIENCE_MS, settled.signal).then(
        () => late.abort(),
        () => undefined,
      );
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  settled.abort();
  const offers = results.filter((result): result is Offer => !('outcome' in result)).sort(byWorth);
  const others = results.filter((result): result is NoOffer => 'outcome' in result);
  others.sort((a, b) => (a.agent.peerId < b.agent.peerId ? -1 : 1));
  return { offers, others, summary: summarize(offers, others) };
}

/**
 * Tells every agent whose quote is not taken, so that it holds nothing for nobody. A courtesy: an agent that cannot be told
 * frees it by itself when the quote ends. Never throws but for the signal.
 */
export async function releaseOthers(
  ports: { network: Pick<Network, 'release'>; clock: Clock },
  found: Preflight,
  taken: Offer | null,
  signal: AbortSignal,
): Promise<void> {
  const unwanted = [...found.offers, ...found.others].filter(({ quote }) => quote !== undefined && quote.cid !== taken?.quote.cid);
  await Promise.allSettled(
    unwanted.map(({ agent, quote }) =>
      withTimeout((within) => ports.network.release(agent, quote?.body.jobId ?? '', within), RELEASE_TIMEOUT_MS, ports.clock, signal),
    ),
  );
  signal.throwIfAborted();
}

const OUTCOMES: Readonly<Record<NoOffer['outcome'], string>> = {
  refused: 'refused',
  unreachable: 'did not answer',
  'over-budget': 'over budget',
  invalid: 'sent a quote that cannot be used',
};

function summarize(offers: readonly Offer[], others: readonly NoOffer[]): string {
  if (offers.length + others.length === 0) return 'No agent is in reach: no hub knows a current advert. Start an agent or try again later.';
  const parts = [`${offers.length === 0 ? 'no' : offers.length} ${offers.length < 2 ? 'agent matches' : 'agents match'}`];
  const groups = new Map<string, number>();
  for (const other of others) {
    // Prices differ, so that each would be a line of its own; what would do is said once, below.
    const text =
      other.outcome === 'over-budget'
        ? OUTCOMES[other.outcome]
        : `${OUTCOMES[other.outcome]}: ${other.reasons[0]?.message ?? 'no reason given'}`;
    groups.set(text, (groups.get(text) ?? 0) + 1);
  }
  for (const [text, count] of groups) parts.push(`${count} ${text}`);
  const cheapest = others
    .filter((other) => other.outcome === 'over-budget' && other.quote !== undefined)
    .map((other) => other.quote?.body.amountBaseUnits ?? 0n)
    .sort((a, b) => (a < b ? -1 : 1))[0];
  if (offers.length === 0 && cheapest !== undefined) parts.push(`a budget of ${formatAmount(cheapest)} NTX would do`);
  return parts.join('; ');
}

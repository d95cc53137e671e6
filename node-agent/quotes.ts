// Quotes: a request in, a signed quote that holds capacity or a signed refusal with reasons out.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encode } from '@nunet/shared/encoding.ts';
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { QUOTE_LIFETIME_MS, type Quote, type QuoteRefusal, type QuoteRequest, type Reason } from '@nunet/shared/quote.ts';
import { streamTermsOf } from '@nunet/shared/stream-pay.ts';
import { signStatement, type Signer } from '@nunet/shared/signature.ts';
import type { Capacity } from './capacity.ts';
import type { Fingerprints } from './executor/executor-set.ts';
import { quotedEntry, type JobBook, type Sold } from './job-book.ts';
import type { DemandOf } from './demand.ts';
import { localMinutes } from './hours.ts';
import { ownerProblems } from './owner-policy.ts';
import { requestProblems, timesOf, type Windows } from './policy.ts';
import { priceOf, type StreamShares } from './pricing.ts';
import type { Settings } from './settings.ts';
import { bytesToCome, queuedBytes, startEstimateMs } from './start-estimate.ts';

/** A quote that is asked for again keeps being the answer until this much of its life is left. */
const REUSE_ABOVE_MS = QUOTE_LIFETIME_MS / 2;
/** Capacity stays held a little past the quote: a lock in the last block before its end is still being told. */
const HOLD_GRACE_MS = 15_000;
/** Journal entries of unsold quotes are swept after this many. */
const COMPACT_EVERY = 1_000;
/** After its `startBy` a quote is of no use; a little longer, so that a late run request hears the right reason. */
export const KEEP_UNSOLD_MS = 60_000;

const PAUSED: Reason = { code: 'paused', message: 'The owner of this agent has paused it: it takes no new jobs until it is resumed' };

export interface QuoteParts {
  network: Network;
  peerId: string;
  /** Where pay goes. */
  address: string;
  signer: Signer;
  record: NetworkRecord;
  fingerprints: Fingerprints;
  /** What image, packages and the like would still take, ms. */
  expectedStartMs(work: QuoteRequest['work']): number;
  /** An engine here has this image already. */
  hasImage(reference: string): boolean;
  settings: Settings;
  /** Why nothing at all is taken; null otherwise. */
  closed(): Reason | null;
  /** It is the machine's own owner who asks. */
  isOwnPeer(peerId: string): boolean;
  /** POSIX ms of this machine: the owner's hours go by its clock. */
  clock(): number;
  /** How much of a streamed job may be unpaid, in percent of the amount. */
  stream: StreamShares;
  windows?: Windows;
  capacity: Capacity;
  demandOf: DemandOf;
  book: JobBook;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
  random(bytes: number): Uint8Array;
}

export function createQuotes(parts: QuoteParts) {
  let sinceCompact = 0;

  const refuse = async (request: QuoteRequest, reasons: Reason[], now: number): Promise<AnswerOf<'quote'>> => {
    const body: QuoteRefusal = {
      v: 1,
      network: parts.network,
      jobId: request.jobId,
      computeProvider: parts.peerId,
      reasons,
      issuedAt: now,
    };
    return { type: 'refusal', envelope: (await signStatement('quote-refusal', body, parts.signer)).envelope };
  };

  /** Quotes that still hold their part: not those that were given back. */
  const held = (now: number): Sold[] => parts.book.openQuotes(now).filter(({ quote }) => parts.capacity.has(quote.body.jobId, now));

  /** The same question gets the same answer, so that a lost reply holds no second share. */
  const again = (request: QuoteRequest, now: number): Sold | undefined => {
    const wanted = bytesToHex(encode(request));
    return held(now).find((sold) => sold.quote.body.expiresAt - now > REUSE_ABOVE_MS && bytesToHex(encode(sold.request)) === wanted);
  };

  return async (request: QuoteRequest, caller: Caller): Promise<AnswerOf<'quote'>> => {
    const { book, capacity, record } = parts;
    const now = await parts.now(caller.signal);
    const settings = parts.settings.now;
    const closed = parts.closed() ?? (settings.pausedBy === null ? null : PAUSED);
    if (closed !== null) return refuse(request, [closed], now);
    const open = held(now).filter(({ quote }) => quote.body.serviceProvider.peerId === caller.peerId);
    const problems = requestProblems(request, {
      network: parts.network,
      record,
      limits: settings.limits,
      now,
      callerPeerId: caller.peerId,
      heldByCaller: new Set(open.map(({ quote }) => quote.body.jobId).filter((jobId) => jobId !== request.jobId)).size,
    });
    problems.push(
      ...ownerProblems(settings, {
        work: request.work,
        serviceProvider: caller.peerId,
        isOwn: parts.isOwnPeer(caller.peerId),
        fingerprint: parts.fingerprints.of(request.work.kind),
        hasImage: (reference) => parts.hasImage(reference),
        localMinute: localMinutes(parts.clock()),
      }),
    );
    if (book.find(request.jobId) !== undefined) {
      problems.push({ code: 'job-known', message: 'This job was run here already; the same work again needs a new nonce' });
    }
    if (problems.length > 0) return refuse(request, problems.slice(0, 16), now);
    const earlier = again(request, now);
    if (earlier !== undefined) return { type: 'quote', envelope: earlier.quote.envelope };

    // Held by job, so that a second quote for one job replaces the first. Nothing is awaited between the look and the hold.
    const demand = parts.demandOf(request.work.kind, request.resources);
    const full = capacity.problems(request.jobId, demand, now);
    if (full.length > 0) return refuse(request, full, now);
    const price = priceOf(settings.prices, request.resources, request.timeLimitMs);
    if (request.stream === true && price.amountBaseUnits === 0n) {
      return refuse(request, [{ code: 'stream-free', message: 'This job costs nothing here, so there is nothing to pay by voucher' }], now);
    }
    const times = timesOf(now, request.timeLimitMs, price.amountBaseUnits, {
      network: parts.network,
      record,
      lifetimeMs: QUOTE_LIFETIME_MS,
      ...(parts.windows === undefined ? {} : { windows: parts.windows }),
    });
    capacity.reserve(request.jobId, { resources: demand, until: times.expiresAt + HOLD_GRACE_MS }, now);

    const closeSecret = parts.random(32);
    const body: Quote = {
      v: 1,
      network: parts.network,
      jobId: request.jobId,
      serviceProvider: request.serviceProvider,
      computeProvider: { peerId: parts.peerId, address: parts.address },
      voucherKey: request.voucherKey,
      closeKey: bytesToHex(ed25519.getPublicKey(closeSecret)),
      oracleKeys: request.oracleKeys,
      k: request.k,
      asset: record.asset,
      ...price,
      settleLovelace: record.settleLovelace,
      resources: request.resources,
      timeLimitMs: request.timeLimitMs,
      delivery: request.delivery,
      replay: request.replay,
      sandbox: parts.fingerprints.of(request.work.kind).sandbox,
      expectedStartMs: startEstimateMs(bytesToCome(request), queuedBytes(book.jobs()), parts.expectedStartMs(request.work)),
      ...times,
      ...(request.stream === true ? { stream: streamTermsOf(price, parts.stream) } : {}),
    };
    const quote = await signStatement('quote', body, parts.signer);
    await book.record(quotedEntry({ quote, request }, closeSecret));
    sinceCompact += 1;
    if (sinceCompact >= COMPACT_EVERY) {
      sinceCompact = 0;
      await book.compact(now - KEEP_UNSOLD_MS);
    }
    return { type: 'quote', envelope: quote.envelope };
  };
}

/** Frees what an open quote of this caller holds; a job that was begun on it keeps its part. */
export const createReleases =
  ({ book, capacity, now }: Pick<QuoteParts, 'book' | 'capacity' | 'now'>) =>
  async (jobId: string, caller: Caller): Promise<void> => {
    const open = book.openQuotes(await now(caller.signal));
    const isTheirs = open.some(({ quote: { body } }) => body.jobId === jobId && body.serviceProvider.peerId === caller.peerId);
    if (isTheirs) capacity.releaseQuote(jobId);
  };

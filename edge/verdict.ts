// The verdict table of the oracles: a pure function of the pooled evidence and chain time. Arrival order never matters.
import type { VerdictKind } from '@nunet/shared/attestation.ts';
import type { Ack, Dispute, Manifest } from '@nunet/shared/manifest.ts';
import { billedPay, type LockRefusal, type Quote } from '@nunet/shared/quote.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import type { ReplayOutcome } from '@nunet/shared/replay.ts';
import { keyBy } from '@nunet/shared/sealed/key-deadline.ts';
import { deliveryProblem } from '@nunet/shared/sealed/manifest-delivery.ts';
import { opensManifest, type SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { Voucher } from '@nunet/shared/voucher.ts';

/** One signed piece, and the chain time (POSIX ms) at which the first oracle of the quote had it. */
export interface Held<T> {
  body: T;
  cid: string;
  receivedAt: number;
}

/** The union of what the oracles of a quote hold over one lock. Each list may hold contradictions of its author. */
export interface Pool {
  quote: Signed<Quote>;
  refusals: readonly Held<LockRefusal>[];
  manifests: readonly Held<Manifest>[];
  acks: readonly Held<Ack>[];
  disputes: readonly Held<Dispute>[];
  /** Of each key hash the highest, which is all that counts. */
  vouchers: readonly Held<Voucher>[];
  keys: readonly Held<SealedKey>[];
  /** Manifests that a proof shows to be wrong; the proofs were checked when they came. */
  disproved: readonly string[];
}

export interface CaseFacts {
  pool: Pool;
  /** `fits`: `lockProblems` found nothing. */
  lock: { amountBaseUnits: bigint; fits: boolean };
  /** Time of the chain's tip, POSIX ms. */
  chainTimeMs: number;
  /** What the last replay found of the claim in this manifest; of another one it says nothing. */
  replay: { manifestCid: string; outcome: ReplayOutcome } | null;
}

export type Verdict = { type: 'verdict'; kind: VerdictKind; paidBaseUnits: bigint; rule: string };
export type Step =
  | Verdict
  | { type: 'replay'; manifestCid: string; disputeCid: string; disputedAt: number }
  | { type: 'wait'; until: number; because: string };

/**
 * How long after a deadline oracles still take pieces from each other, ms, so that all hold the same union when they
 * decide. From the quote alone, so that it is the same everywhere: an eighth of the claim window, at most two minutes.
 */
export const graceOf = (quote: Quote): number => Math.min(120_000, Math.floor((quote.reclaimAfter - quote.disputeBy) / 8));

/** When an oracle stops to hope for a replay, POSIX ms: the middle of the claim window. */
export const replayUntil = (quote: Quote): number => quote.disputeBy + Math.floor((quote.reclaimAfter - quote.disputeBy) / 2);

/**
 * Until when the oracles beyond the first k leave a replay to those, POSIX ms: the quoted time of the job, at most a quarter
 * of the time there is. k equal outcomes settle; more would only be paid for in electricity.
 */
export const standbyUntil = (quote: Quote, disputedAt: number): number =>
  disputedAt + Math.min(quote.timeLimitMs, Math.max(0, Math.floor((replayUntil(quote) - disputedAt) / 4)));

/** What a manifest is due when nobody proves it wrong. */
function due(m: Manifest, quote: Quote, amount: bigint): { kind: VerdictKind; paid: bigint; rule: string | null } {
  switch (m.exit.kind) {
    case 'completed':
      return { kind: 'withdraw', paid: least(m.payBaseUnits, amount), rule: null };
    case 'computeProviderFault':
      return { kind: 'refund', paid: 0n, rule: 'compute-provider-fault' };
    case 'jobFault': {
      if (2 * m.billedMs < quote.timeLimitMs) return { kind: 'refund', paid: 0n, rule: 'job-fault-early' };
      if (4 * m.billedMs < 3 * quote.timeLimitMs) return { kind: 'distribute', paid: amount / 2n, rule: 'job-fault-from-half' };
      return { kind: 'distribute', paid: (amount * 3n) / 4n, rule: 'job-fault-from-three-quarters' };
    }
  }
}
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

interface Read {
  facts: CaseFacts;
  quote: Quote;
  now: number;
  grace: number;
  /** The manifest that counts, if any. */
  manifest: Held<Manifest> | null;
  acked: boolean;
  /** The job key signed a voucher for its K at what it is due, or more, and K is here. */
  bought: boolean;
  contradicted: boolean;
  /** `open`: readable from the start. `held`: K came in time. `disproved`: K opens something else than was committed to. */
  outputs: 'open' | 'held' | 'lacking' | 'disproved';
  /** In time, and about the manifest that counts. */
  dispute: Held<Dispute> | null;
  /** What a replay of that manifest found last. */
  found: ReplayOutcome | null;
  owed: ReturnType<typeof due>;
}

const byCid = (a: { cid: string }, b: { cid: string }): number => (a.cid < b.cid ? -1 : a.cid > b.cid ? 1 : 0);

/** Sets in, one reading out: everything below sees the union only through this. */
function read(facts: CaseFacts): Read {
  const quote = facts.pool.quote.body;
  const amount = facts.lock.amountBaseUnits;
  const { disproved, keys, vouchers } = facts.pool;
  const isSealed = ({ body }: Held<Manifest>): boolean => body.exit.kind === 'completed' && body.delivery.leaves !== undefined;
  // Encrypted where readable was quoted, or encrypted to no commitment, is no delivery.
  const isDelivery = ({ delivery, ...body }: Manifest): boolean =>
    delivery.kind === 'open' || (quote.delivery === 'sealed' && deliveryProblem({ delivery, ...body }) === null);
  const counts = ({ body }: Held<Manifest>): boolean =>
    body.exit.kind !== 'completed' || (body.payBaseUnits === billedPay(quote, body.billedMs) && isDelivery(body));
  const keyOf = (m: Held<Manifest>): Held<SealedKey> | undefined =>
    keys.filter(({ body }) => opensManifest(body, m)).sort((a, b) => a.receivedAt - b.receivedAt)[0];
  const isBought = (m: Held<Manifest>): boolean =>
    isSealed(m) &&
    keyOf(m) !== undefined &&
    !disproved.includes(m.cid) &&
    vouchers.some(({ body }) => body.keyHash === m.body.delivery.keyHash && body.paidBaseUnits >= due(m.body, quote, amount).paid);
  const manifests = facts.pool.manifests.filter(counts).sort(byCid);
  const isAcked = (m: Held<Manifest>): boolean =>
    facts.pool.acks.some((a) => a.body.manifestCid === m.cid && a.body.payBaseUnits >= due(m.body, quote, amount).paid);
  const agreed = manifests.filter((m) => isAcked(m) || isBought(m));
  // Both sides signed more than once: the lowest agreed pay, which both accepted.
  const acked = agreed.sort((a, b) => Number(due(a.body, quote, amount).paid - due(b.body, quote, amount).paid))[0] ?? null;
  const contradicted = acked === null && new Set(facts.pool.manifests.map((m) => m.cid)).size > 1;
  const manifest = acked ?? manifests.find((m) => m.receivedAt <= quote.finishBy) ?? null;
  const outputsOf = (m: Held<Manifest>): Read['outputs'] => {
    if (!isSealed(m)) return 'open';
    if (disproved.includes(m.cid)) return 'disproved';
    return (keyOf(m)?.receivedAt ?? Infinity) <= keyBy(quote) ? 'held' : 'lacking';
  };
  const disputes = facts.pool.disputes.filter((d) => d.receivedAt <= quote.disputeBy && d.body.manifestCid === manifest?.cid).sort(byCid);
  return {
    facts,
    quote,
    now: facts.chainTimeMs,
    grace: graceOf(quote),
    manifest,
    acked: acked !== null && isAcked(acked),
    bought: acked !== null && isBought(acked),
    outputs: manifest === null ? 'open' : outputsOf(manifest),
    contradicted,
    dispute: disputes[0] ?? null,
    found: facts.replay !== null && facts.replay.manifestCid === manifest?.cid ? facts.replay.outcome : null,
    owed: manifest === null ? { kind: 'refund', paid: 0n, rule: null } : due(manifest.body, quote, amount),
  };
}

const refund = (rule: string): Verdict => ({ type: 'verdict', kind: 'refund', paidBaseUnits: 0n, rule });
const pay = (r: Read, rule: string): Verdict => ({
  type: 'verdict',
  kind: r.owed.kind,
  paidBaseUnits: r.owed.paid,
  rule: r.owed.rule ?? rule,
});
const after = (r: Read, time: number, then: (r: Read) => Verdict, because: string): Step =>
  r.now > time ? then(r) : { type: 'wait', until: time, because };

export interface Row {
  /** The rules that this row can give, as they stand in an attestation. */
  rules: readonly string[];
  when: string;
  verdict: string;
  decided: string;
  /** Null: this row does not apply; the next one is asked. */
  decide: (r: Read) => Step | null;
}

/** First row that applies decides. Documentation prints it; `decide` is the law. */
export const VERDICT_TABLE: readonly Row[] = [
  {
    rules: ['refused'],
    when: 'the compute provider signed a refusal of this lock, whatever else it signed',
    verdict: 'refund',
    decided: 'at once',
    decide: (r) => (r.facts.pool.refusals.length > 0 ? refund('refused') : null),
  },
  {
    rules: ['lock-unfit'],
    when: 'the lock is not as quoted (amount, asset, keys, times, ADA); no work is owed on it',
    verdict: 'refund',
    decided: 'after finishBy',
    decide: (r) =>
      r.facts.lock.fits
        ? null
        : after(r, r.quote.finishBy + r.grace, () => refund('lock-unfit'), 'the lock is not as quoted; a refusal may come'),
  },
  {
    rules: ['acknowledged', 'compute-provider-fault', 'job-fault-early', 'job-fault-from-half', 'job-fault-from-three-quarters'],
    when: 'the job key acknowledged a manifest at what it is due, or more; this outweighs a dispute by the same key',
    verdict: 'what the manifest is due: withdraw at billed pay, or the share of a job fault',
    decided: 'at once',
    decide: (r) => (r.acked ? pay(r, 'acknowledged') : null),
  },
  {
    rules: ['bought'],
    when: 'sealed: the job key signed a voucher for the key of a manifest at what it is due, or more, and the key is with an oracle; no proof says that it opens something else',
    verdict: 'what the manifest is due',
    decided: 'at once',
    decide: (r) => (r.bought ? pay(r, 'bought') : null),
  },
  {
    rules: ['contradicted'],
    when: 'the compute provider signed two different manifests and the job key acknowledged neither',
    verdict: 'refund',
    decided: 'at once',
    decide: (r) => (r.contradicted ? refund('contradicted') : null),
  },
  {
    rules: ['missed'],
    when: 'no manifest reached an oracle by finishBy (one whose pay is not the billed pay is none)',
    verdict: 'refund',
    decided: 'after finishBy',
    decide: (r) =>
      r.manifest === null
        ? after(r, r.quote.finishBy + r.grace, () => refund('missed'), 'no manifest yet; the deadline is finishBy')
        : null,
  },
  {
    rules: ['compute-provider-fault', 'job-fault-early'],
    when: 'the manifest says the compute provider failed, or the job failed by its own fault in the first half of the quoted time',
    verdict: 'refund',
    decided: 'at once',
    decide: (r) => (r.owed.paid === 0n && r.owed.rule !== null ? refund(r.owed.rule) : null),
  },
  {
    rules: ['plaintext-disproved'],
    when: 'sealed: with the key known, one block and its Merkle path prove that the outputs are not what the manifest commits to',
    verdict: 'refund',
    decided: 'at once',
    decide: (r) => (r.outputs === 'disproved' ? refund('plaintext-disproved') : null),
  },
  {
    rules: ['key-withheld'],
    when: 'sealed: the key reached no oracle by the middle between finishBy and disputeBy, so nobody can open or check the outputs',
    verdict: 'refund',
    decided: 'after that middle',
    decide: (r) =>
      r.outputs === 'lacking'
        ? after(r, keyBy(r.quote) + r.grace, () => refund('key-withheld'), 'delivered sealed; waiting for a voucher or for the key')
        : null,
  },
  {
    rules: [
      'outputs-disproved',
      'outputs-withheld',
      'dispute-rejected',
      'dispute-undecidable',
      'job-fault-from-half',
      'job-fault-from-three-quarters',
    ],
    when: 'disputed by disputeBy and the job may be replayed by anybody',
    verdict:
      'replay upholds the dispute, or the claimed outputs are served to nobody to the end: refund; replay rejects it, or none was possible in time: what the manifest is due',
    decided:
      'after the replays of k oracles (the others stand by); an oracle that cannot replay, or gets no outputs, tries until the middle of the claim window',
    decide: (r) => {
      if (r.dispute === null || r.manifest === null || r.quote.replay !== 'public') return null;
      if (r.found === 'upheld') return refund('outputs-disproved');
      if (r.found === 'rejected') return pay(r, 'dispute-rejected');
      if (r.now < replayUntil(r.quote))
        return { type: 'replay', manifestCid: r.manifest.cid, disputeCid: r.dispute.cid, disputedAt: r.dispute.receivedAt };
      // Inputs came and outputs did not, to the last try: whoever serves nothing has delivered nothing, whatever it has hashed.
      return r.found === 'withheld' ? refund('outputs-withheld') : pay(r, 'dispute-undecidable');
    },
  },
  {
    rules: ['dispute-undecidable', 'job-fault-from-half', 'job-fault-from-three-quarters'],
    when: 'disputed, but nobody may replay (replay: named or never): the service provider chose that nobody may look, and its job file said so before the lock',
    verdict: 'what the manifest is due',
    decided: 'after disputeBy',
    decide: (r) =>
      r.dispute === null
        ? null
        : after(
            r,
            r.quote.disputeBy + r.grace,
            () => pay(r, 'dispute-undecidable'),
            'disputed, and no replay is allowed; an acknowledgement may come',
          ),
  },
  {
    rules: ['silent', 'job-fault-from-half', 'job-fault-from-three-quarters'],
    when: 'delivered, and the service provider silent until disputeBy',
    verdict:
      'what the manifest is due: withdraw at billed pay, or 50 % / 75 % of the lock for a job fault from one half / three quarters of the quoted time',
    decided: 'after disputeBy',
    decide: (r) => after(r, r.quote.disputeBy + r.grace, () => pay(r, 'silent'), 'delivered; waiting for acknowledgement or dispute'),
  },
];

/** Every rule an attestation may name. */
export const RULES: readonly string[] = [...new Set(VERDICT_TABLE.flatMap((row) => row.rules))];

/** What to do with this lock now. Pure; equal unions at equal chain times give equal steps, in whatever order they came. */
export function verdict(facts: CaseFacts): Step {
  const r = read(facts);
  for (const row of VERDICT_TABLE) {
    const step = row.decide(r);
    if (step !== null) return step.type === 'verdict' ? atLeastVoucher(step, facts) : step;
  }
  throw new Error('the last row of the verdict table always applies');
}

/**
 * The most that the job key has signed away: by vouchers that ask for no key, and by those that ask for the key of a manifest
 * which is here and opens what it should.
 */
function signedAway({ quote, manifests, vouchers, keys, disproved }: Pool): bigint {
  const isPaidFor = (keyHash: string): boolean =>
    manifests.some(
      (m) =>
        m.body.delivery.keyHash === keyHash &&
        quote.body.delivery === 'sealed' &&
        !disproved.includes(m.cid) &&
        keys.some(({ body }) => opensManifest(body, m)),
    );
  return vouchers
    .filter(({ body: { keyHash } }) => keyHash === NO_KEY_HASH || isPaidFor(keyHash))
    .reduce((most, { body }) => (body.paidBaseUnits > most ? body.paidBaseUnits : most), 0n);
}

/** It is never taken back. */
function atLeastVoucher(step: Verdict, { pool, lock }: CaseFacts): Verdict {
  const floor = least(signedAway(pool), lock.amountBaseUnits);
  if (step.paidBaseUnits >= floor) return step;
  return { ...step, kind: step.kind === 'refund' ? 'distribute' : step.kind, paidBaseUnits: floor };
}

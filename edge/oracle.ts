// The oracle: one case a lock, from the first evidence to the settled lock. Everything is in the database; a restart resumes.
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Agreement } from '@nunet/shared/agreement.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { openEvidence, openQuote, type EvidenceBundle, type EvidenceKind, type LockReport } from '@nunet/shared/evidence.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { lockProblems } from '@nunet/shared/lock-check.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import { confirmationsFor } from '@nunet/shared/network-record.ts';
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import type { EvidenceAnswer } from '@nunet/shared/oracle-client.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import type { WrongPlaintext } from '@nunet/shared/sealed/wrong-plaintext.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { decideAndSign, reconcileDecisions } from './decide.ts';
import type { CaseRow, CaseState, EventRow } from './db/store.ts';
import type { Exchange } from './exchange.ts';
import { createIntake } from './intake.ts';
import { referenceOf } from './lock-name.ts';
import { createPeers, type PeerHealth } from './peers.ts';
import type { OracleLimits, OraclePorts } from './ports.ts';
import { outcomeOf, quorumOf, readEnd, stepSettlement, turnOf } from './settlement.ts';
import { createReplays } from './replays.ts';
import { replayUntil, standbyUntil, verdict, type Held, type Pool, type Verdict } from './verdict.ts';

export interface OracleStatus {
  network: string;
  oracleKey: string;
  feeAddress: string;
  startedAt: number;
  now: number;
  recordSequence: number;
  tip: { height: number; timeMs: number; readAt: number } | null;
  chainProblem: string | null;
  openCases: number;
  states: Record<string, number>;
  rules: Record<string, number>;
  evidence: Record<string, number>;
  /** Locks whose parties agreed without a verdict. */
  agreements: number;
  peers: PeerHealth[];
  /** Cases whose last step failed; they are tried again. */
  problems: { lock: string; failures: number; message: string }[];
  events: EventRow[];
}

export interface Oracle {
  submit(bundle: EvidenceBundle, submitter: string, signal: AbortSignal): Promise<EvidenceAnswer>;
  /** The other oracle's half of an exchange; gives this one's. */
  exchange(message: Exchange, from: string, signal: AbortSignal): Promise<Exchange>;
  report(lock: OutputReference): Promise<LockReport>;
  /** The signed manifest over a lock, for a party of its quote. Throws `manifest-unknown` or `not-a-party`. */
  manifest(lock: OutputReference, peerId: string): Promise<Uint8Array>;
  /** K of a sealed delivery over a lock, for a party of its quote. Throws `sealed-key-unknown` or `not-a-party`. */
  sealedKey(lock: OutputReference, peerId: string): Promise<Uint8Array>;
  /** What both parties signed; resolves once it is on disk. Throws what `Intake.agree` throws. */
  agree(lock: OutputReference, agreement: Agreement, quote: Uint8Array, signal: AbortSignal): Promise<void>;
  status(): Promise<OracleStatus>;
  /** Reconciles the decisions, then runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is known of a case in memory only; all of it may be forgotten. */
interface Attention {
  /** Something changed since the last step. */
  dirty: boolean;
  /** Own news that not every other oracle has heard; told at `tellAt`, wall clock. */
  untold: boolean;
  tellAt: number;
  tellTries: number;
  running: boolean;
  view: { lock: LockedOutput; spentBy: string | null } | null;
  /** Wall clock of the next look at the chain. */
  lookAt: number;
  /** Chain time at which the verdict may change by itself. */
  until: number;
  quorumAt: number | null;
  failures: number;
  retryAt: number;
  problem: string | null;
}

/** Steps that run at once: each is a few queries and requests. */
const STEPS_AT_ONCE = 8;
const STATUS_EVENTS = 50;
/** Blocks on a settlement, beyond a lock's own depth, until its case is closed: a rollback before that is noticed and settled again. */
const SETTLED_DEPTH = 10;
/** A settlement asks the chain five times and loads its builder. */
const SETTLE_REQUESTS = 4;
const HOUSEKEEPING_MS = 60_000;

export function createOracle(ports: OraclePorts, limits: OracleLimits): Oracle {
  const { store, now } = ports;
  const startedAt = now();
  const attention = new Map<string, Attention>();
  let wake: () => void = () => undefined;
  let tip: { value: Tip; readAt: number } | null = null;
  let chainProblem: string | null = null;
  let housekeptAt = 0;

  const attend = (lock: string): Attention => {
    const known = attention.get(lock);
    if (known !== undefined) return known;
    const fresh: Attention = {
      dirty: true,
      // A restart does not know what it told: it tells everything again.
      untold: true,
      tellAt: 0,
      tellTries: 0,
      running: false,
      view: null,
      lookAt: 0,
      until: 0,
      quorumAt: null,
      failures: 0,
      retryAt: 0,
      problem: null,
    };
    attention.set(lock, fresh);
    return fresh;
  };

  const backOff = (failures: number): number => Math.min(limits.retryMs * 2 ** Math.min(failures - 1, 16), limits.retryMaxMs);
  const limited = (signal: AbortSignal, requests = 1): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(requests * limits.requestMs)]);

  async function readTip(signal: AbortSignal): Promise<Tip> {
    try {
      const value = await ports.chain.tip(limited(signal));
      tip = { value, readAt: now() };
      chainProblem = null;
      return value;
    } catch (error) {
      signal.throwIfAborted();
      chainProblem = safeError(error).message;
      throw error;
    }
  }

  const chainTime = async (signal: AbortSignal): Promise<number> =>
    tip !== null && now() - tip.readAt < 2 * limits.pollMs ? tip.value.timeMs : (await readTip(signal)).timeMs;

  function changed(lock: string, own: boolean): void {
    const it = attend(lock);
    it.dirty = true;
    if (own) Object.assign(it, { untold: true, tellAt: 0, tellTries: 0 });
    wake();
  }

  const intake = createIntake({ ...ports, readLock: (lock, signal) => ports.readLock(lock, limited(signal)) }, limits, {
    chainTime,
    changed,
  });
  const peers = createPeers(ports, limits, intake);
  const replays = createReplays(ports, limits, (lock) => changed(lock, false));

  const setState = async (row: CaseRow, state: CaseState, detail: string): Promise<void> => {
    if (row.state !== state) await store.addEvent({ at: now(), kind: 'state', lock: row.lock, detail: `${state}: ${detail}` });
    if (row.state !== state || row.detail !== detail) await store.updateCase(row.lock, { state, detail });
    row.state = state;
    row.detail = detail;
  };

  async function poolOf(row: CaseRow, quote: Signed<Quote>): Promise<Pool> {
    const lock = referenceOf(row.lock);
    const pieces = await store.evidenceOf(row.lock);
    const held = <T>(kind: Exclude<EvidenceKind, 'quote' | 'cancel'>): Held<T>[] =>
      pieces
        .filter((piece) => piece.kind === kind)
        .map(({ envelope, receivedAt, cid }) => ({ body: openEvidence(kind, envelope, { quote, lock }).body as T, cid, receivedAt }));
    return {
      quote,
      refusals: held('lock-refusal'),
      manifests: held('manifest'),
      acks: held('ack'),
      disputes: held('dispute'),
      vouchers: held('voucher'),
      keys: held('sealed-key'),
      disproved: held<WrongPlaintext>('wrong-plaintext').map(({ body }) => body.manifestCid),
    };
  }

  async function judge(row: CaseRow, quote: Signed<Quote>, lock: LockedOutput, chainTimeMs: number) {
    return verdict({
      pool: await poolOf(row, quote),
      lock: { amountBaseUnits: lock.amountBaseUnits, fits: lockProblems(lock, quote, ports.record()).length === 0 },
      chainTimeMs,
      replay: await store.replayOf(row.lock),
    });
  }

  /** One step of one case: looks, tells, waits, decides or settles. Throws when something did not answer; it is tried again. */
  async function step(row: CaseRow, it: Attention, chainTimeMs: number, signal: AbortSignal): Promise<void> {
    const quote = openQuote(row.quote, ports.record().network);
    const reference = referenceOf(row.lock);

    if (it.untold && now() >= it.tellAt) {
      it.untold = false;
      const answered = await peers.exchange(reference, quote.body.oracleKeys, signal);
      if (answered.length < quote.body.oracleKeys.length - 1) {
        it.untold = true;
        it.tellTries += 1;
        it.tellAt = now() + backOff(it.tellTries);
      }
    }

    if (it.view === null || now() >= it.lookAt) await look(row, it, reference, signal);
    if (it.view === null) {
      await setState(row, 'waiting', 'the lock is not on chain (any more); a rollback may bring it back');
      // Twice the whole life of a quote: nobody will bring it back.
      if (chainTimeMs > quote.body.reclaimAfter + (quote.body.reclaimAfter - quote.body.issuedAt))
        await close(row, chainTimeMs, 'ended', 'the lock never came');
      return;
    }
    const { lock, spentBy } = it.view;
    const depth = confirmationsFor(ports.record(), lock.amountBaseUnits);
    if (spentBy !== null) {
      it.lookAt = 0;
      // After a rollback the oracles take turns again, from then on.
      it.quorumAt = null;
      const end = await readEnd(ports, row, { lock, spentBy }, limited(signal));
      if (end === null) return;
      await setState(row, end.state, end.detail);
      if (row.spentBy !== spentBy) await store.updateCase(row.lock, { spentBy });
      if (end.confirmations >= depth + SETTLED_DEPTH) await close(row, chainTimeMs, end.state, end.detail);
      return;
    }
    if (row.spentBy !== null) await store.updateCase(row.lock, { spentBy: null });
    if (lock.confirmations < depth) {
      it.lookAt = 0;
      await setState(row, 'waiting', `the lock is ${lock.confirmations} of ${depth} blocks deep`);
      return;
    }

    // Loaded while the job's owner still looks at the outputs.
    const turn = (): number => turnOf(lock.datum.oracleKeys, ports.signer.publicKey, peers.isAway);
    if (turn() === 0) ports.settler.prepare();
    const outcome = outcomeOf(quorumOf(lock.datum, await store.attestationsOf(row.lock)), await store.agreementOf(row.lock));
    if (outcome !== null) {
      it.quorumAt ??= now();
      await look(row, it, reference, signal);
      if (it.view === null || it.view.spentBy !== null) return void (it.dirty = true);
      const turnAt = it.quorumAt + turn() * limits.turnMs;
      const progress = await stepSettlement(ports, limits, lock, outcome, turnAt, limited(signal, SETTLE_REQUESTS));
      it.lookAt = 0;
      if (progress.againAt !== null) it.retryAt = progress.againAt;
      await setState(row, progress.state, progress.detail);
      return;
    }
    if ((await store.decisionOf(row.lock)) !== null || ports.decisions.entries.has(row.lock)) {
      await decided(row, it, quote, lock, null, chainTimeMs, signal);
      return;
    }

    const first = await judge(row, quote, lock, chainTimeMs);
    if (first.type === 'wait') {
      it.until = first.until;
      await setState(row, 'waiting', first.because);
    } else if (first.type === 'replay') {
      const standby = standbyUntil(quote.body, first.disputedAt);
      if (turn() >= lock.datum.k && chainTimeMs <= standby) {
        it.until = standby;
        await setState(row, 'replaying', 'disputed; other oracles run the job again first');
        return;
      }
      await setState(row, 'replaying', 'disputed; the job is being run again');
      it.until = replayUntil(quote.body);
      it.retryAt = replays.start(row, quote, first);
    } else {
      // The union, and the lock as it lies now: what another oracle holds may change everything.
      await peers.exchange(reference, quote.body.oracleKeys, signal);
      await look(row, it, reference, signal);
      const view = it.view;
      if (view === null || view.spentBy !== null || view.lock.confirmations < depth) return void (it.dirty = true);
      const again = await judge(row, quote, view.lock, await chainTime(signal));
      // What both parties signed may have come meanwhile; then nothing is left to decide.
      if (again.type === 'verdict' && (await store.agreementOf(row.lock)) === null)
        await decided(row, it, quote, view.lock, again, chainTimeMs, signal);
      else it.dirty = true;
    }
  }

  async function look(row: CaseRow, it: Attention, reference: OutputReference, signal: AbortSignal): Promise<void> {
    it.view = await ports.readLock(reference, limited(signal));
    it.lookAt = now() + limits.lookMs;
    if (it.view === null) it.lookAt = now() + limits.retryMs;
  }

  async function decided(
    row: CaseRow,
    it: Attention,
    quote: Signed<Quote>,
    lock: LockedOutput,
    step: Verdict | null,
    chainTimeMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const stands = await decideAndSign(
      ports,
      (await store.decisionOf(row.lock)) ??
        ports.decisions.entries.get(row.lock) ?? {
          lock: row.lock,
          verdict: (step as Verdict).kind,
          rule: (step as Verdict).rule,
          paid: (step as Verdict).paidBaseUnits,
          decidedAt: chainTimeMs,
        },
    );
    await peers.exchange(referenceOf(row.lock), quote.body.oracleKeys, signal);
    const all = await store.attestationsOf(row.lock);
    const equal = all.filter((a) => a.paid === stands.paid).length;
    const said = `decided ${stands.verdict} ${formatAmount(stands.paid)} (${stands.rule})`;
    if (quorumOf(lock.datum, all) !== null) {
      it.dirty = true;
      await setState(row, 'attested', `${said}; ${equal} oracles agree`);
      return;
    }
    // Others decide by themselves and tell; asking again is for those that were away.
    it.failures = Math.min(it.failures + 1, 8);
    it.retryAt = now() + backOff(it.failures);
    const differ = all.length > equal ? `; ${all.length - equal} decided otherwise` : '';
    await setState(row, 'attested', `${said}; ${equal} of ${lock.datum.k} oracles agree${differ}`);
  }

  async function close(row: CaseRow, chainTimeMs: number, state: 'settled' | 'ended', detail: string): Promise<void> {
    await store.updateCase(row.lock, { state, detail, closedAt: chainTimeMs });
    attention.delete(row.lock);
  }

  /** News at once; else when a look, a retry or telling is due, or chain time has passed what the verdict waits for. */
  const isDue = (it: Attention, chainTimeMs: number): boolean => {
    if (it.running) return false;
    const at = now();
    return (
      it.dirty ||
      at >= it.lookAt ||
      (it.retryAt > 0 && at >= it.retryAt) ||
      (it.untold && at >= it.tellAt) ||
      (it.until > 0 && chainTimeMs > it.until)
    );
  };

  async function stepSafely(lock: string, it: Attention, chainTimeMs: number, signal: AbortSignal): Promise<void> {
    it.running = true;
    it.dirty = false;
    it.retryAt = 0;
    it.until = 0;
    try {
      const row = await store.findCase(lock);
      if (row !== null) await step(row, it, chainTimeMs, signal);
      if (it.retryAt === 0) it.failures = 0;
      it.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      it.failures += 1;
      it.retryAt = now() + backOff(it.failures);
      it.view = null;
      it.lookAt = it.retryAt;
      it.problem = safeError(error).message;
      ports.log(`${lock}: ${error instanceof NunetError ? error.message : String((error as Error).stack ?? error)}`);
    } finally {
      it.running = false;
    }
  }

  async function round(signal: AbortSignal): Promise<void> {
    const open = new Set(await store.openLocks());
    for (const lock of attention.keys()) if (!open.has(lock)) attention.delete(lock);
    if (open.size === 0) return;
    const { timeMs } = await readTip(signal);
    const due = [...open].map((lock) => ({ lock, it: attend(lock) })).filter(({ it }) => isDue(it, timeMs));
    const next = due.values();
    const worker = async (): Promise<void> => {
      for (const { lock, it } of next) await stepSafely(lock, it, timeMs, signal);
    };
    await Promise.all(Array.from({ length: Math.min(STEPS_AT_ONCE, due.length) }, worker));
  }

  /** Pieces of a kind, oldest first, for one of the two parties of a lock's quote; nobody else is told. */
  async function heldForParty(
    lock: OutputReference,
    peerId: string,
    kind: EvidenceKind,
  ): Promise<{ quote: Signed<Quote> | null; envelopes: Uint8Array[] }> {
    const row = await store.findCase(referenceText(lock));
    if (row === null) return { quote: null, envelopes: [] };
    const quote = openQuote(row.quote, ports.record().network);
    const { serviceProvider, computeProvider } = quote.body;
    if (peerId !== serviceProvider.peerId && peerId !== computeProvider.peerId) {
      throw new NunetError('not-a-party', `Cannot give the ${kind} of ${row.lock} to ${peerId}: its quote is between two others`);
    }
    const held = await store.evidenceOf(row.lock);
    return { quote, envelopes: held.filter((piece) => piece.kind === kind).map(({ envelope }) => envelope) };
  }

  async function housekeeping(): Promise<void> {
    if (now() - housekeptAt < HOUSEKEEPING_MS) return;
    housekeptAt = now();
    await store.dropNonces(now());
    await store.dropEvents();
  }

  /** Until something changes, or the poll is due. */
  const pause = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const soon = [...attention.values()].some((it) => it.dirty && !it.running);
      const timer = setTimeout(done, soon ? 0 : limits.pollMs);
      function done(): void {
        clearTimeout(timer);
        wake = () => undefined;
        signal.removeEventListener('abort', done);
        resolve();
      }
      wake = done;
      signal.addEventListener('abort', done, { once: true });
    });

  return {
    submit: (bundle, submitter, signal) => intake.submit(bundle, submitter, signal),
    async exchange(message, from, signal) {
      await intake.merge(message, from, signal);
      const mine = await intake.holdings(message.lock);
      if (mine === null)
        throw new NunetError('lock-unknown', `Cannot exchange over ${referenceText(message.lock)}: this oracle does not know it`);
      return mine;
    },
    async report(lock) {
      const row = await store.findCase(referenceText(lock));
      if (row === null)
        return {
          lock,
          jobId: null,
          evidence: [],
          attestations: [],
          settleTxId: null,
          state: 'unknown',
          detail: 'no evidence over this lock',
        };
      const pieces = await store.evidenceOf(row.lock);
      const attestations = await store.attestationsOf(row.lock);
      const [submitted] = (await store.settlementsOf(row.lock)).filter(({ state }) => state === 'submitted' || state === 'confirmed');
      return {
        lock,
        jobId: row.jobId,
        evidence: [
          { kind: 'quote' as const, cid: row.quoteCid, receivedAt: row.firstSeenAt },
          ...pieces.map(({ kind, cid, receivedAt }) => ({ kind, cid, receivedAt })),
        ],
        attestations: attestations.map((a) => ({
          oracleKey: a.oracleKey,
          verdict: a.verdict,
          rule: a.rule,
          paidBaseUnits: a.paid.toString(),
          signature: a.signature,
        })),
        settleTxId: row.spentBy ?? submitted?.txId ?? null,
        state: row.state,
        detail: row.detail,
      };
    },
    async manifest(lock, peerId) {
      // The first is as good as another: two that differ are refunded, whichever is answered with a dispute.
      const [held] = (await heldForParty(lock, peerId, 'manifest')).envelopes;
      if (held === undefined) throw new NunetError('manifest-unknown', `Cannot give a manifest of ${referenceText(lock)}: none has come`);
      return held;
    },
    async sealedKey(lock, peerId) {
      const { quote, envelopes } = await heldForParty(lock, peerId, 'sealed-key');
      const [held] = envelopes;
      if (quote === null || held === undefined)
        throw new NunetError('sealed-key-unknown', `Cannot give the key of ${referenceText(lock)}: none has come`);
      return hexToBytes((openEvidence('sealed-key', held, { quote, lock }).body as SealedKey).key);
    },
    agree: (lock, agreement, quote, signal) => intake.agree(lock, agreement, quote, signal),
    async status() {
      const { states, rules, evidence, agreements } = await store.counts();
      return {
        network: ports.record().network,
        oracleKey: ports.signer.publicKey,
        feeAddress: ports.settler.address,
        startedAt,
        now: now(),
        recordSequence: ports.record().sequence,
        tip: tip === null ? null : { height: tip.value.height, timeMs: tip.value.timeMs, readAt: tip.readAt },
        chainProblem,
        openCases: await store.countOpenCases(),
        states,
        rules,
        evidence,
        agreements,
        peers: peers.health(),
        problems: [...attention]
          .flatMap(([lock, { failures, problem }]) => (problem === null ? [] : [{ lock, failures, message: problem }]))
          .slice(0, 20),
        events: await store.lastEvents(STATUS_EVENTS),
      };
    },
    async run(signal) {
      await reconcileDecisions(ports);
      while (!signal.aborted) {
        try {
          await round(signal);
          await housekeeping();
        } catch (error) {
          if (signal.aborted) break;
          ports.log(`round: ${safeError(error).message}`);
        }
        await pause(signal);
      }
      await replays.stopped();
    },
  };
}

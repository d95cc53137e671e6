// FakeWorld: chain, agent, oracles and clock of one job in memory, programmable to misbehave, in virtual time. For tests of the flow.
// The world outlives a process: `process()` gives the ports of one, `kill` ends it without a trace.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { keyHashOf } from '../agreement.ts';
import { cidOf, rawCidOf } from '../encoding.ts';
import { NunetError } from '../errors.ts';
import { openBundle, encodeBundle, openEvidence, openQuote, type EvidenceBundle, type LockReport } from '../evidence.ts';
import type { OutputReference } from '../fields.ts';
import { jobIdOf, type JobSpec } from '../job-spec.ts';
import { closeBytes, NO_KEY_HASH, settleBytes, voucherBytes } from '../lock.ts';
import { outputRootOf, type Ack, type Cancel, type Dispute, type Manifest } from '../manifest.ts';
import type { NetworkRecord } from '../network-record.ts';
import type { Voucher } from '../voucher.ts';
import { billedPay, type LockRefusal, type Quote, type QuoteRequest, type StreamTerms } from '../quote.ts';
import {
  sampleAdvert,
  sampleContainerRequest,
  sampleContainerSpec,
  sampleHash,
  sampleManifest,
  sampleOracles,
  sampleQuote,
  sampleQuoteRefusal,
  sampleRecord,
  sampleRequest,
  sampleSigner,
  sampleSpec,
  SAMPLE_TIME_MS,
} from '../samples.ts';
import { sealedBytes } from '../sealed/size.ts';
import { signStatement, verifySignature, type Signed, type Signer } from '../signature.ts';
import { closingPay, isUnpaid } from '../stream-pay.ts';
import type { FollowEvent, RequestOf, ResponseOf } from '../wire.ts';
import { jobEntry, openedEntry, quotedEntry, type JobEntry } from './job-record.ts';
import type { AgentContact, CheckResult, LockStatus, Ports, SpentLock } from './ports.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Thrown by a port of a process that has just been killed. */
export class Killed extends Error {}

/** What the agent does with the job. */
export type AgentBehaviour =
  | 'honest'
  | 'refuses'
  | 'never-answers'
  | 'dies-running'
  | 'job-fault'
  | 'own-fault'
  | 'wrong-pay'
  | 'foreign-manifest'
  | 'wrong-bytes'
  | 'never-delivers'
  | 'unsigned-end'
  /** Says that ten times as much is due as it is. */
  | 'greedy'
  | 'never-closes'
  | 'forges-close'
  | 'closes-elsewhere'
  /** Says nothing of K, and claims with it: only the chain has it. */
  | 'keeps-key'
  /** What K opens is not what it committed to. */
  | 'wrong-plaintext';

export interface WorldOptions {
  agent?: AgentBehaviour;
  /** It files its manifest with the oracles and never tells it whoever follows: by saying nothing, or by a log without an end. */
  hides?: 'in silence' | 'behind a log';
  /** One oracle reports, and hands out, a manifest of another lock. */
  lyingOracle?: boolean;
  /** Oracles that answer; all three by default. */
  oraclesUp?: number;
  check?: CheckResult | 'broken';
  /** How a replay of a dispute ends. */
  replay?: 'upheld' | 'rejected';
  /** The chain forgets the first so many submissions of a transaction. */
  forgets?: number;
  /** The ledger refuses every lock with this. */
  rejects?: string;
  /** The wallet is empty. */
  poor?: boolean;
  /** What the person says to the lock; without it the wallet signs by itself. */
  person?: 'refuses' | 'says nothing';
  /** The wallet is locked from the job's beginning until so many ms later. */
  walletLockedMs?: number;
  /** From this many ms after the first block with the lock, the chain forgets that block and what follows, once. */
  rollBackAfterMs?: number;
  /** The same for the block that spent the lock. */
  rollBackSpendAfterMs?: number;
  /** Delays of port calls, cycled through. */
  latenciesMs?: readonly number[];
  /** While it runs, the agent comes back at another address. */
  moves?: boolean;
  /** Oracles sign and nobody brings it on chain. */
  neverSettles?: boolean;
  quote?: Partial<Quote>;
  /** The job is paid by vouchers. */
  stream?: StreamTerms;
  /** Whoever is paid brings what both signed on chain; true by default. */
  claims?: boolean;
  /** Outputs are encrypted under K until they are paid for. */
  sealed?: boolean;
  /** Oracles have K, because the agent gave it to them. */
  oraclesHaveKey?: boolean;
  /** A container job, of whose workspace the agent tells so many times, or without an end. */
  checkpoints?: number;
  /** What it tells of has more bytes than the job has disk. */
  checkpointsTooLarge?: boolean;
  /** A refusal brings its half of the way back. */
  refusalCloses?: 'honestly' | 'forged';
}

interface Transaction {
  txId: string;
  validUntilMs: number;
  /** POSIX ms of its block; undefined while it waits in the mempool. */
  blockMs: number;
  kind: 'lock' | 'settle' | 'agree' | 'reclaim';
  paid: bigint;
  /** K, where it reveals it. */
  secret?: string | null;
  cbor: string;
}

const BLOCK_MS = 1_000;
/** Short, so that a test that waits for the last deadline is quick. */
const TIMES = {
  expiresAt: SAMPLE_TIME_MS + 20_000,
  startBy: SAMPLE_TIME_MS + 25_000,
  finishBy: SAMPLE_TIME_MS + 35_000,
  disputeBy: SAMPLE_TIME_MS + 45_000,
  reclaimAfter: SAMPLE_TIME_MS + 55_000,
};
const AGENT_PREPARES_MS = 300;
const AGENT_RUNS_MS = 4_000;
const TICK_MS = 100;
/** K. */
const SECRET = sampleHash('K');

export class FakeWorld {
  readonly clock = new VirtualClock(SAMPLE_TIME_MS);
  readonly entries: string[] = [];
  readonly spec: JobSpec;
  readonly request: QuoteRequest;
  /** Checkpoints that were kept, by their number, and fetches of them. */
  readonly checkpoints: number[] = [];
  /** As the agent got it with the run request. */
  trace: string | undefined;
  readonly record: NetworkRecord = { ...sampleRecord, confirmations: [{ upTo: 1n << 62n, blocks: 2 }] };
  readonly options: WorldOptions;
  quote!: Signed<Quote>;
  /** Transactions that the chain or its mempool knows. */
  transactions: Transaction[] = [];
  /** Jobs whose quotes were given back. */
  readonly released: string[] = [];
  readonly counts = {
    locksBuilt: 0,
    locksTaken: 0,
    acksSigned: 0,
    disputesSigned: 0,
    cancelsSigned: 0,
    runs: 0,
    fetches: 0,
    agreesBuilt: 0,
  };
  /** Every voucher that the job key signed, and every close that the agent signed, in order. */
  readonly vouchersSigned: string[] = [];
  readonly vouchersHeard: RequestOf<'voucher'>[] = [];
  readonly closes = new Set<bigint>();
  /** Kinds of evidence that oracles took, besides quotes. */
  readonly heard: string[] = [];
  readonly answersHeard: string[] = [];
  readonly saved = new Set<string>();
  readonly log: string[] = [];
  readonly evidence = new Map<
    string,
    {
      quote: Signed<Quote>;
      refusal?: LockRefusal;
      manifest?: Manifest;
      ack?: Ack;
      dispute?: Dispute;
      cancel?: Cancel;
      voucher?: Voucher;
      bundle: EvidenceBundle;
    }
  >();
  #submissions = 0;
  #runAt: number | undefined;
  #agentLock: OutputReference | undefined;
  #cancelled = false;
  /** Billed time of a streamed job, moved on in ticks; it stands still while too much is unpaid. */
  #billedMs = 0;
  #tickedMs: number | undefined;
  #streamEndedMs: number | undefined;
  #stopped = false;
  #paid = 0n;
  #closedAtMs: number | undefined;
  #secret: string | null = null;
  #rolledBack = false;
  #spendRolledBack = false;
  #latency = 0;

  private constructor(options: WorldOptions) {
    this.options = options;
    const { program } = sampleContainerSpec;
    const isCode = options.checkpoints !== undefined && program.kind === 'container';
    this.spec = isCode ? { ...sampleContainerSpec, program: { ...program, checkpointEveryMs: 1_000 } } : sampleSpec;
    this.request = isCode ? { ...sampleContainerRequest, jobId: jobIdOf(this.spec) } : sampleRequest;
  }

  static async open(options: WorldOptions = {}): Promise<FakeWorld> {
    const world = new FakeWorld(options);
    world.quote = await signStatement(
      'quote',
      {
        ...sampleQuote,
        jobId: world.request.jobId,
        resources: world.request.resources,
        replay: world.request.replay,
        ...TIMES,
        ...options.quote,
        ...(options.stream === undefined ? {} : { stream: options.stream }),
        ...(options.sealed === true ? { delivery: 'sealed' as const } : {}),
      },
      sampleSigner('agent'),
    );
    return world;
  }

  /** Puts the job at "quoted", as a pre-flight would. */
  begin(): void {
    this.#write(openedEntry(this.spec, this.request, 100_000_000n, this.clock.now()));
    this.#write(quotedEntry({ agent: { addresses: sampleAdvert.addresses }, quote: this.quote }, this.clock.now()));
  }

  /** As JSON and back, because a journal on disk does that. */
  readEntries(): JobEntry[] {
    return this.entries.map((line) => jobEntry.parse(JSON.parse(line)));
  }

  #write(entry: JobEntry): void {
    this.entries.push(JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
  }

  // The chain ---------------------------------------------------------------------------------------------------------

  get #tipMs(): number {
    return Math.floor(this.clock.now() / BLOCK_MS) * BLOCK_MS;
  }

  #accept(cbor: string): void {
    const {
      txId,
      validUntilMs,
      kind,
      paid,
      secret = null,
    } = JSON.parse(new TextDecoder().decode(hexToBytes(cbor))) as {
      txId: string;
      validUntilMs: number;
      kind: Transaction['kind'];
      paid: string;
      secret?: string | null;
    };
    if (kind === 'lock' && this.options.rejects !== undefined) throw new NunetError('chain-rejected', this.options.rejects);
    if (this.transactions.some((tx) => tx.txId === txId)) throw new NunetError('chain-rejected', 'all inputs are spent');
    if (kind !== 'lock' && this.transactions.some((tx) => tx.kind !== 'lock')) throw new NunetError('chain-rejected', 'the lock is spent');
    if (kind === 'reclaim' && this.#tipMs < this.quote.body.reclaimAfter) throw new NunetError('chain-rejected', 'outside of its validity');
    if (this.#tipMs >= validUntilMs) throw new NunetError('chain-rejected', 'outside of its validity');
    this.#submissions += 1;
    if (kind === 'lock' && this.#submissions <= (this.options.forgets ?? 0)) return;
    if (kind === 'lock') this.counts.locksTaken += 1;
    this.transactions.push({ txId, validUntilMs, kind, cbor, secret, paid: BigInt(paid), blockMs: this.#tipMs + BLOCK_MS });
  }

  #status(reference: OutputReference): LockStatus {
    this.#rollBack();
    this.#judge();
    const lock = this.transactions.find((tx) => tx.txId === reference.txId);
    if (lock === undefined) return { state: 'unknown' };
    if (lock.blockMs > this.#tipMs) return { state: 'pending' };
    const spend = this.transactions.find((tx) => tx.kind !== 'lock' && tx.blockMs <= this.#tipMs);
    if (spend === undefined) return { state: 'confirmed', confirmations: (this.#tipMs - lock.blockMs) / BLOCK_MS };
    const spent: SpentLock = {
      txId: spend.txId,
      how: spend.kind === 'lock' ? 'settle' : spend.kind,
      paidBaseUnits: spend.paid,
      changeBaseUnits: this.quote.body.amountBaseUnits - spend.paid,
      paidLovelace: spend.paid === 0n ? 0n : 1_500_000n,
      changeLovelace: 1_500_000n,
      feeLovelace: 250_000n,
      secret: spend.secret ?? null,
    };
    return { state: 'spent', confirmations: (this.#tipMs - spend.blockMs) / BLOCK_MS, spent };
  }

  #rollBack(): void {
    const { rollBackAfterMs, rollBackSpendAfterMs } = this.options;
    const lock = this.transactions.find((tx) => tx.kind === 'lock');
    if (rollBackAfterMs !== undefined && !this.#rolledBack && lock !== undefined && this.clock.now() >= lock.blockMs + rollBackAfterMs) {
      this.#rolledBack = true;
      this.transactions = [];
    }
    const spend = this.transactions.find((tx) => tx.kind !== 'lock');
    if (
      rollBackSpendAfterMs !== undefined &&
      !this.#spendRolledBack &&
      spend !== undefined &&
      this.clock.now() >= spend.blockMs + rollBackSpendAfterMs
    ) {
      this.#spendRolledBack = true;
      this.transactions = this.transactions.filter((tx) => tx !== spend);
    }
  }

  // The oracles -------------------------------------------------------------------------------------------------------

  /** The verdict of one oracle's evidence, as the table of DESIGN section 6 has it; null: wait. */
  #verdict(oracleKey: string): { paid: bigint; rule: string } | null {
    const seen = this.evidence.get(oracleKey);
    if (seen === undefined) return null;
    const now = this.#tipMs;
    const { body: quote } = seen.quote;
    const manifest = seen.manifest ?? (this.#filed ? this.#manifestBody() : undefined);
    if (seen.refusal !== undefined) return { paid: 0n, rule: 'refused' };
    if (seen.voucher !== undefined && this.options.oraclesHaveKey === true)
      return { paid: seen.voucher.paidBaseUnits, rule: 'acknowledged' };
    if (seen.ack !== undefined) return { paid: seen.ack.payBaseUnits, rule: 'acknowledged' };
    if (seen.cancel !== undefined && manifest === undefined) return { paid: 0n, rule: 'cancelled' };
    if (manifest === undefined) return now >= quote.finishBy ? { paid: 0n, rule: 'missed' } : null;
    if (manifest.exit.kind === 'computeProviderFault') return { paid: 0n, rule: 'agent-fault' };
    if (manifest.exit.kind === 'jobFault') return { paid: quote.amountBaseUnits / 2n, rule: 'job-fault-half' };
    if (now < quote.disputeBy) return null;
    if (seen.dispute !== undefined && this.options.replay !== 'rejected') return { paid: 0n, rule: 'disproved' };
    return { paid: billedPay(quote, manifest.billedMs), rule: 'silent' };
  }

  #upKeys(): string[] {
    return sampleOracles.map((signer) => signer.publicKey).slice(0, this.options.oraclesUp ?? 3);
  }

  #judge(): void {
    this.#claim();
    const verdicts = this.#upKeys().map((key) => this.#verdict(key));
    const paid = verdicts.filter((verdict) => verdict !== null);
    const lock = this.transactions.find((tx) => tx.kind === 'lock');
    if (lock === undefined || lock.blockMs > this.#tipMs || paid.length < this.quote.body.k) return;
    if (this.options.neverSettles === true || this.transactions.some((tx) => tx.kind !== 'lock')) return;
    const verdict = paid[0]!;
    this.transactions.push({
      txId: sampleHash(`settle ${this.clock.now()}`),
      kind: 'settle',
      paid: verdict.paid,
      cbor: '',
      validUntilMs: Infinity,
      // Signed and submitted, then a block later on chain: time to be seen as attested.
      blockMs: this.#tipMs + 2 * BLOCK_MS,
    });
  }

  #report(oracleKey: string, lock: OutputReference): LockReport | null {
    const seen = this.evidence.get(oracleKey);
    if (seen === undefined) return null;
    const verdict = this.#verdict(oracleKey);
    const signer = sampleOracles.find((oracle) => oracle.publicKey === oracleKey)!;
    return {
      lock,
      jobId: seen.quote.body.jobId,
      evidence: this.#filed || this.#lies(oracleKey) ? [{ kind: 'manifest', cid: this.quote.cid, receivedAt: this.clock.now() }] : [],
      attestations:
        verdict === null
          ? []
          : [
              {
                oracleKey,
                verdict: verdict.paid === 0n ? 'refund' : 'withdraw',
                rule: verdict.rule,
                paidBaseUnits: verdict.paid.toString(),
                signature: bytesToHex(signer.sign(settleBytes(lock, verdict.paid)) as Uint8Array),
              },
            ],
      settleTxId: null,
      state: verdict === null ? 'waiting' : 'attested',
      detail: '',
    };
  }

  #lies(oracleKey: string): boolean {
    return this.options.lyingOracle === true && oracleKey === this.#upKeys()[0];
  }

  async #heldManifest(oracleKey: string, lock: OutputReference): Promise<Uint8Array | null> {
    const elsewhere = { txId: sampleHash('other lock'), index: 0 };
    if (this.#lies(oracleKey))
      return (await signStatement('manifest', sampleManifest(this.quote.cid, elsewhere), sampleSigner('agent'))).envelope;
    if (!this.#filed || lock.txId !== this.#agentLock?.txId) return null;
    return (await signStatement('manifest', this.#manifestBody(), sampleSigner('agent'))).envelope;
  }

  #take(oracleKey: string, bundle: EvidenceBundle): string[] {
    const cids: string[] = [];
    const first = bundle.items[0]!;
    const quote = openQuote(first.envelope, 'devnet');
    const seen = this.evidence.get(oracleKey) ?? { quote, bundle };
    seen.bundle = bundle;
    this.evidence.set(oracleKey, seen);
    cids.push(quote.cid);
    for (const item of bundle.items.slice(1)) {
      if (item.kind === 'quote') continue;
      this.heard.push(item.kind);
      if (item.kind === 'wrong-plaintext') {
        cids.push(cidOf(item.envelope));
        continue;
      }
      const opened = openEvidence(item.kind, item.envelope, { quote, lock: bundle.lock });
      Object.assign(seen, { [item.kind === 'lock-refusal' ? 'refusal' : item.kind]: opened.body });
      cids.push(opened.cid);
    }
    return cids;
  }

  // The agent ---------------------------------------------------------------------------------------------------------

  /** The compute provider brings what both signed on chain, a little later. */
  #claim(): void {
    const [paid] = this.closes;
    const isEnded = this.transactions.some((tx) => tx.kind !== 'lock');
    if (this.options.claims === false || paid === undefined || this.#closedAtMs === undefined || isEnded) return;
    if (this.clock.now() < this.#closedAtMs + 2_000 || this.transactions.length === 0) return;
    const txId = sampleHash(`agree of the compute provider ${paid}`);
    this.transactions.push({
      txId,
      kind: 'agree',
      paid,
      secret: this.#secret,
      cbor: '',
      validUntilMs: Infinity,
      blockMs: this.#tipMs + BLOCK_MS,
    });
  }

  /** Moves a streamed job on to now. */
  #tick(): void {
    const { stream } = this.quote.body;
    if (stream === undefined || this.#runAt === undefined || this.#streamEndedMs !== undefined) return;
    this.#tickedMs ??= this.#runAt + AGENT_PREPARES_MS;
    for (; this.#tickedMs + TICK_MS <= this.clock.now(); this.#tickedMs += TICK_MS) {
      if (!isUnpaid(stream, billedPay(this.quote.body, this.#billedMs), this.#paid)) this.#billedMs += TICK_MS;
      if (this.#billedMs < AGENT_RUNS_MS && !this.#stopped) continue;
      this.#streamEndedMs = this.#tickedMs;
      return;
    }
  }

  #due(): Extract<FollowEvent, { type: 'due' }> {
    this.#tick();
    const { stream } = this.quote.body;
    const honest = billedPay(this.quote.body, this.#billedMs);
    const payBaseUnits = this.options.agent === 'greedy' ? this.quote.body.amountBaseUnits : honest;
    return { type: 'due', billedMs: this.#billedMs, payBaseUnits, paused: stream !== undefined && isUnpaid(stream, honest, this.#paid) };
  }

  #hearVoucher(request: RequestOf<'voucher'>): Exclude<ResponseOf<'voucher'>, { type: 'error' }> {
    const behaviour = this.options.agent ?? 'honest';
    this.#tick();
    this.vouchersHeard.push(request);
    const { paidBaseUnits: paid, keyHash, signature, final } = request;
    const lock = this.#agentLock!;
    if (!verifySignature(hexToBytes(signature), voucherBytes(lock, paid, keyHash), this.quote.body.voucherKey))
      throw new NunetError('peer-failure', 'that voucher is not signed');
    if (paid > this.#paid) this.#paid = paid;
    if (!final) return { type: 'noted', paidBaseUnits: this.#paid };
    this.#stopped = true;
    this.#tick();
    if (this.#streamEndedMs === undefined || behaviour === 'never-closes') return { type: 'noted', paidBaseUnits: this.#paid };
    const [closed = paid] = this.closes;
    if (paid < closingPay(this.#manifestBody(), this.quote.body, this.#paid)) return { type: 'noted', paidBaseUnits: this.#paid };
    this.closes.add(closed);
    this.#closedAtMs ??= this.clock.now();
    this.#secret = keyHash === NO_KEY_HASH ? null : SECRET;
    if (behaviour === 'keeps-key') return { type: 'noted', paidBaseUnits: this.#paid };
    const signer = sampleSigner(behaviour === 'forges-close' ? 'another key' : 'close key');
    const at = behaviour === 'closes-elsewhere' ? closed + 1n : closed;
    return {
      type: 'closed',
      paidBaseUnits: at,
      closeSignature: bytesToHex(signer.sign(closeBytes(lock, at)) as Uint8Array),
      secret: this.#secret,
    };
  }

  get #endsAt(): number {
    if (this.quote.body.stream !== undefined) {
      this.#tick();
      return this.#streamEndedMs ?? Infinity;
    }
    return (this.#runAt ?? Infinity) + AGENT_PREPARES_MS + AGENT_RUNS_MS;
  }

  /** True when the agent will sign a result for this lock. */
  get #delivers(): boolean {
    const behaviour = this.options.agent ?? 'honest';
    return this.#runAt !== undefined && !['dies-running', 'foreign-manifest', 'unsigned-end'].includes(behaviour);
  }

  /** Agents hand their manifests to the oracles themselves. */
  get #filed(): boolean {
    return this.#delivers && this.clock.now() > this.#endsAt;
  }

  #manifestBody(): Manifest {
    const behaviour = this.options.agent ?? 'honest';
    const lock = behaviour === 'foreign-manifest' ? { txId: sampleHash('other lock'), index: 0 } : this.#agentLock!;
    const body: Manifest = {
      ...sampleManifest(this.quote.cid, lock),
      jobId: this.request.jobId,
      billedMs: this.quote.body.stream === undefined ? AGENT_RUNS_MS : this.#billedMs,
      payBaseUnits: billedPay(this.quote.body, this.quote.body.stream === undefined ? AGENT_RUNS_MS : this.#billedMs),
    };
    if (this.quote.body.stream !== undefined && this.#billedMs < AGENT_RUNS_MS) {
      body.exit = { kind: 'jobFault', code: 'stopped', message: 'asked to stop' };
      body.outputs = [];
      body.delivery = { ...body.delivery, root: outputRootOf([]) };
    }
    if (this.options.sealed === true) {
      const outputs = [{ name: 'y.npy', cid: rawCidOf(new TextEncoder().encode('sealed y')), bytes: sealedBytes(1) }];
      const leaves = { cid: rawCidOf(new TextEncoder().encode('leaves')), bytes: 32 };
      const delivery = {
        kind: 'sealed' as const,
        root: outputRootOf(outputs),
        plaintextRoot: sampleHash('plaintext'),
        keyHash: keyHashOf(SECRET),
        leaves,
      };
      Object.assign(body, { outputs, delivery });
    }
    if (behaviour === 'wrong-pay') body.payBaseUnits += 1n;
    if (behaviour === 'job-fault' || behaviour === 'own-fault') {
      body.exit = { kind: behaviour === 'job-fault' ? 'jobFault' : 'computeProviderFault', code: 'crashed', message: 'it crashed' };
      body.outputs = [];
      body.delivery = { ...body.delivery, root: outputRootOf([]) };
    }
    return body;
  }

  async *#follow(
    request: { fromEvent: number; fromLog: number },
    alive: () => void,
    signal: AbortSignal,
  ): AsyncGenerator<Exclude<FollowEvent, { type: 'error' }>> {
    const behaviour = this.options.agent ?? 'honest';
    const runAt = this.#runAt;
    if (runAt === undefined) throw new NunetError('peer-failure', 'The peer could not answer follow: no such job');
    const waitUntil = async (at: number): Promise<void> => {
      if (at > this.clock.now()) await this.clock.sleep(at - this.clock.now(), signal);
      alive();
    };
    await waitUntil(runAt + 100);
    if (request.fromEvent <= 0) yield { type: 'state', event: 0, state: 'preparing', atMs: this.clock.now(), detail: null };
    await waitUntil(runAt + AGENT_PREPARES_MS);
    if (request.fromEvent <= 1) yield { type: 'state', event: 1, state: 'running', atMs: this.clock.now(), detail: null };
    for (let line = request.fromLog; line < 3; line++) {
      await waitUntil(runAt + AGENT_PREPARES_MS + (line + 1) * 500);
      yield { type: 'log', offset: line, line: `line ${line}` };
    }
    for (let due = this.#due(); this.quote.body.stream !== undefined && this.#endsAt === Infinity; due = this.#due()) {
      yield due;
      if (behaviour === 'dies-running' && this.#billedMs >= AGENT_RUNS_MS / 2) break;
      await waitUntil(this.clock.now() + 2 * TICK_MS);
    }
    if (behaviour === 'dies-running') throw new NunetError('stream-closed', 'the stream broke');
    for (let number = 1; number <= (this.options.checkpoints ?? 0); number++) {
      const bytes = this.options.checkpointsTooLarge === true ? this.spec.resources.diskBytes + 1 : 1_000 + number;
      const file = { name: `checkpoint-${number}.tar`, cid: rawCidOf(new TextEncoder().encode(`checkpoint ${number}`)), bytes };
      yield { type: 'checkpoint', number, atMs: this.clock.now(), file };
      if (number < 100) await waitUntil(this.clock.now() + 50);
    }
    yield { type: 'progress', phase: 'steps', done: 1, total: 2, epoch: 1, metrics: [{ name: 'loss', value: 0.5 }] };
    await waitUntil(this.#endsAt);
    for (let line = 3; this.options.hides !== undefined; line++) {
      await waitUntil(this.clock.now() + (this.options.hides === 'in silence' ? TIMES.reclaimAfter : 500));
      yield { type: 'log', offset: line, line: 'still here' };
    }
    if (behaviour === 'unsigned-end') {
      yield { type: 'state', event: 2, state: 'failed', atMs: this.clock.now(), detail: 'so it says' };
      yield { type: 'end' };
      return;
    }
    const signed = await signStatement('manifest', this.#manifestBody(), sampleSigner('agent'));
    yield { type: 'manifest', envelope: signed.envelope };
    yield { type: 'end' };
  }

  get #walletLockedFor(): number {
    return SAMPLE_TIME_MS + (this.options.walletLockedMs ?? 0) - this.clock.now();
  }

  #demandUnlocked(): void {
    if (this.#walletLockedFor > 0) throw new NunetError('vault-locked', 'Unlock the wallet: 60 NTX can come back');
  }

  // A process ---------------------------------------------------------------------------------------------------------

  /** Ports of one process, which dies around journal write number `killAt` (from 0). */
  process(kill?: { at: number; when: 'before' | 'after' }): Ports {
    let dead = false;
    let writes = 0;
    /** A dead process does nothing more, whatever it was waiting for. */
    const alive = (): void => {
      if (dead) throw new Killed();
    };
    const call = async <T>(signal: AbortSignal | undefined, act: () => T | Promise<T>): Promise<T> => {
      alive();
      const latencies = this.options.latenciesMs ?? [];
      const latency = latencies[this.#latency++ % Math.max(1, latencies.length)] ?? 0;
      if (latency > 0) await this.clock.sleep(latency, signal ?? new AbortController().signal);
      signal?.throwIfAborted();
      alive();
      return act();
    };
    const behaviour = this.options.agent ?? 'honest';
    const unreachable = (): boolean =>
      behaviour === 'never-answers' ||
      (behaviour === 'dies-running' && this.#runAt !== undefined && this.clock.now() > this.#runAt + AGENT_PREPARES_MS + 2_000);
    const moved = (): boolean => this.options.moves === true && this.#runAt !== undefined && this.clock.now() > this.#runAt + 1_000;
    const addresses = (): string[] => (moved() ? ['/ip4/127.0.0.1/tcp/4999'] : sampleAdvert.addresses);
    const reach = (agent: AgentContact): void => {
      if (agent.addresses[0] !== addresses()[0]) throw new NunetError('agent-unreachable', 'nobody is at that address any more');
      if (unreachable()) throw new NunetError('agent-unreachable', 'no address of the agent answers');
    };
    const counted = (signer: Signer): Signer => ({
      publicKey: signer.publicKey,
      sign: (bytes) => {
        alive();
        const text = new TextDecoder().decode(bytes);
        if (text.startsWith('nunet/ack/')) this.counts.acksSigned += 1;
        if (text.startsWith('nunet/dispute/')) this.counts.disputesSigned += 1;
        if (text.startsWith('nunet/cancel/')) this.counts.cancelsSigned += 1;
        if (text.startsWith('nunet/voucher/')) this.vouchersSigned.push(bytesToHex(bytes));
        return signer.sign(bytes);
      },
    });
    const transactionBytes = (fields: {
      txId: string;
      validUntilMs: number;
      kind: Transaction['kind'];
      paid: string;
      secret?: string | null;
    }): string => bytesToHex(new TextEncoder().encode(JSON.stringify(fields)));
    return {
      clock: this.clock,
      keys: {
        signer: (_, signal) =>
          call(undefined, async () => {
            if (this.#walletLockedFor > 0) await this.clock.sleep(this.#walletLockedFor, signal);
            return counted(sampleSigner('job key'));
          }),
      },
      journal: {
        read: () => call(undefined, () => this.readEntries()),
        append: async (entry) => {
          alive();
          const die = kill !== undefined && writes++ === kill.at;
          if (die && kill.when === 'before') dead = true;
          alive();
          this.#write(entry);
          if (die) dead = true;
          alive();
          return Promise.resolve();
        },
      },
      escrow: {
        chainTimeMs: (signal) => call(signal, () => this.#tipMs),
        buildLock: (quote, signal) =>
          call(signal, async () => {
            if (this.options.poor === true) throw new NunetError('funds-insufficient', 'Cannot lock 60 NTX: the wallet holds 0');
            this.counts.locksBuilt += 1;
            if (this.options.person === 'refuses') throw new NunetError('signing-refused', 'you refused to sign the lock');
            if (this.options.person === 'says nothing') await this.clock.sleep(quote.body.expiresAt, signal);
            const txId = sampleHash(`lock ${this.counts.locksBuilt}`);
            const validUntilMs = quote.body.expiresAt;
            return {
              cbor: transactionBytes({ txId, validUntilMs, kind: 'lock', paid: '0' }),
              txId,
              reference: { txId, index: 0 },
              feeLovelace: 180_000n,
              lockedLovelace: 3_500_000n,
              validUntilMs,
            };
          }),
        buildReclaim: (_quote, _lock, signal) =>
          call(signal, () => {
            this.#demandUnlocked();
            const txId = sampleHash(`reclaim ${this.clock.now()}`);
            const validUntilMs = this.#tipMs + 10 * BLOCK_MS;
            return {
              cbor: transactionBytes({ txId, validUntilMs, kind: 'reclaim', paid: '0' }),
              txId,
              feeLovelace: 200_000n,
              validUntilMs,
            };
          }),
        buildAgree: (_quote, _lock, agreement, signal) =>
          call(signal, () => {
            this.#demandUnlocked();
            this.counts.agreesBuilt += 1;
            const txId = sampleHash(`agree ${this.counts.agreesBuilt}`);
            const validUntilMs = this.#tipMs + 10 * BLOCK_MS;
            const cbor = transactionBytes({ txId, validUntilMs, kind: 'agree', paid: agreement.paid.toString(), secret: agreement.secret });
            return { cbor, txId, feeLovelace: 200_000n, validUntilMs };
          }),
        submit: (cbor, signal) => call(signal, () => this.#accept(cbor)),
        lockStatus: (_quote, lock, signal) => call(signal, () => this.#status(lock)),
      },
      network: {
        adverts: (signal) =>
          call(signal, async () => [
            await signStatement(
              'advert',
              { ...sampleAdvert, addresses: addresses(), expiresAt: this.clock.now() + 60_000 },
              sampleSigner('agent'),
            ),
          ]),
        requestQuote: (agent, _request, signal) =>
          call(signal, async () => {
            reach(agent);
            if (behaviour === 'refuses') {
              const refusal = await signStatement('quote-refusal', sampleQuoteRefusal, sampleSigner('agent'));
              return { type: 'refusal' as const, envelope: refusal.envelope };
            }
            return { type: 'quote' as const, envelope: this.quote.envelope };
          }),
        release: (_agent, jobId, signal) => call(signal, async () => void this.released.push(jobId)),
        run: (agent, request, signal) =>
          call(signal, async () => {
            reach(agent);
            this.counts.runs += 1;
            const status = this.#status(request.lock);
            if (this.#cancelled) throw new NunetError('peer-failure', 'cancelled');
            if (status.state !== 'confirmed') throw new NunetError('peer-failure', 'the lock is not deep enough');
            if (behaviour === 'refuses') {
              const { body } = this.quote;
              const refusal = { v: 1 as const, network: body.network, jobId: body.jobId, quoteCid: this.quote.cid, lock: request.lock };
              const reasons = [{ code: 'lock-underpaid', message: 'Cannot accept lock: it holds too little' }];
              const { refusalCloses } = this.options;
              const closer = sampleSigner(refusalCloses === 'forged' ? 'another key' : 'close key');
              const close = { closeSignature: bytesToHex(closer.sign(closeBytes(request.lock, 0n)) as Uint8Array) };
              const signed = await signStatement(
                'lock-refusal',
                { ...refusal, reasons, issuedAt: this.clock.now(), ...(refusalCloses === undefined ? {} : close) },
                sampleSigner('agent'),
              );
              return { type: 'refusal' as const, envelope: signed.envelope };
            }
            this.trace = request.trace;
            this.#runAt ??= this.clock.now();
            this.#agentLock ??= request.lock;
            return { type: 'accepted' as const };
          }),
        follow: (agent, request, signal) => {
          alive();
          reach(agent);
          const here = (): void => {
            alive();
            reach(agent);
          };
          return this.#follow(request, here, signal);
        },
        answer: (agent, request, signal) =>
          call(signal, () => {
            reach(agent);
            this.answersHeard.push(request.kind);
            if (request.kind === 'cancel') this.#cancelled = true;
          }),
        voucher: (agent, request, signal) =>
          call(signal, () => {
            reach(agent);
            return this.#hearVoucher(request);
          }),
        serveInputs: () => call(undefined, () => undefined),
        ownAddresses: () => ['/ip4/127.0.0.1/tcp/5000'],
      },
      oracles: {
        submit: (key, bundle, signal) =>
          call(signal, () => {
            if (!this.#upKeys().includes(key)) throw new NunetError('oracle-unavailable', 'this oracle is off');
            return this.#take(key, openBundle(encodeBundle(bundle)));
          }),
        report: (key, lock, signal) =>
          call(signal, () => {
            if (!this.#upKeys().includes(key)) throw new NunetError('oracle-unavailable', 'this oracle is off');
            return this.#report(key, lock);
          }),
        manifest: (key, lock, signal) =>
          call(signal, () => {
            if (!this.#upKeys().includes(key)) throw new NunetError('oracle-unavailable', 'this oracle is off');
            return this.#heldManifest(key, lock);
          }),
        sealedKey: (key, _lock, signal) =>
          call(signal, () => (this.options.oraclesHaveKey === true && this.#upKeys().includes(key) ? SECRET : null)),
        agree: (_key, _lock, _agreement, _quote, signal) => call(signal, () => undefined),
      },
      outputs: {
        fetch: (agent, _jobId, file, onBytes, signal) =>
          call(signal, () => {
            reach(agent);
            this.counts.fetches += 1;
            if (behaviour === 'wrong-bytes') throw new NunetError('outputs-wrong', 'a block does not hash to its CID');
            if (behaviour === 'never-delivers') throw new NunetError('block-missing', 'the agent has not that block');
            onBytes(file.bytes);
            this.saved.add(file.name);
          }),
        keepCheckpoint: (agent, _jobId, { number, file }, onBytes, signal) =>
          call(signal, () => {
            reach(agent);
            if (behaviour === 'wrong-bytes') throw new NunetError('outputs-wrong', 'a block does not hash to its CID');
            onBytes(file.bytes);
            this.checkpoints.push(number);
          }),
        fetchSealed: (agent, _jobId, file, onBytes, signal) =>
          call(signal, () => {
            reach(agent);
            this.counts.fetches += 1;
            onBytes(file.bytes);
          }),
        checkSealed: (_manifest, signal) =>
          call(signal, () => {
            if (behaviour === 'wrong-bytes') throw new NunetError('outputs-wrong', 'its commitments are others');
          }),
        open: (manifest, key, signal) =>
          call(signal, () => {
            if (keyHashOf(key) !== manifest.delivery.keyHash) throw new NunetError('key-wrong', 'not this key');
            if (behaviour === 'wrong-plaintext') return { type: 'wrong' as const, file: 'y.npy', proof: Uint8Array.of(1) };
            this.saved.add('y.npy');
            return { type: 'opened' as const, outputs: [{ name: 'y.npy', cid: rawCidOf(new TextEncoder().encode('y')), bytes: 1 }] };
          }),
        check: (_spec, _manifest, signal) =>
          call(signal, () => {
            if (this.options.check === 'broken') throw new NunetError('check-failed', 'a file of the check is missing');
            return this.options.check ?? { accept: true, score: 0.95, detail: 'accuracy 0.95, want at least 0.9' };
          }),
        logLength: () => call(undefined, () => this.log.length),
        appendLog: (_jobId, offset, line) =>
          call(undefined, () => {
            if (offset !== this.log.length) throw new Error('log lines out of order');
            this.log.push(line);
          }),
      },
    };
  }
}

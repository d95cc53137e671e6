// One job in the runner: its record, its files, and the drive that takes it to its end. Everything that pages may do to it is decided here, once.
import { NunetError } from '@nunet/shared/errors.ts';
import { readableOutputs } from '@nunet/shared/job-flow/readable-outputs.ts';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { jobHasEnded, quotedEntry, readJob, reduceJob, type JobEntry, type JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { JobEvent, Pace } from '@nunet/shared/job-flow/running-job.ts';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobSnapshot, JobSummary } from '../messages.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import type { Scorer } from '../score/score-client.ts';
import { openBlocks, type BlockStore } from './block-store.ts';
import { coalesced, type After } from './coalesced.ts';
import type { JobNote, RunnerDatabase } from './database.ts';
import { decision, UNDECIDED, type Word } from './decision.ts';
import { draftOffers } from './draft-offers.ts';
import { driveOn } from './drive-on.ts';
import { openJournal, type AfterWrite } from './journal.ts';
import { NOTHING_SHOWN, shownAfter, withNotice, withStored, type Shown } from './live-state.ts';
import { openLog, type LogStore } from './log-store.ts';
import type { Online } from './online.ts';
import { jobKeys, keyStateOf, type KeyState } from './job-keys.ts';
import { jobWallet, unlockedEscrow, type MoneyParts } from './job-wallet.ts';
import { balanceIn, type Linked } from './linked.ts';
import type { Signings } from './signings.ts';
import type { VaultLink } from './vault-link.ts';
import type { WalletInputs } from './wallet-inputs.ts';

const SAVE_MS = 1_000;

/** What all jobs of a runner share. */
export interface JobParts {
  database: RunnerDatabase;
  vault: VaultLink;
  signings: Signings;
  /** The account that is selected, on the network that is connected. */
  linked: () => Linked | null;
  inputs: WalletInputs;
  scorer: Scorer;
  dialer: Dialer;
  clock: Clock;
  after: After;
  /** Milliseconds from any fixed origin. */
  ticks: () => number;
  pace?: Pace;
  afterWrite?: AfterWrite;
  /** Something of this job changed: its record, its quick parts, its log. */
  onChange: (jobId: string, what: 'job' | 'live' | 'log') => void;
}

export interface Job {
  readonly note: JobNote;
  readonly log: LogStore;
  readonly blocks: BlockStore;
  record(): JobRecord;
  summary(): JobSummary;
  snapshot(online: Online | null): JobSnapshot;
  preflight(online: Online): Promise<Preflight>;
  /** Journals the quote that was taken; from then on the job is driven. */
  take(quoteCid: string, online: Online): Promise<void>;
  cancel(): void;
  decide(word: Word): void;
  /** Drives a job that was taken and has not ended; nothing for any other. Resolves at once. */
  drive(online: Online): void;
  /** The vault says otherwise of its key: stops where the wallet is another, goes on where it is there again. */
  keyChanged(online: Online | null): void;
  /** Gives back what the offers of a draft hold. Throws `job-taken` for any other. */
  letGo(online: Online | null): Promise<void>;
  /** True when nothing of it may go on. */
  isOver(): boolean;
  /** Ends the drive, so that the job can be removed. */
  stop(): Promise<void>;
}

const taken = (): NunetError =>
  new NunetError('job-taken', 'An offer for this job was taken already, perhaps in another window; its timeline shows how far it is');

export async function openJob(parts: JobParts, note: JobNote): Promise<Job> {
  const { database, vault, linked, clock, scorer } = parts;
  const { jobId } = note;
  const [journal, blocks, log, stored] = await Promise.all([
    openJournal(database, jobId, parts.afterWrite),
    openBlocks(database, jobId),
    openLog(database, jobId),
    database.get('shown', jobId),
  ]);
  const file = parseJobFile(note.jobFile);
  const first = readJob(await journal.read());
  if (first === undefined) throw new NunetError('job-not-open', `Cannot open job ${jobId}: its journal is empty`);
  let record = first;
  let shown: Shown = { live: { ...NOTHING_SHOWN.live, curve: stored?.curve ?? [] }, notices: stored?.notices ?? [] };
  const readable = readableOutputs(record);
  for (const { name, bytes: sentBytes } of record.manifest?.body.outputs ?? []) {
    const file = readable.find((output) => output.name === name);
    const isStored = file !== undefined && blocks.content(file.cid) !== null;
    const bytes = file?.bytes ?? sentBytes;
    shown = {
      ...shown,
      live: { ...shown.live, outputs: [...shown.live.outputs, { name, bytes, doneBytes: isStored ? bytes : 0, isStored }] },
    };
  }
  /** The job's account is the one that is selected. */
  const own = (): Linked | null => {
    const at = linked();
    return at !== null && at.account.payment === note.key?.payment ? at : null;
  };
  const held = (): bigint | null => {
    const at = own();
    return at === null ? null : (balanceIn(at)?.baseUnits ?? null);
  };
  const offers = draftOffers({ clock, draft: record, held });
  let isTaking = false;
  let driving: Promise<void> | undefined;
  let drivenOn: Online | undefined;
  let cancelling = new AbortController();
  let halting = new AbortController();
  const stopping = new AbortController();

  const changed = (what: 'job' | 'live' | 'log'): void => parts.onChange(jobId, what);
  const save = coalesced(SAVE_MS, { now: parts.ticks, after: parts.after }, () => {
    if (stopping.signal.aborted) return;
    // What a screen showed is a convenience: a job goes on without it.
    database.put('shown', { curve: shown.live.curve, notices: [...shown.notices] }, jobId).catch(() => undefined);
  });
  const say = (code: string, message: string): void => {
    shown = withNotice(shown, code, message, clock.now());
    save();
    changed('job');
  };
  const person = decision({ clock, onChange: () => changed('job') });
  const isTaken = (): boolean => record.job !== 'draft';
  const isDone = (): boolean => jobHasEnded(record);
  const key = (): KeyState => (isDone() ? 'ready' : keyStateOf(jobId, note.key, vault.state()));
  const isKeyLost = (): boolean => key() === 'lost';
  const demandOwn = (): void => {
    if (isKeyLost()) throw new NunetError('key-lost', 'This draft was prepared with another wallet; prepare the job again');
    if (own() === null)
      throw new NunetError('account-other', 'This draft was prepared with another account: select that account, or prepare the job again');
  };
  /** Work and money have ended: the vault may forget the job's key. */
  const endKey = (): void => {
    if (!isDone() || driving !== undefined || vault.state()?.jobs.includes(jobId) !== true) return;
    vault.ask({ type: 'job-end', jobId }).catch(() => undefined);
  };

  /** Outside of a drive, which reduces its own. */
  const append = async (entry: JobEntry): Promise<void> => {
    const next = reduceJob(record, entry);
    await journal.append(entry);
    record = next;
    changed('job');
  };

  /** Inputs stay promised until the lock is in the chain or can never be. */
  const keepPromise = (): void => {
    const open = record.lock === 'submitted' || (record.lock === 'building' && (driving !== undefined || record.lockTx !== undefined));
    if (!open) parts.inputs.promise(jobId, null);
    else if (record.lockTx !== undefined) parts.inputs.promise(jobId, record.lockTx.cbor);
  };
  keepPromise();

  const onEvent = (event: JobEvent): void => {
    if (event.type === 'notice') {
      // To the flow, silence is a check that cannot be run: it says so at each try and at the end.
      if (event.code === 'check-failed' && shown.notices.at(-1)?.code === 'undecided') return;
      return say(event.code, event.code === 'undecided' ? UNDECIDED : event.message);
    }
    shown = shownAfter(shown, event, clock.now());
    if (event.type === 'entry') {
      ({ record } = event);
      keepPromise();
    }
    if (event.type === 'log') return;
    if (event.type === 'progress' || event.type === 'output' || event.type === 'checkpoint' || event.type === 'due') changed('live');
    else changed('job');
    save();
  };

  const quoted = (): Quote => {
    if (record.quote === undefined) throw new NunetError('job-not-quoted', 'Cannot pay for the job: it has no quote');
    return record.quote.body;
  };
  const driveThe = async (online: Online): Promise<void> => {
    if (note.key === null) return;
    const { address } = record.request.serviceProvider;
    const money: MoneyParts = { ...parts, jobId, title: note.title, key: note.key, address, quote: quoted };
    return driveOn(
      {
        ...parts,
        escrow: unlockedEscrow(online.escrowFor(jobId, jobWallet(money)), money),
        note,
        check: file.check,
        journal,
        blocks,
        log,
        keys: jobKeys({ jobId, key: note.key, vault, say }),
        person,
        record: () => record,
        cancel: cancelling.signal,
        signal: AbortSignal.any([online.signal, stopping.signal, halting.signal]),
        onEvent,
        onStored: (name) => {
          shown = withStored(shown, name);
          changed('live');
        },
        onLine: () => changed('log'),
        say,
      },
      online,
    );
  };

  const summary = (): JobSummary => ({
    jobId,
    title: note.title,
    openedAtMs: note.openedAtMs,
    job: record.job,
    lock: record.lock,
    amountBaseUnits: record.quote?.body.amountBaseUnits ?? null,
    paidBaseUnits: record.spent?.paidBaseUnits ?? null,
    changedAtMs: Math.max(record.jobHistory.at(-1)?.atMs ?? 0, record.lockHistory.at(-1)?.atMs ?? 0),
    reclaimAfterMs: record.quote?.body.reclaimAfter ?? null,
    hasEnded: isDone() || (record.lock === null && isJobEnd(record.job)),
    isDriven: driving !== undefined,
    key: key(),
    wantsDecision: person.shown() !== null,
  });

  const job: Job = {
    note,
    log,
    blocks,
    record: () => record,
    summary,
    snapshot: (online) => ({
      summary: summary(),
      record,
      live: shown.live,
      notices: [...shown.notices],
      logLines: log.kept(),
      decision: person.shown(),
      transactionPage: online === null || online.url === null || online.assetUnit !== note.assetUnit ? null : `${online.url}/tx/`,
    }),
    async preflight(online) {
      if (isTaken()) throw taken();
      demandOwn();
      if (online.assetUnit !== note.assetUnit)
        throw new NunetError('network-other', 'This draft was prepared for another devnet; connect to that one, or prepare the job again');
      return offers.ask(online);
    },
    async take(quoteCid, online) {
      if (isTaken() || isTaking) throw taken();
      demandOwn();
      const offer = offers.find(quoteCid, online);
      isTaking = true;
      try {
        // A delivered model that cannot be scored here would be paid by silence: known before money is locked.
        if (file.check.type === 'score') await scorer.prove(online.signal);
        await append(quotedEntry(offer, clock.now()));
      } finally {
        isTaking = false;
      }
      void offers.giveBack(online, offer);
      job.drive(online);
    },
    cancel() {
      if (!isTaken()) throw new NunetError('job-not-taken', 'Nothing is locked for this job yet: discard the draft instead');
      if (isJobEnd(record.job)) throw new NunetError('job-ended', 'Cannot cancel: the job has ended');
      if (record.job === 'running' && record.quote?.body.stream === undefined)
        throw new NunetError('cancel-late', 'The job runs already: it can be disputed, not cancelled');
      if (driving === undefined) throw new NunetError('job-not-driven', 'Cannot cancel: this browser does not drive the job');
      if (cancelling.signal.aborted || record.cancelWanted)
        throw new NunetError('job-cancelled', 'The job is being cancelled already, perhaps from another window');
      cancelling.abort();
    },
    decide: (word) => person.decide(word),
    drive(online) {
      if (drivenOn === online || !isTaken() || isDone() || isKeyLost() || online.assetUnit !== note.assetUnit) return;
      if (stopping.signal.aborted || online.signal.aborted) return;
      // One drive a journal: one of a network that was let go of ends first.
      const before = driving ?? Promise.resolve();
      const mine = before.then(async () => {
        // A cancel that is not in the journal yet is this drive's to journal.
        if (record.cancelWanted) cancelling = new AbortController();
        halting = new AbortController();
        if (!isDone()) await driveThe(online);
        if (driving !== mine) return;
        driving = undefined;
        drivenOn = undefined;
        keepPromise();
        endKey();
        changed('job');
        // The wallet came back while the drive was ending.
        if (halting.signal.aborted) job.drive(online);
      });
      driving = mine;
      drivenOn = online;
      changed('job');
    },
    keyChanged(online) {
      if (isKeyLost()) halting.abort(new DOMException('the wallet is another', 'AbortError'));
      else if (online !== null) job.drive(online);
      endKey();
      changed('job');
    },
    async letGo(online) {
      if (isTaken() || isTaking) throw taken();
      if (online !== null) await offers.giveBack(online, null);
    },
    isOver: () => driving === undefined && (isDone() || isKeyLost() || (record.lock === null && isJobEnd(record.job))),
    async stop() {
      stopping.abort(new DOMException('the job is removed', 'AbortError'));
      await driving;
    },
  };
  return job;
}

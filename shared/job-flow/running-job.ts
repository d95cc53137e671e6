// RunningJob: one run of the flow over one job: its record, its journal and what its lanes share.
import { NunetError, safeError } from '../errors.ts';
import type { Network } from '../fields.ts';
import { canJobGo, isJobEnd, type JobState } from '../job-state.ts';
import type { NetworkRecord } from '../network-record.ts';
import type { ProgressPhase } from '../wire.ts';
import { reduceJob, type JobEntry, type JobRecord } from './job-record.ts';
import type { AgentContact, Ports } from './ports.ts';
import { withTimeout } from './waiting.ts';

/** How often to look, and how long to wait. Milliseconds. */
export interface Pace {
  /** Between two looks at the chain. */
  pollMs: number;
  /** What a block is expected to take; scales the wait before a lock counts as dropped. */
  blockMs: number;
  /** Before a lock that the chain does not know is submitted again. */
  resubmitMs: number;
  /** First and longest wait before a failed act is tried again. */
  retryMs: number;
  maxRetryMs: number;
  /** A followed stream that says nothing for so long is asked again. */
  idleMs: number;
  /** After the lock's end the agent is asked once more for what it signed, so long. */
  lastTryMs: number;
  /** A manifest that an oracle has is awaited from the agent itself so long, with all that the agent says before it. */
  agentFirstMs: number;
  /** The agent gets so long to close at the final voucher before the oracles are asked. */
  closeMs: number;
  /** After both sides signed, somebody else gets so long to bring it on chain before our own wallet does. */
  agreeMs: number;
}

const PACES: Readonly<Record<'devnet' | 'public', Pace>> = {
  devnet: {
    pollMs: 250,
    blockMs: 1_000,
    resubmitMs: 2_000,
    retryMs: 250,
    maxRetryMs: 4_000,
    idleMs: 15_000,
    lastTryMs: 2_000,
    agentFirstMs: 5_000,
    closeMs: 10_000,
    agreeMs: 20_000,
  },
  public: {
    pollMs: 5_000,
    blockMs: 20_000,
    resubmitMs: 60_000,
    retryMs: 1_000,
    maxRetryMs: 60_000,
    idleMs: 60_000,
    lastTryMs: 20_000,
    agentFirstMs: 60_000,
    closeMs: 120_000,
    agreeMs: 600_000,
  },
};
export const paceOf = (network: Network): Pace => PACES[network === 'devnet' ? 'devnet' : 'public'];

/** What a screen may show as it happens. States come only with `entry`: they are journaled before they are shown. */
export type JobEvent =
  | { type: 'entry'; entry: JobEntry; record: JobRecord }
  | {
      type: 'progress';
      phase: ProgressPhase;
      done: number;
      total: number;
      epoch: number;
      metrics: readonly { name: string; value: number }[];
    }
  /** A streamed job: what the agent says is due, and what was signed. `paused`: it stands still until the next voucher. */
  | { type: 'due'; billedMs: number; payBaseUnits: bigint; signedBaseUnits: bigint; paused: boolean }
  | { type: 'log'; offset: number; line: string }
  /** A checkpoint on its way here; its entry says that it is kept. */
  | { type: 'checkpoint'; number: number; doneBytes: number; totalBytes: number }
  | { type: 'output'; name: string; doneBytes: number; totalBytes: number }
  /** Something to know that changes no state: out of reach, tried again, ignored. */
  | { type: 'notice'; code: string; message: string };

/** One run of the flow over one job, as its lanes see it. */
export interface Drive {
  readonly ports: Ports;
  readonly network: NetworkRecord;
  readonly pace: Pace;
  /** W3C traceparent that the agent's own trace shall continue. */
  readonly trace?: string | undefined;
  record(): JobRecord;
  /** Decides on the newest record, journals, then changes the record. Nothing is written when `decide` gives nothing. */
  append(decide: (record: JobRecord, atMs: number) => JobEntry | undefined): Promise<JobRecord>;
  /** Resolves with the first record for which `holds`. */
  until(holds: (record: JobRecord) => boolean, signal: AbortSignal): Promise<JobRecord>;
  emit(event: JobEvent): void;
  notice(code: string, message: string): void;
  /** Tells of a failed act that will be tried again; rethrows when this run is over anyway. */
  failed(action: string, error: unknown, signal: AbortSignal): void;
  /** The quote's agent, where it was last seen. */
  agent(): AgentContact;
  /** Looks where the agent is now: one that came back may have another address. Finding nothing is no failure. */
  findAgent(signal: AbortSignal): Promise<void>;
  /** Wait before try number `attempt`, counted from 0. */
  backOff(attempt: number, signal: AbortSignal): Promise<void>;
}

/** `over` is aborted when the journal cannot be written. */
export function openDrive(
  ports: Ports,
  first: JobRecord,
  options: { record: NetworkRecord; onEvent?: (event: JobEvent) => void; pace?: Pace; trace?: string | undefined },
  over: AbortController,
): Drive {
  let current = first;
  let turn: Promise<unknown> = Promise.resolve();
  const waiting = new Set<() => void>();
  const pace = options.pace ?? paceOf(first.spec.network);
  const emit = (event: JobEvent): void => options.onEvent?.(event);
  const notice = (code: string, message: string): void => emit({ type: 'notice', code, message });
  let lastNotice = '';
  let seenAt: readonly string[] | undefined;
  return {
    ports,
    network: options.record,
    pace,
    trace: options.trace,
    emit,
    notice,
    record: () => current,
    append: (decide) => {
      const mine = turn.then(async () => {
        over.signal.throwIfAborted();
        const entry = decide(current, ports.clock.now());
        if (entry === undefined) return current;
        const next = reduceJob(current, entry);
        await ports.journal.append(entry);
        current = next;
        for (const wake of [...waiting]) wake();
        emit({ type: 'entry', entry, record: next });
        return next;
      });
      turn = mine.catch((error: unknown) => {
        // A journal that cannot be written ends the run at once: nothing may be done that is not written down.
        over.abort(error);
      });
      return mine;
    },
    until: (holds, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(look);
          signal.removeEventListener('abort', abort);
        };
        const look = (): void => {
          if (!holds(current)) return;
          stop();
          resolve(current);
        };
        const abort = (): void => {
          stop();
          reject(signal.reason as Error);
        };
        if (signal.aborted) return abort();
        waiting.add(look);
        signal.addEventListener('abort', abort, { once: true });
        look();
      }),
    failed: (action, error, signal) => {
      over.signal.throwIfAborted();
      signal.throwIfAborted();
      const { code } = safeError(error);
      // Told to the own user only, so a foreign error keeps its words.
      const text = `${action}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1000);
      // Once is enough for a failure that repeats.
      if (text !== lastNotice) notice(code, text);
      lastNotice = text;
    },
    agent: () => {
      if (current.quote === undefined) throw new NunetError('job-not-quoted', 'Cannot reach the agent: the job has no quote');
      return { peerId: current.quote.body.computeProvider.peerId, addresses: seenAt ?? current.addresses };
    },
    findAgent: async (signal) => {
      try {
        const adverts = await withTimeout((within) => ports.network.adverts(within), pace.maxRetryMs, ports.clock, signal);
        const mine = adverts.find(({ body }) => body.peerId === current.quote?.body.computeProvider.peerId);
        if (mine !== undefined) seenAt = mine.body.addresses;
      } catch {
        // The hubs are out of reach too: the next try asks again.
        over.signal.throwIfAborted();
        signal.throwIfAborted();
      }
    },
    backOff: (attempt, signal) => ports.clock.sleep(Math.min(pace.maxRetryMs, pace.retryMs * 2 ** Math.min(attempt, 20)), signal),
  };
}

/** The job's states on the way to `to`, so that a state seen late is reached through the ones before it. */
const WAY: readonly JobState[] = ['quoted', 'locked', 'preparing', 'running', 'finished'];

/** Journals the job's way to a state; nothing when it cannot get there any more. */
export async function goJob(drive: Drive, to: JobState, detail: string): Promise<void> {
  for (;;) {
    const from = drive.record().job;
    if (from === to || isJobEnd(from)) return;
    const [here, there] = [WAY.indexOf(from), WAY.indexOf(to)];
    if (there !== -1 && there <= here) return;
    const next = there === -1 ? to : WAY[here + 1];
    if (next === undefined || !canJobGo(from, next)) return;
    await drive.append((record, atMs) =>
      record.job === from ? { type: 'job', atMs, state: next, detail: (next === to ? detail : '').slice(0, 1000) } : undefined,
    );
  }
}

/** Chain time; 0, so that no deadline counts as passed, while the chain cannot be read. */
export async function chainTime(drive: Drive, signal: AbortSignal): Promise<number> {
  try {
    return await drive.ports.escrow.chainTimeMs(signal);
  } catch (error) {
    drive.failed('The chain cannot be read', error, signal);
    return 0;
  }
}

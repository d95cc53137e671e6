// Drives one job over one network until it has ended, with the browser's ports beneath the flow. A failure of the drive as a whole is
// told and tried again: nothing is lost by it, for every act comes after its entry.
import type { NunetError } from '@nunet/shared/errors.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import { driveJob } from '@nunet/shared/job-flow/drive.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { CheckResult, Clock, Escrow, Journal, JobKeys } from '@nunet/shared/job-flow/ports.ts';
import type { JobEvent, Pace } from '@nunet/shared/job-flow/running-job.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import type { Scorer } from '../score/score-client.ts';
import type { BlockStore } from './block-store.ts';
import type { JobNote } from './database.ts';
import type { Decision } from './decision.ts';
import type { LogStore } from './log-store.ts';
import type { Online } from './online.ts';
import { browserOutputs } from './outputs.ts';

/** After a drive that failed as a whole, such as a disk that is full. */
const RETRY_MS = 5_000;

export interface DriveParts {
  note: JobNote;
  check: OutputCheck;
  journal: Journal;
  blocks: BlockStore;
  log: LogStore;
  keys: JobKeys;
  escrow: Escrow;
  scorer: Scorer;
  dialer: Dialer;
  clock: Clock;
  person: Decision;
  /** As the last entry left it. */
  record: () => JobRecord;
  cancel: AbortSignal;
  /** Ends the drive; the journal goes on with the next. */
  signal: AbortSignal;
  pace?: Pace;
  onEvent: (event: JobEvent) => void;
  onStored: (name: string) => void;
  onLine: () => void;
  say: (code: string, message: string) => void;
}

/** The check decides alone, or the person does over what it found, as long as an answer counts. */
const decider =
  ({ note, person, record, escrow }: DriveParts) =>
  async (found: CheckResult | NunetError, signal: AbortSignal): Promise<CheckResult> => {
    const { quote } = record();
    if (!note.askBeforeAnswer || quote === undefined) {
      if (found instanceof Error) throw found;
      return found;
    }
    const { disputeBy } = quote.body;
    const isOver = async (): Promise<boolean> => {
      const { lock } = record();
      if (lock !== 'locked' && lock !== 'submitted') return true;
      // A chain that cannot be read ends nothing.
      return (await escrow.chainTimeMs(signal).catch(() => 0)) >= disputeBy;
    };
    return person.wait(found, disputeBy, isOver, signal);
  };

/** Resolves when the job has ended, or when the signal aborted. */
export async function driveOn(parts: DriveParts, online: Online): Promise<void> {
  const { note, clock, log, signal, say, escrow } = parts;
  let isOverflowTold = false;
  const outputs = browserOutputs({
    dialer: parts.dialer,
    clock,
    blocks: parts.blocks,
    log,
    note,
    check: parts.check,
    scorer: parts.scorer,
    decide: decider(parts),
    checkpoints: async () => (await parts.journal.read()).flatMap((entry) => (entry.type === 'checkpoint' ? [entry.file.cid] : [])),
    onStored: parts.onStored,
    onLine: parts.onLine,
    onLineDropped: () => {
      if (isOverflowTold) return;
      isOverflowTold = true;
      say('log-full', `The agent sends more log than is kept: ${log.kept()} lines are here, later ones are counted and dropped.`);
    },
  });
  const { network, oracles, record } = online;
  const ports = { clock, keys: parts.keys, journal: parts.journal, escrow, network, oracles, outputs };
  const pace = parts.pace === undefined ? {} : { pace: parts.pace };
  for (;;) {
    try {
      await driveJob(ports, { record, signal, cancel: parts.cancel, onEvent: parts.onEvent, ...pace });
      return;
    } catch (error) {
      if (signal.aborted) return;
      say('drive-failed', `The job stands still and is tried again: ${error instanceof Error ? error.message : String(error)}`);
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

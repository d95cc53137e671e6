// Checkpoints: fetched beside the stream that tells of them, the newest alone, each kept before it is journaled. They cost no money and
// end nothing, so whatever goes wrong with one is told and left.
import type { FollowEvent } from '../wire.ts';
import type { Checkpoint } from './ports.ts';
import type { Drive } from './running-job.ts';

type Told = Extract<FollowEvent, { type: 'checkpoint' }>;

/** After the end of the work, what was told last may take so many times as long as a silent stream is waited for. */
const LAST_FETCH_IDLES = 10;

export interface CheckpointLane {
  /** What the agent told of. Fetched unless it is known, or not what the job asked for. */
  take(told: Told): void;
  /** `wanted`: waits for what is on its way, as the next job begins from it; otherwise gives it up. */
  end(wanted: boolean): Promise<void>;
}

export function checkpointLane(drive: Drive, signal: AbortSignal): CheckpointLane {
  const { clock, outputs } = drive.ports;
  const { spec, jobId } = drive.record();
  const { program } = spec;
  const everyMs = program.kind === 'container' && spec.delivery === 'open' ? program.checkpointEveryMs : null;
  const over = new AbortController();
  const hurry = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  let next: Checkpoint | undefined;
  let working: Promise<void> | undefined;
  let startedAt = -Infinity;
  let isStrange = false;

  const fetch = async (checkpoint: Checkpoint): Promise<void> => {
    const { number, takenAtMs, file } = checkpoint;
    const onBytes = (doneBytes: number): void => drive.emit({ type: 'checkpoint', number, doneBytes, totalBytes: file.bytes });
    await outputs.keepCheckpoint(drive.agent(), jobId, checkpoint, onBytes, within);
    await drive.append((record, atMs) =>
      number > (record.checkpoint?.number ?? 0) ? { type: 'checkpoint', atMs, number, takenAtMs, file } : undefined,
    );
  };
  const work = async (pauseMs: number): Promise<void> => {
    for (;;) {
      // An agent that tells of more than the job asked for is not followed with more downloads.
      await clock.sleep(Math.max(0, startedAt + pauseMs - clock.now()), AbortSignal.any([within, hurry.signal])).catch(() => undefined);
      const checkpoint = next;
      next = undefined;
      if (checkpoint === undefined || within.aborted) break;
      startedAt = clock.now();
      try {
        await fetch(checkpoint);
      } catch (error) {
        if (within.aborted) break;
        drive.failed(`Checkpoint ${checkpoint.number} could not be kept`, error, within);
      }
    }
    working = undefined;
  };
  return {
    take: ({ number, atMs, file }) => {
      if (everyMs === null || file.bytes > spec.resources.diskBytes) {
        if (!isStrange) drive.notice('checkpoint-strange', 'The agent tells of a checkpoint that this job did not ask for; it is left');
        isStrange = true;
        return;
      }
      if (number <= (drive.record().checkpoint?.number ?? 0)) return;
      next = { number, takenAtMs: atMs, file };
      // Failures of the lane are told inside it; a journal that fails has ended the run already.
      working ??= work(everyMs / 2).catch(() => undefined);
    },
    end: async (wanted) => {
      if (working === undefined) return;
      hurry.abort();
      const settled = new AbortController();
      if (wanted) {
        const limit = clock.sleep(LAST_FETCH_IDLES * drive.pace.idleMs, AbortSignal.any([within, settled.signal])).catch(() => undefined);
        await Promise.race([working, limit]);
        settled.abort();
      }
      over.abort(new DOMException('the work is over', 'AbortError'));
      await working;
    },
  };
}

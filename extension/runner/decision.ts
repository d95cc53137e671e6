// The person's word over a delivered result: waited for until it can no longer count. One word a result; nobody's silence is answered for them.
import { NunetError } from '@nunet/shared/errors.ts';
import type { CheckResult, Clock } from '@nunet/shared/job-flow/ports.ts';
import type { JobSnapshot } from '../messages.ts';

export const UNDECIDED = 'Nobody decided in time, so the result is not answered; silence pays the compute provider.';
/** Between two looks at the chain's time. */
const LOOK_MS = 1_000;

export interface Word {
  accept: boolean;
  reason: string;
}

export interface Decision {
  /** What a page shows while it is waited for. */
  shown(): JobSnapshot['decision'];
  /** Throws `decision-unwanted` when nothing waits, `decision-made` when somebody decided before. */
  decide(word: Word): void;
  /** Resolves with the answer. Throws `undecided` once `isOver` says that no answer counts any more. */
  wait(found: CheckResult | NunetError, disputeBy: number, isOver: () => Promise<boolean>, signal: AbortSignal): Promise<CheckResult>;
}

export function decision(parts: { clock: Clock; onChange: () => void }): Decision {
  let open: { shown: NonNullable<JobSnapshot['decision']>; word: Word | undefined; wake: () => void } | undefined;

  return {
    shown: () => (open === undefined || open.word !== undefined ? null : open.shown),
    decide(word) {
      if (open === undefined) throw new NunetError('decision-unwanted', 'Nothing waits to be decided for this job; see its timeline');
      if (open.word !== undefined)
        throw new NunetError(
          'decision-made',
          'Somebody has decided already, perhaps in another window; see the timeline for what was answered',
        );
      open.word = word;
      open.wake();
      parts.onChange();
    },
    async wait(found, disputeBy, isOver, signal) {
      const failed = found instanceof NunetError;
      const waiting = {
        shown: { check: failed ? null : found, error: failed ? found.message : null, disputeBy },
        word: open?.word,
        wake: (): void => {},
      };
      open = waiting;
      parts.onChange();
      try {
        while (waiting.word === undefined) {
          signal.throwIfAborted();
          if (await isOver()) throw new NunetError('undecided', UNDECIDED);
          const woken = new AbortController();
          waiting.wake = () => woken.abort();
          if (waiting.word === undefined)
            await parts.clock.sleep(LOOK_MS, AbortSignal.any([signal, woken.signal])).catch(() => signal.throwIfAborted());
        }
        const { accept, reason } = waiting.word;
        const score = failed ? null : found.score;
        const own = accept ? 'accepted by the service provider' : 'disputed by the service provider';
        return { accept, score, detail: reason === '' ? own : reason };
      } finally {
        // A word that was said is kept: asked again after a failed write, nobody has to say it twice.
        if (waiting.word === undefined) open = undefined;
        parts.onChange();
      }
    },
  };
}

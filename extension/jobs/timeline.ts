// The two state machines of a job as one timeline: what was reached and when, what may come next, and where both stand in a sentence.
import { isJobEnd, JOB_TRANSITIONS, type JobState } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { areSealed } from '@nunet/shared/job-flow/readable-outputs.ts';
import { isLockEnd, LOCK_TRANSITIONS, type LockState } from '@nunet/shared/lock-state.ts';
import { ntxText } from '../ui/quantity-text.ts';

export type Lane = 'work' | 'money';
/** How a step looks: `back` is a rollback of the chain. */
export type StepTone = 'done' | 'now' | 'good' | 'bad' | 'back';

export interface Step {
  lane: Lane;
  state: JobState | LockState;
  atMs: number;
  detail: string;
  tone: StepTone;
  /** Place on the time axis that both lanes share, from 0. */
  column: number;
}

export interface Timeline {
  /** In the order in which it happened. */
  steps: Step[];
  columns: number;
  /** First and last column of each lane; null before its first step. */
  spans: Record<Lane, { first: number; last: number } | null>;
  /** States that may follow, the usual one first; none after an end that stays. */
  next: { work: JobState[]; money: LockState[] };
  work: string;
  money: string;
}

/** Two steps of different lanes this close together stand above each other. */
const SAME_MOMENT_MS = 100;
const GOOD: readonly string[] = ['finished', 'withdrawn', 'refunded', 'distributed', 'reclaimed'];

const isRollback = (from: LockState | undefined, to: LockState): boolean =>
  from !== undefined && ((to === 'submitted' && from !== 'building') || (to === 'locked' && isLockEnd(from)));

function toneOf(state: JobState | LockState, isEnd: boolean, isLast: boolean): StepTone {
  if (isEnd && isLast) return GOOD.includes(state) ? 'good' : 'bad';
  return isLast ? 'now' : 'done';
}

function stepsOf(record: JobRecord): Step[] {
  const { jobHistory, lockHistory } = record;
  const work = jobHistory.map(({ state, atMs, detail }, i): Step => ({
    lane: 'work',
    state,
    atMs,
    detail,
    tone: toneOf(state, isJobEnd(state), i === jobHistory.length - 1),
    column: 0,
  }));
  const money = lockHistory.map(({ state, atMs, detail }, i): Step => {
    const tone = isRollback(lockHistory[i - 1]?.state, state) ? 'back' : toneOf(state, isLockEnd(state), i === lockHistory.length - 1);
    return { lane: 'money', state, atMs, detail, tone, column: 0 };
  });
  // Each lane keeps its own order even where a clock was set back; between lanes the time decides.
  const steps: Step[] = [];
  while (work.length + money.length > 0) {
    const [w, m] = [work[0], money[0]];
    const first = w !== undefined && (m === undefined || w.atMs <= m.atMs) ? work.shift() : money.shift();
    if (first !== undefined) steps.push(first);
  }
  let column = -1;
  for (const [i, step] of steps.entries()) {
    const before = steps[i - 1];
    const shares =
      before !== undefined &&
      before.lane !== step.lane &&
      Math.abs(step.atMs - before.atMs) < SAME_MOMENT_MS &&
      // Only two steps fit in a column.
      steps[i - 2]?.column !== before.column;
    if (!shares) column += 1;
    step.column = column;
  }
  return steps;
}

function spanOf(steps: readonly Step[], lane: Lane): { first: number; last: number } | null {
  const columns = steps.filter((step) => step.lane === lane).map((step) => step.column);
  return columns.length === 0 ? null : { first: columns[0] ?? 0, last: columns.at(-1) ?? 0 };
}

/** Failures are possible nearly everywhere, so they come after the way that is hoped for. */
const LATE_WORDS: readonly string[] = ['refused', 'expired', 'failed', 'cancelled', 'dropped', 'reclaimed'];
const usualFirst = <State extends string>(states: readonly State[]): State[] =>
  [...states].sort((a, b) => Number(LATE_WORDS.includes(a)) - Number(LATE_WORDS.includes(b)));

/** What may follow; a rollback is always possible and never expected, so it is not listed. */
function nextOf(record: JobRecord): Timeline['next'] {
  const { job, lock } = record;
  const money = lock === null || isLockEnd(lock) ? [] : usualFirst(LOCK_TRANSITIONS[lock]).filter((to) => !isRollback(lock, to));
  return { work: usualFirst(JOB_TRANSITIONS[job]), money };
}

function finishedSentence(record: JobRecord): string {
  const { answer, check, outputsStored, manifest, lock, wrongPlaintext } = record;
  const because = check === undefined || check.detail === '' ? '.' : `: ${check.detail}`;
  if (answer?.kind === 'ack') return `Finished, and the result was acknowledged${because}`;
  if (answer?.kind === 'dispute') return `Finished, and the result was disputed${because}`;
  if (wrongPlaintext !== undefined)
    return `Finished, but output ${wrongPlaintext.file} is not what was committed to; the proof goes to the oracles.`;
  if (lock !== null && isLockEnd(lock)) return 'Finished.';
  if (outputsStored && areSealed(record))
    return 'Finished. All outputs are here and verified, still encrypted; the last voucher pays for their key.';
  if (check !== undefined) return 'Finished and checked; the answer is being signed.';
  if (outputsStored) return 'Finished. All outputs are here and verified; the check runs or waits for you.';
  return manifest === undefined ? 'Finished.' : 'Finished. The outputs are on their way, verified block by block.';
}

function workSentence(record: JobRecord): string {
  const detail = record.jobHistory.at(-1)?.detail ?? '';
  const because = detail === '' ? '' : `: ${detail}`;
  const cancelling = record.cancelWanted && !isJobEnd(record.job);
  if (cancelling && record.job !== 'running') return 'You asked to cancel; it counts once it is signed and nothing runs.';
  switch (record.job) {
    case 'draft':
      return 'A draft: no money moved.';
    case 'quoted':
      return 'A quote was taken. Work starts once the lock is deep enough in the chain.';
    case 'locked':
      return 'The lock stands; the compute provider is told to start.';
    case 'preparing':
      return 'The compute provider fetches the inputs. This time is not billed.';
    case 'running':
      if (cancelling && record.quote?.body.stream !== undefined)
        return 'You asked to stop it; both sides then sign a pay for the time that it used.';
      return cancelling ? 'It runs already: it can be disputed, not cancelled.' : 'It runs. Billed time counts from its first instruction.';
    case 'finished':
      return finishedSentence(record);
    case 'refused':
      return `The compute provider refused${because}`;
    case 'expired':
      return `Expired${because}`;
    case 'failed':
      return `Failed${because}`;
    case 'cancelled':
      return `Cancelled${because}`;
  }
}

function moneySentence({ lock, lockHistory, quote, spent }: JobRecord): string {
  const amount = quote === undefined ? '' : ntxText(quote.body.amountBaseUnits);
  const paid = ntxText(spent?.paidBaseUnits ?? 0n);
  const change = ntxText(spent?.changeBaseUnits ?? 0n);
  const last = lockHistory.at(-1);
  const before = lockHistory.at(-2);
  switch (lock) {
    case null:
      return 'Nothing is locked.';
    case 'building':
      return `The lock of ${amount} is being built; nothing has left your wallet.`;
    case 'submitted':
      return last !== undefined && isRollback(before?.state, 'submitted')
        ? `The chain rolled back the block that held the lock. It is sent again; the ${amount} are in your wallet or in the escrow, never lost.`
        : `The lock of ${amount} was sent; it counts once enough blocks are on top.`;
    case 'locked':
      return isRollback(before?.state, 'locked')
        ? `The chain rolled back the payment; ${amount} are in the escrow again, and the verdict is brought on chain again.`
        : `${amount} are in the escrow. Nobody can take them without a signature of yours or a verdict of the oracles.`;
    case 'attested':
      return `The oracles have signed; the transaction that settles the ${amount} is on its way.`;
    case 'agreed':
      return `Both sides agree; the transaction that settles the ${amount} is on its way.`;
    case 'withdrawn':
      return `${paid} were paid, ${change} came back.`;
    case 'refunded':
      return `Refunded: all ${change} came back.`;
    case 'distributed':
      return `Shared by the oracles’ table: ${paid} were paid, ${change} came back.`;
    case 'reclaimed':
      return `Nobody signed in time, so you took back ${change} yourself.`;
    case 'dropped':
      return 'Nothing was locked and nothing was paid.';
  }
}

export function timelineOf(record: JobRecord): Timeline {
  const steps = stepsOf(record);
  return {
    steps,
    columns: (steps.at(-1)?.column ?? -1) + 1,
    spans: { work: spanOf(steps, 'work'), money: spanOf(steps, 'money') },
    next: nextOf(record),
    work: workSentence(record),
    money: moneySentence(record),
  };
}

/** States as they are written on the screen: their own names, capitalised. */
export const stateName = (state: string): string => state.slice(0, 1).toUpperCase() + state.slice(1);

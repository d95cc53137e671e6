// The two state machines of a job as one timeline: what was reached and when, what may come next, and where both stand in a sentence.
import { isJobEnd, JOB_TRANSITIONS, type JobState } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { areSealed } from '@nunet/shared/job-flow/readable-outputs.ts';
import { isLockEnd, LOCK_TRANSITIONS, type LockState } from '@nunet/shared/lock-state.ts';
import type { Catalog } from '../ui/i18n.ts';
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

function finishedSentence(record: JobRecord, words: Catalog['jobs']['workSays']): string {
  const { answer, check, outputsStored, manifest, lock, wrongPlaintext } = record;
  const because = check === undefined || check.detail === '' ? '.' : `: ${check.detail}`;
  if (answer?.kind === 'ack') return words.acknowledged(because);
  if (answer?.kind === 'dispute') return words.disputed(because);
  if (wrongPlaintext !== undefined) return words.wrongPlaintext(wrongPlaintext.file);
  if (lock !== null && isLockEnd(lock)) return words.finished;
  if (outputsStored && areSealed(record)) return words.sealedHere;
  if (check !== undefined) return words.checked;
  if (outputsStored) return words.stored;
  return manifest === undefined ? words.finished : words.coming;
}

/** Why the signed result says that it failed, in the person's own language, then what the agent wrote. Null for a code without words. */
function failureOf({ manifest }: JobRecord, words: Catalog['jobs']['workSays']): string | null {
  const exit = manifest?.body.exit;
  if (exit === undefined || exit.kind === 'completed' || !Object.hasOwn(words.exits, exit.code)) return null;
  return `: ${words.exits[exit.code]}. ${exit.message}`;
}

function workSentence(record: JobRecord, words: Catalog['jobs']['workSays']): string {
  const detail = record.jobHistory.at(-1)?.detail ?? '';
  const because = detail === '' ? '' : `: ${detail}`;
  const cancelling = record.cancelWanted && !isJobEnd(record.job);
  if (cancelling && record.job !== 'running') return words.cancelling;
  switch (record.job) {
    case 'running':
      if (cancelling) return record.quote?.body.stream === undefined ? words.tooLate : words.stopping;
      return words.running;
    case 'finished':
      return finishedSentence(record, words);
    case 'draft':
    case 'quoted':
    case 'locked':
    case 'preparing':
      return words[record.job];
    case 'failed':
      return words.failed(failureOf(record, words) ?? because);
    case 'refused':
    case 'expired':
    case 'cancelled':
      return words[record.job](because);
  }
}

function moneySentence({ lock, lockHistory, quote, spent }: JobRecord, words: Catalog['jobs']['moneySays']): string {
  const amount = quote === undefined ? '' : ntxText(quote.body.amountBaseUnits);
  const paid = ntxText(spent?.paidBaseUnits ?? 0n);
  const change = ntxText(spent?.changeBaseUnits ?? 0n);
  const isBack = lock !== null && isRollback(lockHistory.at(-2)?.state, lock);
  switch (lock) {
    case null:
      return words.nothing;
    case 'submitted':
      return isBack ? words.sentAgain(amount) : words.submitted(amount);
    case 'locked':
      return isBack ? words.lockedAgain(amount) : words.locked(amount);
    case 'building':
    case 'attested':
    case 'agreed':
      return words[lock](amount);
    case 'withdrawn':
    case 'distributed':
      return words[lock](paid, change);
    case 'refunded':
    case 'reclaimed':
      return words[lock](change);
    case 'dropped':
      return words.dropped;
  }
}

export function timelineOf(record: JobRecord, words: Catalog['jobs']): Timeline {
  const steps = stepsOf(record);
  return {
    steps,
    columns: (steps.at(-1)?.column ?? -1) + 1,
    spans: { work: spanOf(steps, 'work'), money: spanOf(steps, 'money') },
    next: nextOf(record),
    work: workSentence(record, words.workSays),
    money: moneySentence(record, words.moneySays),
  };
}

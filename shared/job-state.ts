// Work: where a job is. Money has its own machine, in lock-state.ts, because the two end separately.

export const JOB_STATES = [
  'draft',
  'quoted',
  'locked',
  'preparing',
  'running',
  'finished',
  'refused',
  'expired',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** From each state, where a job may go. A state with no exit is an end. */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  draft: ['quoted', 'refused', 'cancelled', 'failed'],
  quoted: ['locked', 'refused', 'expired', 'cancelled', 'failed'],
  locked: ['preparing', 'refused', 'expired', 'cancelled', 'failed'],
  preparing: ['running', 'refused', 'expired', 'cancelled', 'failed'],
  running: ['finished', 'expired', 'failed', 'cancelled'],
  finished: [],
  refused: [],
  expired: [],
  failed: [],
  cancelled: [],
};

export const canJobGo = (from: JobState, to: JobState): boolean => JOB_TRANSITIONS[from].includes(to);
export const isJobEnd = (state: JobState): boolean => JOB_TRANSITIONS[state].length === 0;

// Finding: what one check of `doctor` found, in one sentence, and what to do about it.
export const STATES = ['pass', 'warn', 'fail', 'skip'] as const;
/** `warn`: jobs run, but something is worse than it could be. `fail`: some jobs, or the agent, will not. `skip`: it could not be looked at. */
export type FindingState = (typeof STATES)[number];

export interface Finding {
  check: string;
  state: FindingState;
  says: string;
  /** What a person does about it; null where there is nothing to do. */
  fix: string | null;
}

export const pass = (check: string, says: string): Finding => ({ check, state: 'pass', says, fix: null });
export const warn = (check: string, says: string, fix: string): Finding => ({ check, state: 'warn', says, fix });
export const fail = (check: string, says: string, fix: string): Finding => ({ check, state: 'fail', says, fix });
export const skip = (check: string, says: string): Finding => ({ check, state: 'skip', says, fix: null });

export const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

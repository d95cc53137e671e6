// Money: where a lock is. Only what the chain or a signed attestation shows is ever a state.

export const LOCK_STATES = [
  'building',
  'submitted',
  'locked',
  'attested',
  'agreed',
  'withdrawn',
  'refunded',
  'distributed',
  'reclaimed',
  'dropped',
] as const;
export type LockState = (typeof LOCK_STATES)[number];

/** From each state, where a lock may go. `locked -> submitted` and the ways back from an end are rollbacks of the chain. */
export const LOCK_TRANSITIONS: Readonly<Record<LockState, readonly LockState[]>> = {
  building: ['submitted', 'dropped'],
  submitted: ['locked', 'dropped'],
  locked: ['submitted', 'attested', 'agreed', 'withdrawn', 'refunded', 'distributed', 'reclaimed'],
  attested: ['submitted', 'withdrawn', 'refunded', 'distributed', 'reclaimed'],
  agreed: ['submitted', 'withdrawn', 'refunded', 'distributed', 'reclaimed'],
  withdrawn: ['locked'],
  refunded: ['locked'],
  distributed: ['locked'],
  reclaimed: ['locked'],
  dropped: [],
};

export const canLockGo = (from: LockState, to: LockState): boolean => LOCK_TRANSITIONS[from].includes(to);

const ENDS: readonly LockState[] = ['withdrawn', 'refunded', 'distributed', 'reclaimed', 'dropped'];
/** An end while the chain stays as it is. */
export const isLockEnd = (state: LockState): boolean => ENDS.includes(state);

/** The end that a settle with this pay is: all kept back, all or the billed part paid, or a table's share. */
export function settledAs(paidBaseUnits: bigint, verdict: 'withdraw' | 'refund' | 'distribute'): 'withdrawn' | 'refunded' | 'distributed' {
  if (paidBaseUnits === 0n) return 'refunded';
  return verdict === 'distribute' ? 'distributed' : 'withdrawn';
}

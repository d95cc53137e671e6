// What is on record of one execution: its journal, and the billed time that follows from it.
import { billedMs, type Moment } from './billing.ts';
import { writeState, type ExecutionState } from './execution-state.ts';

export interface ContainerClock {
  /** POSIX ms. */
  now(): number;
  /** Of the machine since boot, the same for all its processes, ms. */
  machine(): number;
}

export class ExecutionRecord {
  readonly #clock: ContainerClock;
  #state: ExecutionState;

  constructor(state: ExecutionState, clock: ContainerClock) {
    this.#state = state;
    this.#clock = clock;
  }

  get state(): ExecutionState {
    return this.#state;
  }

  get standsStill(): boolean {
    return this.#state.pausedSince !== null;
  }

  moment(): Moment {
    return { wall: this.#clock.now(), mono: this.#clock.machine() };
  }

  /** On the disk when this resolves. */
  async change(part: Partial<ExecutionState>): Promise<void> {
    this.#state = { ...this.#state, ...part };
    await writeState(this.#state);
  }

  /** `startedAt`: the engine's note. `before`: read just before the engine was asked to start; null where another helper asked. */
  async started(startedAt: string, before: Moment | null): Promise<void> {
    const now = this.moment();
    const wall = wallOf(startedAt, now);
    const mono = Math.max(before?.mono ?? 0, now.mono - Math.max(0, now.wall - wall));
    await this.change({ start: { wall, mono } });
  }

  /** From now on; `isAsked`: until somebody asks for the opposite. */
  async stands(isAsked: boolean): Promise<void> {
    await this.change({ pausedSince: this.#clock.machine(), isPaused: isAsked });
  }

  async goesOn(): Promise<void> {
    const { pausedSince, pausedMs } = this.#state;
    const stood = pausedSince === null ? 0 : Math.max(0, this.#clock.machine() - pausedSince);
    await this.change({ pausedSince: null, isPaused: false, pausedMs: pausedMs + stood });
  }

  /** `isSeen`: the end was observed as it happened. */
  billed(at: Moment, isSeen: boolean): number {
    const { start, pausedMs, pausedSince, job } = this.#state;
    return start === null ? 0 : billedMs({ start, pausedMs, pausedSince }, at, job.timeLimitMs, isSeen);
  }
}

/** How far back an engine's note of an end is believed to lie behind the moment that it was seen at. */
const MAX_AGO_MS = 5_000;

/** When a container ended: as the engine noted it, on both clocks. */
export function endOf(finishedAt: string, seenAt: Moment, isSeen: boolean): Moment {
  const wall = wallOf(finishedAt, seenAt);
  const ago = Math.min(Math.max(0, seenAt.wall - wall), MAX_AGO_MS);
  return { wall, mono: isSeen ? seenAt.mono - ago : seenAt.mono };
}

/** Engines write year 1 for what has not happened. */
function wallOf(text: string, otherwise: Moment): number {
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= 0 ? otherwise.wall : at;
}

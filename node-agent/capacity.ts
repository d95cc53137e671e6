// Capacity: what the owner lends, and who holds which part of it. Pure bookkeeping; the journal makes it survive a restart.
import type { Resources } from '@nunet/shared/job-spec.ts';
import type { Reason } from '@nunet/shared/quote.ts';

/** Between these shares of the machine an owner may lend. Source: DESIGN section 7, NuNet's own bounds. */
export const MIN_SHARE_PERCENT = 10;
export const MAX_SHARE_PERCENT = 90;

/** What the machine has, or a share of it. */
export interface Offer {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  gpus: number;
}

export interface Reservation {
  readonly resources: Offer;
  /** Chain time at which it lapses by itself; null while a job has it. */
  readonly until: number | null;
}

/** The owner's share. Throws RangeError outside 10 to 90 %; a machine with few CPUs lends at least one. */
export function shareOf(machine: Offer, percent: { cpus: number; memory: number; disk: number }): Offer {
  for (const [name, value] of Object.entries(percent)) {
    if (!(value >= MIN_SHARE_PERCENT && value <= MAX_SHARE_PERCENT)) {
      throw new RangeError(`Cannot lend ${value} % of ${name}: want ${MIN_SHARE_PERCENT} to ${MAX_SHARE_PERCENT} %`);
    }
  }
  return {
    cpus: Math.max(1, Math.floor((machine.cpus * percent.cpus) / 100)),
    memoryBytes: Math.floor((machine.memoryBytes * percent.memory) / 100),
    diskBytes: Math.floor((machine.diskBytes * percent.disk) / 100),
    gpus: machine.gpus,
  };
}

const PARTS = ['cpus', 'memoryBytes', 'diskBytes', 'gpus'] as const;
const NAMES = { cpus: 'CPUs', memoryBytes: 'bytes of memory', diskBytes: 'bytes of disk', gpus: 'GPUs' } as const;

export class Capacity {
  #total: Offer;
  readonly #reservations = new Map<string, Reservation>();

  constructor(total: Offer) {
    this.#total = total;
  }

  get total(): Offer {
    return this.#total;
  }

  /** The owner lends another share from now on. What is reserved beyond it stays so until it ends. */
  lend(total: Offer): void {
    this.#total = total;
  }

  free(now: number, except?: string): Offer {
    const free = { ...this.total };
    for (const [id, { resources, until }] of this.#reservations) {
      if (id === except || (until !== null && until <= now)) continue;
      for (const part of PARTS) free[part] = Math.max(0, free[part] - resources[part]);
    }
    return free;
  }

  /** Why these resources cannot be had now; empty when they can. `id` may hold an earlier reservation, which would be replaced. */
  problems(id: string, resources: Resources, now: number): Reason[] {
    const free = this.free(now, id);
    return PARTS.flatMap((part) => {
      if (resources[part] > this.total[part]) {
        return [{ code: 'capacity-too-small', message: `${resources[part]} ${NAMES[part]} asked, ${this.total[part]} on offer` }];
      }
      if (resources[part] > free[part]) {
        return [{ code: 'capacity-busy', message: `${resources[part]} ${NAMES[part]} asked, ${free[part]} free now` }];
      }
      return [];
    });
  }

  /** Takes them, for a quote until a time or for a job until `release`. Check `problems` first, in the same turn. */
  reserve(id: string, reservation: Reservation): void {
    this.#reservations.set(id, reservation);
  }

  has(id: string, now: number): boolean {
    const held = this.#reservations.get(id);
    return held !== undefined && (held.until === null || held.until > now);
  }

  release(id: string): void {
    this.#reservations.delete(id);
  }

  /** Frees what a quote holds; a job that was begun on it keeps its part. */
  releaseQuote(id: string): void {
    if (this.#reservations.get(id)?.until !== null) this.#reservations.delete(id);
  }
}

// Capacity: what the owner lends, and who holds which part of it. Pure bookkeeping; the journal makes it survive a restart.
import type { Resources } from '@nunet/shared/job-spec.ts';
import type { Reason } from '@nunet/shared/quote.ts';
import { allot, type LentGpu } from './gpu/allotment.ts';

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

/** What a job takes of the machine. */
export interface Demand extends Resources {
  /** Its disk lies in memory, and counts as both. */
  readonly diskIsMemory?: boolean;
}

export interface Reservation {
  readonly resources: Demand;
  /** Chain time at which it lapses by itself; null while a job has it. */
  readonly until: number | null;
}

/** Never lent: what the agent itself takes, with connections and transfers. Its tests allow 180 MB at rest. */
export const OWN_MEMORY_BYTES = 384 * 2 ** 20;

/** The owner's share. Throws RangeError outside 10 to 90 %; a machine with few CPUs lends at least one. */
export function shareOf(machine: Offer, percent: { cpus: number; memory: number; disk: number }): Offer {
  for (const [name, value] of Object.entries(percent)) {
    if (!(value >= MIN_SHARE_PERCENT && value <= MAX_SHARE_PERCENT)) {
      throw new RangeError(`Cannot lend ${value} % of ${name}: want ${MIN_SHARE_PERCENT} to ${MAX_SHARE_PERCENT} %`);
    }
  }
  return {
    cpus: Math.max(1, Math.floor((machine.cpus * percent.cpus) / 100)),
    memoryBytes: Math.max(0, Math.min(Math.floor((machine.memoryBytes * percent.memory) / 100), machine.memoryBytes - OWN_MEMORY_BYTES)),
    diskBytes: Math.floor((machine.diskBytes * percent.disk) / 100),
    gpus: machine.gpus,
  };
}

const PARTS = ['cpus', 'memoryBytes', 'diskBytes'] as const;
const NAMES = { cpus: 'CPUs', memoryBytes: 'bytes of memory', diskBytes: 'bytes of disk' } as const;

const partOf = (resources: Reservation['resources'], part: (typeof PARTS)[number]): number =>
  resources[part] + (part === 'memoryBytes' && resources.diskIsMemory === true ? resources.diskBytes : 0);

interface Held extends Reservation {
  /** Ids of the GPUs that are its own. */
  readonly gpuIds: readonly string[];
}

export class Capacity {
  #total: Offer;
  readonly #gpus: readonly LentGpu[];
  readonly #unfit: ReadonlyMap<string, string>;
  readonly #reservations = new Map<string, Held>();

  /**
   * `gpus`: the ones that are lent; how many the offer names is theirs to say. `unfit`: those that no job may have now, by id: the last
   * job left something on them, or they are being looked at.
   */
  constructor(total: Omit<Offer, 'gpus'>, gpus: readonly LentGpu[] = [], unfit: ReadonlyMap<string, string> = new Map()) {
    this.#gpus = gpus;
    this.#unfit = unfit;
    this.#total = { ...total, gpus: gpus.length };
  }

  get total(): Offer {
    return this.#total;
  }

  /** The owner lends another share from now on. What is reserved beyond it stays so until it ends. */
  lend(total: Omit<Offer, 'gpus'>): void {
    this.#total = { ...total, gpus: this.#gpus.length };
  }

  free(now: number, except?: string): Offer {
    const free = { ...this.total };
    for (const held of this.#holding(now, except))
      for (const part of PARTS) free[part] = Math.max(0, free[part] - partOf(held.resources, part));
    const taken = this.#taken(now, except);
    return { ...free, gpus: this.#gpus.filter(({ id }) => !taken.has(id)).length };
  }

  /** Disk that jobs have, quotes not counted: a question must not cost anybody what is kept. */
  get diskOfJobs(): number {
    return [...this.#reservations.values()].reduce((sum, { resources, until }) => sum + (until === null ? resources.diskBytes : 0), 0);
  }

  /** Why these resources cannot be had now; empty when they can. `id` may hold an earlier reservation, which would be replaced. */
  problems(id: string, resources: Demand, now: number): Reason[] {
    const free = this.free(now, id);
    const problems = PARTS.flatMap((part): Reason[] => {
      const asked = partOf(resources, part);
      const inMemory = asked === resources[part] ? '' : ' (the disk of such a job lies in memory here)';
      if (asked > this.total[part]) {
        return [{ code: 'capacity-too-small', message: `${asked} ${NAMES[part]}${inMemory} asked, ${this.total[part]} on offer` }];
      }
      if (asked > free[part]) {
        return [{ code: 'capacity-busy', message: `${asked} ${NAMES[part]}${inMemory} asked, ${free[part]} free now` }];
      }
      return [];
    });
    const { gpus, gpuMemoryBytes } = resources;
    const what = `${gpus} GPUs of one kind${gpuMemoryBytes === undefined ? '' : ` with ${gpuMemoryBytes} bytes of memory each`} asked`;
    if (allot(this.#gpus, new Set(), resources) === null) {
      problems.push({ code: 'capacity-too-small', message: `${what}, ${this.total.gpus} GPUs on offer in all` });
    } else if (allot(this.#gpus, this.#taken(now, id), resources) === null) {
      problems.push({ code: 'capacity-busy', message: `${what}, ${free.gpus} GPUs free now` });
    }
    return problems;
  }

  /**
   * Takes them, for a quote until a time or for a job until `release`, and tells which GPUs are now its own. Check `problems` first,
   * in the same turn. `gpuIds`: what a journal says that it has, whether it is lent still or not.
   */
  reserve(id: string, reservation: Reservation, now: number, gpuIds?: readonly string[]): readonly string[] {
    const held = this.#reservations.get(id)?.gpuIds ?? [];
    const own = gpuIds ?? allot(this.#gpus, this.#taken(now, id), reservation.resources, held) ?? [];
    this.#reservations.set(id, { ...reservation, gpuIds: own });
    return own;
  }

  /** All of these are still lent. */
  lends(gpuIds: readonly string[]): boolean {
    return gpuIds.every((id) => this.#gpus.some((gpu) => gpu.id === id));
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

  #holding(now: number, except?: string): Held[] {
    return [...this.#reservations].flatMap(([id, held]) => (id === except || (held.until !== null && held.until <= now) ? [] : [held]));
  }

  #taken(now: number, except?: string): Set<string> {
    return new Set([...this.#unfit.keys(), ...this.#holding(now, except).flatMap(({ gpuIds }) => gpuIds)]);
  }
}

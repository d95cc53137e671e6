// Which GPUs are lent, and which of them a job gets: each GPU or MIG slice has one job at a time. Pure.
import type { Resources } from '@nunet/shared/job-spec.ts';
import type { Gpu } from './gpu.ts';

/** One GPU or MIG slice that jobs may have. */
export interface LentGpu {
  /** What a device request names. */
  readonly id: string;
  /** null: not told. */
  readonly memoryBytes: number | null;
  /** Vendor and product: a job gets GPUs of one model only. */
  readonly model: string;
  /** A program can use one slice at a time, so that a job gets one at most. */
  readonly isSlice: boolean;
}

/** "MIG 1g.10gb" */
const SLICE_MEMORY = /(\d+)gb\b/i;

/** `chosen`: ids as the owner wrote them; one of a GPU that is cut means all its slices. */
export function lentGpus(gpus: readonly Gpu[], chosen: readonly string[]): { lent: LentGpu[]; missing: string[] } {
  const offered = new Map<string, LentGpu[]>();
  for (const { vendor, id, name, memoryBytes, slices } of gpus) {
    const model = `${vendor} ${name}`;
    const cut = slices.map((slice): LentGpu => {
      const gib = SLICE_MEMORY.exec(slice.name)?.[1];
      return {
        id: slice.id,
        memoryBytes: gib === undefined ? null : Number(gib) * 2 ** 30,
        model: `${model} ${slice.name}`,
        isSlice: true,
      };
    });
    offered.set(id, cut.length > 0 ? cut : [{ id, memoryBytes, model, isSlice: false }]);
    for (const slice of cut) offered.set(slice.id, [slice]);
  }
  const lent = new Map(chosen.flatMap((id) => offered.get(id) ?? []).map((gpu) => [gpu.id, gpu]));
  return { lent: [...lent.values()], missing: chosen.filter((id) => !offered.has(id)) };
}

/** GPUs for a job: the smallest that do, those in `held` first; null when there are not enough. None are asked for: none. */
export function allot(
  lent: readonly LentGpu[],
  taken: ReadonlySet<string>,
  asked: Pick<Resources, 'gpus' | 'gpuMemoryBytes'>,
  held: readonly string[] = [],
): string[] | null {
  const { gpus: count, gpuMemoryBytes = 0 } = asked;
  if (count === 0) return [];
  const fits = lent
    .filter(({ id, memoryBytes, isSlice }) => !taken.has(id) && (memoryBytes ?? 0) >= gpuMemoryBytes && !(isSlice && count > 1))
    .toSorted((a, b) => (a.memoryBytes ?? 0) - (b.memoryBytes ?? 0));
  const isHeld = ({ id }: LentGpu): boolean => held.includes(id);
  const inOrder = [...fits.filter(isHeld), ...fits.filter((gpu) => !isHeld(gpu))];
  for (const model of new Set(inOrder.map((gpu) => gpu.model))) {
    const together = inOrder.filter((gpu) => gpu.model === model);
    if (together.length >= count) return together.slice(0, count).map(({ id }) => id);
  }
  return null;
}

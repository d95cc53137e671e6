// GPUs that are lent against GPUs that are there. Pure.
import type { GpuReport } from '../gpu/gpu.ts';
import { fail, gib, pass, skip, warn, type Finding } from './finding.ts';

/** `lent`: ids of the configuration; null without one. */
export function judgeGpus({ gpus, problems }: GpuReport, lent: readonly string[] | null): Finding[] {
  const ids = gpus.flatMap(({ id, slices }) => [id, ...slices.map((slice) => slice.id)]);
  const gone = (lent ?? []).filter((id) => !ids.includes(id));
  // Whoever lends none is told; whoever does has jobs that would fail.
  const state = lent !== null && lent.length > 0 ? fail : warn;
  return [
    ...gone.map((id) => fail('gpu', `${id} is lent and not there`, 'See "nunet-agent gpus"; then nunet-agent config set gpus ID,...')),
    ...problems.map(({ problem, fix }) => state('gpu', problem, fix)),
    ...(gpus.length === 0 && gone.length === 0 && problems.length === 0 ? [skip('gpu', 'No GPU that could compute')] : []),
    ...gpus.map(({ name, id, memoryBytes, slices }) => {
      const isLent = [id, ...slices.map((slice) => slice.id)].some((one) => lent?.includes(one) === true);
      return pass('gpu', `${name}${memoryBytes === null ? '' : `, ${gib(memoryBytes)}`}: ${isLent ? 'lent' : 'not lent'} (${id})`);
    }),
  ];
}

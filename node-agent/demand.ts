// What a job takes of the machine, by where it runs. Pure.
import type { JobSpec, Resources } from '@nunet/shared/job-spec.ts';
import type { Demand } from './capacity.ts';
import type { Fingerprints } from './executor/executor-set.ts';

export type DemandOf = (kind: JobSpec['program']['kind'], resources: Resources) => Demand;

export const demandBy =
  (fingerprints: Fingerprints): DemandOf =>
  (kind, resources) => ({ ...resources, diskIsMemory: fingerprints.of(kind).diskIsMemory === true });

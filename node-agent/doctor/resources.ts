// Is what the owner lends there, and does it suffice for a job? Pure.
import { MIN_MEMORY_BYTES } from '@nunet/shared/onnx/check-job.ts';
import { shareOf, type Offer } from '../capacity.ts';
import type { AgentConfig } from '../config.ts';
import { fail, gib, pass, skip, warn, type Finding } from './finding.ts';

export interface Resources {
  machine: Offer;
  /** Type of the file system that the data folder lies on, as statfs(2) has it; null: unknown. */
  diskIsMemory: boolean;
  /** Free memory now. */
  availableBytes: number;
}

/** An image, a package list and outputs of the smallest Python job need more than this. Measured: scikit-learn 0.9 GiB, PyTorch 1.9 GiB. */
const SMALL_DISK_BYTES = 5 * 2 ** 30;
const LEAST_DISK_BYTES = 2 ** 30;
/** What the agent itself takes at rest stays below this. */
const AGENT_BYTES = 180 * 2 ** 20;

export function judgeResources({ machine, diskIsMemory, availableBytes }: Resources, share: AgentConfig['share'] | null): Finding[] {
  if (share === null) {
    return [
      skip('disk', `${gib(machine.diskBytes)} free; what is lent is asked by onboard`),
      skip('memory', `${gib(machine.memoryBytes)}, ${machine.cpus} CPUs; what is lent is asked by onboard`),
    ];
  }
  const lent = shareOf(machine, share);
  const disk = `Lends ${gib(lent.diskBytes)} of ${gib(machine.diskBytes)} free disk`;
  const memory = `Lends ${gib(lent.memoryBytes)} of ${gib(machine.memoryBytes)} memory and ${lent.cpus} of ${machine.cpus} CPUs`;
  const moreDisk = 'Free some disk, lend more with "nunet-agent config set share.disk PERCENT", or move the data folder to a larger disk';
  return [
    lent.diskBytes < LEAST_DISK_BYTES
      ? fail('disk', `${disk}: jobs of ${gib(LEAST_DISK_BYTES)} are refused`, moreDisk)
      : diskIsMemory
        ? warn(
            'disk',
            `${disk}, which is memory (tmpfs): it is gone after a restart of the machine`,
            'Put the data folder on a disk: --data FOLDER',
          )
        : lent.diskBytes < SMALL_DISK_BYTES
          ? warn('disk', `${disk}: little for images, which take up to 2 GiB each`, moreDisk)
          : pass('disk', disk),
    lent.memoryBytes < MIN_MEMORY_BYTES
      ? fail(
          'memory',
          `${memory}: the smallest job wants ${gib(MIN_MEMORY_BYTES)}`,
          'Lend more: nunet-agent config set share.memory PERCENT',
        )
      : lent.memoryBytes + AGENT_BYTES > availableBytes
        ? warn(
            'memory',
            `${memory}, but only ${gib(availableBytes)} are free now: jobs may be ended for lack of it`,
            'Lend less, or stop what uses the memory',
          )
        : pass('memory', memory),
  ];
}

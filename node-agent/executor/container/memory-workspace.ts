// A job's disk where mounting is not allowed: two volumes in memory, bounded by the engine, kept alive by a container that only sleeps.
import type Docker from 'dockerode';
import type { Engine } from './engine.ts';
import { keeperOptions } from './limits.ts';
import { ownImage } from './own-image.ts';
import { statusOf } from './engine-errors.ts';

const MIB = 2 ** 20;
/** One file for each that many bytes, within bounds; each takes memory of the kernel too. */
const BYTES_A_FILE = 4_096;
const MIN_FILES = 1_024;
const MAX_FILES = 200_000;

export interface MemoryWorkspace {
  readonly workspace: string;
  readonly outputs: string;
}

const namesOf = (id: string): MemoryWorkspace => ({ workspace: `nunet-${id}-workspace`, outputs: `nunet-${id}-outputs` });
const keeperName = (id: string): string => `nunet-${id}-keeper`;

/** Each may fill the whole quota: the job's memory limit, which counts them, bounds both together. They vanish with their last container. */
export async function makeMemoryWorkspace(
  engine: Engine,
  id: string,
  diskBytes: number,
  labels: Readonly<Record<string, string>>,
): Promise<MemoryWorkspace> {
  const names = namesOf(id);
  const { docker, traits } = engine;
  const make = async (Name: string, bytes: number): Promise<void> => {
    const size = Math.max(MIB, bytes);
    const files = Math.min(MAX_FILES, Math.max(MIN_FILES, Math.floor(size / BYTES_A_FILE)));
    await docker.createVolume({
      Name,
      Driver: 'local',
      Labels: { ...labels },
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: `size=${size},nr_inodes=${files},mode=1777,nosuid,nodev` },
    });
  };
  await make(names.workspace, diskBytes);
  await make(names.outputs, diskBytes);
  const options = keeperOptions(keeperName(id), await ownImage(docker), [names.workspace, names.outputs], traits, labels);
  const keeper = await docker.createContainer(options);
  await keeper.start();
  return names;
}

/** Idempotent. */
export async function removeMemoryWorkspace(docker: Docker, id: string): Promise<void> {
  const gone = (error: unknown): void => {
    if (statusOf(error) !== 404) throw error;
  };
  await docker.getContainer(keeperName(id)).remove({ force: true }).catch(gone);
  const names = namesOf(id);
  for (const name of [names.workspace, names.outputs]) await docker.getVolume(name).remove().catch(gone);
}

/** After a restart of the engine the keeper is gone, and the files with it. */
export const isKept = async (docker: Docker, id: string): Promise<boolean> =>
  docker
    .getContainer(keeperName(id))
    .inspect()
    .then(
      ({ State }) => State.Running,
      () => false,
    );

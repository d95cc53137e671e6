// Makes everything of one execution, so that nothing is left to do but to start it: files, bounded disk, container. And removes it all again.
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { NunetError } from '@nunet/shared/errors.ts';
import { bootId } from '../process-identity.ts';
import { readTree, writeTree } from './archive.ts';
import { formatDisk, mountDisk, removeDisk, takeDisk } from './disk-workspace.ts';
import type { Engine } from './engine.ts';
import { statusOf, translated } from './engine-errors.ts';
import { writeState, type ExecutionState } from './execution-state.ts';
import { checkGpusInside } from './gpu-check.ts';
import type { ContainerJob, Place } from './helper-protocol.ts';
import type { ReadyImage } from './images.ts';
import { createOptions, JOB_UID, type ImageTraits, type JobPlaces } from './limits.ts';
import { makeMemoryWorkspace, removeMemoryWorkspace } from './memory-workspace.ts';
import { programOf } from './programs.ts';

export const AGENT_LABEL = 'nunet.agent';
export const EXECUTION_LABEL = 'nunet.execution';
const JOB_LABEL = 'nunet.job';

/** Files of a workspace or of outputs; a job that makes more gets none of them. */
export const MAX_TREE_ENTRIES = 100_000;

export interface JobContainerParts {
  readonly engine: Engine;
  readonly agent: string;
  readonly stateDir: string;
  readonly disk: 'mount' | 'memory';
  /** A formatted disk of that size that waits, as a folder to take it from. */
  takeSpareDisk?(diskBytes: number): string | null;
}

export const labelsOf = (agent: string, id: string, jobId: string): Record<string, string> => ({
  [AGENT_LABEL]: agent,
  [EXECUTION_LABEL]: id,
  [JOB_LABEL]: jobId,
});

/** Throws `image-...`, `disk`, `engine-...`, `archive-...`; nothing is left then. */
export async function makeContainer(
  job: ContainerJob,
  image: ReadyImage,
  parts: JobContainerParts,
  signal: AbortSignal,
): Promise<ExecutionState> {
  const { engine } = parts;
  const { docker } = engine;
  const labels = labelsOf(parts.agent, job.id, job.jobId);
  try {
    await mkdir(job.workDir, { recursive: true, mode: 0o700 });
    const [init, inputs, disk] = await Promise.all([placeInit(parts.stateDir), placeInputs(job), makeDisk(job, labels, parts, signal)]);
    const options = createOptions(job, traitsOf(image), { init, inputs, ...disk }, engine.traits, labels);
    signal.throwIfAborted();
    await checkGpusInside(docker, job, options, signal);
    const container = await docker.createContainer(options).catch(translated('engine-create', 'make the container of the job'));
    if (job.resumeFrom !== null) await putWorkspace(container, job, job.resumeFrom);
    const state: ExecutionState = {
      v: 1,
      job,
      containerId: container.id,
      imageId: image.id,
      bootId: await bootId(),
      disk: parts.disk,
      start: null,
      pausedMs: 0,
      pausedSince: null,
      isPaused: false,
      checkpoints: 0,
      lastCheckpoint: null,
      result: null,
    };
    await writeState(state);
    return state;
  } catch (error) {
    await removeContainer(docker, job).catch(() => undefined);
    throw error;
  }
}

/** Whatever is there of an execution, running or not. Idempotent. Throws `engine-lost`, `disk`. */
export async function removeContainer(docker: Docker, place: Place): Promise<void> {
  const found = await docker
    .listContainers({ all: true, filters: { label: [`${EXECUTION_LABEL}=${place.id}`] } })
    .catch(translated('engine-remove', 'remove the container of the job'));
  for (const { Id } of found) {
    await docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch((error: unknown) => {
        // Gone already, or on its way.
        if (![404, 409].includes(statusOf(error) ?? 0)) translated('engine-remove', 'remove the container of the job')(error);
      });
  }
  await removeMemoryWorkspace(docker, place.id).catch(translated('engine-remove', "remove the job's volumes"));
  await removeDisk(place.workDir);
  await rm(place.workDir, { recursive: true, force: true });
}

export const traitsOf = ({ id, inspect: { Config } }: ReadyImage): ImageTraits => {
  const list = (value: string | string[] | null | undefined): string[] =>
    value === null || value === undefined ? [] : typeof value === 'string' ? ['/bin/sh', '-c', value] : value;
  return {
    id,
    env: Config.Env ?? [],
    volumes: Object.keys(Config.Volumes ?? {}),
    entrypoint: list(Config.Entrypoint),
    command: list(Config.Cmd),
  };
};

/** PID 1 of every job, once on the disk. */
export async function placeInit(stateDir: string): Promise<string> {
  const bytes = programOf('init', process.arch);
  const path = join(stateDir, `init-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`);
  const isThere = await stat(path).then(
    ({ size }) => size === bytes.length,
    () => false,
  );
  if (!isThere) {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeFile(path, bytes, { mode: 0o755 });
    await chmod(path, 0o755);
  }
  return path;
}

/** A folder that the job sees read-only: other names of the same files where the job may read those, copies where not. */
async function placeInputs(job: ContainerJob): Promise<string> {
  const folder = join(job.workDir, 'inputs');
  try {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    for (const { name, path } of job.inputs) {
      const to = join(folder, name);
      const isReadable = ((await stat(path)).mode & 0o004) !== 0;
      const isLinked =
        isReadable &&
        (await link(path, to).then(
          () => true,
          () => false,
        ));
      if (isLinked) continue;
      await copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await chmod(to, 0o444);
    }
  } catch (cause) {
    throw new NunetError('disk', 'Cannot lay out the inputs of the job: the work folder cannot be written', { cause });
  }
  return folder;
}

async function makeDisk(
  job: ContainerJob,
  labels: Record<string, string>,
  parts: JobContainerParts,
  signal: AbortSignal,
): Promise<Pick<JobPlaces, 'workspace' | 'outputs' | 'diskIsMemory'>> {
  const { diskBytes } = job.resources;
  if (parts.disk === 'memory') {
    const { workspace, outputs } = await makeMemoryWorkspace(parts.engine, job.id, diskBytes, labels).catch(
      translated('engine-volume', "make the job's volumes"),
    );
    return { workspace: { type: 'volume', source: workspace }, outputs: { type: 'volume', source: outputs }, diskIsMemory: true };
  }
  const spare = parts.takeSpareDisk?.(diskBytes) ?? null;
  if (spare === null) await formatDisk(job.workDir, diskBytes, signal);
  else await takeDisk(spare, job.workDir);
  const { workspace, outputs } = await mountDisk(job.workDir);
  return { workspace: { type: 'bind', source: workspace }, outputs: { type: 'bind', source: outputs }, diskIsMemory: false };
}

/** An earlier checkpoint, read by strict rules and written anew: nothing but plain files of the job's own reaches the engine. */
async function putWorkspace(container: Docker.Container, job: ContainerJob, resumeFrom: string): Promise<void> {
  const input = job.inputs.find(({ name }) => name === resumeFrom);
  if (input === undefined) throw new NunetError('resume-missing', `Cannot resume: ${resumeFrom} is no input of the job`);
  const spool = await open(join(job.workDir, 'spool'), 'w+', 0o600);
  try {
    const bounds = { maxEntries: MAX_TREE_ENTRIES, maxBytes: job.resources.diskBytes };
    const { entries } = await readTree(createReadStream(input.path), { bounds, spool, strict: true, root: null });
    await container
      .putArchive(writeTree(entries, JOB_UID) as unknown as NodeJS.ReadableStream, { path: '/workspace' })
      .catch(translated('engine-archive', 'lay out the checkpoint'));
  } finally {
    await spool.close();
    await rm(join(job.workDir, 'spool'), { force: true });
  }
}

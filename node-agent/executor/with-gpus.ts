// An executor whose jobs have GPUs: what each used of them goes into its result, and no other job gets them before they are clean.
import type { GpusInUse, JobGpus } from '../gpu/job-gpus.ts';
import type { ExecutionHandle, Executor } from './executor.ts';
import { overridden } from './overridden.ts';

/**
 * Everything but `start` and `wait` is the executor's own. `gpusOf`: of an execution that an earlier process began. `signal` ends the
 * looking at GPUs after a job.
 */
export function withGpus(
  executor: Executor,
  gpus: JobGpus,
  gpusOf: (handle: ExecutionHandle) => readonly string[],
  signal: AbortSignal,
): Executor {
  const inUse = new Map<string, GpusInUse>();
  /** Nobody waits for it: `gpus.unfit` keeps the next job away meanwhile. */
  const give = (using: GpusInUse): void => void using.release(signal).catch(() => undefined);
  const start: Executor['start'] = async (request, saveHandle, until) => {
    if (request.gpus.length === 0) return executor.start(request, saveHandle, until);
    const using = await gpus.begin(request.gpus);
    try {
      const handle = await executor.start(request, saveHandle, until);
      inUse.set(handle.id, using);
      return handle;
    } catch (error) {
      await using.used();
      give(using);
      throw error;
    }
  };
  const wait: Executor['wait'] = async (handle, onEvent, until, heard) => {
    const result = await executor.wait(handle, onEvent, until, heard);
    const held = inUse.get(handle.id);
    inUse.delete(handle.id);
    const ids = held === undefined ? gpusOf(handle) : [];
    const using = held ?? (ids.length === 0 ? undefined : gpus.takeUp(ids));
    if (using === undefined) return result;
    const used = await using.used();
    give(using);
    return { ...result, usage: { ...result.usage, ...used } };
  };
  return overridden(executor, { start, wait });
}

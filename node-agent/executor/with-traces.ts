// An executor that says what a job is at: what is got ready, the start, the job's own time, and what comes after it.
import type { JobTraces } from '../telemetry/traces.ts';
import type { Executor } from './executor.ts';
import { overridden } from './overridden.ts';

/** Everything but `prepare`, `start` and `wait` is the executor's own. */
export function withTraces(executor: Executor, traces: JobTraces): Executor {
  const prepare: Executor['prepare'] = async (request, signal, onProgress) => {
    traces.phase(request.jobId, 'prepare');
    await executor.prepare(request, signal, (progress) => {
      traces.phase(request.jobId, progress.phase);
      onProgress?.(progress);
    });
  };
  const start: Executor['start'] = async (request, saveHandle, signal) => {
    traces.phase(request.jobId, 'start');
    return executor.start(request, saveHandle, signal);
  };
  const wait: Executor['wait'] = async (handle, onEvent, signal, heard) => {
    const result = await executor.wait(
      handle,
      (event) => {
        if (event.type === 'started') traces.phase(handle.jobId, 'run');
        onEvent(event);
      },
      signal,
      heard,
    );
    traces.phase(handle.jobId, 'collect');
    return result;
  };
  return overridden(executor, { prepare, start, wait });
}

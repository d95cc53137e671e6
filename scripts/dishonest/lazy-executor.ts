// A cheat for the demo: an executor that sets every number a job is fed to zero and makes one pass, so that a trainer trains nothing.
import type { OnnxProgram } from '@nunet/shared/onnx-program.ts';
import type { ExecutionRequest, Executor } from '@nunet/node-agent/executor/executor.ts';

function untrained(program: OnnxProgram): OnnxProgram {
  const feeds = Object.fromEntries(
    Object.entries(program.feeds).map(([name, feed]) => [
      name,
      feed.from === 'value' ? { ...feed, values: feed.values.map(() => 0) } : feed,
    ]),
  );
  return { ...program, feeds, epochs: 1 };
}

/** Everything else is the honest executor's: the manifest is whole, well signed and wrong. */
export function lazyExecutor(honest: Executor): Executor {
  const cut = (request: ExecutionRequest): ExecutionRequest =>
    request.spec.program.kind === 'onnx'
      ? { ...request, spec: { ...request.spec, program: untrained(request.spec.program) }, inputPath: (name) => request.inputPath(name) }
      : request;
  return {
    kind: honest.kind,
    fingerprint: (signal) => honest.fingerprint(signal),
    prepare: (request, signal) => honest.prepare(cut(request), signal),
    start: (request, saveHandle, signal) => honest.start(cut(request), saveHandle, signal),
    wait: (handle, onEvent, signal) => honest.wait(handle, onEvent, signal),
    stop: (handle, reason) => honest.stop(handle, reason),
    pause: (handle) => honest.pause(handle),
    resume: (handle) => honest.resume(handle),
    billed: (handle) => honest.billed(handle),
    remove: (handle) => honest.remove(handle),
    recover: (handle) => honest.recover(handle),
  };
}

// ExecutorSet: several executors behind the one interface; a job goes to the one that takes its kind, a handle to the one that made it.
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import type { ExecutionHandle, Executor, ExecutorFingerprint } from './executor.ts';

type Kind = JobSpec['program']['kind'];

/** What this agent can run, kind by kind. */
export interface Fingerprints {
  /** All kinds that some executor takes. */
  readonly kinds: readonly Kind[];
  /** Of the executor that takes the kind, or that runs it below the floor; of the first one where none does, whose detail says why. */
  of(kind: Kind): ExecutorFingerprint;
  readonly all: readonly ExecutorFingerprint[];
}

export interface ExecutorSet extends Executor {
  /** As last read: call `fingerprint` first. */
  fingerprints(): Fingerprints;
}

/** `executors`: at least one; the first that takes a kind gets it. */
export function executorSet(executors: readonly Executor[]): ExecutorSet {
  const known = new Map<Executor, ExecutorFingerprint>();
  const find = (kind: Kind): Executor | undefined =>
    executors.find((executor) => known.get(executor)?.kinds.includes(kind) === true) ??
    executors.find((executor) => known.get(executor)?.ownKinds?.includes(kind) === true);
  const takes = (kind: Kind): Executor => {
    const found = find(kind);
    if (found === undefined) throw new NunetError('kind-not-offered', `Cannot run the job: no executor here takes kind ${kind}`);
    return found;
  };
  const made = (handle: ExecutionHandle): Executor => {
    const found = executors.find((executor) => executor.kind === handle.executor);
    if (found === undefined)
      throw new NunetError('executor-gone', `Cannot reach execution ${handle.id}: executor "${handle.executor}" is not set up any more`);
    return found;
  };
  const all = (): ExecutorFingerprint[] => executors.flatMap((executor) => known.get(executor) ?? []);
  return {
    kind: 'set',
    async fingerprint(signal) {
      for (const executor of executors) known.set(executor, await executor.fingerprint(signal));
      const [first] = all();
      if (first === undefined) throw new NunetError('executor-none', 'Cannot say what this agent runs: it has no executor');
      return { ...first, kinds: [...new Set(all().flatMap(({ kinds }) => kinds))] };
    },
    fingerprints: () => fingerprintsOf(all()),
    prepare: async (request, signal, onProgress) => takes(request.spec.program.kind).prepare(request, signal, onProgress),
    expectedStartMs: (work: QuoteRequest['work']) => find(work.kind)?.expectedStartMs?.(work) ?? 0,
    hasImage: (reference) => executors.some((executor) => executor.hasImage?.(reference) === true),
    anticipate: (jobId, spec) => find(spec.program.kind)?.anticipate?.(jobId, spec),
    start: async (request, saveHandle, signal) => takes(request.spec.program.kind).start(request, saveHandle, signal),
    wait: async (handle, onEvent, signal, heard) => made(handle).wait(handle, onEvent, signal, heard),
    stop: async (handle, reason) => made(handle).stop(handle, reason),
    pause: async (handle) => made(handle).pause(handle),
    resume: async (handle) => made(handle).resume(handle),
    billed: (handle) => made(handle).billed(handle),
    remove: async (handle) => made(handle).remove(handle),
    recover: async (handle) => made(handle).recover(handle),
    async sweep(handles) {
      for (const executor of executors) await executor.sweep?.(handles.filter((handle) => handle.executor === executor.kind));
    },
    async close() {
      for (const executor of executors) await executor.close?.();
    },
  };
}

/** `all`: at least one. */
export function fingerprintsOf(all: readonly ExecutorFingerprint[]): Fingerprints {
  return {
    all,
    kinds: [...new Set(all.flatMap(({ kinds }) => kinds))],
    of(kind) {
      const found =
        all.find(({ kinds }) => kinds.includes(kind)) ?? all.find(({ ownKinds }) => ownKinds?.includes(kind) === true) ?? all[0];
      if (found === undefined) throw new NunetError('executor-none', 'Cannot say what this agent runs: it has no executor');
      return found;
    },
  };
}

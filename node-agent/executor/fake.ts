// A programmable executor without processes: for tests of everything above the interface, and for trying a setup out. It ships.
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { SandboxLevel } from '@nunet/shared/job-spec.ts';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import type { ExecutionClock } from './embedded-execution.ts';
import type {
  ExecutionEvent,
  ExecutionExit,
  ExecutionHandle,
  ExecutionRequest,
  ExecutionResult,
  Executor,
  ExecutorFingerprint,
  StopReason,
} from './executor.ts';

/** What a fake execution does, step by step; each step is awaited in turn. */
export type FakeStep =
  | { readonly do: 'log'; readonly line: string }
  | { readonly do: 'progress'; readonly epoch: number; readonly epochs: number; readonly metrics: Readonly<Record<string, number>> }
  /** Bytes of an output that the spec names. */
  | { readonly do: 'output'; readonly name: string; readonly bytes: Uint8Array }
  /** The workspace as it was, in a file beside the outputs. */
  | { readonly do: 'checkpoint'; readonly bytes: Uint8Array }
  /** Goes on when the promise does. */
  | { readonly do: 'wait'; readonly until: Promise<unknown> }
  /** Never goes on: only a limit or a stop ends it. */
  | { readonly do: 'hang' }
  | { readonly do: 'fail'; readonly exit: Exclude<ExecutionExit, { kind: 'completed' }> };

export interface FakeScript {
  /** Refuses in `prepare`. */
  readonly refuse?: { readonly code: string; readonly message: string };
  readonly steps: readonly FakeStep[];
  readonly cpuMs?: number;
  readonly peakMemoryBytes?: number;
}

export interface FakeOptions {
  readonly clock: ExecutionClock;
  /** Called once a job, with its request. */
  script(request: ExecutionRequest): FakeScript;
  readonly sandbox?: SandboxLevel;
  /** What runs, where it outlives the executor: executors with the same one are one engine seen by several starts of an agent. */
  readonly engine?: FakeEngine;
  /** What is here already. */
  readonly images?: readonly string[];
  expectedStartMs?(work: QuoteRequest['work']): number;
  /** Only `onnx` unless given. */
  readonly kinds?: ExecutorFingerprint['kinds'];
}

/** Executions by the id of their handle. */
export type FakeEngine = Map<string, FakeExecution>;

interface FakeExecution {
  readonly jobId: string;
  readonly result: Promise<ExecutionResult>;
  /** All so far, and how many of them somebody has heard. */
  readonly events: ExecutionEvent[];
  heard: number;
  readonly listeners: Set<(event: ExecutionEvent) => void>;
  end(exit: ExecutionExit): void;
  /** Stands still or goes on; false when it does so already. */
  pause(on: boolean): boolean;
  billedMs(): number;
}

export class FakeExecutor implements Executor {
  readonly kind = 'fake';
  /** Everything that was asked of it, in order: what a test looks at. */
  readonly calls: {
    readonly call: 'prepare' | 'start' | 'pause' | 'resume' | 'stop' | 'remove' | 'recover' | 'sweep';
    readonly jobId: string;
  }[] = [];
  readonly #options: FakeOptions;
  readonly #running: FakeEngine;
  readonly #gone = Promise.withResolvers<ExecutionResult>();
  #isGone = false;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.#running = options.engine ?? new Map();
  }

  async fingerprint(): Promise<ExecutorFingerprint> {
    return {
      sandbox: this.#options.sandbox ?? 'namespace',
      detail: 'fake executor',
      checks: [],
      kinds: this.#options.kinds ?? ['onnx'],
      version: 'fake 1',
    };
  }

  async prepare(request: ExecutionRequest): Promise<void> {
    this.calls.push({ call: 'prepare', jobId: request.jobId });
    const { refuse } = this.#options.script(request);
    if (refuse !== undefined) throw new NunetError(refuse.code, refuse.message);
  }

  async start(request: ExecutionRequest, saveHandle: (handle: ExecutionHandle) => Promise<void>): Promise<ExecutionHandle> {
    this.calls.push({ call: 'start', jobId: request.jobId });
    const handle: ExecutionHandle = {
      v: 1,
      executor: this.kind,
      id: randomBytes(16).toString('hex'),
      jobId: request.jobId,
      workDir: request.workDir,
      pid: null,
      bootId: null,
      startTime: null,
    };
    await mkdir(join(request.workDir, 'outputs'), { recursive: true });
    try {
      await saveHandle(handle);
    } catch (error) {
      await rm(request.workDir, { recursive: true, force: true });
      throw error;
    }
    this.#running.set(handle.id, this.#run(request));
    return handle;
  }

  async wait(
    handle: ExecutionHandle,
    onEvent: (event: ExecutionEvent) => void,
    signal: AbortSignal,
    heard?: number,
  ): Promise<ExecutionResult> {
    const execution = this.#running.get(handle.id);
    if (execution === undefined)
      throw new NunetError('execution-unknown', `Cannot wait for execution ${handle.id}: this process did not start it`);
    let line = 0;
    for (const [index, event] of execution.events.entries()) {
      const isNew = event.type === 'log' && heard !== undefined ? line >= heard : index >= execution.heard;
      if (event.type === 'log') line += 1;
      if (isNew) onEvent(event);
    }
    execution.heard = execution.events.length;
    execution.listeners.add(onEvent);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      return await Promise.race([execution.result, aborted.promise, this.#gone.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      execution.listeners.delete(onEvent);
    }
  }

  async stop(handle: ExecutionHandle, reason: StopReason): Promise<void> {
    if (this.#isGone) return;
    this.calls.push({ call: 'stop', jobId: handle.jobId });
    const execution = this.#running.get(handle.id);
    execution?.end(
      reason.by === 'asked'
        ? { kind: 'jobFault', code: 'stopped', message: reason.message }
        : { kind: 'computeProviderFault', code: 'agent-stopped', message: reason.message },
    );
    await execution?.result;
  }

  async pause(handle: ExecutionHandle): Promise<void> {
    if (this.#running.get(handle.id)?.pause(true) === true) this.calls.push({ call: 'pause', jobId: handle.jobId });
  }

  async resume(handle: ExecutionHandle): Promise<void> {
    if (this.#running.get(handle.id)?.pause(false) === true) this.calls.push({ call: 'resume', jobId: handle.jobId });
  }

  billed(handle: ExecutionHandle): number {
    return this.#running.get(handle.id)?.billedMs() ?? 0;
  }

  async remove(handle: ExecutionHandle): Promise<void> {
    this.calls.push({ call: 'remove', jobId: handle.jobId });
    const execution = this.#running.get(handle.id);
    execution?.end({ kind: 'computeProviderFault', code: 'agent-stopped', message: 'The execution was removed' });
    await execution?.result;
    this.#running.delete(handle.id);
    await rm(handle.workDir, { recursive: true, force: true });
  }

  async recover(handle: ExecutionHandle): Promise<'running' | 'gone'> {
    this.calls.push({ call: 'recover', jobId: handle.jobId });
    return this.#running.has(handle.id) ? 'running' : 'gone';
  }

  async sweep(handles: readonly ExecutionHandle[]): Promise<void> {
    const named = new Set(handles.map(({ id }) => id));
    for (const [id, execution] of this.#running) {
      if (named.has(id)) continue;
      this.calls.push({ call: 'sweep', jobId: execution.jobId });
      execution.end({ kind: 'computeProviderFault', code: 'agent-stopped', message: 'No handle names this execution' });
      this.#running.delete(id);
    }
  }

  hasImage(reference: string): boolean {
    return this.#options.images?.includes(reference) === true;
  }

  expectedStartMs(work: QuoteRequest['work']): number {
    return this.#options.expectedStartMs?.(work) ?? 0;
  }

  /** As if the agent's process were killed: what runs goes on in the engine, and this executor has no hand in it any more. */
  die(): void {
    this.#isGone = true;
    const exit = { kind: 'computeProviderFault', code: 'agent-stopped', message: 'This process is dead' } as const;
    this.#gone.resolve({ exit, billedMs: 0, cpuMs: 0, peakMemoryBytes: 0, outputs: [], metrics: [] });
  }

  async close(): Promise<void> {
    if (this.#isGone) return;
    for (const execution of this.#running.values()) {
      execution.end({ kind: 'computeProviderFault', code: 'agent-stopped', message: 'The agent was stopped' });
      await execution.result;
    }
  }

  /** Ends a running execution as if its process had been killed from outside. */
  vanish(handle: ExecutionHandle): void {
    this.#running
      .get(handle.id)
      ?.end({ kind: 'computeProviderFault', code: 'child-vanished', message: 'The fake process was ended from outside' });
  }

  #run(request: ExecutionRequest): FakeExecution {
    const { clock } = this.#options;
    const { spec } = request;
    const script = this.#options.script(request);
    let since: number | null = clock.monotonic();
    let billedBefore = 0;
    let timer: NodeJS.Timeout | undefined;
    const ended = Promise.withResolvers<ExecutionExit>();
    /** Resolved while it runs. */
    let moving = Promise.withResolvers<void>();
    moving.resolve();
    const billedMs = (): number => Math.min(Math.ceil(billedBefore + (since === null ? 0 : clock.monotonic() - since)), spec.timeLimitMs);
    const limit = (): void => {
      timer = setTimeout(
        () =>
          ended.resolve({
            kind: 'jobFault',
            code: 'time-limit',
            message: `The job did not end within its time limit of ${spec.timeLimitMs} ms`,
          }),
        spec.timeLimitMs - billedMs(),
      );
    };
    const pause = (on: boolean): boolean => {
      if (isOver || on === (since === null)) return false;
      clearTimeout(timer);
      if (on) {
        billedBefore = billedMs();
        since = null;
        moving = Promise.withResolvers<void>();
      } else {
        since = clock.monotonic();
        limit();
        moving.resolve();
      }
      return true;
    };
    const execution: Omit<FakeExecution, 'result'> = {
      jobId: request.jobId,
      events: [],
      heard: 0,
      listeners: new Set(),
      end: (exit) => ended.resolve(exit),
      pause,
      billedMs,
    };
    const outputs: { name: string; path: string; bytes: number }[] = [];
    let metrics: Readonly<Record<string, number>> = {};
    let checkpoints = 0;
    let isOver = false;
    const emit = (event: ExecutionEvent): void => {
      if (isOver) return;
      execution.events.push(event);
      if (execution.listeners.size > 0) execution.heard = execution.events.length;
      for (const listener of execution.listeners) listener(event);
    };
    limit();
    const play = async (): Promise<ExecutionExit> => {
      emit({ type: 'started', atMs: clock.now() });
      for (const step of script.steps) {
        await Promise.race([moving.promise, ended.promise]);
        if (isOver) break;
        switch (step.do) {
          case 'log':
            emit({ type: 'log', line: step.line });
            break;
          case 'progress':
            metrics = step.metrics;
            emit({ type: 'progress', epoch: step.epoch, epochs: step.epochs, step: 1, steps: 1, metrics });
            break;
          case 'output': {
            const path = join(request.workDir, 'outputs', step.name);
            await writeFile(path, step.bytes, { mode: 0o600 });
            outputs.push({ name: step.name, path, bytes: step.bytes.length });
            const bytes = outputs.reduce((all, output) => all + output.bytes, 0);
            if (bytes > spec.outputLimitBytes) {
              return {
                kind: 'jobFault',
                code: 'output-limit',
                message: `The outputs have ${bytes} bytes, the job allows ${spec.outputLimitBytes}`,
              };
            }
            break;
          }
          case 'checkpoint': {
            checkpoints += 1;
            const path = join(request.workDir, `checkpoint-${checkpoints}.tar`);
            await writeFile(path, step.bytes, { mode: 0o600 });
            emit({ type: 'checkpoint', number: checkpoints, path, bytes: step.bytes.length });
            break;
          }
          case 'wait':
            await step.until;
            break;
          case 'hang':
            await ended.promise;
            break;
          case 'fail':
            return step.exit;
        }
      }
      // A real one stands still before its last word, too.
      await Promise.race([moving.promise, ended.promise]);
      return { kind: 'completed' };
    };
    const playing = play();
    playing.then(ended.resolve, ended.reject);
    const finish = async (): Promise<ExecutionResult> => {
      const exit = await ended.promise;
      billedBefore = billedMs();
      since = null;
      isOver = true;
      clearTimeout(timer);
      const isComplete = exit.kind === 'completed';
      return {
        exit,
        billedMs: billedMs(),
        cpuMs: script.cpuMs ?? 0,
        peakMemoryBytes: script.peakMemoryBytes ?? 0,
        outputs: isComplete ? outputs : [],
        metrics: isComplete ? Object.entries(metrics).map(([name, value]) => ({ name, value })) : [],
      };
    };
    return Object.assign(execution, { result: finish() });
  }
}

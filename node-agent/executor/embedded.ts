// The embedded executor: ONNX programs in confined child processes, without any engine. Data runs here, never code.
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { Evaluation } from '@nunet/shared/onnx-program.ts';
import { checkedGraph, checkJob, filesOf } from '@nunet/shared/onnx/check-job.ts';
import { evaluationPlan } from '@nunet/shared/onnx/score.ts';
import { fileStart } from '../file-start.ts';
import { buildChildRuntime, type ChildRuntime } from './child-runtime.ts';
import { killGroup, killOne, startChild } from './confined-child.ts';
import { confinements, type ChildLimits, type Confinement } from './confinement.ts';
import { EmbeddedExecution, type ExecutionClock, type ExecutionPlan } from './embedded-execution.ts';
import type {
  ExecutionEvent,
  ExecutionHandle,
  ExecutionRequest,
  ExecutionResult,
  Executor,
  ExecutorFingerprint,
  StopReason,
} from './executor.ts';
import { bootId, leftOfGroup, startTime } from './process-identity.ts';
import { SpareChildren } from './spare-children.ts';
import { chooseSandbox, type ProbedSandbox } from './sandbox-probe.ts';

const KIND = 'embedded';
/** A killed process is gone within milliseconds; a disk in trouble may hold it longer. */
const GONE_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 10;

export interface EmbeddedOptions {
  readonly clock: ExecutionClock;
  /** Devnet only: take data-only jobs below the sandbox floor, with a warning. */
  readonly allowBelowFloor: boolean;
  /** Where the child's runtime folder is made; the system's temporary folder by default. */
  readonly runtimeParent?: string;
  /** What to try, best first; the system's own by default. */
  readonly confinements?: readonly Confinement[];
}

interface Sandbox extends ProbedSandbox {
  readonly runtime: ChildRuntime;
}

export interface ScoreRequest {
  readonly evaluation: Evaluation;
  filePath(name: string): string;
  fileBytes(name: string): number;
  readonly memoryBytes: number;
  readonly timeLimitMs: number;
}

export class EmbeddedExecutor implements Executor {
  readonly kind = KIND;
  readonly #options: EmbeddedOptions;
  readonly #running = new Map<string, EmbeddedExecution>();
  readonly #spares = new SpareChildren(async (limits, listener) => {
    const { confinement, runtime } = await this.#probed(new AbortController().signal);
    return startChild(confinement, runtime, limits, listener);
  });
  #sandbox: Promise<Sandbox> | null = null;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  /** Throws `sandbox-none` when no child can be started at all. */
  async fingerprint(signal: AbortSignal): Promise<ExecutorFingerprint> {
    const { level, confinement, checks, versions } = await this.#probed(signal);
    const meetsFloor = level === 'namespace';
    const takes = meetsFloor || this.#options.allowBelowFloor;
    const failed = checks.filter((check) => !check.passed).map((check) => check.name);
    const below = takes
      ? 'below the floor, data-only jobs taken because the devnet flag allows it'
      : "below the floor, no jobs taken but the owner's own";
    return {
      sandbox: level,
      detail: `${confinement.name}: ${meetsFloor ? 'no network, empty view of the files, limits hold' : `${below} (${[...new Set(failed)].join(', ')})`}`,
      checks,
      kinds: takes ? ['onnx'] : [],
      ...(takes ? {} : { ownKinds: ['onnx'] }),
      version: `onnxruntime ${versions.onnxruntime}, node ${versions.node}`,
    };
  }

  async prepare(request: ExecutionRequest, signal: AbortSignal): Promise<void> {
    if (request.isOwn !== true) await this.#demandFloor('run the job', signal);
    await checkJob(request.spec, (name) => fileStart(request.inputPath(name), signal));
  }

  anticipate(jobId: string, spec: JobSpec): void {
    if (spec.program.kind === 'onnx') this.#spares.add(jobId, limitsOf(spec.resources.memoryBytes, spec.resources.cpus, spec.timeLimitMs));
  }

  async start(
    request: ExecutionRequest,
    saveHandle: (handle: ExecutionHandle) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ExecutionHandle> {
    const { spec, jobId, workDir } = request;
    const { program } = spec;
    if (program.kind !== 'onnx')
      throw new NunetError('spec-kind', `Cannot start the job: its kind is ${program.kind}, this executor takes onnx`);
    const outputDir = join(workDir, 'outputs');
    await mkdir(outputDir, { recursive: true, mode: 0o700 });
    const { execution, pid, kill } = await this.#spawn(
      jobId,
      {
        plan: program,
        cpus: spec.resources.cpus,
        timeLimitMs: spec.timeLimitMs,
        outputLimitBytes: spec.outputLimitBytes,
        inputs: spec.inputs,
        inputPath: (name) => request.inputPath(name),
        outputDir,
      },
      spec.resources.memoryBytes,
      signal,
    );
    const handle: ExecutionHandle = {
      v: 1,
      executor: KIND,
      id: randomBytes(16).toString('hex'),
      jobId,
      workDir,
      pid,
      bootId: await bootId(),
      startTime: await startTime(pid),
    };
    try {
      await saveHandle(handle);
    } catch (error) {
      kill();
      await execution.result;
      await rm(workDir, { recursive: true, force: true });
      throw error;
    }
    this.#running.set(handle.id, execution);
    void execution.send();
    return handle;
  }

  async wait(handle: ExecutionHandle, onEvent: (event: ExecutionEvent) => void, signal: AbortSignal): Promise<ExecutionResult> {
    const execution = this.#running.get(handle.id);
    if (execution === undefined)
      throw new NunetError('execution-unknown', `Cannot wait for execution ${handle.id}: this process did not start it`);
    const unlisten = execution.listen(onEvent);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      return await Promise.race([execution.result, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      unlisten();
    }
  }

  async stop(handle: ExecutionHandle, reason: StopReason): Promise<void> {
    const execution = this.#running.get(handle.id);
    if (execution === undefined) return;
    execution.stop(reason);
    await execution.result;
  }

  async pause(handle: ExecutionHandle): Promise<void> {
    await this.#running.get(handle.id)?.pause();
  }

  async resume(handle: ExecutionHandle): Promise<void> {
    await this.#running.get(handle.id)?.resume();
  }

  billed(handle: ExecutionHandle): number {
    return this.#running.get(handle.id)?.billedMs() ?? 0;
  }

  async remove(handle: ExecutionHandle): Promise<void> {
    if (this.#running.has(handle.id)) await this.stop(handle, { by: 'agent', message: 'The execution was removed' });
    else await this.#endProcessOf(handle);
    this.#running.delete(handle.id);
    await rm(handle.workDir, { recursive: true, force: true });
  }

  async recover(handle: ExecutionHandle): Promise<'running' | 'gone'> {
    if (this.#running.has(handle.id)) return 'running';
    // The pipes of a child died with the agent that held them: what is left of it can only be ended.
    await this.#endProcessOf(handle);
    return 'gone';
  }

  /** Scores a stranger's model in the same confinement as a job. Throws `sandbox-below-floor`, `graph-...`, `program-...` or `score-failed`. */
  async score(request: ScoreRequest, signal: AbortSignal): Promise<number> {
    const { evaluation } = request;
    await this.#demandFloor('score the model', signal);
    await checkedGraph(await fileStart(request.filePath(evaluation.graph), signal), evaluation.graph);
    const plan = evaluationPlan(evaluation);
    const { execution, kill } = await this.#spawn(
      null,
      {
        plan,
        cpus: 1,
        timeLimitMs: request.timeLimitMs,
        outputLimitBytes: 0,
        inputs: filesOf(plan).map((name) => ({ name, bytes: request.fileBytes(name) })),
        inputPath: (name) => request.filePath(name),
        outputDir: '/nonexistent',
      },
      request.memoryBytes,
      signal,
    );
    signal.addEventListener('abort', kill);
    void execution.send();
    const { exit, metrics } = await execution.result.finally(() => signal.removeEventListener('abort', kill));
    signal.throwIfAborted();
    const value = metrics[0]?.value;
    // A fault of this machine says nothing about the model.
    const code = exit.kind === 'jobFault' ? 'score-failed' : 'score-unavailable';
    if (exit.kind !== 'completed') throw new NunetError(code, `Cannot score ${evaluation.graph}: ${exit.message}`);
    if (value === undefined)
      throw new NunetError('score-failed', `Cannot score ${evaluation.graph}: metric ${evaluation.metric.name} is not a number`);
    return value;
  }

  /** Ends every execution of this process and deletes the runtime folder. */
  async close(): Promise<void> {
    await this.#spares.close();
    await Promise.all(
      [...this.#running.values()].map((execution) => {
        execution.stop({ by: 'agent', message: 'The agent was stopped' });
        return execution.result;
      }),
    );
    await (await this.#sandbox?.catch(() => null))?.runtime.dispose();
    this.#sandbox = null;
  }

  async #spawn(
    jobId: string | null,
    plan: ExecutionPlan,
    memoryBytes: number,
    signal: AbortSignal,
  ): Promise<{ execution: EmbeddedExecution; pid: number; kill: () => void }> {
    const { confinement, runtime } = await this.#probed(signal);
    signal.throwIfAborted();
    const execution = new EmbeddedExecution(plan, this.#options.clock);
    const limits = limitsOf(memoryBytes, plan.cpus, plan.timeLimitMs);
    const spare = jobId === null ? null : await this.#spares.take(jobId, limits, execution);
    const child = spare ?? (await startChild(confinement, runtime, limits, execution));
    execution.attach(child);
    return { execution, pid: child.pid, kill: () => child.kill() };
  }

  /** Whatever comes from a stranger meets the same floor, a job as well as a model to score. */
  async #demandFloor(what: string, signal: AbortSignal): Promise<void> {
    const { kinds, detail } = await this.fingerprint(signal);
    if (kinds.length === 0) throw new NunetError('sandbox-below-floor', `Cannot ${what}: the sandbox is ${detail}`);
  }

  #probed(signal: AbortSignal): Promise<Sandbox> {
    this.#sandbox ??= this.#probe(signal).catch((error: unknown) => {
      this.#sandbox = null;
      throw error;
    });
    return this.#sandbox;
  }

  async #probe(signal: AbortSignal): Promise<Sandbox> {
    const runtime = await buildChildRuntime(signal, this.#options.runtimeParent);
    try {
      const probed = await chooseSandbox(runtime, signal, this.#options.confinements ?? confinements());
      if (probed === null)
        throw new NunetError('sandbox-none', 'Cannot start a confined child on this system: every way of confining it failed');
      return { ...probed, runtime };
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  }

  async #endProcessOf({ pid, bootId: boot, startTime: started }: ExecutionHandle): Promise<void> {
    if (pid === null || boot === null || started === null || boot !== (await bootId())) return;
    const deadline = this.#options.clock.monotonic() + GONE_WITHIN_MS;
    for (;;) {
      const leader = await startTime(pid);
      // Another process by now has the number: everything of ours is gone.
      if (leader !== null && leader !== started) return;
      const left = await leftOfGroup(pid, started);
      if (leader === null && left.length === 0) return;
      if (leader !== null) killGroup(pid);
      else for (const one of left) killOne(one);
      if (this.#options.clock.monotonic() > deadline) throw new NunetError('process-stuck', `Cannot end process ${pid}: it is still there`);
      await delay(LOOK_EVERY_MS);
    }
  }
}

/** CPU seconds: twice the granted time on every granted thread, and the runtime's own start. */
const limitsOf = (memoryBytes: number, cpus: number, timeLimitMs: number): ChildLimits => ({
  memoryBytes,
  cpuSeconds: Math.ceil(60 + (2 * cpus * timeLimitMs) / 1000),
});

export const systemClock: ExecutionClock = { now: () => Date.now(), monotonic: () => performance.now() };

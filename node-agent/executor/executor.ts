// Executor: the one interface behind which a job runs. The agent journals a handle before anything of the job runs.
import { z } from 'zod';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import type { JobSpec, SandboxLevel } from '@nunet/shared/job-spec.ts';
import type { Exit, Usage } from '@nunet/shared/manifest.ts';

/**
 * Names one execution across a restart of the agent; JSON, journaled before the program is sent.
 * `bootId` and `startTime` tell the process from a later one that got the same pid.
 */
export const executionHandle = z.strictObject({
  v: z.literal(1),
  executor: z.string().min(1).max(40),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  jobId: z.string().min(1).max(120),
  workDir: z.string().min(1).max(4096),
  /** null for executors without an own process. */
  pid: z.int().min(1).nullable(),
  /** /proc/sys/kernel/random/boot_id, null where the system has none. */
  bootId: z.string().max(60).nullable(),
  /** Clock ticks after boot (field 22 of /proc/PID/stat), null where the system has none. */
  startTime: z.string().max(30).nullable(),
});
export type ExecutionHandle = Readonly<z.infer<typeof executionHandle>>;

/** What an executor needs of a job. Inputs are on disk already, fetched and verified by the agent. */
export interface ExecutionRequest {
  readonly jobId: string;
  readonly spec: JobSpec;
  /** Absolute path of an input of `spec.inputs`. */
  inputPath(name: string): string;
  /** A folder of this execution alone; outputs land in it, `remove` deletes it. Made by the executor when absent. */
  readonly workDir: string;
  /** GPUs or slices of this execution alone, by the vendor's own id; none where the spec asks for none. */
  readonly gpus: readonly string[];
  /** A job of the machine's own owner, which may run below the sandbox floor. */
  readonly isOwn?: boolean;
}

/** What `prepare` is at, in units of its phase: bytes, or packages of a list. */
export interface PrepareProgress {
  readonly phase: 'downloads' | 'image' | 'dependencies';
  readonly done: number;
  readonly total: number;
}

export type ExecutionEvent =
  /** The first instruction of the job: billed time runs from here. `atMs` is POSIX ms of this machine, for display. */
  | { readonly type: 'started'; readonly atMs: number }
  /** `epoch` and `step` count from 1; `step` within the epoch. `metrics` are averages over the epoch so far. */
  | {
      readonly type: 'progress';
      readonly epoch: number;
      readonly epochs: number;
      readonly step: number;
      readonly steps: number;
      readonly metrics: Readonly<Record<string, number>>;
    }
  | { readonly type: 'log'; readonly line: string }
  /** The workspace as it was, in a file that the executor leaves alone until the next one or `remove`. */
  | { readonly type: 'checkpoint'; readonly number: number; readonly path: string; readonly bytes: number };

/**
 * As the manifest says it: completed, the job's own fault, or the compute provider's. Codes of a job's fault: `time-limit`,
 * `memory-limit`, `output-limit`, `program-failed`, `crashed`, `stopped`; of the compute provider's: `child-vanished`,
 * `sandbox-failed`, `protocol`, `disk`, `agent-stopped`. A kind of executor may add its own.
 */
export type ExecutionExit = Exit;

export interface ExecutionResult {
  readonly exit: ExecutionExit;
  /** Monotonic clock of the agent, from the program's arrival to its end; never start-up, input or output transfer. */
  readonly billedMs: number;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
  /** What else of the manifest's usage was measured. */
  readonly usage?: Omit<Usage, 'cpuMs' | 'peakMemoryBytes'>;
  /** `container`: the image that ran. */
  readonly imageId?: string;
  /** Empty unless the job completed. */
  readonly outputs: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  /** Of the last epoch, in the program's order. */
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
}

/** One thing that a confined probe child tried. */
export interface SandboxCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface ExecutorFingerprint {
  /** Proved by a child that tried to break out, not read from a configuration. */
  readonly sandbox: SandboxLevel;
  /** One sentence for `status` and `doctor`. */
  readonly detail: string;
  readonly checks: readonly SandboxCheck[];
  /** Kinds of program that this executor takes at this level: empty when it is below the floor. */
  readonly kinds: readonly JobSpec['program']['kind'][];
  /** Kinds that it could run, but below its floor: for the service providers of the machine's own owner alone. */
  readonly ownKinds?: readonly JobSpec['program']['kind'][];
  /** Disk of a job is memory here (a quota by tmpfs): it counts as both. */
  readonly diskIsMemory?: boolean;
  readonly version: string;
}

export interface Executor {
  readonly kind: string;
  /** What this executor offers on this machine, with the proof. Cached after the first call. */
  fingerprint(signal: AbortSignal): Promise<ExecutorFingerprint>;
  /**
   * Checks the real inputs against the spec, and gets ready what need not be billed: image, files from the web, packages. Throws
   * NunetError to refuse: `graph-...`, `program-...`, `sandbox-...`, `image-...`, `download-...`, `dependency-...`.
   */
  prepare(request: ExecutionRequest, signal: AbortSignal, onProgress?: (progress: PrepareProgress) => void): Promise<void>;
  /** What `prepare` and `start` would take for such work now, ms, from what is here already. Left out: next to nothing. */
  expectedStartMs?(work: QuoteRequest['work']): number;
  /** The engine has this image already, so that nothing would be pulled. From a cached listing. */
  hasImage?(reference: string): boolean;
  /**
   * Says that a job is about to come, while its inputs are still on their way: an executor may get an idle, empty place ready for it.
   * Never fails, promises nothing, and what is not used within a minute is gone again.
   */
  anticipate?(jobId: string, spec: JobSpec): void;
  /**
   * Makes an idle execution, awaits `saveHandle`, and only then sends inputs and program. Resolves once the handle is saved
   * and the transfer has begun. When `saveHandle` throws, nothing has run and nothing is left.
   */
  start(request: ExecutionRequest, saveHandle: (handle: ExecutionHandle) => Promise<void>, signal: AbortSignal): Promise<ExecutionHandle>;
  /**
   * The end of an execution that this process started or recovered. Aborting the signal ends the waiting, never the job.
   * `heard`: log lines that an earlier wait passed on; they are not passed on again.
   */
  wait(handle: ExecutionHandle, onEvent: (event: ExecutionEvent) => void, signal: AbortSignal, heard?: number): Promise<ExecutionResult>;
  /** Ends a running execution; `wait` then gives `jobFault stopped` (asked for) or `computeProviderFault agent-stopped`. Idempotent. */
  stop(handle: ExecutionHandle, reason: StopReason): Promise<void>;
  /**
   * Lets a running execution stand still where it is: that time is neither billed nor part of its time limit. Nothing for one that
   * does not run (yet, or any more). Idempotent; what stands still can be stopped. Throws `pause-failed`.
   */
  pause(handle: ExecutionHandle): Promise<void>;
  resume(handle: ExecutionHandle): Promise<void>;
  /** Billed time so far, ms. 0 before the first instruction, and for an execution that this process did not start. */
  billed(handle: ExecutionHandle): number;
  /** Ends whatever is left and deletes the work folder. Idempotent. */
  remove(handle: ExecutionHandle): Promise<void>;
  /** After a restart: re-attached and running, or gone with nothing of it left behind. */
  recover(handle: ExecutionHandle): Promise<'running' | 'gone'>;
  /** After every handle was recovered: removes what this agent left in the engine and no handle names. */
  sweep?(handles: readonly ExecutionHandle[]): Promise<void>;
  close?(): Promise<void>;
}

/** `asked`: the service provider or a time limit of the job wanted it; `agent`: the machine's owner or a shutdown. */
export type StopReason = { readonly by: 'asked' | 'agent'; readonly message: string };

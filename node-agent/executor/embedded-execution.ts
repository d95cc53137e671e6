// One run in one confined child, from the idle child to its result: sending, running, receiving outputs; each with its own clock.
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { RunPlan } from '@nunet/shared/onnx/run.ts';
import type { FromChild } from './child-protocol.ts';
import type { ChildEnd, ConfinedChild } from './confined-child.ts';
import { filesOf } from '@nunet/shared/onnx/check-job.ts';
import type { ExecutionEvent, ExecutionExit, ExecutionResult, StopReason } from './executor.ts';
import { freeze, thaw } from './freeze.ts';
import { usageOf, type ProcessUsage } from './process-identity.ts';

/** Sending and receiving are not billed, so they have clocks of their own: a floor, and a rate that any disk keeps. */
const TRANSFER_FLOOR_MS = 60_000;
const TRANSFER_BYTES_PER_MS = 5_000;
const MAX_LOG_LINES = 10_000;
const MAX_LINE_CHARACTERS = 500;
/** Progress events a second; more are dropped, the last one never. */
const MAX_PROGRESS_RATE = 20;

export interface ExecutionPlan {
  readonly plan: RunPlan;
  readonly cpus: number;
  readonly timeLimitMs: number;
  readonly outputLimitBytes: number;
  readonly inputs: readonly { readonly name: string; readonly bytes: number }[];
  inputPath(name: string): string;
  /** Outputs land here. */
  readonly outputDir: string;
}

export interface ExecutionClock {
  /** POSIX ms. */
  now(): number;
  /** Monotonic ms. */
  monotonic(): number;
}

type Phase = 'sending' | 'asked' | 'running' | 'receiving' | 'complete';

export class EmbeddedExecution {
  readonly result: Promise<ExecutionResult>;
  #child: ConfinedChild | null = null;
  #phase: Phase = 'sending';
  #verdict: ExecutionExit | null = null;
  /** Since when billed time runs; null before the job, while it stands still, and after it. */
  #billingSince: number | null = null;
  /** Up to then. */
  #billedMs = 0;
  /** What was asked for last; the signals follow one after the other. */
  #isPaused = false;
  #signalling: Promise<void> = Promise.resolve();
  #usage: ProcessUsage = { cpuMs: 0, peakMemoryBytes: 0 };
  #metrics: { name: string; value: number }[] = [];
  #incoming: { name: string; bytes: number; path: string }[] = [];
  #receiving: { index: number; file: FileHandle; got: number } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #logLines = 0;
  #progressAllowedAt = 0;
  #events: ExecutionEvent[] = [];
  #listeners = new Set<(event: ExecutionEvent) => void>();
  readonly #settle: (result: ExecutionResult) => void;
  readonly #plan: ExecutionPlan;
  readonly #clock: ExecutionClock;

  constructor(plan: ExecutionPlan, clock: ExecutionClock) {
    this.#plan = plan;
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<ExecutionResult>();
    this.result = promise;
    this.#settle = resolve;
  }

  /** Attaches the child; its end, however it comes, settles the result. */
  attach(child: ConfinedChild): void {
    this.#child = child;
    void child.ended.then((end) => this.#finish(end));
  }

  /** Sends inputs and plan. Failures become the result; this never rejects. */
  async send(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const { plan, inputs } = this.#plan;
    const sizes = new Map(inputs.map((input) => [input.name, input.bytes]));
    const names = filesOf(plan);
    const abort = new AbortController();
    const bytes = names.reduce((all, name) => all + (sizes.get(name) ?? 0), 0);
    this.#startTimer(TRANSFER_FLOOR_MS + bytes / TRANSFER_BYTES_PER_MS, () => {
      abort.abort();
      this.#end({ kind: 'computeProviderFault', code: 'sandbox-failed', message: 'The confined child did not take its inputs in time' });
    });
    try {
      for (const name of names) await child.sendFile(name, this.#plan.inputPath(name), sizes.get(name) ?? 0, abort.signal);
      this.#phase = 'asked';
      await child.send({ type: 'run', plan, cpus: this.#plan.cpus, outputLimitBytes: this.#plan.outputLimitBytes });
    } catch (error) {
      // A child that is gone tells more by its end than by the pipe.
      if (error instanceof NunetError && error.code === 'child-gone') return;
      const message = error instanceof NunetError ? error.message : 'An input could not be read from the disk';
      this.#end({ kind: 'computeProviderFault', code: 'disk', message });
    }
  }

  /** Calls back for every event so far that nobody heard, then for every later one, until the returned function is called. */
  listen(onEvent: (event: ExecutionEvent) => void): () => void {
    for (const event of this.#events.splice(0)) onEvent(event);
    this.#listeners.add(onEvent);
    return () => this.#listeners.delete(onEvent);
  }

  stop(reason: StopReason): void {
    this.#end(
      reason.by === 'asked'
        ? { kind: 'jobFault', code: 'stopped', message: reason.message }
        : { kind: 'computeProviderFault', code: 'agent-stopped', message: reason.message },
    );
  }

  billedMs(): number {
    const running = this.#billingSince === null ? 0 : this.#clock.monotonic() - this.#billingSince;
    return Math.min(Math.ceil(this.#billedMs + running), this.#plan.timeLimitMs);
  }

  pause(): Promise<void> {
    return this.#inTurn(async (pid) => {
      if (this.#isPaused || this.#phase !== 'running') return;
      await freeze(pid);
      this.#isPaused = true;
      if (!this.#isRunning()) return this.#goOn(pid);
      clearTimeout(this.#timer);
      this.#stopBilling();
    });
  }

  resume(): Promise<void> {
    return this.#inTurn(async (pid) => {
      if (!this.#isPaused) return;
      if (this.#isRunning()) this.#bill();
      await this.#goOn(pid);
    });
  }

  #isRunning(): boolean {
    return this.#phase === 'running' && this.#verdict === null;
  }

  async #goOn(pid: number): Promise<void> {
    this.#isPaused = false;
    await thaw(pid);
  }

  #inTurn(act: (pid: number) => Promise<void>): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) return Promise.resolve();
    const mine = this.#signalling.then(() => act(pid));
    this.#signalling = mine.catch(() => undefined);
    return mine;
  }

  async message(message: FromChild): Promise<void> {
    switch (message.type) {
      case 'ready':
        return;
      case 'running':
        if (this.#phase !== 'asked') throw new Error('running, though not asked');
        this.#phase = 'running';
        this.#bill();
        this.#emit({ type: 'started', atMs: this.#clock.now() });
        return;
      case 'progress':
        this.#progress(message);
        return;
      case 'log':
        this.#log(message.line);
        return;
      case 'done':
        await this.#done(message);
        return;
      case 'end':
        if (this.#phase !== 'receiving' || this.#receiving !== null) throw new Error('end, though outputs are missing');
        this.#phase = 'complete';
        return;
      case 'probed':
        throw new Error('a probe result from a job');
    }
  }

  async chunk(bytes: Uint8Array): Promise<void> {
    const receiving = this.#receiving;
    const output = receiving === null ? undefined : this.#incoming[receiving.index];
    if (receiving === null || output === undefined) throw new Error('bytes, though no output is due');
    if (receiving.got + bytes.length > output.bytes) throw new Error(`more bytes than announced for ${output.name}`);
    try {
      await receiving.file.write(bytes);
    } catch {
      this.#end({ kind: 'computeProviderFault', code: 'disk', message: `Output ${output.name} could not be written to the disk` });
      return;
    }
    receiving.got += bytes.length;
    if (receiving.got === output.bytes) await this.#nextOutput(receiving.index + 1);
  }

  async #done(message: Extract<FromChild, { type: 'done' }>): Promise<void> {
    const { plan, outputLimitBytes, outputDir } = this.#plan;
    if (this.#phase !== 'running') throw new Error('done, though not running');
    this.#stopBilling();
    clearTimeout(this.#timer);
    this.#phase = 'receiving';
    const child = this.#child;
    // It ended just before it was to stand still: what it computed is wanted.
    void this.resume().catch(() => undefined);
    this.#usage = (child === null ? null : await usageOf(child.pid)) ?? { cpuMs: message.cpuMs, peakMemoryBytes: message.peakMemoryBytes };
    if (message.fault !== null) {
      this.#end({ kind: 'jobFault', code: message.fault.code, message: printable(message.fault.message) });
      return;
    }
    this.#metrics = message.metrics.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
    if (message.metrics.some((metric, i) => metric.name !== plan.metrics[i]?.name))
      throw new Error('metrics that the program does not name');
    if (message.outputs.length !== plan.outputs.length || message.outputs.some((output, i) => output.name !== plan.outputs[i]?.name)) {
      throw new Error('outputs that the program does not name');
    }
    const bytes = message.outputs.reduce((all, output) => all + output.bytes, 0);
    if (bytes > outputLimitBytes) {
      this.#end({ kind: 'jobFault', code: 'output-limit', message: `The outputs have ${bytes} bytes, the job allows ${outputLimitBytes}` });
      return;
    }
    this.#startTimer(TRANSFER_FLOOR_MS + bytes / TRANSFER_BYTES_PER_MS, () =>
      this.#end({
        kind: 'computeProviderFault',
        code: 'sandbox-failed',
        message: 'The confined child did not hand over its outputs in time',
      }),
    );
    // The names come from the spec, one plain segment each.
    this.#incoming = plan.outputs.map((output, i) => ({
      name: output.name,
      bytes: message.outputs[i]?.bytes ?? 0,
      path: join(outputDir, output.name),
    }));
    await this.#nextOutput(0);
    // A child that is gone by now tells it by its end.
    await child?.send({ type: 'collect' }).catch(() => {});
  }

  async #nextOutput(from: number): Promise<void> {
    await this.#receiving?.file.close();
    this.#receiving = null;
    for (let index = from; index < this.#incoming.length; index++) {
      const output = this.#incoming[index];
      if (output === undefined) return;
      const file = await open(output.path, 'wx', 0o600);
      if (output.bytes > 0) {
        this.#receiving = { index, file, got: 0 };
        return;
      }
      await file.close();
    }
  }

  #progress(message: Extract<FromChild, { type: 'progress' }>): void {
    if (this.#phase !== 'running') return;
    const now = this.#clock.monotonic();
    const last = message.epoch === message.epochs && message.step === message.steps;
    if (!last && now < this.#progressAllowedAt) return;
    this.#progressAllowedAt = now + 1000 / MAX_PROGRESS_RATE;
    const named = this.#plan.plan.metrics.map((metric) => metric.name);
    const metrics = Object.fromEntries(
      named.flatMap((name) => (typeof message.metrics[name] === 'number' ? [[name, message.metrics[name]]] : [])),
    );
    const { epoch, epochs, step, steps } = message;
    this.#emit({ type: 'progress', epoch, epochs, step, steps, metrics });
  }

  #log(line: string): void {
    this.#logLines += 1;
    if (this.#logLines > MAX_LOG_LINES) return;
    const text =
      this.#logLines === MAX_LOG_LINES ? `(log ends here: over ${MAX_LOG_LINES} lines)` : printable(line).slice(0, MAX_LINE_CHARACTERS);
    this.#emit({ type: 'log', line: text });
  }

  #emit(event: ExecutionEvent): void {
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(event);
    // Before somebody listens: bounded by the log's own limit and by dropping old progress.
    else if (event.type !== 'progress' || this.#events.length < MAX_LOG_LINES) this.#events.push(event);
  }

  #startTimer(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  /** Billed time runs from now on, and ends the job at its limit. */
  #bill(): void {
    this.#billingSince = this.#clock.monotonic();
    this.#startTimer(this.#plan.timeLimitMs - this.#billedMs, () =>
      this.#end({
        kind: 'jobFault',
        code: 'time-limit',
        message: `The job did not end within its time limit of ${this.#plan.timeLimitMs} ms`,
      }),
    );
  }

  #stopBilling(): void {
    if (this.#billingSince === null) return;
    this.#billedMs = this.billedMs();
    this.#billingSince = null;
  }

  /** The first verdict stands. Usage is read before the process is gone, but nothing keeps it from being killed. */
  #end(exit: ExecutionExit): void {
    if (this.#verdict !== null) return;
    this.#verdict = exit;
    clearTimeout(this.#timer);
    this.#stopBilling();
    const child = this.#child;
    if (child === null) return;
    const measure = async (): Promise<void> => {
      this.#usage = (await usageOf(child.pid)) ?? this.#usage;
    };
    void (this.#phase === 'running' ? measure() : Promise.resolve()).finally(() => child.kill());
  }

  async #finish(end: ChildEnd): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopBilling();
    await this.#receiving?.file.close().catch(() => {});
    const exit = this.#verdict ?? this.#exitOf(end);
    this.#settle({
      exit,
      billedMs: this.#billedMs,
      cpuMs: this.#usage.cpuMs,
      peakMemoryBytes: this.#usage.peakMemoryBytes,
      ...(this.#usage.disk === undefined ? {} : { usage: this.#usage.disk }),
      outputs: exit.kind === 'completed' ? this.#incoming.map(({ name, path, bytes }) => ({ name, path, bytes })) : [],
      metrics: exit.kind === 'completed' ? this.#metrics : [],
    });
  }

  #exitOf(end: ChildEnd): ExecutionExit {
    if (end.broken !== null)
      return { kind: 'computeProviderFault', code: 'protocol', message: 'The confined child broke its protocol and was ended' };
    if (this.#phase === 'complete') return { kind: 'completed' };
    if (this.#phase === 'running') {
      const memory = /out of memory|bad_alloc|Allocation failed|Cannot allocate memory/i.test(end.stderr);
      if (memory) return { kind: 'jobFault', code: 'memory-limit', message: 'The job wanted more memory than its spec grants' };
      if (crashed(end)) return { kind: 'jobFault', code: 'crashed', message: 'The graph crashed the runtime' };
      return {
        kind: 'computeProviderFault',
        code: 'child-vanished',
        message: 'The confined child was ended from outside while the job ran',
      };
    }
    return {
      kind: 'computeProviderFault',
      code: this.#phase === 'receiving' ? 'child-vanished' : 'sandbox-failed',
      message:
        this.#phase === 'receiving'
          ? 'The confined child ended before it handed over its outputs'
          : 'The confined child ended before the job began',
    };
  }
}

/** Signals that a process earns by what it does itself; a launcher reports a child's signal as 128 + number. */
const OWN_SIGNALS: Record<string, number> = { SIGSEGV: 11, SIGABRT: 6, SIGILL: 4, SIGBUS: 7, SIGFPE: 8, SIGTRAP: 5, SIGSYS: 31 };
const crashed = (end: ChildEnd): boolean =>
  end.signal === null ? Object.values(OWN_SIGNALS).includes((end.code ?? 0) - 128) : end.signal in OWN_SIGNALS;

/** One line without control characters: it goes to terminals and signed messages. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim() || '(empty)';

// One execution as the engine helper lives it: begun or found again, followed to its end, paused, stopped, and told to the agent.
import { setTimeout as delay } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import type { ExecutionEvent } from '../executor.ts';
import type { Moment } from './billing.ts';
import { collectOutputs, readWorkspace, type Workspace } from './collect.ts';
import { ContainerOutput, type LiveOutput } from './container-output.ts';
import { engineBack, hasEnded } from './container-watch.ts';
import { engineMessage, statusOf, translated } from './engine-errors.ts';
import { exitOf } from './exit-of.ts';
import { endOf, ExecutionRecord, type ContainerClock } from './execution-record.ts';
import type { ExecutionState } from './execution-state.ts';
import type { ContainerResult, FromHelper } from './helper-protocol.ts';
import { printable, type JobLog } from './job-log.ts';
import { GRACE_SECONDS } from './limits.ts';
import { NO_USAGE, sampled, watchUsage, type UsageSample } from './usage.ts';

/** An engine that is restarted is back well within this. */
const ENGINE_BACK_MS = 120_000;
const STOP_RETRY_MS = 500;
/** Reading outputs is not billed, so it has a limit of its own: a floor, and a rate that any disk keeps. */
const COLLECT_FLOOR_MS = 60_000;
const COLLECT_BYTES_PER_MS = 5_000;
/** Frozen for a checkpoint. */
const CHECKPOINT_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_NOTES = 20;
/** A last sample this close to the limit says that memory was what ended the job. */
const SHORT_OF_MEMORY = 0.95;

export interface ContainerExecutionParts {
  readonly docker: Docker;
  readonly clock: ContainerClock;
  readonly engineBackMs?: number | undefined;
  tell(message: FromHelper): void;
}

export class ContainerExecution {
  readonly ended: Promise<void>;
  readonly #parts: ContainerExecutionParts;
  readonly #container: Docker.Container;
  readonly #output: ContainerOutput;
  readonly #record: ExecutionRecord;
  readonly #settle: () => void;
  #verdict: ContainerResult['exit'] | null = null;
  /** Billing stopped here, before the container did. */
  #stoppedAt: Moment | null = null;
  #sample: UsageSample = NO_USAGE;
  #timer: NodeJS.Timeout | undefined;
  #checkpointTimer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isOver = false;
  /** The end was observed as it happened. */
  #isSeen = true;
  #wasEngineLost = false;
  readonly #over = new AbortController();

  constructor(state: ExecutionState, parts: ContainerExecutionParts) {
    this.#parts = parts;
    this.#record = new ExecutionRecord(state, parts.clock);
    this.#container = parts.docker.getContainer(state.containerId);
    this.#output = new ContainerOutput({
      container: this.#container,
      emit: (event) => this.#emit(event),
      elapsed: () => parts.clock.machine(),
      flooded: () => this.#end({ kind: 'jobFault', code: 'log-limit', message: 'The job wrote more to its log than a job may' }),
      isOver: () => this.#isOver,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
  }

  get imageId(): string {
    return this.#record.state.imageId;
  }

  /** Starts the container, and follows it. Throws `start-failed`, `engine-lost`. */
  async begin(): Promise<void> {
    const before = this.#record.moment();
    const live = await this.#output.attach();
    await this.#container.start().catch((error: unknown) => {
      // 304: it runs already.
      if (statusOf(error) !== 304) translated('start-failed', 'start the container of the job')(error);
    });
    await this.#noteStart(before);
    this.#emit({ type: 'started', atMs: this.#record.state.start?.wall ?? this.#parts.clock.now() });
    this.#follow(0, live);
  }

  /** Goes on with what another helper began. `heard`: log lines that are known already. */
  async attach(heard: number): Promise<void> {
    const inspect = await this.#container.inspect().catch(translated('engine-lost', 'look at the container of the job'));
    // Made, and its handle saved, but never started: nothing has run, so it starts now.
    if (inspect.State.Status === 'created') return this.begin();
    if (this.#record.state.start === null) await this.#noteStart(null);
    // A pause that was being made or ended when the helper died.
    if (this.#record.state.pausedSince !== null && !inspect.State.Paused) await this.#record.goesOn();
    if (this.#record.state.pausedSince === null && inspect.State.Paused) await this.#record.stands(true);
    // A checkpoint froze it, and nobody else will thaw it.
    if (inspect.State.Paused && !this.#record.state.isPaused) await this.#thaw();
    this.#follow(heard, null);
  }

  async stop(by: 'asked' | 'agent', message: string): Promise<void> {
    this.#end(
      by === 'asked' ? { kind: 'jobFault', code: 'stopped', message } : { kind: 'computeProviderFault', code: 'agent-stopped', message },
    );
    await this.ended;
  }

  async pause(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#record.state.isPaused || !this.#isRunning()) return;
      await this.#freeze(true);
    });
  }

  async resume(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#record.state.isPaused || !this.#isRunning()) return;
      await this.#thaw();
    });
  }

  /** Ends the following, not the container: it was removed. */
  forget(): void {
    this.#over.abort();
    this.#finishTimers();
    this.#isOver = true;
    this.#settle();
  }

  /** `live`: the output from the first byte on; null: from the engine's log, as another helper read some of it. */
  #follow(heard: number, live: LiveOutput | null): void {
    this.#tellBilling();
    this.#setTimer();
    this.#setCheckpointTimer();
    void watchUsage(this.#container, (sample) => this.#measured(sample), this.#over.signal);
    this.#live(heard, live).catch((error: unknown) => {
      const code = error instanceof NunetError ? error.code : 'internal';
      const message = error instanceof Error ? error.message : 'The engine helper failed';
      void this.#settleWith({ kind: 'computeProviderFault', code, message: message.slice(0, 500) });
    });
  }

  /** Log and end, over restarts of the engine. */
  async #live(heard: number, first: LiveOutput | null): Promise<void> {
    let known = heard;
    let live = first;
    for (;;) {
      const reading = this.#output.read(known, live);
      live = null;
      const isOver = await hasEnded(this.#parts.docker, this.#container, reading.ended, async (isPaused) => {
        if (isPaused !== this.#record.standsStill) await this.#inTurn(async () => this.#heedOutsidePause());
      });
      const seenAt = this.#record.moment();
      await this.#output.finish(reading);
      known = Math.max(known, reading.log.lines);
      if (this.#isOver) return;
      if (isOver && !this.#wasEngineLost) return this.#finish(reading.log, seenAt, true);
      if (isOver) return this.#finish(await this.#output.rest(known), seenAt, true);
      this.#wasEngineLost = true;
      const withinMs = this.#parts.engineBackMs ?? ENGINE_BACK_MS;
      const state = await engineBack(
        this.#container,
        withinMs,
        () => this.#parts.clock.machine(),
        () => this.#isOver,
      );
      if (state === 'running') continue;
      if (state === 'lost')
        return this.#settleWith({ kind: 'computeProviderFault', code: 'engine-lost', message: 'The container engine did not come back' });
      return this.#finish(await this.#output.rest(known), this.#record.moment(), false);
    }
  }

  /** Time that the job stood still is not billed, whoever stopped it. In turn: pauses of our own are over or have not begun. */
  async #heedOutsidePause(): Promise<void> {
    if (!this.#isRunning()) return;
    const { State } = await this.#container.inspect();
    if (State.Paused && this.#record.state.pausedSince === null) {
      await this.#record.stands(false);
      clearTimeout(this.#timer);
      this.#tellBilling();
    } else if (!State.Paused && this.#record.state.isPaused) {
      // It was to stand still, and somebody let it go on.
      await this.#container.pause().catch(() => undefined);
    } else if (!State.Paused && this.#record.state.pausedSince !== null) {
      await this.#record.goesOn();
      this.#tellBilling();
      this.#setTimer();
    }
  }

  async #finish(log: JobLog, seenAt: Moment, isSeen: boolean): Promise<void> {
    this.#finishTimers();
    const inspect = await this.#container.inspect().catch((error: unknown) => {
      if (statusOf(error) === 404) return null;
      return translated('engine-lost', 'look at the container of the job')(error);
    });
    if (inspect === null)
      return this.#settleWith({ kind: 'computeProviderFault', code: 'child-vanished', message: 'The container was removed from outside' });
    const { State } = inspect;
    this.#stoppedAt ??= endOf(State.FinishedAt, seenAt, isSeen);
    this.#isSeen = isSeen || this.#verdict !== null;
    const exit =
      this.#verdict ??
      exitOf({
        exitCode: State.ExitCode,
        oomKilled: State.OOMKilled,
        wasShortOfMemory: this.#wasShortOfMemory(),
        error: printable(State.Error ?? ''),
        wasEngineLost: this.#wasEngineLost,
        isGvisor: inspect.HostConfig.Runtime === 'runsc',
        lastErrorLine: log.lastErrorLine,
      });
    if (exit.kind !== 'completed') return this.#settleWith(exit);
    const limit = Math.ceil(COLLECT_FLOOR_MS + this.#record.state.job.outputLimitBytes / COLLECT_BYTES_PER_MS);
    try {
      const { outputs, notes } = await collectOutputs(
        this.#container,
        this.#record.state.job,
        AbortSignal.any([this.#over.signal, AbortSignal.timeout(limit)]),
      );
      for (const note of notes.slice(0, MAX_NOTES)) this.#emit({ type: 'log', line: `(${printable(note).slice(0, 400)})` });
      await this.#settleWith(exit, outputs, log.metrics);
    } catch (error) {
      const code = error instanceof NunetError ? error.code : 'disk';
      const message = error instanceof NunetError ? error.message : `The outputs could not be read: ${engineMessage(error)}`;
      await this.#settleWith({ kind: code === 'output-limit' ? 'jobFault' : 'computeProviderFault', code, message: message.slice(0, 500) });
    }
  }

  async #settleWith(
    exit: ContainerResult['exit'],
    outputs: readonly ContainerResult['outputs'][number][] = [],
    metrics: readonly ContainerResult['metrics'][number][] = [],
  ): Promise<void> {
    if (this.#isOver) return;
    this.#finishTimers();
    this.#over.abort();
    this.#stoppedAt ??= this.#record.moment();
    const result: ContainerResult = {
      exit,
      billedMs: this.#record.billed(this.#stoppedAt, this.#isSeen),
      usage: this.#sample.usage,
      imageId: this.#record.state.imageId,
      outputs: [...outputs],
      metrics: [...metrics],
    };
    this.#isOver = true;
    // Without it another helper would find the ended container, and come to the same result.
    await this.#record.change({ result }).catch(() => undefined);
    this.#tellBilling();
    this.#parts.tell({ type: 'ended', id: this.#record.state.job.id, result });
    this.#settle();
  }

  /** The first verdict stands. Billing ends now, the container soon after: asked first, killed then. */
  #end(exit: ContainerResult['exit']): void {
    if (this.#verdict !== null || this.#isOver) return;
    this.#verdict = exit;
    this.#stoppedAt = this.#record.moment();
    this.#finishTimers();
    this.#tellBilling();
    void this.#inTurn(async () => {
      this.#sample = await sampled(this.#container, this.#sample);
      if (this.#record.state.pausedSince !== null) await this.#container.unpause().catch(() => undefined);
      for (let tries = 0; !this.#isOver && tries < 5; tries++) {
        const isDone = await this.#container.stop({ t: GRACE_SECONDS }).then(
          () => true,
          (error: unknown) => [304, 404].includes(statusOf(error) ?? 0),
        );
        if (isDone) return;
        await this.#container.kill().catch(() => undefined);
        await delay(STOP_RETRY_MS, undefined, { ref: false });
      }
    });
  }

  async #freeze(isAsked: boolean): Promise<void> {
    // Noted first: time that was not noted could be billed twice, time that was noted too early is only not billed.
    await this.#record.stands(isAsked);
    clearTimeout(this.#timer);
    try {
      await this.#container.pause();
    } catch (error) {
      await this.#record.goesOn();
      this.#setTimer();
      // It ended just before it was to stand still.
      if (statusOf(error) !== 409 && statusOf(error) !== 404) translated('pause-failed', 'let the job stand still')(error);
    }
    this.#tellBilling();
  }

  async #thaw(): Promise<void> {
    await this.#container.unpause().catch((error: unknown) => {
      if (statusOf(error) !== 409 && statusOf(error) !== 404 && statusOf(error) !== 500)
        translated('pause-failed', 'let the job go on')(error);
    });
    await this.#record.goesOn();
    this.#tellBilling();
    this.#setTimer();
  }

  #setCheckpointTimer(): void {
    const every = this.#record.state.job.checkpointEveryMs;
    clearTimeout(this.#checkpointTimer);
    if (every === null || !this.#isRunning()) return;
    this.#checkpointTimer = setTimeout(
      () => {
        void this.#inTurn(async () => this.#checkpoint())
          .catch((error: unknown) => this.#emit({ type: 'log', line: `(no checkpoint: ${printable(engineMessage(error)).slice(0, 300)})` }))
          .finally(() => this.#setCheckpointTimer());
      },
      Math.min(every, MAX_TIMER_MS),
    );
  }

  /** Frozen only while the engine reads; written while the job goes on. */
  async #checkpoint(): Promise<void> {
    // What stands still was kept when it last ran, or will be when it does again.
    if (this.#record.state.isPaused || !this.#isRunning()) return;
    await this.#freeze(false);
    if (this.#record.state.pausedSince === null) return;
    const within = AbortSignal.any([this.#over.signal, AbortSignal.timeout(CHECKPOINT_MS)]);
    let workspace: Workspace;
    try {
      workspace = await readWorkspace(this.#container, this.#record.state.job, within);
    } finally {
      if (this.#isRunning()) await this.#thaw();
    }
    try {
      const number = this.#record.state.checkpoints + 1;
      const saved = await workspace.save(number, this.#record.state.lastCheckpoint);
      if (saved === null) return;
      await this.#record.change({ checkpoints: number, lastCheckpoint: saved.sha256 });
      for (const note of workspace.notes.slice(0, MAX_NOTES)) this.#emit({ type: 'log', line: `(${printable(note).slice(0, 400)})` });
      this.#emit({ type: 'checkpoint', number, path: saved.path, bytes: saved.bytes });
    } finally {
      await workspace.close();
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning() || this.#record.state.pausedSince !== null) return;
    const { timeLimitMs } = this.#record.state.job;
    const left = timeLimitMs - this.#record.billed(this.#record.moment(), this.#isSeen);
    if (left <= 0) {
      this.#end({ kind: 'jobFault', code: 'time-limit', message: `The job did not end within its time limit of ${timeLimitMs} ms` });
      return;
    }
    this.#timer = setTimeout(() => this.#setTimer(), Math.min(left, MAX_TIMER_MS));
  }

  #finishTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#checkpointTimer);
  }

  #isRunning(): boolean {
    return this.#verdict === null && !this.#isOver;
  }

  #measured(sample: UsageSample): void {
    if (this.#isOver) return;
    this.#sample = sample;
  }

  #wasShortOfMemory(): boolean {
    return (
      this.#sample.hitMemoryLimit || this.#sample.usage.peakMemoryBytes >= this.#record.state.job.resources.memoryBytes * SHORT_OF_MEMORY
    );
  }

  async #noteStart(before: Moment | null): Promise<void> {
    const { State } = await this.#container.inspect().catch(translated('engine-lost', 'look at the container of the job'));
    await this.#record.started(State.StartedAt, before);
  }

  #tellBilling(): void {
    const at = this.#stoppedAt ?? this.#record.moment();
    const running =
      this.#isRunning() && this.#stoppedAt === null && this.#record.state.start !== null && this.#record.state.pausedSince === null;
    this.#parts.tell({ type: 'billing', id: this.#record.state.job.id, billedMs: this.#record.billed(at, this.#isSeen), running });
  }

  #emit(event: ExecutionEvent): void {
    if (this.#isOver) return;
    this.#parts.tell({ type: 'event', id: this.#record.state.job.id, event });
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

// One execution as the engine helper lives it: begun or found again, followed to its end, paused, stopped, and told to the agent.
import { setTimeout as delay } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import type { ExecutionEvent } from '../executor.ts';
import { billedMs, type Moment } from './billing.ts';
import { collectOutputs, readWorkspace, type Workspace } from './collect.ts';
import { engineMessage, isEngineGone, statusOf, translated } from './engine-errors.ts';
import { exitOf } from './exit-of.ts';
import { writeState, type ExecutionState } from './execution-state.ts';
import type { ContainerResult, FromHelper } from './helper-protocol.ts';
import { JobLog, MAX_LOG_BYTES, printable } from './job-log.ts';
import { GRACE_SECONDS } from './limits.ts';
import { NO_USAGE, sampled, watchUsage, type UsageSample } from './usage.ts';

/** An engine that is restarted is back well within this. */
const ENGINE_BACK_MS = 120_000;
const ENGINE_RETRY_MS = 500;
/** How long an end, a pause by hand or a dead engine may go unseen. */
const WATCH_EVERY_MS = 1_000;
/** What is left of the log after the end, and what a dead engine may take with it. */
const LOG_END_MS = 5_000;
/** Reading outputs is not billed, so it has a limit of its own: a floor, and a rate that any disk keeps. */
const COLLECT_FLOOR_MS = 60_000;
const COLLECT_BYTES_PER_MS = 5_000;
/** Frozen for a checkpoint. */
const CHECKPOINT_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_NOTES = 20;
/** A last sample this close to the limit says that memory was what ended the job. */
const SHORT_OF_MEMORY = 0.95;

export interface ContainerClock {
  /** POSIX ms. */
  now(): number;
  /** Of the machine since boot, the same for all its processes, ms. */
  machine(): number;
}

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
  readonly #settle: () => void;
  #state: ExecutionState;
  #verdict: ContainerResult['exit'] | null = null;
  /** Billing stopped here, before the container did. */
  #stoppedAt: Moment | null = null;
  #sample: UsageSample = NO_USAGE;
  #timer: NodeJS.Timeout | undefined;
  #checkpointTimer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #wasEngineLost = false;
  readonly #over = new AbortController();

  constructor(state: ExecutionState, parts: ContainerExecutionParts) {
    this.#state = state;
    this.#parts = parts;
    this.#container = parts.docker.getContainer(state.containerId);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#settle = resolve;
  }

  get imageId(): string {
    return this.#state.imageId;
  }

  /** Starts the container, and follows it. Throws `start-failed`, `engine-lost`. */
  async begin(): Promise<void> {
    const before = this.#moment();
    // Before the start, so that no line is missed or late, and a flood is held up by how fast it is read.
    const live = await this.#attachLog();
    await this.#container.start().catch((error: unknown) => {
      // 304: it runs already.
      if (statusOf(error) !== 304) translated('start-failed', 'start the container of the job')(error);
    });
    await this.#noteStart(before);
    this.#emit({ type: 'started', atMs: this.#state.start?.wall ?? this.#parts.clock.now() });
    this.#follow(0, live);
  }

  /** Goes on with what another helper began. `heard`: log lines that are known already. */
  async attach(heard: number): Promise<void> {
    const inspect = await this.#container.inspect().catch(translated('engine-lost', 'look at the container of the job'));
    // Made, and its handle saved, but never started: nothing has run, so it starts now.
    if (inspect.State.Status === 'created') return this.begin();
    if (this.#state.start === null) await this.#noteStart(null);
    // A pause that was being made or ended when the helper died.
    if (this.#state.pausedSince !== null && !inspect.State.Paused) await this.#noteResume();
    if (this.#state.pausedSince === null && inspect.State.Paused)
      await this.#change({ pausedSince: this.#parts.clock.machine(), isPaused: true });
    // A checkpoint froze it, and nobody else will thaw it.
    if (inspect.State.Paused && !this.#state.isPaused) await this.#thaw();
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
      if (this.#state.isPaused || !this.#isRunning()) return;
      await this.#freeze(true);
    });
  }

  async resume(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#state.isPaused || !this.#isRunning()) return;
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
  #follow(heard: number, live: AsyncIterable<Uint8Array> | null): void {
    this.#tellBilling();
    this.#setTimer();
    this.#setCheckpointTimer();
    void watchUsage(this.#container, (sample) => this.#measured(sample), this.#over.signal);
    this.#live(heard, live).catch((error: unknown) => {
      const code = error instanceof NunetError ? error.code : 'internal';
      const message = error instanceof Error ? error.message : 'The engine helper failed';
      void this.#settleWith({ kind: 'computeProviderFault', code, message: message.slice(0, 500) }, [], []);
    });
  }

  /** Log and end, over restarts of the engine. */
  async #live(heard: number, first: AsyncIterable<Uint8Array> | null): Promise<void> {
    let known = heard;
    let live = first;
    for (;;) {
      const log = new JobLog({ emit: (event) => this.#emit(event), elapsed: () => this.#parts.clock.machine(), heard: known });
      const reading = this.#readLog(log, live);
      live = null;
      const isOver = await this.#hasEnded(reading);
      const seenAt = this.#moment();
      await Promise.race([reading, delay(LOG_END_MS, undefined, { ref: false })]);
      log.end();
      known = Math.max(known, log.lines);
      if (this.#isOver) return;
      if (isOver && !this.#wasEngineLost) return this.#finish(log, seenAt, true);
      if (isOver) return this.#finish(await this.#restOfLog(known), seenAt, true);
      this.#wasEngineLost = true;
      const state = await this.#engineBack();
      if (state === 'running') continue;
      if (state === 'lost')
        return this.#settleWith(
          { kind: 'computeProviderFault', code: 'engine-lost', message: 'The container engine did not come back' },
          [],
          [],
        );
      return this.#finish(await this.#restOfLog(known), this.#moment(), false);
    }
  }

  /** Lines that were written while nobody could read them: an engine that was restarted lets nobody follow them. */
  async #restOfLog(known: number): Promise<JobLog> {
    const rest = new JobLog({ emit: (event) => this.#emit(event), elapsed: () => this.#parts.clock.machine(), heard: known });
    await Promise.race([this.#readLog(rest, null), delay(LOG_END_MS, undefined, { ref: false })]);
    rest.end();
    return rest;
  }

  /** Resolves when the container has ended, or false when the engine does not answer any more. */
  async #hasEnded(reading: Promise<'ended' | 'broken'>): Promise<boolean> {
    const enough = new AbortController();
    const told = this.#container.wait({ abortSignal: enough.signal }).then(
      () => true,
      (error: unknown) => {
        if (statusOf(error) === 404) return true;
        if (!isEngineGone(error)) throw error;
        return false;
      },
    );
    told.catch(() => undefined);
    try {
      // The log is the connection that a restart of the engine surely breaks, however short it was.
      const broken = reading.then(async (how) => (how === 'broken' ? false : told));
      return await Promise.race([told, broken, this.#watched(enough.signal)]);
    } finally {
      enough.abort();
    }
  }

  /** An engine that is killed leaves its answer half said, and nobody hears of it; and it tells nobody that its owner paused a container. */
  async #watched(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await delay(WATCH_EVERY_MS, undefined, { ref: false });
      if (signal.aborted) return false;
      try {
        const { State } = await this.#container.inspect();
        if (!State.Running && !State.Paused) return true;
        if (State.Paused !== (this.#state.pausedSince !== null)) await this.#inTurn(async () => this.#heedOutsidePause());
      } catch (error) {
        if (statusOf(error) === 404) return true;
        if (isEngineGone(error)) return false;
      }
    }
  }

  /** Time that the job stood still is not billed, whoever stopped it. In turn: pauses of our own are over or have not begun. */
  async #heedOutsidePause(): Promise<void> {
    if (!this.#isRunning()) return;
    const { State } = await this.#container.inspect();
    if (State.Paused && this.#state.pausedSince === null) {
      await this.#change({ pausedSince: this.#parts.clock.machine(), isPaused: false });
      clearTimeout(this.#timer);
      this.#tellBilling();
    } else if (!State.Paused && this.#state.isPaused) {
      // It was to stand still, and somebody let it go on.
      await this.#container.pause().catch(() => undefined);
    } else if (!State.Paused && this.#state.pausedSince !== null) {
      await this.#noteResume();
      this.#tellBilling();
      this.#setTimer();
    }
  }

  async #engineBack(): Promise<'running' | 'ended' | 'lost'> {
    const deadline = this.#parts.clock.machine() + (this.#parts.engineBackMs ?? ENGINE_BACK_MS);
    while (this.#parts.clock.machine() < deadline && !this.#isOver) {
      try {
        const { State } = await this.#container.inspect();
        return State.Running || State.Paused ? 'running' : 'ended';
      } catch (error) {
        if (statusOf(error) === 404) return 'ended';
        await delay(ENGINE_RETRY_MS, undefined, { ref: false });
      }
    }
    return 'lost';
  }

  async #readLog(log: JobLog, live: AsyncIterable<Uint8Array> | null): Promise<'ended' | 'broken'> {
    try {
      if (live === null) void this.#watchFlood();
      const stream =
        live ?? ((await this.#container.logs({ follow: true, stdout: true, stderr: true })) as unknown as AsyncIterable<Uint8Array>);
      for await (const chunk of stream) {
        if (this.#isOver) break;
        log.push(chunk);
        if (!log.isOverLimit) continue;
        this.#endFlood();
        break;
      }
      return 'ended';
    } catch (error) {
      // The container is gone, and its end tells; or the engine is.
      return isEngineGone(error) ? 'broken' : 'ended';
    }
  }

  /** An engine's log that is read again may fall behind its own rotation: what is written from now on is counted at its source. */
  async #watchFlood(): Promise<void> {
    try {
      let bytes = 0;
      for await (const chunk of await this.#attachLog()) {
        bytes += chunk.length;
        if (this.#isOver) return;
        if (bytes > MAX_LOG_BYTES) return this.#endFlood();
      }
    } catch {
      // As above.
    }
  }

  async #attachLog(): Promise<AsyncIterable<Uint8Array>> {
    const stream = await this.#container
      .attach({ stream: true, stdout: true, stderr: true })
      .catch(translated('start-failed', 'listen to the container of the job'));
    return stream as unknown as AsyncIterable<Uint8Array>;
  }

  #endFlood(): void {
    this.#end({ kind: 'jobFault', code: 'log-limit', message: 'The job wrote more to its log than a job may' });
  }

  async #finish(log: JobLog, seenAt: Moment, isSeen: boolean): Promise<void> {
    this.#finishTimers();
    const inspect = await this.#container.inspect().catch((error: unknown) => {
      if (statusOf(error) === 404) return null;
      return translated('engine-lost', 'look at the container of the job')(error);
    });
    if (inspect === null)
      return this.#settleWith(
        { kind: 'computeProviderFault', code: 'child-vanished', message: 'The container was removed from outside' },
        [],
        [],
      );
    const { State } = inspect;
    if (this.#stoppedAt === null) {
      const finished = Date.parse(State.FinishedAt);
      const wall = Number.isNaN(finished) || finished <= 0 ? seenAt.wall : finished;
      // The end lies as far back as the engine's note of it does.
      const ago = Math.min(Math.max(0, seenAt.wall - wall), LOG_END_MS);
      this.#stoppedAt = { wall, mono: isSeen ? seenAt.mono - ago : seenAt.mono };
    }
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
    if (exit.kind !== 'completed') return this.#settleWith(exit, [], []);
    const limit = Math.ceil(COLLECT_FLOOR_MS + this.#state.job.outputLimitBytes / COLLECT_BYTES_PER_MS);
    try {
      const { outputs, notes } = await collectOutputs(
        this.#container,
        this.#state.job,
        AbortSignal.any([this.#over.signal, AbortSignal.timeout(limit)]),
      );
      for (const note of notes.slice(0, MAX_NOTES)) this.#emit({ type: 'log', line: `(${printable(note).slice(0, 400)})` });
      await this.#settleWith(exit, outputs, log.metrics);
    } catch (error) {
      const code = error instanceof NunetError ? error.code : 'disk';
      const message = error instanceof NunetError ? error.message : `The outputs could not be read: ${engineMessage(error)}`;
      await this.#settleWith(
        { kind: code === 'output-limit' ? 'jobFault' : 'computeProviderFault', code, message: message.slice(0, 500) },
        [],
        [],
      );
    }
  }

  #isSeen = true;

  async #settleWith(
    exit: ContainerResult['exit'],
    outputs: ContainerResult['outputs'] | readonly ContainerResult['outputs'][number][],
    metrics: readonly ContainerResult['metrics'][number][],
  ): Promise<void> {
    if (this.#isOver) return;
    this.#finishTimers();
    this.#over.abort();
    this.#stoppedAt ??= this.#moment();
    const result: ContainerResult = {
      exit,
      billedMs: this.#billed(this.#stoppedAt),
      usage: this.#sample.usage,
      imageId: this.#state.imageId,
      outputs: [...outputs],
      metrics: [...metrics],
    };
    this.#isOver = true;
    // Without it another helper would find the ended container, and come to the same result.
    await this.#change({ result }).catch(() => undefined);
    this.#tellBilling();
    this.#parts.tell({ type: 'ended', id: this.#state.job.id, result });
    this.#settle();
  }

  /** The first verdict stands. Billing ends now, the container soon after: asked first, killed then. */
  #end(exit: ContainerResult['exit']): void {
    if (this.#verdict !== null || this.#isOver) return;
    this.#verdict = exit;
    this.#stoppedAt = this.#moment();
    this.#finishTimers();
    this.#tellBilling();
    void this.#inTurn(async () => {
      this.#sample = await sampled(this.#container, this.#sample);
      if (this.#state.pausedSince !== null) await this.#container.unpause().catch(() => undefined);
      for (let tries = 0; !this.#isOver && tries < 5; tries++) {
        const isDone = await this.#container.stop({ t: GRACE_SECONDS }).then(
          () => true,
          (error: unknown) => [304, 404].includes(statusOf(error) ?? 0),
        );
        if (isDone) return;
        await this.#container.kill().catch(() => undefined);
        await delay(ENGINE_RETRY_MS, undefined, { ref: false });
      }
    });
  }

  async #freeze(isAsked: boolean): Promise<void> {
    // Noted first: time that was not noted could be billed twice, time that was noted too early is only not billed.
    await this.#change({ pausedSince: this.#parts.clock.machine(), isPaused: isAsked });
    clearTimeout(this.#timer);
    try {
      await this.#container.pause();
    } catch (error) {
      await this.#noteResume();
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
    await this.#noteResume();
    this.#tellBilling();
    this.#setTimer();
  }

  async #noteResume(): Promise<void> {
    const { pausedSince, pausedMs } = this.#state;
    const stood = pausedSince === null ? 0 : Math.max(0, this.#parts.clock.machine() - pausedSince);
    await this.#change({ pausedSince: null, isPaused: false, pausedMs: pausedMs + stood });
  }

  #setCheckpointTimer(): void {
    const every = this.#state.job.checkpointEveryMs;
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
    if (this.#state.isPaused || !this.#isRunning()) return;
    await this.#freeze(false);
    if (this.#state.pausedSince === null) return;
    const within = AbortSignal.any([this.#over.signal, AbortSignal.timeout(CHECKPOINT_MS)]);
    let workspace: Workspace;
    try {
      workspace = await readWorkspace(this.#container, this.#state.job, within);
    } finally {
      if (this.#isRunning()) await this.#thaw();
    }
    try {
      const number = this.#state.checkpoints + 1;
      const saved = await workspace.save(number, this.#state.lastCheckpoint);
      if (saved === null) return;
      await this.#change({ checkpoints: number, lastCheckpoint: saved.sha256 });
      for (const note of workspace.notes.slice(0, MAX_NOTES)) this.#emit({ type: 'log', line: `(${printable(note).slice(0, 400)})` });
      this.#emit({ type: 'checkpoint', number, path: saved.path, bytes: saved.bytes });
    } finally {
      await workspace.close();
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning() || this.#state.pausedSince !== null) return;
    const { timeLimitMs } = this.#state.job;
    const left = timeLimitMs - this.#billed(this.#moment());
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
    return this.#sample.hitMemoryLimit || this.#sample.usage.peakMemoryBytes >= this.#state.job.resources.memoryBytes * SHORT_OF_MEMORY;
  }

  #moment(): Moment {
    return { wall: this.#parts.clock.now(), mono: this.#parts.clock.machine() };
  }

  #billed(at: Moment): number {
    const { start, pausedMs, pausedSince } = this.#state;
    if (start === null) return 0;
    return billedMs({ start, pausedMs, pausedSince }, at, this.#state.job.timeLimitMs, this.#isSeen);
  }

  /** `before`: read just before the engine was asked to start; null where another helper asked. */
  async #noteStart(before: Moment | null): Promise<void> {
    const { State } = await this.#container.inspect().catch(translated('engine-lost', 'look at the container of the job'));
    const now = this.#moment();
    const startedAt = Date.parse(State.StartedAt);
    const wall = Number.isNaN(startedAt) || startedAt <= 0 ? now.wall : startedAt;
    const mono = Math.max(before?.mono ?? 0, now.mono - Math.max(0, now.wall - wall));
    await this.#change({ start: { wall, mono } });
  }

  #tellBilling(): void {
    const at = this.#stoppedAt ?? this.#moment();
    const running = this.#isRunning() && this.#stoppedAt === null && this.#state.start !== null && this.#state.pausedSince === null;
    this.#parts.tell({ type: 'billing', id: this.#state.job.id, billedMs: this.#billed(at), running });
  }

  #emit(event: ExecutionEvent): void {
    if (this.#isOver) return;
    this.#parts.tell({ type: 'event', id: this.#state.job.id, event });
  }

  async #change(part: Partial<ExecutionState>): Promise<void> {
    this.#state = { ...this.#state, ...part };
    await writeState(this.#state);
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

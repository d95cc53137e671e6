// The output of a container: live from its first byte, or from the engine's log where another helper read some of it; floods are told.
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ExecutionEvent } from '../executor.ts';
import { isEngineGone, translated } from './engine-errors.ts';
import { JobLog, MAX_LOG_BYTES } from './job-log.ts';

/** What is left of the log after the end, and what a dead engine may take with it. */
const LOG_END_MS = 5_000;

export interface ContainerOutputParts {
  readonly container: Docker.Container;
  emit(event: ExecutionEvent): void;
  /** Monotonic ms. */
  elapsed(): number;
  /** The job writes more than any job may. */
  flooded(): void;
  /** Nobody listens any more. */
  isOver(): boolean;
}

export type LiveOutput = AsyncIterable<Uint8Array>;

export interface Reading {
  readonly log: JobLog;
  /** `broken`: the engine went away. */
  readonly ended: Promise<'ended' | 'broken'>;
}

export class ContainerOutput {
  readonly #parts: ContainerOutputParts;

  constructor(parts: ContainerOutputParts) {
    this.#parts = parts;
  }

  /** Asked for before the start, so that no line is missed or late, and a flood is held up by how fast it is read. */
  async attach(): Promise<LiveOutput> {
    const stream = await this.#parts.container
      .attach({ stream: true, stdout: true, stderr: true })
      .catch(translated('start-failed', 'listen to the container of the job'));
    return stream as unknown as LiveOutput;
  }

  /** `heard`: lines that are known already. `live`: the output from its first byte on; null: from the engine's log. */
  read(heard: number, live: LiveOutput | null): Reading {
    const log = new JobLog({ emit: (event) => this.#parts.emit(event), elapsed: () => this.#parts.elapsed(), heard });
    return { log, ended: this.#read(log, live) };
  }

  /** Lines that were written while nobody could read them: an engine that was restarted lets nobody follow them. */
  async rest(heard: number): Promise<JobLog> {
    const reading = this.read(heard, null);
    await this.finish(reading);
    return reading.log;
  }

  /** Its last lines, as far as they come. */
  async finish({ log, ended }: Reading): Promise<void> {
    await Promise.race([ended, delay(LOG_END_MS, undefined, { ref: false })]);
    log.end();
  }

  async #read(log: JobLog, live: LiveOutput | null): Promise<'ended' | 'broken'> {
    const { container } = this.#parts;
    try {
      if (live === null) void this.#watchFlood();
      const stream = live ?? ((await container.logs({ follow: true, stdout: true, stderr: true })) as unknown as LiveOutput);
      for await (const chunk of stream) {
        if (this.#parts.isOver()) break;
        log.push(chunk);
        if (!log.isOverLimit) continue;
        this.#parts.flooded();
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
      for await (const chunk of await this.attach()) {
        bytes += chunk.length;
        if (this.#parts.isOver()) return;
        if (bytes > MAX_LOG_BYTES) return this.#parts.flooded();
      }
    } catch {
      // The container or the engine is gone: the log's reader tells.
    }
  }
}

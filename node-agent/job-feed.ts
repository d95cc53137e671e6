// JobFeed: what the service provider follows. Log lines are on disk with their offsets, progress is only the latest.
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm, truncate, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { MAX_LOG_LINE, MAX_LOG_LINES, type FollowEvent } from '@nunet/shared/wire.ts';
import { hasEnded, type Job, type JobBook } from './job-book.ts';

type Progress = Extract<FollowEvent, { type: 'progress' }>;
type Due = Extract<FollowEvent, { type: 'due' }>;
type Sendable = Exclude<FollowEvent, { type: 'error' }>;

const MARK_EVERY = 256;
/** Everything that Node's readline takes for the end of a line: an offset counts lines as it does. */
const LINE_ENDS = /[\r\n\u2028\u2029]+/g;

/** Lines of one job, one a line of the file; an offset is a line number from 0. */
class JobLog {
  readonly #path: string;
  #file: FileHandle | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Lines that are in the file. */
  length = 0;
  /** Lines that were taken: on disk, or on their way there. */
  accepted = 0;
  #pending: string[] = [];
  bytes = 0;
  /** Where each line that is a multiple of `MARK_EVERY` begins, so that a follower far in does not read from the start. */
  #marks: number[] = [0];

  constructor(path: string) {
    this.#path = path;
  }

  /** Counts what a run before a restart left; a half-written last line is dropped. */
  async open(): Promise<void> {
    const bytes = await readFile(this.#path).catch(() => Buffer.alloc(0));
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) await truncate(this.#path, whole);
    for (let at = 0; at < whole; at = bytes.indexOf(0x0a, at) + 1) this.#count(bytes.indexOf(0x0a, at) + 1 - at);
    this.accepted = this.length;
  }

  /** Lines beyond the limit are dropped; the last kept line says so. `written` is called when the line can be read. */
  append(line: string, written: () => void): void {
    if (this.accepted >= MAX_LOG_LINES) return;
    this.accepted += 1;
    const last = this.accepted === MAX_LOG_LINES;
    this.#pending.push(
      last ? `(the log ends here: at most ${MAX_LOG_LINES} lines are kept)` : line.replace(LINE_ENDS, ' ').slice(0, MAX_LOG_LINE),
    );
    if (this.#pending.length > 1) return;
    // Lines that come while one write is on its way go together in the next.
    this.#writing = this.#writePending(this.#writing, written);
  }

  async #writePending(before: Promise<void>, written: () => void): Promise<void> {
    await before;
    const lines = this.#pending;
    this.#pending = [];
    try {
      this.#file ??= await this.#openFile();
      await this.#file.appendFile(`${lines.join('\n')}\n`);
      for (const text of lines) this.#count(Buffer.byteLength(text) + 1);
    } catch {
      // A full disk ends the log, not the job; what is in the file stays readable.
      this.accepted = MAX_LOG_LINES;
    }
    written();
  }

  async #openFile(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    return open(this.#path, 'a', 0o600);
  }

  #count(bytes: number): void {
    this.length += 1;
    this.bytes += bytes;
    if (this.length % MARK_EVERY === 0) this.#marks.push(this.bytes);
  }

  async *read(from: number, to: number): AsyncGenerator<{ offset: number; line: string }> {
    if (from >= to) return;
    const mark = Math.floor(from / MARK_EVERY);
    const stream = createReadStream(this.#path, { start: this.#marks[mark] ?? 0 });
    try {
      let offset = mark * MARK_EVERY;
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        if (offset >= to) return;
        if (offset >= from) yield { offset, line };
        offset += 1;
      }
    } finally {
      stream.destroy();
    }
  }

  async close(): Promise<void> {
    this.accepted = MAX_LOG_LINES;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    this.length = 0;
    this.bytes = 0;
    await rm(this.#path, { force: true });
  }
}

export class JobFeed {
  readonly #book: JobBook;
  readonly #jobId: string;
  readonly #log: JobLog;
  #progress: Progress | undefined;
  /** Grows with every progress report. */
  #progressVersion = 0;
  #due: Due | undefined;
  #dueVersion = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(book: JobBook, jobId: string, log: JobLog) {
    this.#book = book;
    this.#jobId = jobId;
    this.#log = log;
  }

  static async open(book: JobBook, jobId: string, logPath: string): Promise<JobFeed> {
    const log = new JobLog(logPath);
    await log.open();
    return new JobFeed(book, jobId, log);
  }

  log(line: string): void {
    this.#log.append(line, () => this.#wake());
  }

  /** Lines so far. */
  get logLines(): number {
    return this.#log.accepted;
  }

  progress(progress: Omit<Progress, 'type'>): void {
    this.#progress = { type: 'progress', ...progress };
    this.#progressVersion += 1;
    this.#wake();
  }

  /** What is due of a streamed job; only the latest counts. */
  due(due: Omit<Due, 'type'>): void {
    this.#due = { type: 'due', ...due };
    this.#dueVersion += 1;
    this.#wake();
  }

  /** No more lines are written; what is there can still be read. */
  close(): Promise<void> {
    return this.#log.close();
  }

  remove(): Promise<void> {
    return this.#log.remove();
  }

  /** For its owner: what can be read now. */
  async lines(from: number, count: number): Promise<{ lines: string[]; total: number }> {
    const total = this.#log.length;
    const lines: string[] = [];
    for await (const { line } of this.#log.read(from, Math.min(total, from + count))) lines.push(line);
    return { lines, total };
  }

  /** Of the log on disk. */
  get bytes(): number {
    return this.#log.bytes;
  }

  /** From the given offsets on, until the job has ended: states, log lines, latest progress, then manifest or refusal, then `end`. */
  async *follow(fromEvent: number, fromLog: number, signal: AbortSignal): AsyncGenerator<Sendable> {
    let event = fromEvent;
    let offset = fromLog;
    let seen = 0;
    let seenDue = 0;
    let seenCheckpoint = 0;
    for (;;) {
      signal.throwIfAborted();
      // Read first, so that whatever changes during a slow send is seen in the next round.
      const job = this.#book.job(this.#jobId);
      const { events } = job;
      const count = events.length;
      const ended = hasEnded(job);
      if (ended) await this.#log.close();
      const lines = this.#log.length;
      for (; event < count; event += 1) {
        const state = events[event];
        if (state !== undefined) yield { type: 'state', event, state: state.state, atMs: state.at, detail: state.detail };
      }
      for await (const entry of this.#log.read(offset, lines)) {
        offset = entry.offset + 1;
        yield { type: 'log', ...entry };
      }
      if (this.#progress !== undefined && seen !== this.#progressVersion) {
        seen = this.#progressVersion;
        yield this.#progress;
      }
      if (this.#due !== undefined && seenDue !== this.#dueVersion && !ended) {
        seenDue = this.#dueVersion;
        yield this.#due;
      }
      const { checkpoint } = job;
      if (checkpoint !== undefined && checkpoint.number !== seenCheckpoint && !job.cleaned) {
        seenCheckpoint = checkpoint.number;
        yield { type: 'checkpoint', number: checkpoint.number, atMs: checkpoint.at, file: checkpoint.file };
      }
      if (ended) {
        if (job.refusal !== undefined) yield { type: 'refusal', envelope: job.refusal.envelope };
        if (job.manifest !== undefined) yield { type: 'manifest', envelope: job.manifest.envelope };
        yield { type: 'end' };
        return;
      }
      const moved = (): boolean =>
        this.#moved(job, count, lines, seen) || this.#dueVersion !== seenDue || (job.checkpoint?.number ?? 0) !== seenCheckpoint;
      await this.#change(moved, signal);
    }
  }

  #moved(job: Job, events: number, lines: number, progress: number): boolean {
    return job.events.length !== events || this.#log.length !== lines || this.#progressVersion !== progress;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #change(moved: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.delete(wake);
        unwatch();
        signal.removeEventListener('abort', failed);
      };
      const wake = (): void => {
        if (!moved()) return;
        stop();
        resolve();
      };
      const failed = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const unwatch = this.#book.watch(this.#jobId, wake);
      this.#waiting.add(wake);
      signal.addEventListener('abort', failed, { once: true });
      if (signal.aborted) failed();
      else wake();
    });
  }
}

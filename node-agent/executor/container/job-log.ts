// A container's output as lines: taken apart by stream, bounded in length, number and bytes, with progress found in it. No I/O.
import { StringDecoder } from 'node:string_decoder';
import type { ExecutionEvent } from '../executor.ts';

/** As many as the embedded executor passes on. */
export const MAX_LOG_LINES = 10_000;
const MAX_LINE_CHARACTERS = 500;
/** A job that writes more than this is ended: what nobody reads costs the machine its disk and its CPU. */
export const MAX_LOG_BYTES = 64 * 2 ** 20;
/** Progress events a second; more are dropped, the last one never. */
const MAX_PROGRESS_RATE = 20;
const MAX_PROGRESS_TEXT = 4_096;
const MAX_METRICS = 32;
const MAX_METRIC_NAME = 60;
const STDERR = 2;
const HEADER = 8;

type ProgressEvent = Extract<ExecutionEvent, { type: 'progress' }>;

export interface JobLogParts {
  emit(event: ExecutionEvent): void;
  /** Monotonic ms. */
  elapsed(): number;
  /** Lines that somebody has heard already: they are read over. */
  readonly heard: number;
}

/** Text of one stream until its line ends. */
interface Partial {
  readonly decoder: StringDecoder;
  text: string;
}

export class JobLog {
  readonly #parts: JobLogParts;
  readonly #streams = new Map<number, Partial>();
  #header = Buffer.alloc(0);
  #frame: { stream: number; left: number } | null = null;
  #lines = 0;
  #bytes = 0;
  #lastError = '';
  #progressAllowedAt = 0;
  #held: ProgressEvent | null = null;
  #metrics: Readonly<Record<string, number>> = {};

  constructor(parts: JobLogParts) {
    this.#parts = parts;
  }

  get isOverLimit(): boolean {
    return this.#bytes > MAX_LOG_BYTES;
  }

  /** Lines told so far, with those that were heard before. */
  get lines(): number {
    return Math.min(this.#lines, MAX_LOG_LINES);
  }

  /** '' where nothing was written to stderr. */
  get lastErrorLine(): string {
    return this.#lastError;
  }

  /** Of the last progress line. */
  get metrics(): readonly { readonly name: string; readonly value: number }[] {
    return Object.entries(this.#metrics).map(([name, value]) => ({ name, value }));
  }

  /** Bytes as the engine multiplexes them: 8 bytes of header (stream, three zeros, length), then the content. */
  push(chunk: Uint8Array): void {
    let at = 0;
    this.#bytes += chunk.length;
    while (at < chunk.length) {
      if (this.#frame === null) {
        const taken = Math.min(HEADER - this.#header.length, chunk.length - at);
        this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + taken)]);
        at += taken;
        if (this.#header.length < HEADER) return;
        this.#frame = { stream: this.#header[0] ?? 1, left: this.#header.readUInt32BE(4) };
        this.#header = Buffer.alloc(0);
        continue;
      }
      const taken = Math.min(this.#frame.left, chunk.length - at);
      this.#text(this.#frame.stream, chunk.subarray(at, at + taken));
      at += taken;
      this.#frame.left -= taken;
      if (this.#frame.left === 0) this.#frame = null;
    }
  }

  /** No more is coming: a last line without its end counts, and progress that was held back is told. */
  end(): void {
    for (const [stream, partial] of this.#streams) {
      const rest = partial.text + partial.decoder.end();
      if (rest !== '') this.#line(stream, rest);
    }
    this.#streams.clear();
    if (this.#held !== null) this.#parts.emit(this.#held);
    this.#held = null;
  }

  #text(stream: number, bytes: Uint8Array): void {
    const partial = this.#streams.get(stream) ?? { decoder: new StringDecoder('utf8'), text: '' };
    this.#streams.set(stream, partial);
    const lines = partial.decoder.write(Buffer.from(bytes)).split('\n');
    for (const [i, piece] of lines.entries()) {
      // What is beyond the bound of a line is never kept.
      if (partial.text.length < MAX_PROGRESS_TEXT) partial.text += piece.slice(0, MAX_PROGRESS_TEXT);
      if (i === lines.length - 1) break;
      this.#line(stream, partial.text);
      partial.text = '';
    }
  }

  #line(stream: number, raw: string): void {
    // A progress bar writes over its own line: the last state is what a person would see.
    const whole = raw.replace(/\r+$/, '');
    const shown = printable(whole.slice(whole.lastIndexOf('\r') + 1)).slice(0, MAX_LINE_CHARACTERS);
    this.#lines += 1;
    if (stream === STDERR && shown !== '') this.#lastError = shown;
    const progress = stream === STDERR ? null : progressOf(whole);
    const isNew = this.#lines > this.#parts.heard;
    if (isNew && this.#lines < MAX_LOG_LINES) this.#parts.emit({ type: 'log', line: shown });
    if (isNew && this.#lines === MAX_LOG_LINES) this.#parts.emit({ type: 'log', line: `(log ends here: over ${MAX_LOG_LINES} lines)` });
    if (progress === null) return;
    this.#metrics = progress.metrics;
    if (isNew) this.#progress(progress);
  }

  #progress(event: ProgressEvent): void {
    const now = this.#parts.elapsed();
    if (now < this.#progressAllowedAt) {
      this.#held = event;
      return;
    }
    this.#progressAllowedAt = now + 1000 / MAX_PROGRESS_RATE;
    this.#held = null;
    this.#parts.emit(event);
  }
}

/** A line that is a JSON object with an `epoch`; `epochs`, `step` and `steps` count if they are there, other numbers are metrics. */
export function progressOf(line: string): ProgressEvent | null {
  if (!line.startsWith('{') || line.length >= MAX_PROGRESS_TEXT) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { epoch, epochs, step, steps, ...rest } = value as Record<string, unknown>;
  if (!isCount(epoch)) return null;
  const metrics = Object.entries(rest)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]))
    .map(([name, number]) => [printable(name).slice(0, MAX_METRIC_NAME), number] as const)
    .filter(([name]) => name !== '')
    .slice(0, MAX_METRICS);
  // Without a total of steps an epoch is one step. 0 epochs: nobody knows how many there will be.
  const isStepped = isCount(step) && isCount(steps) && steps >= step && steps > 0;
  return {
    type: 'progress',
    epoch,
    epochs: isCount(epochs) && epochs >= epoch ? epochs : 0,
    step: isStepped ? step : 1,
    steps: isStepped ? steps : 1,
    metrics: Object.fromEntries(metrics),
  };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 1e9;

/** One line without control characters: it goes to terminals and signed messages. */
export const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').trimEnd();

/** A whole multiplexed log as text, both streams in their order. */
export function demuxed(bytes: Uint8Array): string {
  const all = Buffer.from(bytes);
  const pieces: Buffer[] = [];
  for (let at = 0; at + HEADER <= all.length;) {
    const length = all.readUInt32BE(at + 4);
    pieces.push(all.subarray(at + HEADER, at + HEADER + length));
    at += HEADER + length;
  }
  return Buffer.concat(pieces).toString('utf8');
}

// Frames on a byte stream: an unsigned varint length, then that many bytes. Works over any libp2p stream, in Node and in a browser.
import { concatBytes } from '@noble/hashes/utils.js';
import { NunetError } from './errors.ts';

/** Longest length prefix: 4 bytes of 7 bits say up to 256 MiB, far above every limit of the wire. */
const MAX_PREFIX_BYTES = 4;
/** A reader that holds this much unread pauses its stream. */
const PAUSE_ABOVE_BYTES = 256 * 1024;
/** A writer waits while its stream holds this much unsent. */
const WAIT_ABOVE_BYTES = 512 * 1024;
/** Small frames travel together up to this size: what one WebRTC message carries. One message a log line took 140 us each. */
const GATHER_BYTES = 15 * 1024;

function prefixOf(length: number): Uint8Array {
  const prefix: number[] = [];
  let rest = length;
  while (rest > 0x7f) {
    prefix.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  prefix.push(rest);
  return Uint8Array.from(prefix);
}

/** The bytes with their length in front. */
export const frameOf = (bytes: Uint8Array): Uint8Array => concatBytes(prefixOf(bytes.length), bytes);

/** Bytes in, frames out. The length is judged before anything of that size is kept together. */
export class FrameDecoder {
  /** Received and not yet taken. */
  bufferedBytes = 0;
  #chunks: Uint8Array[] = [];
  #offset = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.bufferedBytes += chunk.length;
  }

  /** The next whole frame, or undefined until more has come. Throws `frame-too-large` or `frame-invalid`. */
  next(maxBytes: number): Uint8Array | undefined {
    const header = this.#header();
    if (header === undefined) return undefined;
    if (header.length > maxBytes) {
      throw new NunetError('frame-too-large', `Cannot read a frame of ${header.length} bytes: at most ${maxBytes} are allowed`);
    }
    if (this.bufferedBytes < header.size + header.length) return undefined;
    this.#take(header.size);
    return this.#take(header.length);
  }

  #header(): { size: number; length: number } | undefined {
    let length = 0;
    let size = 0;
    let offset = this.#offset;
    for (const chunk of this.#chunks.slice(0, MAX_PREFIX_BYTES)) {
      for (; offset < chunk.length; offset++) {
        const byte = chunk[offset] ?? 0;
        length |= (byte & 0x7f) << (7 * size);
        size += 1;
        if (byte < 0x80) {
          // One way to write a length, and no empty frames: a flood of nothing must not look like messages.
          if (byte === 0) throw new NunetError('frame-invalid', 'Cannot read a frame: its length is zero or padded');
          return { size, length };
        }
        if (size === MAX_PREFIX_BYTES)
          throw new NunetError('frame-invalid', `Cannot read a frame: its length takes more than ${MAX_PREFIX_BYTES} bytes`);
      }
      offset = 0;
    }
    return undefined;
  }

  #take(count: number): Uint8Array {
    this.bufferedBytes -= count;
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#offset > count) {
      const taken = first.subarray(this.#offset, this.#offset + count);
      this.#offset += count;
      return taken;
    }
    const parts: Uint8Array[] = [];
    let wanted = count;
    while (wanted > 0) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(this.#offset, this.#offset + wanted);
      parts.push(part);
      wanted -= part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(...parts);
  }
}

/** What is used of a libp2p stream. Kept structural so that only whoever opens streams depends on libp2p. */
export interface ByteStream {
  readonly status: string;
  readonly readableEnded: boolean;
  readonly writableNeedsDrain: boolean;
  readonly writeBufferLength: number;
  send(data: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  close(options?: { signal?: AbortSignal }): Promise<void>;
  abort(error: Error): void;
  addEventListener(type: 'message' | 'end' | 'drain' | 'close', listener: (event: Event) => void): void;
  removeEventListener(type: 'message' | 'end' | 'drain' | 'close', listener: (event: Event) => void): void;
}

const bytesOfMessage = (event: Event): Uint8Array => (event as Event & { data: { subarray(): Uint8Array } }).data.subarray();
const errorOfClose = (event: Event): Error | undefined => (event as Event & { error?: Error }).error;

const closedError = (cause: unknown): NunetError =>
  new NunetError('stream-closed', 'Cannot go on with the exchange: the other side closed the stream', { cause });

/** Reads and writes whole frames on one stream, with bounded memory on both sides. */
export class FramedStream {
  /** Aborts when the stream is gone, so that whoever works for it can stop. */
  readonly gone: AbortSignal;
  readonly #stream: ByteStream;
  readonly #gone = new AbortController();
  readonly #decoder = new FrameDecoder();
  #paused = false;
  #ended: boolean;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #gatherTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.gone = this.#gone.signal;
    this.#ended = stream.readableEnded;
    stream.addEventListener('message', (event) => {
      this.#decoder.push(bytesOfMessage(event));
      if (this.#decoder.bufferedBytes > PAUSE_ABOVE_BYTES) this.#pause();
      this.#wake?.();
    });
    stream.addEventListener('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
    stream.addEventListener('close', (event) => {
      this.#ended = true;
      this.#failure = errorOfClose(event);
      this.#wake?.();
      this.#gone.abort(closedError(this.#failure));
    });
    if (stream.status !== 'open') this.#gone.abort(closedError(undefined));
  }

  /** The next frame; undefined when the other side has finished. Throws `stream-closed`, `frame-*` or the signal's reason. */
  async read(maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const frame = this.#decoder.next(maxBytes);
      if (frame !== undefined) return frame;
      // A frame larger than the pause mark needs the stream to flow again; what waits inside it arrives at once.
      const before = this.#decoder.bufferedBytes;
      this.#resume();
      if (this.#decoder.bufferedBytes > before) continue;
      if (this.#failure !== undefined) throw closedError(this.#failure);
      if (this.#ended) {
        if (this.#decoder.bufferedBytes === 0) return undefined;
        throw new NunetError('frame-invalid', 'Cannot read a frame: the stream ended in the middle of it');
      }
      await this.#change(signal);
    }
  }

  /**
   * Sends one frame and waits until the stream holds little enough. With `gather` a small frame may wait for the next turn
   * of the event loop, to travel with those that follow.
   */
  async write(bytes: Uint8Array, signal: AbortSignal, options: { gather?: boolean } = {}): Promise<void> {
    signal.throwIfAborted();
    if (this.gone.aborted) throw this.gone.reason as Error;
    this.#gathered.push(prefixOf(bytes.length), bytes);
    this.#gatheredBytes += bytes.length;
    if (options.gather === true && this.#gatheredBytes < GATHER_BYTES) {
      this.#gatherTimer ??= setTimeout(() => {
        try {
          this.flush();
        } catch (error) {
          // The next read or write finds the stream closed.
          this.abort(error);
        }
      }, 0);
      return;
    }
    this.flush();
    // Not stream.onDrain(): libp2p 3.3 keeps its promise resolved after the first drain, so later calls do not wait.
    while (this.#stream.writableNeedsDrain || this.#stream.writeBufferLength > WAIT_ABOVE_BYTES) await this.#drained(signal);
  }

  /** Sends what was gathered. */
  flush(): void {
    clearTimeout(this.#gatherTimer);
    this.#gatherTimer = undefined;
    if (this.#gatheredBytes === 0) return;
    const parts = this.#gathered;
    // Small frames become one message; a block goes as it is, for copying it costs more than a message.
    const pieces = this.#gatheredBytes <= 2 * GATHER_BYTES ? [concatBytes(...parts)] : parts;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    try {
      for (const piece of pieces) this.#stream.send(piece);
    } catch (cause) {
      throw closedError(cause);
    }
  }

  /** Ends our side after what was written, waits for the other side to end its own, and resets whatever is left. */
  async close(signal: AbortSignal): Promise<void> {
    try {
      this.flush();
      await this.#stream.close({ signal });
      while (!this.#ended && this.#failure === undefined) {
        this.#discard();
        await this.#change(signal);
      }
    } catch (cause) {
      this.abort(cause);
    }
  }

  /** Resets the stream; harmless when it is already closed. */
  abort(cause: unknown): void {
    clearTimeout(this.#gatherTimer);
    this.#stream.abort(cause instanceof Error ? cause : new Error(String(cause)));
  }

  #discard(): void {
    if (this.#decoder.bufferedBytes > PAUSE_ABOVE_BYTES) throw closedError(undefined);
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#wake = undefined;
        signal.removeEventListener('abort', failed);
        resolve();
      };
      const failed = (): void => {
        this.#wake = undefined;
        reject(signal.reason as Error);
      };
      this.#wake = done;
      signal.addEventListener('abort', failed, { once: true });
    });
  }

  #drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#stream.removeEventListener('drain', done);
        signal.removeEventListener('abort', failed);
        this.gone.removeEventListener('abort', failed);
      };
      const done = (): void => {
        stop();
        // The stream hands over what it had kept in a microtask of its own; look again only after that.
        queueMicrotask(resolve);
      };
      const failed = (): void => {
        stop();
        reject((signal.aborted ? signal.reason : this.gone.reason) as Error);
      };
      this.#stream.addEventListener('drain', done);
      signal.addEventListener('abort', failed, { once: true });
      this.gone.addEventListener('abort', failed, { once: true });
      if (this.gone.aborted) failed();
    });
  }

  #pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    try {
      this.#stream.pause();
    } catch {
      // Already closing: nothing more can come, so there is nothing to hold back.
    }
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    try {
      this.#stream.resume();
    } catch {
      // As above.
    }
  }
}

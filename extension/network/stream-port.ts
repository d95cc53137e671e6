// A byte stream over a MessagePort, for both ends. A port has no backpressure, so bytes go in transferred buffers against credit:
// the receiver says what its reader took, and the sender stays at most a window ahead. An end that breaks this is reset.
import type { ByteStream } from '@nunet/shared/frames.ts';
import { z } from 'zod';

/** Measured from the frame to a page: 16 KiB buffers 89 to 141 MB/s, 256 KiB 453 to 656 MB/s, 1 MiB no more. */
export const CHUNK_BYTES = 256 * 1024;
export const WINDOW_BYTES = 4 * 2 ** 20;
/** Credit comes this often; four times a window is seldom enough to cost nothing. */
const CREDIT_EVERY_BYTES = WINDOW_BYTES / 4;
const NEEDS_DRAIN_ABOVE_BYTES = 512 * 1024;
const DRAINED_BELOW_BYTES = 256 * 1024;
const MAX_REASON = 300;
/**
 * Small messages go in the next turn. What looks like a transfer waits a little longer for more: posting each 16 KiB message
 * of a WebRTC stream by itself took 19 ms a megabyte, a fifth of the frame's time.
 */
const TRANSFER_ABOVE_BYTES = 8 * 1024;
const GATHER_MS = 8;

/** Beside plain ArrayBuffers, which are bytes of the stream. */
const control = z.discriminatedUnion('type', [
  /** All bytes that the reader has taken so far. */
  z.strictObject({ type: z.literal('taken'), bytes: z.int().min(1) }),
  /** No more bytes come from this side; the other may go on. */
  z.strictObject({ type: z.literal('end') }),
  /** Both directions are over. With a reason: reset. */
  z.strictObject({ type: z.literal('close'), reason: z.string().max(MAX_REASON).nullable() }),
]);
type Control = z.infer<typeof control>;

/** Like libp2p's: `error` is set when the stream was reset. */
class StreamCloseEvent extends Event {
  readonly error: Error | undefined;
  constructor(error: Error | undefined) {
    super('close');
    this.error = error;
  }
}

type StreamEvent = 'message' | 'end' | 'drain' | 'close';

export class PortStream implements ByteStream {
  status: 'open' | 'closed' | 'aborted' | 'reset' = 'open';
  readableEnded = false;
  writableNeedsDrain = false;
  writeBufferLength = 0;
  readonly #events = new EventTarget();
  readonly #port: MessagePort;
  #unsent: Uint8Array[] = [];
  #sentBytes = 0;
  #creditedBytes = 0;
  /** Set for a moment after bytes were sent: what comes meanwhile travels together. */
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #writeEnds: (() => void)[] | undefined;
  #writeEnded = false;
  readonly #unread: Uint8Array[] = [];
  #isReading = false;
  #isPaused = false;
  #receivedBytes = 0;
  #takenBytes = 0;
  #toldBytes = 0;
  #remoteEnded = false;
  /** The other end wants nothing more; what it sent is still to be read. */
  #remoteClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.addEventListener('message', (event) => this.#take(event.data));
    port.addEventListener('close', () => {
      // After a farewell in good order the rest is still to be read, however slowly.
      if (!this.#remoteClosed && !(this.#remoteEnded && this.#writeEnded))
        this.#finish('reset', new Error('the other end of the port is gone'));
    });
    port.start();
  }

  addEventListener(type: StreamEvent, listener: (event: Event) => void): void {
    this.#events.addEventListener(type, listener);
    if (type !== 'message') return;
    this.#isReading = true;
    // Not at once: whoever listens may be in the middle of its constructor.
    queueMicrotask(() => this.#deliver());
  }

  removeEventListener(type: StreamEvent, listener: (event: Event) => void): void {
    this.#events.removeEventListener(type, listener);
  }

  /** Takes the bytes; false: wait for `drain` before the next. They are read later, so the caller must not change them. */
  send(data: Uint8Array): boolean {
    if (this.status !== 'open' || this.#writeEnds !== undefined)
      throw new Error(`Cannot write to a stream that is ${this.status} or ending`);
    this.#unsent.push(data);
    this.writeBufferLength += data.length;
    this.#transmit();
    if (this.writeBufferLength > NEEDS_DRAIN_ABOVE_BYTES) this.writableNeedsDrain = true;
    return !this.writableNeedsDrain;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  /** Ends our side once all was handed over; reading goes on. */
  close(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#writeEnded || this.status !== 'open') return resolve();
      const failed = (): void => reject(signal?.reason as Error);
      if (signal?.aborted === true) return failed();
      signal?.addEventListener('abort', failed, { once: true });
      this.#writeEnds ??= [];
      this.#writeEnds.push(() => {
        signal?.removeEventListener('abort', failed);
        resolve();
      });
      this.#transmit();
    });
  }

  /** Tells the other end that nothing more goes either way, in good order: what was sent before still arrives. */
  shut(): void {
    if (this.status !== 'open') return;
    this.#say({ type: 'close', reason: null });
    this.#finish('closed', undefined);
  }

  abort(error: Error): void {
    if (this.status !== 'open') return;
    this.#say({ type: 'close', reason: error.message.slice(0, MAX_REASON) });
    this.#finish('aborted', error);
  }

  #say(message: Control): void {
    this.#port.postMessage(message, []);
  }

  #transmit(): void {
    while (this.writeBufferLength > 0) {
      const room = WINDOW_BYTES - (this.#sentBytes - this.#creditedBytes);
      const count = Math.min(CHUNK_BYTES, this.writeBufferLength, room);
      const isWhole = count === CHUNK_BYTES || this.#writeEnds !== undefined;
      if (count <= 0 || (!isWhole && this.#gathering !== undefined)) break;
      const chunk = this.#cut(count);
      this.#sentBytes += count;
      this.writeBufferLength -= count;
      this.#port.postMessage(chunk, [chunk]);
      this.#gathering ??= setTimeout(() => this.#gathered(TRANSFER_ABOVE_BYTES), 0);
    }
    if (this.writableNeedsDrain && this.writeBufferLength < DRAINED_BELOW_BYTES) {
      this.writableNeedsDrain = false;
      this.#events.dispatchEvent(new Event('drain'));
    }
    if (this.#writeEnds === undefined || this.writeBufferLength > 0 || this.#writeEnded) return;
    this.#writeEnded = true;
    this.#say({ type: 'end' });
    for (const done of this.#writeEnds.splice(0)) done();
    this.#endIfBoth();
  }

  /** A moment has passed; with more than `patientAbove` bytes waiting another one passes, once. */
  #gathered(patientAbove: number): void {
    const isTransfer = this.writeBufferLength > patientAbove;
    this.#gathering = isTransfer ? setTimeout(() => this.#gathered(Infinity), GATHER_MS) : undefined;
    if (!isTransfer) this.#transmit();
  }

  /** The first `count` unsent bytes in a buffer of their own, which can be transferred. */
  #cut(count: number): ArrayBuffer {
    const chunk = new Uint8Array(count);
    let filled = 0;
    let whole = 0;
    for (const part of this.#unsent) {
      const piece = part.subarray(0, count - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      if (piece.length < part.length) {
        this.#unsent[whole] = part.subarray(piece.length);
        break;
      }
      whole += 1;
      if (filled === count) break;
    }
    this.#unsent.splice(0, whole);
    return chunk.buffer;
  }

  #take(data: unknown): void {
    if (this.status !== 'open') return;
    if (data instanceof ArrayBuffer) {
      this.#receivedBytes += data.byteLength;
      if (data.byteLength === 0 || data.byteLength > CHUNK_BYTES || this.#remoteEnded) return this.#refuse('bytes out of order');
      if (this.#receivedBytes - this.#toldBytes > WINDOW_BYTES) return this.#refuse('more bytes than credit');
      this.#unread.push(new Uint8Array(data));
      this.#deliver();
      return;
    }
    const parsed = control.safeParse(data);
    if (!parsed.success) return this.#refuse('a message that is none');
    const message = parsed.data;
    switch (message.type) {
      case 'taken':
        if (message.bytes <= this.#creditedBytes || message.bytes > this.#sentBytes)
          return this.#refuse('credit for bytes that were not sent');
        this.#creditedBytes = message.bytes;
        this.#transmit();
        return;
      case 'end':
        if (this.#remoteEnded) return this.#refuse('a second end');
        this.#remoteEnded = true;
        this.#deliver();
        return;
      case 'close':
        if (message.reason !== null) return this.#finish('reset', new Error(message.reason));
        this.#remoteEnded = true;
        this.#remoteClosed = true;
        this.#deliver();
    }
  }

  #deliver(): void {
    while (this.#isReading && !this.#isPaused && this.status === 'open') {
      const bytes = this.#unread.shift();
      if (bytes === undefined) break;
      this.#takenBytes += bytes.length;
      this.#events.dispatchEvent(new MessageEvent('message', { data: bytes }));
    }
    if (this.status !== 'open') return;
    if (this.#takenBytes - this.#toldBytes >= CREDIT_EVERY_BYTES && !this.#remoteEnded) {
      this.#toldBytes = this.#takenBytes;
      this.#say({ type: 'taken', bytes: this.#takenBytes });
    }
    if (!this.#remoteEnded || this.#unread.length > 0) return;
    if (!this.readableEnded) {
      this.readableEnded = true;
      this.#events.dispatchEvent(new Event('end'));
    }
    if (this.#remoteClosed) this.#finish('closed', undefined);
    else this.#endIfBoth();
  }

  #endIfBoth(): void {
    if (this.#writeEnded && this.readableEnded) this.#finish('closed', undefined);
  }

  #refuse(what: string): void {
    this.abort(new Error(`the other end of the port sent ${what}`));
  }

  #finish(status: 'closed' | 'aborted' | 'reset', error: Error | undefined): void {
    if (this.status !== 'open') return;
    this.status = status;
    clearTimeout(this.#gathering);
    this.#unsent = [];
    this.#unread.length = 0;
    this.writeBufferLength = 0;
    this.writableNeedsDrain = false;
    this.readableEnded = true;
    for (const done of this.#writeEnds?.splice(0) ?? []) done();
    this.#port.close();
    this.#events.dispatchEvent(new StreamCloseEvent(error));
  }
}

// The network as the runner or a page sees it: a Dialer over whichever network frame lives now. Streams of a frame that is gone
// fail with `stream-closed`; the next request goes over the next frame.
import type { ByteStream } from '@nunet/shared/frames.ts';
import type { Dialer, Target } from '@nunet/shared/peer-client.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';
import { FrameLink, type FrameStatus, type IncomingStreams } from './frame-link.ts';

export interface FrameClientOptions {
  /** What to do with streams that strangers open; see `streamServer` of shared/. Only the runner's frames heed it. */
  serve?: IncomingStreams;
  onStatus?: (status: FrameStatus) => void;
  /** The frame broke its protocol and was let go of: have it mounted anew. */
  onBroken?: (why: string) => void;
  /** Milliseconds from any fixed origin. */
  now: () => number;
}

const NOTHING: FrameStatus = { addresses: [], connections: [] };

export class FrameClient implements Dialer {
  readonly #options: FrameClientOptions;
  #link: FrameLink | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: FrameClientOptions) {
    this.#options = options;
  }

  /** From now on streams are opened over this port, whose other end goes to the frame as a `network-port`. */
  attach(port: MessagePort): void {
    this.detach('another network frame has taken over');
    const link = new FrameLink(port, {
      ...this.#options,
      onBroken: (why) => {
        if (this.#link === link) this.detach(why);
        this.#options.onBroken?.(why);
      },
    });
    this.#link = link;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The frame is gone: open streams fail, and whoever dials waits for the next one. */
  detach(why: string): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close(why);
    if (link !== undefined) this.#options.onStatus?.(NOTHING);
  }

  /** Where others reach this browser, and whom it is connected to. */
  status(): FrameStatus {
    return this.#link?.status() ?? NOTHING;
  }

  /** As `Dialer.open`; throws `streams-exhausted` too. Waits for a frame as long as the signal allows. */
  async open(target: Target, name: ProtocolName, signal: AbortSignal, force: boolean): Promise<ByteStream> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#link !== undefined) return this.#link.open(target, name, signal, force);
      await this.#attached(signal);
    }
  }

  #attached(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener('abort', failed);
        resolve();
      };
      const failed = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== done);
        reject(signal.reason as Error);
      };
      this.#waiting.push(done);
      signal.addEventListener('abort', failed, { once: true });
    });
  }
}

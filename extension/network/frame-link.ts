// One port to one network frame: opens streams, takes incoming ones, and believes nothing that comes out of the frame.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ByteStream } from '@nunet/shared/frames.ts';
import { peerOf, type Target } from '@nunet/shared/peer-client.ts';
import { PeerLimits } from '@nunet/shared/peer-limits.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';
import { frameToClient, type ClientMessage, type FrameToClient } from './frame-messages.ts';
import { PortStream } from './stream-port.ts';

export type FrameStatus = Pick<FrameToClient & { type: 'status' }, 'addresses' | 'connections'>;
export type IncomingStreams = Partial<Record<ProtocolName, (stream: ByteStream, peerId: string) => Promise<void>>>;

export interface FrameLinkOptions {
  serve?: IncomingStreams;
  onStatus?: (status: FrameStatus) => void;
  onBroken?: (why: string) => void;
  now: () => number;
}

/** Streams that one client has open at a time: a job takes a handful. */
const MAX_STREAMS = 128;
/** What a frame may say a second and at once, beside the bytes of streams. An honest one answers what was asked, and hands over what PEER_LIMITS allow. */
const MESSAGE_LIMIT = { maxOpenAPeer: Infinity, maxOpen: Infinity, burst: 2_000, perSecond: 500 };
/** Streams of strangers, whoever the frame says that they are: peer ids cost it nothing. */
const INCOMING_LIMIT = { maxOpenAPeer: 64, maxOpen: 64, burst: 256, perSecond: 128 };
const FRAME = 'frame';

interface Dial {
  resolve: () => void;
  reject: (error: Error) => void;
}

export class FrameLink {
  readonly #port: MessagePort;
  readonly #options: FrameLinkOptions;
  readonly #messages: PeerLimits;
  readonly #incoming: PeerLimits;
  readonly #dials = new Map<number, Dial>();
  readonly #streams = new Set<PortStream>();
  #status: FrameStatus = { addresses: [], connections: [] };
  #next = 0;
  #closed = false;

  constructor(port: MessagePort, options: FrameLinkOptions) {
    this.#port = port;
    this.#options = options;
    this.#messages = new PeerLimits(MESSAGE_LIMIT, options.now);
    this.#incoming = new PeerLimits(INCOMING_LIMIT, options.now);
    port.addEventListener('message', (event) => this.#take(event));
    // Said when the other end was closed. A process that died says nothing: then the host's heartbeat leads to `detach`.
    port.addEventListener('close', () => this.close('the network frame ended'));
    port.start();
    const protocols = Object.keys(options.serve ?? {}) as ProtocolName[];
    if (protocols.length > 0) this.#say({ type: 'serve', protocols });
  }

  status(): FrameStatus {
    return this.#status;
  }

  async open(target: Target, name: ProtocolName, signal: AbortSignal, force: boolean): Promise<ByteStream> {
    signal.throwIfAborted();
    if (this.#streams.size >= MAX_STREAMS) {
      throw new NunetError('streams-exhausted', `Cannot ask ${peerOf(target)}: ${MAX_STREAMS} exchanges are open; wait for one to end`);
    }
    const number = this.#next++;
    const { port1, port2 } = new MessageChannel();
    const stream = this.#keep(port1);
    const opened = new Promise<void>((resolve, reject) => this.#dials.set(number, { resolve, reject }));
    const cancel = (): void => {
      this.#say({ type: 'cancel', stream: number });
      this.#dials.get(number)?.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const wanted =
        typeof target === 'string'
          ? target
          : { peerId: target.peerId, addresses: target.addresses.slice(0, 32), isOwn: target.isOwn === true };
      this.#say({ type: 'open', stream: number, target: wanted, protocol: name, force }, port2);
      if (this.#closed) throw lost('the network frame ended');
      await opened;
      return stream;
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('not opened'));
      throw error;
    } finally {
      this.#dials.delete(number);
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Ends everything that goes over this port. */
  close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    for (const { reject } of this.#dials.values()) reject(lost(why));
    for (const stream of this.#streams) stream.abort(lost(why));
  }

  #say(message: ClientMessage, port?: MessagePort): void {
    if (!this.#closed) this.#port.postMessage(message, port === undefined ? [] : [port]);
  }

  #keep(port: MessagePort): PortStream {
    const stream = new PortStream(port);
    this.#streams.add(stream);
    stream.addEventListener('close', () => this.#streams.delete(stream));
    return stream;
  }

  #take(event: MessageEvent): void {
    if (this.#closed) return;
    const admission = this.#messages.admit(FRAME);
    if (admission.type !== 'admitted') return this.#broken('it floods its clients with messages');
    admission.release();
    const parsed = frameToClient.safeParse(event.data);
    if (!parsed.success) return this.#broken('it sent a message that is none');
    const message = parsed.data;
    const [port] = event.ports;
    if ((message.type === 'incoming') !== (port !== undefined)) return this.#broken('it sent a port too many or too few');
    switch (message.type) {
      case 'opened':
        // A number that nobody waits for was cancelled a moment ago, or never asked: there is nothing to give to it.
        this.#dials.get(message.stream)?.resolve();
        return;
      case 'refused':
        this.#dials.get(message.stream)?.reject(new NunetError(message.code, message.message));
        return;
      case 'status':
        this.#status = { addresses: message.addresses, connections: message.connections };
        this.#options.onStatus?.(this.#status);
        return;
      case 'incoming':
        if (port !== undefined) this.#answer(message.protocol, message.peerId, port);
    }
  }

  #answer(name: ProtocolName, peerId: string, port: MessagePort): void {
    const answer = this.#options.serve?.[name];
    const admission = this.#incoming.admit(FRAME);
    if (answer === undefined || admission.type !== 'admitted') {
      new PortStream(port).abort(new Error('refused'));
      if (admission.type === 'admitted') admission.release();
      return;
    }
    const stream = this.#keep(port);
    const ended = (): void => {
      admission.release();
      stream.abort(new Error('answered'));
    };
    answer(stream, peerId).then(ended, ended);
  }

  #broken(why: string): void {
    this.close(why);
    this.#options.onBroken?.(why);
  }
}

const lost = (why: string): NunetError => new NunetError('stream-closed', `Cannot go on over the network: ${why}. It is tried again.`);

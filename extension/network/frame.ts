// The network frame: pipes bytes between ports and libp2p streams. It knows no protocol and holds nothing secret but a network
// key, because it is the part that strangers talk to.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ByteStream } from '@nunet/shared/frames.ts';
import type { Target } from '@nunet/shared/peer-client.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';
import type { FrameConfig } from '../host/messages.ts';
import { clientMessage, FRAME_VERSION, hostMessage, type ClientMessage, type FrameToClient, type FrameToHost } from './frame-messages.ts';
import type { FrameNode } from './frame-node.ts';
import { joinStreams } from './join-streams.ts';
import { PortStream } from './stream-port.ts';

/** A WebRTC connection carries 511 streams; a client that wants more than this has lost count. */
const MAX_STREAMS_A_CLIENT = 192;
const MAX_STREAMS = 400;
/** A browser that does not tell when a port's other end is gone leaves dead ones here: the oldest page's makes room. */
const MAX_CLIENTS = 64;

type StartNode = (config: FrameConfig) => Promise<FrameNode>;

/** Serves the host's port until the frame is removed. */
export function runFrame(host: MessagePort, startNode: StartNode): void {
  const clients = new Set<FrameClientPort>();
  let node: Promise<FrameNode> | undefined;
  const counts = { streams: 0 };
  const say = (message: FrameToHost): void => host.postMessage(message, []);

  const start = async (config: FrameConfig): Promise<void> => {
    try {
      node = startNode(config);
      const started = await node;
      started.onChange(() => {
        for (const client of clients) client.tellStatus();
      });
      say({ type: 'ready', v: FRAME_VERSION, peerId: started.peerId });
    } catch (error) {
      say({ type: 'failed', message: error instanceof Error ? error.message.slice(0, 500) : 'libp2p did not start' });
    }
  };

  host.addEventListener('message', (event: MessageEvent) => {
    const parsed = hostMessage.safeParse(event.data);
    if (!parsed.success) return;
    const message = parsed.data;
    switch (message.type) {
      case 'start':
        if (node === undefined) void start(message.config);
        return;
      case 'ping':
        say({ type: 'pong', n: message.n });
        return;
      case 'client': {
        const [port] = event.ports;
        if (port === undefined || node === undefined) {
          port?.close();
          return;
        }
        if (clients.size >= MAX_CLIENTS) [...clients].find(({ role }) => role === 'page')?.end();
        const client: FrameClientPort = new FrameClientPort(port, message.role, node, { counts, onGone: () => clients.delete(client) });
        clients.add(client);
      }
    }
  });
  host.start();
}

class FrameClientPort {
  readonly #port: MessagePort;
  readonly role: 'runner' | 'page';
  readonly #node: Promise<FrameNode>;
  readonly #counts: { streams: number };
  readonly #onGone: () => void;
  readonly #dials = new Map<number, AbortController>();
  #streams = 0;

  constructor(
    port: MessagePort,
    role: 'runner' | 'page',
    node: Promise<FrameNode>,
    shared: { counts: { streams: number }; onGone: () => void },
  ) {
    this.#port = port;
    this.role = role;
    this.#node = node;
    this.#counts = shared.counts;
    this.#onGone = shared.onGone;
    port.addEventListener('close', () => this.end());
    port.addEventListener('message', (event: MessageEvent) => {
      const parsed = clientMessage.safeParse(event.data);
      if (!parsed.success) return;
      // A node that did not start fails each request; the host hears of it once.
      void this.#take(parsed.data, event.ports[0]).catch(() => undefined);
    });
    port.start();
    void this.#node.then(() => this.tellStatus()).catch(() => undefined);
  }

  /** Nobody waits for its dials any more; its streams end with their own ports. */
  end(): void {
    this.#port.close();
    for (const dialling of this.#dials.values()) dialling.abort();
    this.#onGone();
  }

  tellStatus(): void {
    void this.#node.then((node) => this.#say({ type: 'status', ...node.status() }));
  }

  #say(message: FrameToClient, port?: MessagePort): void {
    this.#port.postMessage(message, port === undefined ? [] : [port]);
  }

  async #take(message: ClientMessage, port: MessagePort | undefined): Promise<void> {
    switch (message.type) {
      case 'open':
        if (port !== undefined) await this.#open(message, port);
        return;
      case 'cancel':
        this.#dials.get(message.stream)?.abort();
        return;
      case 'serve':
        if (this.role !== 'runner') return;
        for (const name of message.protocols) await this.#serve(name);
    }
  }

  async #open(message: ClientMessage & { type: 'open' }, port: MessagePort): Promise<void> {
    const { stream: number } = message;
    const refuse = (code: (FrameToClient & { type: 'refused' })['code'], why: string): void => {
      port.close();
      this.#say({ type: 'refused', stream: number, code, message: why.slice(0, 600) });
    };
    if (this.#isFull()) return refuse('streams-exhausted', 'Cannot open a stream: too many are open in this browser; wait for one to end');
    const dialling = new AbortController();
    this.#dials.set(number, dialling);
    await this.#counted(async () => {
      try {
        const node = await this.#node;
        const stream = await node.open(this.#heeded(message.target), message.protocol, dialling.signal, message.force);
        if (dialling.signal.aborted) return stream.abort(new Error('cancelled'));
        const joined = joinStreams(stream, new PortStream(port));
        this.#say({ type: 'opened', stream: number });
        this.#dials.delete(number);
        await joined;
      } catch (error) {
        const isUnsupported = error instanceof NunetError && error.code === 'protocol-unsupported';
        refuse(isUnsupported ? 'protocol-unsupported' : 'peer-unreachable', error instanceof Error ? error.message : 'not reached');
      } finally {
        this.#dials.delete(number);
      }
    });
  }

  /** Which machines are the person's own is the runner's to say. */
  #heeded(target: (ClientMessage & { type: 'open' })['target']): Target {
    return typeof target === 'string' || this.role === 'runner' ? target : { ...target, isOwn: false };
  }

  async #serve(name: ProtocolName): Promise<void> {
    const node = await this.#node;
    await node.serve(name, (stream: ByteStream, peerId: string) => {
      if (this.#isFull()) return stream.abort(new Error('busy'));
      void this.#counted(() => {
        const { port1, port2 } = new MessageChannel();
        this.#say({ type: 'incoming', protocol: name, peerId }, port2);
        return joinStreams(stream, new PortStream(port1));
      });
    });
  }

  #isFull(): boolean {
    return this.#streams >= MAX_STREAMS_A_CLIENT || this.#counts.streams >= MAX_STREAMS;
  }

  async #counted(act: () => Promise<void>): Promise<void> {
    this.#streams += 1;
    this.#counts.streams += 1;
    try {
      await act();
    } finally {
      this.#streams -= 1;
      this.#counts.streams -= 1;
    }
  }
}

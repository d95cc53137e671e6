// The runner's link to its host: whichever document said last that it is one. It mounts frames and workers; after that their bytes do
// not touch it. What a host that went had mounted is gone with it, and everything is asked for again of the next.
import type { FrameConfig, HostEvent, HostRequest } from '../host/messages.ts';
import type { AppState } from '../messages.ts';
import { transactionClient, type TransactionClient } from '../chain/transaction-client.ts';
import { FrameClient } from '../network/client.ts';
import type { IncomingStreams } from '../network/frame-link.ts';
import type { ScoreFrame } from '../score/score-client.ts';

/** Requests that wait for a host. */
const MAX_WAITING = 32;

export interface HostLink {
  /** A host has said that it is one. */
  attach(port: MessagePort): void;
  readonly network: FrameClient;
  readonly transactions: TransactionClient;
  mountScoring(): ScoreFrame;
  /** The network frame to be there from now on; null: none. */
  configure(config: FrameConfig | null): void;
  /** A port to the vault, from this host or the next one; a later call takes the place of one that waits. */
  openVault(): Promise<MessagePort>;
  /** A page's own port to the network frame. */
  passPagePort(port: MessagePort): void;
  state(): Pick<AppState, 'host' | 'frame'>;
}

export function hostLink(parts: {
  serve: IncomingStreams;
  /** A host is there, perhaps another one: what the one before kept alive may be gone. */
  onHost: () => void;
  /** A port over which web pages are heard. */
  onDapps: (port: MessagePort) => void;
  /** Milliseconds from any fixed origin. */
  now: () => number;
  onChange: () => void;
}): HostLink {
  let host: MessagePort | undefined;
  let config: FrameConfig | null = null;
  let frame: Extract<HostEvent, { type: 'network' }> = { type: 'network', frame: { state: 'none' }, mount: 0, remounts: 0 };
  /** Remounts of hosts before this one. */
  let earlierRemounts = 0;
  const waiting: { request: HostRequest; port: MessagePort }[] = [];
  const scorings = new Map<number, AbortController>();
  let nextScoring = 0;
  let vaultAsked: PromiseWithResolvers<MessagePort> | undefined;

  const say = (request: HostRequest, port?: MessagePort): void => {
    if (host !== undefined) host.postMessage(request, port === undefined ? [] : [port]);
    else if (port !== undefined) {
      waiting.push({ request, port });
      if (waiting.length > MAX_WAITING) waiting.shift()?.port.close();
    }
  };

  const network = new FrameClient({
    serve: parts.serve,
    now: parts.now,
    onStatus: parts.onChange,
    onBroken: () => say({ type: 'remount-network' }),
  });
  const transactions = transactionClient(() => {
    const { port1, port2 } = new MessageChannel();
    say({ type: 'transaction-worker' }, port2);
    return port1;
  });

  const attachNetwork = (): void => {
    const { port1, port2 } = new MessageChannel();
    network.attach(port1);
    say({ type: 'network-port', role: 'runner' }, port2);
  };

  const take = (event: HostEvent, port: MessagePort | undefined): void => {
    switch (event.type) {
      case 'network':
        frame = event;
        if (event.frame.state === 'starting') attachNetwork();
        else if (event.frame.state === 'gone' || event.frame.state === 'none') network.detach('the network frame is gone');
        parts.onChange();
        return;
      case 'score-gone':
        scorings.get(event.id)?.abort(new DOMException(`the frame went (${event.why})`, 'AbortError'));
        scorings.delete(event.id);
        return;
      case 'transaction-worker-failed':
        return transactions.lost('it ended with an error');
      case 'vault-port':
        if (port !== undefined) {
          if (vaultAsked === undefined) port.close();
          else vaultAsked.resolve(port);
        }
        vaultAsked = undefined;
        return;
      case 'dapp-port':
        if (port !== undefined) parts.onDapps(port);
    }
  };

  const lose = (port: MessagePort): void => {
    if (host !== port) return;
    host = undefined;
    earlierRemounts += frame.remounts;
    frame = { type: 'network', frame: { state: 'none' }, mount: 0, remounts: 0 };
    network.detach('the host of the network frame is gone');
    transactions.lost('its host is gone');
    for (const gone of scorings.values()) gone.abort(new DOMException('the host is gone', 'AbortError'));
    scorings.clear();
    parts.onChange();
  };

  return {
    network,
    transactions,
    attach(port) {
      const before = host;
      if (before !== undefined) {
        lose(before);
        before.close();
      }
      host = port;
      port.onmessage = ({ data, ports: [given] }: MessageEvent<HostEvent>) => {
        if (host === port) take(data, given);
      };
      port.addEventListener('close', () => lose(port));
      if (config !== null) say({ type: 'configure-network', config });
      for (const one of waiting.splice(0)) say(one.request, one.port);
      parts.onHost();
      parts.onChange();
    },
    mountScoring() {
      const { port1, port2 } = new MessageChannel();
      const id = nextScoring++;
      const gone = new AbortController();
      scorings.set(id, gone);
      say({ type: 'score', id }, port2);
      return {
        port: port1,
        gone: gone.signal,
        end: () => {
          scorings.delete(id);
          say({ type: 'score-end', id });
        },
      };
    },
    configure(wanted) {
      config = wanted;
      say(wanted === null ? { type: 'close-network' } : { type: 'configure-network', config: wanted });
    },
    openVault() {
      vaultAsked = Promise.withResolvers<MessagePort>();
      say({ type: 'open-vault' });
      return vaultAsked.promise;
    },
    passPagePort: (port) => say({ type: 'network-port', role: 'page' }, port),
    state: () => ({
      host: host === undefined ? 'missing' : 'ready',
      frame: {
        state: frame.frame.state === 'none' ? 'gone' : frame.frame.state,
        peerId: frame.frame.state === 'ready' ? frame.frame.peerId : null,
        remounts: earlierRemounts + frame.remounts,
        connections: network.status().connections,
      },
    }),
  };
}

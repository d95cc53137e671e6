// The host: a page that nobody sees, which holds the runner alive and mounts frames and workers for it. It decides nothing.
import { relay } from '../cip30/host-relay.ts';
import type { DappDocument, RuntimePort } from '../cip30/wire.ts';
import { hostFrame, type FrameHost } from '../network/frame-host.ts';
import { mountFrameElement } from './frame-element.ts';
import { hostRequest, type FrameConfig, type HostEvent, type HostRequest } from './messages.ts';
import { VAULT } from '../vault/messages.ts';
import { HOST_HELLO, RUNNER } from './names.ts';
import { scoreFrames } from './score-frames.ts';

const RECONNECT_MS = 1_000;
const MAX_CONFIG_HUBS = 16;

export interface Host {
  /** A document of a web page, let through by the background script: joined with the runner. */
  dapp(asker: DappDocument, page: RuntimePort): void;
}

/** Runs as long as the document does. `openApproval`: brings the approve window to the front. */
export function startHost(document: Document, openApproval: (dappId: string) => void): Host {
  const after = (ms: number, act: () => void): (() => void) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  };
  const runner = connectRunner({ obey, onGone: forget, after });
  const scores = scoreFrames({ mount: (onLoad) => mountFrameElement(document, '/score.html', onLoad), after, say: runner.say });
  let network: { host: FrameHost; key: string } | undefined;
  let worker: Worker | undefined;

  const configure = (config: FrameConfig): void => {
    const key = JSON.stringify([[...config.seed], config.network, config.allowPrivate, config.hubs.slice(0, MAX_CONFIG_HUBS)]);
    if (network?.key === key) return;
    network?.host.close();
    network = {
      key,
      host: hostFrame({
        mount: (onLoad) => mountFrameElement(document, '/net.html', onLoad),
        config,
        onState: (frame, counts) => runner.say({ type: 'network', frame, ...counts }),
        now: () => performance.now(),
        after,
      }),
    };
  };

  const startWorker = (): Worker => {
    const started = new Worker('/transaction-worker.js');
    started.addEventListener('error', () => {
      if (worker !== started) return;
      worker = undefined;
      started.terminate();
      runner.say({ type: 'transaction-worker-failed' });
    });
    return started;
  };

  /** What was mounted for a runner that ended is of no use to the next, which asks for all of it again. */
  function forget(): void {
    network?.host.close();
    network = undefined;
    worker?.terminate();
    worker = undefined;
    scores.endAll();
  }

  function obey(request: HostRequest, port: MessagePort | undefined): void {
    switch (request.type) {
      case 'configure-network':
        return configure(request.config);
      case 'close-network':
        network?.host.close();
        network = undefined;
        return;
      case 'network-port':
        if (port === undefined) return;
        if (network === undefined) port.close();
        else network.host.addClient(port, request.role);
        return;
      case 'remount-network':
        return network?.host.remount('it broke its protocol');
      case 'transaction-worker':
        if (port === undefined) return;
        worker ??= startWorker();
        worker.postMessage(null, [port]);
        return;
      case 'score':
        if (port !== undefined) scores.mount(request.id, port);
        return;
      case 'score-end':
        return scores.end(request.id);
      case 'open-vault':
        // Whoever opens a SharedWorker keeps it alive: with this document there, an open vault stays open when every page is closed.
        runner.give({ type: 'vault-port' }, new SharedWorker(VAULT.script, { name: VAULT.name }).port);
    }
  }

  return {
    dapp(asker, page) {
      const { port1, port2 } = new MessageChannel();
      relay(asker, page, port1, openApproval);
      runner.give({ type: 'dapp-port' }, port2);
    },
  };
}

/** Connects as the host, and again when the runner ends. */
function connectRunner(parts: {
  obey: (request: HostRequest, port: MessagePort | undefined) => void;
  onGone: () => void;
  after: (ms: number, act: () => void) => () => void;
}): { say: (event: HostEvent) => void; give: (event: HostEvent, port: MessagePort) => void } {
  let port: MessagePort;
  const connect = (): void => {
    const runner = new SharedWorker(RUNNER.script, { name: RUNNER.name });
    port = runner.port;
    port.addEventListener('message', (event: MessageEvent) => {
      const parsed = hostRequest.safeParse(event.data);
      if (parsed.success) parts.obey(parsed.data, event.ports[0]);
    });
    port.addEventListener(
      'close',
      () => {
        parts.onGone();
        parts.after(RECONNECT_MS, connect);
      },
      { once: true },
    );
    port.start();
    port.postMessage(HOST_HELLO, []);
  };
  connect();
  return { say: (event) => port.postMessage(event, []), give: (event, given) => port.postMessage(event, [given]) };
}

// The bridge's end of the page: takes the port that a document's own stub gives, and no frame's.
import { PAGE_HELLO } from './wire.ts';

/** A page that opens more ports than this gets no answers on them; its stub opens one. */
const MAX_PORTS = 8;

export function listenToPage(scope: Pick<Window, 'addEventListener'>, take: (port: MessagePort) => void): void {
  let ports = 0;
  scope.addEventListener('message', (event: MessageEvent) => {
    const [port] = event.ports;
    // A frame of this page may post messages to it, with ports: `source` is then the frame.
    if (event.source !== scope || event.data !== PAGE_HELLO || port === undefined || ++ports > MAX_PORTS) return;
    take(port);
  });
}

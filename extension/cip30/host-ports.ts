// How the service worker gets a port to the offscreen document: it asks by a message, and the document connects to it. The other way
// about, a document that listens for connections would hold an end of every web page's port too, and none of them would end with the
// service worker: a page would wait for ever.
import type { Sender } from './router.ts';
import { ROUTED_PORT, type DappDocument, type RuntimePort } from './wire.ts';

/** A message to a document that is there is answered in milliseconds; the bridge asks again. */
const ANSWER_MS = 5_000;
const TICKET = /^[0-9a-f]{32}$/;

export interface HostPorts {
  /** Asks for a port for this document. */
  open(asker: DappDocument): Promise<RuntimePort>;
  /** Takes a port that was asked for. False: it is none. */
  take(port: RuntimePort): boolean;
}

export function hostPorts(parts: {
  /** runtime.sendMessage: to own pages, and to no content script. */
  tell: (message: string) => Promise<unknown>;
  /** 16 random bytes hex; whoever knows it was told by us. */
  ticket: () => string;
  after: (ms: number, act: () => void) => void;
}): HostPorts {
  const asked = new Map<string, (port: RuntimePort) => void>();
  return {
    open(asker) {
      const ticket = parts.ticket();
      return new Promise((resolve, reject) => {
        asked.set(ticket, resolve);
        const fail = (): void => {
          if (asked.delete(ticket)) reject(new Error('the offscreen document does not answer'));
        };
        parts.tell(ROUTED_PORT + JSON.stringify({ asker, ticket })).catch(fail);
        parts.after(ANSWER_MS, fail);
      });
    },
    take(port) {
      if (!port.name.startsWith(ROUTED_PORT)) return false;
      const ticket = port.name.slice(ROUTED_PORT.length);
      const wants = asked.get(ticket);
      asked.delete(ticket);
      if (wants === undefined) port.disconnect();
      else wants(port);
      return true;
    },
  };
}

/** In the offscreen document: what the service worker asks for. Null: it is not the service worker that asks. */
export function askedFor(
  message: unknown,
  sender: Sender | undefined,
  own: { id: string; origin: string },
): { asker: DappDocument; portName: string } | null {
  if (typeof message !== 'string' || !message.startsWith(ROUTED_PORT) || sender?.id !== own.id) return null;
  // Content scripts of web pages can say it too; their sender has a frame, a tab and the page's origin. A service worker is no frame,
  // and not every browser says its origin.
  const isFrame = sender.tab !== undefined || sender.frameId !== undefined;
  if (isFrame || (sender.origin !== undefined && sender.origin !== own.origin)) return null;
  const { asker, ticket } = JSON.parse(message.slice(ROUTED_PORT.length)) as { asker: DappDocument; ticket: string };
  return TICKET.test(ticket) ? { asker, portName: ROUTED_PORT + ticket } : null;
}

// What the background script decides about a port from a web page: who it is, as the browser says it, and whether it may come in.
import { DAPP_PORT, REFUSED_DOCUMENT, type DappDocument, type RuntimePort } from './wire.ts';

/** As much of runtime.MessageSender as is looked at. */
export interface Sender {
  id?: string | undefined;
  /** What the browser computed; `url` is not asked, because a sandboxed document's url still names the site. */
  origin?: string | undefined;
  frameId?: number | undefined;
  tab?: { id?: number | undefined } | undefined;
}

const DOCUMENT_ID = /^[0-9a-f]{32}$/;
/** Longer than any host name. */
const MAX_ORIGIN = 300;
/** Calls that wait while the offscreen document is made. */
const MAX_WAITING = 32;

/** Null: no web page that may use the wallet. Only the top document of a tab with an http(s) origin may. */
export function askerOf(portName: string, sender: Sender | undefined, extensionId: string): DappDocument | null {
  const documentId = portName.startsWith(DAPP_PORT) ? portName.slice(DAPP_PORT.length) : '';
  const tabId = sender?.tab?.id;
  const origin = sender?.origin;
  if (!DOCUMENT_ID.test(documentId) || sender?.id !== extensionId || sender.frameId !== 0 || tabId === undefined) return null;
  // An opaque origin is written "null".
  if (origin === undefined || origin.length > MAX_ORIGIN || !URL.canParse(origin)) return null;
  const url = new URL(origin);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === origin
    ? { origin, frame: `${tabId}.${documentId}` }
    : null;
}

/** Tells the bridge that its document may not come in. */
export function refuse(page: RuntimePort): void {
  page.postMessage(REFUSED_DOCUMENT);
  page.disconnect();
}

/** Joins a page's port with one to the host, as soon as the host is there. */
export function join(page: RuntimePort, toHost: Promise<RuntimePort>): void {
  let host: RuntimePort | undefined;
  let isOver = false;
  const waiting: unknown[] = [];
  page.onMessage.addListener((message) => {
    if (host !== undefined && !isOver) host.postMessage(message);
    else if (waiting.length < MAX_WAITING) waiting.push(message);
  });
  page.onDisconnect.addListener(() => {
    isOver = true;
    host?.disconnect();
  });
  toHost.then(
    (opened) => {
      if (isOver) {
        opened.disconnect();
        return;
      }
      host = opened;
      opened.onMessage.addListener((message) => page.postMessage(message));
      opened.onDisconnect.addListener(() => {
        isOver = true;
        page.disconnect();
      });
      for (const message of waiting.splice(0)) opened.postMessage(message);
    },
    // The bridge asks again.
    () => page.disconnect(),
  );
}

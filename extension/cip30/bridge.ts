// Between a page's stub and the background script, in a world of its own that the page cannot reach into. It does nothing until the page
// asks, passes bounded text on, and asks again with the same id when the background script was ended in between.
import {
  DAPP_PORT,
  isAnswerMessage,
  isCallMessage,
  MAX_OPEN_CALLS,
  REFUSED_DOCUMENT,
  type AnswerMessage,
  type CallMessage,
  type RuntimePort,
} from './wire.ts';

/** Tries in a row without any answer. A background script that is starting takes well under a second. */
const MAX_TRIES = 6;
const PAUSE_MS = 200;
const REFUSAL = 'This page may not use the wallet';

export interface BridgeNeeds {
  /** `runtime.connect`: throws once the extension was updated or removed. */
  connect(name: string): RuntimePort;
  after(ms: number, act: () => void): void;
  /** Of this document, hard to guess. */
  documentId: string;
}

/** The page's side of the bridge: a port that answers calls. */
export function bridge(needs: BridgeNeeds): { take(page: MessagePort): void } {
  /** Calls without an answer, by an id of this document's own; a page may open more than one port. */
  const open = new Map<number, { id: number; text: string; page: MessagePort }>();
  let next = 0;
  let runtime: RuntimePort | undefined;
  let tries = 0;
  let isRefused = false;

  const no = (page: MessagePort, id: number, code: number, info: string): void =>
    page.postMessage([id, false, JSON.stringify({ code, info })] satisfies AnswerMessage);
  const refuseAll = (code: number, info: string): void => {
    for (const { id, page } of open.values()) no(page, id, code, info);
    open.clear();
  };

  const hear = (message: unknown): void => {
    if (message === REFUSED_DOCUMENT) {
      isRefused = true;
      refuseAll(-3, REFUSAL);
      return;
    }
    tries = 0;
    if (!isAnswerMessage(message)) return;
    const [key, isOk, text] = message;
    const call = open.get(key);
    open.delete(key);
    call?.page.postMessage([call.id, isOk, text] satisfies AnswerMessage);
  };
  const connect = (): RuntimePort => {
    const mine = needs.connect(`${DAPP_PORT}${needs.documentId}`);
    runtime = mine;
    mine.onMessage.addListener((message) => {
      if (runtime === mine) hear(message);
    });
    mine.onDisconnect.addListener(() => {
      if (runtime !== mine) return;
      runtime = undefined;
      if (open.size > 0) needs.after(PAUSE_MS * tries, sendAll);
    });
    return mine;
  };
  /** Sends everything that waits. What arrived before is known by its id, and not done twice. */
  const sendAll = (): void => {
    if (runtime !== undefined || open.size === 0) return;
    tries += 1;
    if (tries > MAX_TRIES) {
      tries = 0;
      refuseAll(-2, 'The wallet does not answer; reload the page');
      return;
    }
    try {
      const port = connect();
      for (const [key, { text }] of open) port.postMessage([key, text] satisfies CallMessage);
    } catch {
      refuseAll(-2, 'The wallet was updated or removed; reload the page');
    }
  };

  return {
    take(page) {
      page.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (!isCallMessage(data)) {
          const id: unknown = Array.isArray(data) ? data[0] : undefined;
          if (typeof id === 'number') no(page, id, -1, 'Too large, or not a call');
          return;
        }
        const [id, text] = data;
        // What the browser says of a document does not change: the background script is not woken again for it.
        if (isRefused) {
          no(page, id, -3, REFUSAL);
          return;
        }
        if (open.size >= MAX_OPEN_CALLS) {
          no(page, id, -3, 'Too many calls at once; wait for an answer');
          return;
        }
        const key = next++;
        open.set(key, { id, text, page });
        if (runtime === undefined) sendAll();
        else runtime.postMessage([key, text] satisfies CallMessage);
      };
    },
  };
}

// Names, shapes and limits of the way from a web page to the runner; apart from every parser, because it lies in each page.

/** The window message with which the stub gives its port to the bridge. */
export const PAGE_HELLO = 'nunet-cip30';
/** The bridge's port to the background script; after the colon comes the id that the bridge gave its document. */
export const DAPP_PORT = 'nunet-dapp:';
/** The service worker's message to the offscreen document, and the name of the port that comes back; extension/cip30/host-ports.ts. */
export const ROUTED_PORT = 'nunet-routed:';
/** What the host asks of the background script, followed by the id of what waits. */
export const OPEN_APPROVAL = 'open-approval:';

/** Characters of one call or one answer, as JSON: twenty transactions of 16 KiB in hex, and some. */
export const MAX_TEXT = 1_000_000;
/** Calls of one document that wait for an answer. */
export const MAX_OPEN_CALLS = 32;

/** `text`: JSON of `[method, ...arguments]`. */
export type CallMessage = [id: number, text: string];
/** `text`: JSON of what the promise comes to; where `isOk` is false, of what it is rejected with. */
export type AnswerMessage = [id: number, isOk: boolean, text: string];

/** Which document of which page asks, as the background script knows it from the browser. */
export interface DappDocument {
  /** As in `https://app.example`. */
  origin: string;
  /** Tab and document: another page of the same origin is another asker. */
  frame: string;
}

/** Answers every open call: the background script will not pass this document on. */
export const REFUSED_DOCUMENT = 'refused';
/** The runner has got a call: the way to it is whole, however long the person takes. */
export const CALL_ARRIVED = 'arrived';

/** True for a call as a bridge may pass it on. */
export function isCallMessage(message: unknown): message is CallMessage {
  if (!Array.isArray(message) || message.length !== 2) return false;
  const [id, text] = message as unknown[];
  return Number.isSafeInteger(id) && (id as number) >= 0 && typeof text === 'string' && text.length <= MAX_TEXT;
}

export function isAnswerMessage(message: unknown): message is AnswerMessage {
  if (!Array.isArray(message) || message.length !== 3) return false;
  const [id, isOk, text] = message as unknown[];
  return Number.isSafeInteger(id) && typeof isOk === 'boolean' && typeof text === 'string';
}

/** As much of a runtime port as is used here; the same in both browsers, and easy to play in a test. */
export interface RuntimePort {
  readonly name: string;
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: () => void): void };
}

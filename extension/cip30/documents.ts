// The documents that talk to the wallet, each over a port that may break and come again: a call with a known id is one call, asked twice.
import { z } from 'zod';
import type { After } from '../runner/coalesced.ts';
import { API, Faulty } from './faults.ts';
import type { FromRunner, ToRunner } from './host-relay.ts';
import { CALL_ARRIVED, isCallMessage, MAX_OPEN_CALLS, MAX_TEXT, type AnswerMessage, type DappDocument } from './wire.ts';

/** A background script that was ended is back within a second; a document that stays away longer is gone. */
const GRACE_MS = 15_000;
const MAX_DOCUMENTS = 256;
/** Answers that are kept in case they were lost on the way. */
const MAX_KEPT = 32;

const documentShape = z.strictObject({ origin: z.string().min(1).max(300), frame: z.string().min(1).max(100) });

/** One document of a page. */
export interface Asker extends DappDocument {
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
  /** Asks for the approve window. */
  wantPerson(dappId: string): void;
}

export interface Documents {
  /** A port from the host, which says first whose it is. */
  connect(port: MessagePort): void;
}

interface Document {
  asker: Asker;
  port: MessagePort | null;
  /** Counts the ports, so that a late end of an earlier one ends nothing. */
  turn: number;
  end(): void;
  take(id: number, text: string): void;
}

/** `answer`: what a call comes to, or throws `Faulty`. `asksAgain`: a call that is not answered yet came once more. */
export function documents(parts: {
  answer: (asker: Asker, text: string) => Promise<unknown>;
  asksAgain: (asker: Asker) => void;
  after: After;
}): Documents {
  const all = new Map<string, Document>();

  const open = (key: string, who: DappDocument): Document => {
    const gone = new AbortController();
    const calls = new Map<number, AnswerMessage | null>();
    let highest = -1;
    const say = (message: FromRunner): void => document.port?.postMessage(message);
    const keep = (message: AnswerMessage): void => {
      calls.set(message[0], message);
      const answered = [...calls].filter(([, answer]) => answer !== null);
      for (const [id] of answered.slice(0, Math.max(0, answered.length - MAX_KEPT))) calls.delete(id);
      say(message);
    };
    const document: Document = {
      asker: { ...who, gone: gone.signal, wantPerson: (dappId) => say({ open: dappId }) },
      port: null,
      turn: 0,
      end() {
        all.delete(key);
        gone.abort();
        document.port?.close();
      },
      take(id, text) {
        say(CALL_ARRIVED);
        const known = calls.get(id);
        if (known !== undefined) {
          if (known === null) parts.asksAgain(document.asker);
          else say(known);
          return;
        }
        const no = (code: number, info: string): void => say([id, false, JSON.stringify({ code, info })]);
        // Asked and answered long ago: it is not done again.
        if (id <= highest) return no(API.internalError, 'The answer was lost; ask again');
        if ([...calls.values()].filter((answer) => answer === null).length >= MAX_OPEN_CALLS)
          return no(API.refused, 'Too many calls at once; wait for an answer');
        highest = id;
        calls.set(id, null);
        void messageOf(id, parts.answer(document.asker, text)).then(keep);
      },
    };
    all.set(key, document);
    for (const oldest of all.values()) {
      if (all.size <= MAX_DOCUMENTS) break;
      oldest.end();
    }
    return document;
  };

  const attach = (port: MessagePort, who: DappDocument): Document => {
    const key = JSON.stringify([who.origin, who.frame]);
    const document = all.get(key) ?? open(key, who);
    const turn = ++document.turn;
    const before = document.port;
    document.port = port;
    before?.close();
    port.addEventListener('close', () => lose(document, turn));
    return document;
  };
  const lose = (document: Document, turn: number): void => {
    if (document.turn !== turn) return;
    document.port = null;
    parts.after(GRACE_MS, () => {
      if (document.turn === turn) document.end();
    });
  };

  return {
    connect(port) {
      let document: Document | undefined;
      let turn = 0;
      port.onmessage = ({ data }: MessageEvent<ToRunner>) => {
        if (document === undefined) {
          const who = documentShape.safeParse(data);
          if (!who.success) return port.close();
          document = attach(port, who.data);
          ({ turn } = document);
        } else if (data === null) lose(document, turn);
        else if (isCallMessage(data)) document.take(...data);
      };
      port.start();
    },
  };
}

async function messageOf(id: number, answer: Promise<unknown>): Promise<AnswerMessage> {
  try {
    const text = JSON.stringify((await answer) ?? null);
    if (text.length > MAX_TEXT)
      return [id, false, JSON.stringify({ code: API.internalError, info: 'The answer is too large; ask for a page of it' })];
    return [id, true, text];
  } catch (error) {
    // Nothing but what was meant for the page goes to it.
    const fault = error instanceof Faulty ? error.fault : { code: API.internalError, info: 'The wallet could not do this' };
    return [id, false, JSON.stringify(fault)];
  }
}

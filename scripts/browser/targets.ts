// What Playwright does not show of Chromium: the offscreen document, shared workers and sandboxed frames, over the DevTools protocol.
import type { CDPSession } from 'playwright-core';
import { NunetError } from '@nunet/shared/errors.ts';

export interface Target {
  targetId: string;
  type: string;
  url: string;
}

export interface Targets {
  list(): Promise<Target[]>;
  /** A command in the target whose address ends so; gives what it answers. */
  send(urlEnd: string, method: string, params?: Record<string, unknown>, timeoutMs?: number): Promise<unknown>;
  /** Ends the renderer process that the frame lives in, as a crash or a lack of memory would. */
  crash(urlEnd: string): Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
}

/** Contexts that Playwright has no page for; it has pages and service workers. */
const WATCHED = new Set(['iframe', 'shared_worker', 'worker', 'background_page', 'other', 'offscreen']);

/**
 * Ends by itself when the wallet locks. Chromium starts a worker again paused for as long as a debugger is attached to the one before, and a
 * vault that is paused answers nobody.
 */
const isEnding = ({ url }: Target): boolean => url.endsWith('/vault.js');

/** `session` is one to the browser. Playwright's own types know neither messages nor attachment without "flatten". */
export async function openTargets(session: CDPSession, onProblem: (problem: string) => void): Promise<Targets> {
  const send = session.send.bind(session) as unknown as (method: string, params?: Record<string, unknown>) => Promise<unknown>;
  const on = session.on.bind(session) as unknown as (event: string, listener: (params: never) => void) => void;
  const waiting = new Map<string, (message: Message) => void>();
  const attached = new Map<string, Target>();
  let nextId = 0;

  const list = async (): Promise<Target[]> => {
    const { targetInfos } = (await send('Target.getTargets')) as { targetInfos: Target[] };
    return targetInfos;
  };
  const attach = async (target: Target): Promise<string> => {
    const { sessionId } = (await send('Target.attachToTarget', { targetId: target.targetId, flatten: false })) as { sessionId: string };
    attached.set(sessionId, target);
    return sessionId;
  };
  const ask = async (sessionId: string, method: string, params: Record<string, unknown> = {}, timeoutMs = 10_000): Promise<unknown> => {
    const id = ++nextId;
    const key = `${sessionId}/${id}`;
    const answer = new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => reject(new NunetError('target-silent', `${method} got no answer in ${timeoutMs} ms`)), timeoutMs);
      waiting.set(key, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
    try {
      await send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
      const { result, error } = await answer;
      if (error !== undefined) throw new NunetError('target-refused', `${method}: ${error.message}`);
      return result;
    } finally {
      waiting.delete(key);
    }
  };
  const problemOf = (target: Target, message: Message): string | null => {
    const params = message.params as {
      type?: string;
      exceptionDetails?: { text: string; exception?: { description?: string } };
      args?: { value?: unknown; description?: string }[];
      entry?: { level: string; text: string };
    };
    switch (message.method) {
      case 'Runtime.exceptionThrown':
        return `${target.url}: ${params.exceptionDetails?.exception?.description ?? params.exceptionDetails?.text ?? 'exception'}`;
      case 'Runtime.consoleAPICalled':
        if (params.type !== 'error' && params.type !== 'assert') return null;
        return `${target.url}: ${(params.args ?? []).map(({ value, description }) => description ?? JSON.stringify(value)).join(' ')}`;
      case 'Log.entryAdded':
        return params.entry?.level === 'error' ? `${target.url}: ${params.entry.text}` : null;
      default:
        return null;
    }
  };
  on('Target.receivedMessageFromTarget', ({ sessionId, message }: { sessionId: string; message: string }) => {
    const parsed = JSON.parse(message) as Message;
    if (parsed.id !== undefined) return waiting.get(`${sessionId}/${parsed.id}`)?.(parsed);
    const target = attached.get(sessionId);
    const problem = target === undefined ? null : problemOf(target, parsed);
    if (problem !== null) onProblem(problem);
  });
  on('Target.detachedFromTarget', ({ sessionId }: { sessionId: string }) => void attached.delete(sessionId));
  on('Target.targetCreated', ({ targetInfo }: { targetInfo: Target }) => {
    if (!WATCHED.has(targetInfo.type) || isEnding(targetInfo)) return;
    void (async () => {
      const sessionId = await attach(targetInfo);
      await Promise.all([ask(sessionId, 'Runtime.enable'), ask(sessionId, 'Log.enable')]);
    })().catch(() => {
      // It was gone before it could be watched, or has no console.
    });
  });
  await send('Target.setDiscoverTargets', { discover: true });

  const inTarget = async (urlEnd: string): Promise<string> => {
    const target = (await list()).find(({ url }) => url.endsWith(urlEnd));
    if (target === undefined) throw new NunetError('target-missing', `Chromium has no ${urlEnd} now`);
    return attach(target);
  };
  return {
    list,
    async send(urlEnd, method, params, timeoutMs) {
      const sessionId = await inTarget(urlEnd);
      try {
        return await ask(sessionId, method, params, timeoutMs);
      } finally {
        await send('Target.detachFromTarget', { sessionId }).catch(() => undefined);
      }
    },
    async crash(urlEnd) {
      const sessionId = await inTarget(urlEnd);
      // The process ends before it can answer.
      await send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: ++nextId, method: 'Page.crash', params: {} }) });
    },
  };
}

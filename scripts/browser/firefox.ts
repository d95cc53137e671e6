// A real Firefox with the built extension over WebDriver BiDi: a few commands over one WebSocket, nothing more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NunetError } from '@nunet/shared/errors.ts';

export const FIREFOX = [process.env['FIREFOX'], '/usr/bin/firefox-esr', '/usr/bin/firefox'].find(
  (path): path is string => path !== undefined && path !== '' && existsSync(path),
);

/** Peers on this machine alone: their addresses as they are, no multicast, loopback allowed. */
const PREFERENCES = [
  ['media.peerconnection.ice.obfuscate_host_addresses', false],
  ['media.peerconnection.ice.loopback', true],
] as const;
const START_MS = 60_000;
const COMMAND_MS = 60_000;

export interface Firefox {
  /** Errors of the console and exceptions of every page. */
  problems: string[];
  /** Installs an unpacked extension and gives the tab that it opens at its installation: BiDi itself may not go to its pages. */
  install(extension: string): Promise<FirefoxPage>;
  /** A new tab of a web page. */
  open(url: string): Promise<FirefoxPage>;
  /** A page of the extension that it opened itself, by a part of its address. */
  found(part: string): Promise<FirefoxPage>;
  /** Resolves when no such page is open any more. */
  gone(part: string): Promise<void>;
  close(): Promise<void>;
}

export interface FirefoxPage {
  url: string;
  /** An expression of the page; a promise is awaited, the value travels as JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** A mouse button down and up at this place of the page. */
  press(x: number, y: number): Promise<void>;
  /** PNG. */
  screenshot(): Promise<Buffer>;
}

interface Reply {
  id?: number;
  type: string;
  method?: string;
  result?: unknown;
  params?: unknown;
  error?: string;
  message?: string;
}

export async function openFirefox(): Promise<Firefox> {
  if (FIREFOX === undefined) throw new NunetError('firefox-missing', 'Cannot open Firefox: run "sudo apt-get install -y firefox-esr"');
  const profile = mkdtempSync(join(tmpdir(), 'nunet-firefox-'));
  writeFileSync(join(profile, 'user.js'), PREFERENCES.map(([name, value]) => `user_pref("${name}", ${value});\n`).join(''));
  const child = spawn(FIREFOX, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const url = await Promise.race([
      listening(child.stderr),
      exited.then(() => Promise.reject(new NunetError('firefox-failed', 'Firefox ended before it listened'))),
    ]);
    const problems: string[] = [];
    const { send, socket } = await connect(`${url}/session`, (problem) => problems.push(problem));
    await send('session.new', { capabilities: {} });
    await send('session.subscribe', { events: ['log.entryAdded'] });
    return {
      problems,
      install: async (extension) => {
        await send('webExtension.install', { extensionData: { type: 'path', path: extension } });
        return openedTab(send, 'moz-extension://');
      },
      open: async (url) => {
        const { context } = (await send('browsingContext.create', { type: 'tab' })) as { context: string };
        await send('browsingContext.navigate', { context, url, wait: 'complete' });
        return pageOf(send, context, url);
      },
      found: (part) => openedTab(send, part),
      gone: (part) => closedTab(send, part),
      close: async () => {
        await send('browser.close', {}).catch(() => undefined);
        socket.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(stderr: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NunetError('firefox-failed', `Firefox did not listen within ${START_MS} ms`)), START_MS);
    // Read to its end, so that Firefox never waits for a full pipe.
    createInterface({ input: stderr }).on('line', (line) => {
      const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(line);
      if (found?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
}

type Send = (method: string, params: Record<string, unknown>) => Promise<unknown>;

async function connect(url: string, onProblem: (problem: string) => void): Promise<{ send: Send; socket: WebSocket }> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (reply: Reply) => void>();
  let nextId = 0;
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    else if (reply.method === 'log.entryAdded') {
      const { level, text, source } = reply.params as { level: string; text: string | null; source: { context?: string } };
      // Firefox writes errors of its own pages too; those have no context.
      if (level === 'error' && source.context !== undefined) onProblem(text ?? 'an error without a text');
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new NunetError('firefox-failed', 'Cannot connect to Firefox')), { once: true });
  });
  const send: Send = async (method, params) => {
    const id = ++nextId;
    const answer = new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new NunetError('firefox-silent', `${method} got no answer in ${COMMAND_MS} ms`)), COMMAND_MS);
      waiting.set(id, (reply) => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(reply);
      });
    });
    socket.send(JSON.stringify({ id, method, params }));
    const { type, result, error, message } = await answer;
    if (type === 'error') throw new NunetError('firefox-refused', `${method}: ${error}: ${message}`);
    return result;
  };
  return { send, socket };
}

async function tabOf(send: Send, part: string): Promise<{ context: string; url: string } | undefined> {
  const { contexts } = (await send('browsingContext.getTree', {})) as { contexts: { context: string; url: string }[] };
  return contexts.find(({ url }) => url.startsWith('moz-extension://') && url.includes(part));
}

async function closedTab(send: Send, part: string): Promise<void> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    if ((await tabOf(send, part)) === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new NunetError('firefox-page-stays', `A page of ${part} is still open`);
}

async function openedTab(send: Send, part: string): Promise<FirefoxPage> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    const tab = await tabOf(send, part);
    if (tab !== undefined) return pageOf(send, tab.context, tab.url);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new NunetError('firefox-no-page', `The extension opened no page of ${part}`);
}

const pageOf = (send: Send, context: string, url: string): FirefoxPage => ({
  url,
  async evaluate<Value>(expression: string): Promise<Value> {
    const answer = (await send('script.evaluate', {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context },
      awaitPromise: true,
    })) as { type: string; result?: { value: string }; exceptionDetails?: { text: string } };
    if (answer.type !== 'success' || answer.result === undefined) {
      throw new NunetError('firefox-exception', answer.exceptionDetails?.text ?? 'The page threw');
    }
    return JSON.parse(answer.result.value) as Value;
  },
  async press(x, y) {
    const actions = [
      { type: 'pointerMove', x, y },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await send('input.performActions', { context, actions: [{ type: 'pointer', id: 'mouse', actions }] });
  },
  async screenshot() {
    const { data } = (await send('browsingContext.captureScreenshot', { context })) as { data: string };
    return Buffer.from(data, 'base64');
  },
});

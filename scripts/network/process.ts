// One child process of a demo, bench or chaos run: JSON lines in, a log file beside it, ended by its own id and nothing else.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { NunetError } from '@nunet/shared/errors.ts';
import { root } from '../run-tool.ts';

export interface Process {
  readonly name: string;
  readonly pid: number;
  /** Every JSON object that the process printed on a line of its own, from the first on. */
  lines(): AsyncIterable<Record<string, unknown>>;
  /** First line that fits; throws when the process ends before. */
  line(fits: (line: Record<string, unknown>) => boolean, timeoutMs?: number): Promise<Record<string, unknown>>;
  /** Exit code; a signal counts as 1. */
  readonly exited: Promise<number>;
  hasExited(): boolean;
  /** SIGTERM, then SIGKILL after five seconds. */
  stop(): Promise<void>;
  /** SIGKILL at once, as a power cut would. */
  kill(): Promise<void>;
}

const running = new Set<Process>();

/** Starts `node <file> ...args` with the flags of `nunet-agent`; stderr and other output go to `logFile`. */
export function startProcess(options: {
  name: string;
  file: string;
  args: readonly string[];
  logFile: string;
  env?: Record<string, string>;
}): Process {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2', '--single-threaded-gc', options.file, ...options.args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { MALLOC_ARENA_MAX: '2', ...process.env, ...options.env },
    },
  );
  if (child.pid === undefined || child.stdout === null || child.stderr === null) {
    throw new NunetError('process-failed', `Cannot start ${options.name}: ${options.file}`);
  }
  child.stderr.pipe(log, { end: false });
  const seen: Record<string, unknown>[] = [];
  const wakers = new Set<() => void>();
  let ended = false;
  const wake = (): void => {
    for (const waker of wakers) waker();
    wakers.clear();
  };
  createInterface({ input: child.stdout }).on('line', (text) => {
    log.write(`${text}\n`);
    if (!text.startsWith('{')) return;
    try {
      seen.push(JSON.parse(text) as Record<string, unknown>);
      wake();
    } catch {
      // A human line that happens to begin with a brace; it is in the log.
    }
  });
  const exited = once(child, 'close').then(([code]) => {
    ended = true;
    log.end();
    running.delete(self);
    wake();
    return typeof code === 'number' ? code : 1;
  });
  async function* lines(): AsyncGenerator<Record<string, unknown>> {
    for (let next = 0; ;) {
      const line = seen[next];
      if (line !== undefined) {
        next += 1;
        yield line;
      } else if (ended) return;
      else await new Promise<void>((resolve) => wakers.add(resolve));
    }
  }
  const signalled = async (signal: NodeJS.Signals): Promise<void> => {
    if (ended) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  };
  const self: Process = {
    name: options.name,
    pid: child.pid,
    lines,
    async line(fits, timeoutMs = 120_000) {
      const found = (async () => {
        for await (const line of lines()) if (fits(line)) return line;
        throw new NunetError('process-ended', `${options.name} ended before it was ready; see ${options.logFile}`);
      })();
      const timeout = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => timeout.reject(new NunetError('process-slow', `${options.name} said nothing in ${timeoutMs} ms; see ${options.logFile}`)),
        timeoutMs,
      );
      try {
        return await Promise.race([found, timeout.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    exited,
    hasExited: () => ended,
    stop: () => signalled('SIGTERM'),
    kill: () => signalled('SIGKILL'),
  };
  running.add(self);
  return self;
}

/** Ends everything that `startProcess` started, newest first. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].toReversed().map((child) => child.stop()));
}

// A running confined child seen from the agent: frames in, frames out, one end. Everything it says is taken for hostile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, openSync } from 'node:fs';
import { NunetError } from '@nunet/shared/errors.ts';
import { fromChild, type FromChild, type ToChild } from './child-protocol.ts';
import type { ChildRuntime } from './child-runtime.ts';
import type { ChildLimits, Confinement } from './confinement.ts';
import { CHUNK, frameHeader, FrameReader, MAX_CHUNK_BYTES, messageFrame } from './frames.ts';

const STDERR_KEPT = 4096;
const LET_GO_AFTER_MS = 2_000;

/** Nothing happens when it is gone. */
export function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: gone.
  }
}

/** Ends a launcher and all that it has started in its process group; it leads one, because it was started detached. */
export const killGroup = (leader: number): void => killOne(-leader);

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last bytes of its stderr, for the agent's own log: never part of a signed message. */
  readonly stderr: string;
  /** Why the agent stopped listening to it, when it broke the protocol. */
  readonly broken: string | null;
}

/** Called one at a time; what they return is awaited before the next frame is read, so a slow disk slows the child. */
export interface ChildListener {
  message(message: FromChild): void | Promise<void>;
  chunk(bytes: Uint8Array): void | Promise<void>;
}

export interface ConfinedChild {
  readonly pid: number;
  /** Resolves once the pipe took it; rejects when the child is gone. */
  send(message: ToChild): Promise<void>;
  sendFile(name: string, path: string, bytes: number, signal: AbortSignal): Promise<void>;
  kill(): void;
  hasEnded(): boolean;
  /** Settles once, after the process is gone and all it said was handled. Never rejects. */
  readonly ended: Promise<ChildEnd>;
}

/** Starts a child. Throws `sandbox-failed` when the system starts no process at all. */
export async function startChild(
  confinement: Confinement,
  runtime: ChildRuntime,
  limits: ChildLimits,
  listener: ChildListener,
): Promise<ConfinedChild> {
  const launch = confinement.launch(runtime, limits);
  const descriptor3 = launch.descriptor3 === null ? null : openSync(launch.descriptor3, 'r');
  const child = spawn(launch.command, launch.args, {
    cwd: runtime.root,
    env: { ORT_DISABLE_TELEMETRY: '1' },
    // A session of its own: the terminal's Ctrl-C is for the agent, which then ends its children in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(descriptor3 === null ? [] : [descriptor3])],
  });
  if (descriptor3 !== null) closeSync(descriptor3);
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null)
    throw new NunetError('sandbox-failed', 'Cannot start the confined child: no pipes');

  let stderrTail = '';
  stderr.on('data', (piece: Buffer) => {
    stderrTail = (stderrTail + piece.toString('latin1')).slice(-STDERR_KEPT);
  });
  // A write to a child that is gone fails where it is awaited.
  stdin.on('error', () => {});
  let broken: string | null = null;
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  closed.catch(() => {});
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new NunetError('sandbox-failed', `Cannot start the confined child (${confinement.name}): ${(cause as Error).message}`, { cause });
  }
  const { pid } = child;
  if (pid === undefined) throw new NunetError('sandbox-failed', 'Cannot start the confined child: it has no pid');
  const kill = (): void => killGroup(pid);
  // A launcher that is killed while it sets its child up may lose it (bubblewrap: 3 of 120 killed within 20 ms, measured, before the
  // group was killed as one). What is still there then is idle and ends with its input; the pipes are let go of in any case.
  child.once('exit', () => {
    kill();
    stdin.destroy();
    setTimeout(() => {
      stdout.destroy();
      stderr.destroy();
    }, LET_GO_AFTER_MS).unref();
  });

  const listen = async (): Promise<void> => {
    const reader = new FrameReader();
    try {
      for await (const piece of stdout) {
        for (const frame of reader.push(piece as Uint8Array)) {
          if (frame.kind === CHUNK) await listener.chunk(frame.payload);
          else await listener.message(fromChild.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame.payload))));
        }
      }
    } catch (error) {
      broken = (error as Error).message.slice(0, 500);
      kill();
      stdout.destroy();
    }
  };
  const listening = listen();

  const write = async (bytes: Uint8Array): Promise<void> => {
    if (stdin.destroyed || !stdin.writable) throw new NunetError('child-gone', 'Cannot write to the confined child: it has ended');
    if (stdin.write(bytes)) return;
    // `drain` never comes from a child that ends meanwhile.
    const gone = new AbortController();
    await Promise.race([once(stdin, 'drain', { signal: gone.signal }), closed.then(() => undefined)]).finally(() => gone.abort());
  };

  return {
    pid,
    kill,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    send: (message) => write(messageFrame(message)),
    async sendFile(name, path, bytes, signal) {
      await write(messageFrame({ type: 'file', name, bytes } satisfies ToChild));
      let sent = 0;
      for await (const chunk of createReadStream(path, { highWaterMark: MAX_CHUNK_BYTES, signal })) {
        const piece = chunk as Buffer;
        sent += piece.length;
        if (sent > bytes) break;
        await write(frameHeader(CHUNK, piece.length));
        await write(piece);
      }
      if (sent !== bytes)
        throw new NunetError('input-changed', `Cannot send input ${name}: the file has not the ${bytes} bytes of the spec`);
    },
    ended: closed.then(async ([code, signal]) => {
      await listening;
      return { code, signal, stderr: stderrTail, broken };
    }),
  };
}

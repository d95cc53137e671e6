// Starts the computing child and asks it one thing after another. Low priority: a job that wants the CPUs gets them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NunetError } from '@nunet/shared/errors.ts';
import type { FromCompute, ToCompute } from './compute-messages.ts';

export interface Compute {
  /** Throws `compute-failed`, or the signal's reason; the child is ended then. */
  ask<T extends FromCompute['type']>(task: ToCompute, want: T, signal: AbortSignal): Promise<Extract<FromCompute, { type: T }>>;
  /** Idempotent. */
  end(): void;
}

/** `isPolite`: others on the machine go first. */
export function startCompute(options: { isPolite: boolean }): Compute {
  const child = fork(fileURLToPath(new URL('./compute-child.ts', import.meta.url)), [], {
    serialization: 'advanced',
    execArgv: ['--no-warnings'],
    // Nothing of the agent's own environment: no keys, and no word home from onnxruntime.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // A failure shows where an answer is awaited.
  child.on('error', () => undefined);
  if (options.isPolite && child.pid !== undefined) {
    try {
      setPriority(child.pid, constants.priority.PRIORITY_LOW);
    } catch {
      // Ended already, which the next question tells.
    }
  }
  const end = (): void => void child.kill('SIGKILL');
  return {
    end,
    async ask(task, want, signal) {
      const over = new AbortController();
      const within = AbortSignal.any([signal, over.signal]);
      try {
        const said = once(child, 'message', { signal: within }) as Promise<[FromCompute]>;
        const gone = once(child, 'exit', { signal: within }).then(() => null);
        gone.catch(() => undefined);
        said.catch(() => undefined);
        child.send(task, () => undefined);
        const first = child.exitCode !== null || child.signalCode !== null ? null : await Promise.race([said, gone]);
        const message = first?.[0];
        if (message?.type === want) return message as Extract<FromCompute, { type: typeof want }>;
        const why = message?.type === 'failed' ? message.message : message === undefined ? 'the process ended' : `it said ${message.type}`;
        throw new NunetError('compute-failed', `Cannot compute ${task.type}: ${why}`);
      } catch (error) {
        end();
        signal.throwIfAborted();
        throw error;
      } finally {
        over.abort();
      }
    },
  };
}

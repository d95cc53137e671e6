// Whether a container still runs, over engines that die, come back, or say only half of an answer.
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { isEngineGone, statusOf } from './engine-errors.ts';

const ENGINE_RETRY_MS = 500;
/** How long an end, a pause by hand or a dead engine may go unseen. */
const WATCH_EVERY_MS = 1_000;

/**
 * Resolves when the container has ended, or false when the engine does not answer any more. `reading`: of its output; `onPaused`: what
 * the engine says of it, now and then.
 */
export async function hasEnded(
  docker: Docker,
  container: Docker.Container,
  reading: Promise<'ended' | 'broken'>,
  onPaused: (isPaused: boolean) => Promise<void>,
): Promise<boolean> {
  const enough = new AbortController();
  const told = container.wait({ abortSignal: enough.signal }).then(
    () => true,
    (error: unknown) => {
      if (statusOf(error) === 404) return true;
      if (!isEngineGone(error)) throw error;
      return false;
    },
  );
  told.catch(() => undefined);
  try {
    const broken = reading.then(async (how) => (how === 'broken' ? false : told));
    const gone = engineGone(docker, container.id, enough.signal).then(() => false);
    return await Promise.race([told, broken, gone, watched(container, onPaused, enough.signal)]);
  } finally {
    enough.abort();
  }
}

/**
 * Resolves when the engine breaks off a connection that it never ends by itself, however short it was away: the end of a container's
 * own output looks the same whether the container ended or the engine did.
 */
async function engineGone(docker: Docker, id: string, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => {});
  const events = await docker.getEvents({ filters: { container: [id], event: ['die'] }, abortSignal: signal }).catch(() => null);
  // An engine without events is looked at now and then all the same.
  if (events === null) return never;
  await new Promise<void>((resolve) => {
    events.on('error', () => resolve());
    events.on('close', () => resolve());
    events.on('end', () => resolve());
    events.resume();
  });
  return signal.aborted ? never : undefined;
}

/** An engine that is killed leaves its answer half said, and nobody hears of it; and it tells nobody that its owner paused a container. */
async function watched(container: Docker.Container, onPaused: (isPaused: boolean) => Promise<void>, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    await delay(WATCH_EVERY_MS, undefined, { ref: false });
    if (signal.aborted) return false;
    try {
      const { State } = await container.inspect();
      if (!State.Running && !State.Paused) return true;
      await onPaused(State.Paused);
    } catch (error) {
      if (statusOf(error) === 404) return true;
      if (isEngineGone(error)) return false;
    }
  }
}

/** Waits for an engine to come back. `elapsed`: monotonic ms. */
export async function engineBack(
  container: Docker.Container,
  withinMs: number,
  elapsed: () => number,
  isOver: () => boolean,
): Promise<'running' | 'ended' | 'lost'> {
  const deadline = elapsed() + withinMs;
  while (elapsed() < deadline && !isOver()) {
    try {
      const { State } = await container.inspect();
      return State.Running || State.Paused ? 'running' : 'ended';
    } catch (error) {
      if (statusOf(error) === 404) return 'ended';
      await delay(ENGINE_RETRY_MS, undefined, { ref: false });
    }
  }
  return 'lost';
}

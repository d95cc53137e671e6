// Which network is looked at: what a person chose, kept for the next start, and tried again while it does not answer. Before somebody has
// chosen, nothing is fetched from anywhere.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import { networkTarget, type AppState, type NetworkTarget } from '../messages.ts';
import { openConnection, shownTarget, type Connection } from './connection.ts';
import { STRICT, type RunnerDatabase } from './database.ts';
import { devnetOrigin } from './devnet.ts';

/** Name of the setting. */
const CHOSEN = 'network';
/** First and longest pause between two tries of what was chosen before. */
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;
/** A source that may be back in a moment; any other failure is for the person to mend. */
const PASSING: ReadonlySet<string> = new Set(['devnet-unreachable', 'chain-unavailable', 'aborted']);

export interface Networks {
  state(): AppState['network'];
  connection(): Connection | null;
  /** Opens and keeps it. What runs on the very same network goes on. Throws as `openConnection`, `devnet-url-invalid`, `connect-replaced`. */
  connect(to: NetworkTarget): Promise<null>;
  /** Lets go and forgets what was chosen. */
  disconnect(): Promise<null>;
  /** Opens what was chosen last, again and again until it answers or somebody chooses. Never throws. */
  reopen(): Promise<void>;
  stop(): void;
}

export function openNetworks(parts: {
  fetch: Fetch;
  database: RunnerDatabase;
  clock: Clock;
  /** What is shown of it changed. */
  onChange: () => void;
  /** Another network, or none, from now on. */
  onConnection: (connection: Connection | null) => void;
}): Networks {
  const { database, clock, onChange, onConnection } = parts;
  let state: AppState['network'] = { state: 'none' };
  let current: Connection | null = null;
  let connecting: AbortController | undefined;

  const show = (next: AppState['network']): void => {
    state = next;
    onChange();
  };
  const letGo = (): void => {
    connecting?.abort();
    const before = current;
    current = null;
    if (before !== null) {
      before.end();
      onConnection(null);
    }
  };
  const kept = async (): Promise<NetworkTarget | null> => {
    const stored = networkTarget.safeParse(await database.get('settings', CHOSEN));
    return stored.success ? stored.data : null;
  };
  /** The whole target: a project id that was not said again is the kept one. */
  const whole = async (to: NetworkTarget): Promise<NetworkTarget> => {
    if (to.network === 'devnet') return { network: 'devnet', url: devnetOrigin(to.url) };
    if (to.projectId !== null) return to;
    const before = await kept();
    const isSame = before !== null && before.network === to.network && before.source === to.source;
    return { ...to, projectId: isSame ? before.projectId : '' };
  };
  const open = async (target: NetworkTarget): Promise<null> => {
    connecting?.abort();
    const mine = new AbortController();
    const shown = shownTarget(target);
    // Jobs that run on this very network go on while it is looked at again.
    if (JSON.stringify(current?.shown) !== JSON.stringify(shown)) {
      letGo();
      show({ state: 'connecting', target: shown });
    }
    connecting = mine;
    try {
      const opened = await openConnection(parts, target, mine.signal);
      if (mine.signal.aborted) {
        opened.end();
        mine.signal.throwIfAborted();
      }
      await database.put('settings', target, CHOSEN);
      if (current !== null && current.signed !== null && current.signed === opened.signed) {
        opened.end();
        return null;
      }
      current?.end();
      current = opened;
      const { record } = opened;
      state = {
        state: 'ready',
        target: shown,
        record:
          record === null ? null : { oracles: record.oracles.length, k: record.k, hubs: record.hubs.length, expiresAt: record.expiresAt },
      };
      onConnection(opened);
      return null;
    } catch (error) {
      if (mine.signal.aborted) throw new NunetError('connect-replaced', 'Another connection was asked for meanwhile');
      // What is known to be good is kept: the address may be down for a moment.
      if (current === null) state = { state: 'failed', target: shown, ...safeError(error) };
      throw error;
    } finally {
      onChange();
    }
  };

  return {
    state: () => state,
    connection: () => current,
    connect: async (to) => open(await whole(to)),
    async disconnect() {
      letGo();
      show({ state: 'none' });
      const transaction = database.transaction('settings', 'readwrite', STRICT);
      await Promise.all([transaction.store.delete(CHOSEN), transaction.done]);
      return null;
    },
    async reopen() {
      try {
        for (let attempt = 0; ; attempt++) {
          const target = await kept();
          if (target === null || current !== null) return;
          const failure = await open(target).catch((error: unknown) => safeError(error).code);
          if (failure === null || !PASSING.has(failure)) return;
          const waits = connecting?.signal ?? AbortSignal.abort();
          await clock.sleep(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(attempt, 10)), waits);
        }
      } catch {
        // Somebody chose meanwhile, or the database went: either is told elsewhere.
      }
    },
    stop() {
      connecting?.abort();
      current?.end();
    },
  };
}

// Hubs: the addresses that a node dials first and keeps. One that is down is tried again, ever less often.

export type HubState = { hub: string; state: 'connected' } | { hub: string; state: 'down'; message: string; retryInMs: number };

export interface KeepHubs {
  hubs: readonly string[];
  /** Resolves once connected, with what resolves when the connection is gone or the signal aborts. */
  connect: (hub: string, signal: AbortSignal) => Promise<{ gone: Promise<void> }>;
  /** Rejects with the signal's reason. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 to 1; spreads the retries of many. */
  random: () => number;
  signal: AbortSignal;
  onState?: (state: HubState) => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;

/** Keeps a connection to each hub until the signal aborts; reports every change. Resolves when all loops have ended. */
export async function keepHubs(options: KeepHubs): Promise<void> {
  await Promise.all(options.hubs.map((hub) => keepHub(options, hub)));
}

async function keepHub({ connect, sleep, random, signal, onState }: KeepHubs, hub: string): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const { gone } = await connect(hub, signal);
      onState?.({ hub, state: 'connected' });
      retryMs = FIRST_RETRY_MS;
      await gone;
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = Math.round(retryMs * (0.5 + random() / 2));
      const why = error instanceof Error ? error.message.slice(0, 200) : 'no answer';
      const message = `Cannot reach hub ${hub}: ${why}. Next try in ${Math.ceil(retryInMs / 1000)} s.`;
      onState?.({ hub, state: 'down', message, retryInMs });
      await sleep(retryInMs, signal).catch(() => undefined);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
  }
}

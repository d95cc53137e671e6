// The other oracles of a quote: exchanges with them, and which of them answer.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { Intake } from './intake.ts';
import type { OracleLimits, OraclePorts } from './ports.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';

export interface PeerHealth {
  key: string;
  url: string;
  lastAnswerAt: number | null;
  /** Null while it answers. */
  problem: string | null;
}

export interface Peers {
  /**
   * Gives and takes all that is known over a lock with each of these oracles that answers; the keys of those that did.
   * One that failed just now is left out until its pause is over.
   */
  exchange(lock: OutputReference, keys: readonly string[], signal: AbortSignal): Promise<string[]>;
  health(): PeerHealth[];
  /** True when it did not answer the last time. */
  isAway: (key: string) => boolean;
}

export function createPeers(ports: OraclePorts, limits: OracleLimits, intake: Intake): Peers {
  const seen = new Map<string, { lastAnswerAt: number | null; problem: string | null; failures: number; retryAt: number }>();
  const urlOf = (key: string): string | undefined => ports.record().oracles.find((oracle) => oracle.key === key)?.url;

  async function withOne(lock: OutputReference, key: string, signal: AbortSignal): Promise<boolean> {
    const url = urlOf(key);
    const state = seen.get(key) ?? { lastAnswerAt: null, problem: null, failures: 0, retryAt: 0 };
    seen.set(key, state);
    const mine = await intake.holdings(lock);
    if (url === undefined || mine === null || state.retryAt > ports.now()) return false;
    try {
      const theirs = await ports.exchange(url, mine, AbortSignal.any([signal, AbortSignal.timeout(limits.exchangeMs)]));
      await intake.merge(theirs, key, signal);
      Object.assign(state, { lastAnswerAt: ports.now(), problem: null, failures: 0, retryAt: 0 });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      state.problem = safeError(error).message;
      // A refusal concerns this lock only (its chain source may be a block behind): the oracle itself answers.
      if (error instanceof NunetError && error.code === 'oracle-refused') return false;
      state.failures += 1;
      state.retryAt = ports.now() + Math.min(limits.retryMs * 2 ** Math.min(state.failures - 1, 16), limits.retryMaxMs, 30_000);
      if (state.failures === 1) ports.log(`oracle ${key.slice(0, 8)} at ${url}: ${state.problem}`);
      return false;
    }
  }

  return {
    async exchange(lock, keys, signal) {
      const others = keys.filter((key) => key !== ports.signer.publicKey);
      const answered = await Promise.all(others.map((key) => withOne(lock, key, signal)));
      return others.filter((_, i) => answered[i]);
    },
    isAway: (key) => (seen.get(key)?.failures ?? 0) > 0,
    health: () =>
      ports
        .record()
        .oracles.filter(({ key }) => key !== ports.signer.publicKey)
        .map(({ key, url }) => ({ key, url, lastAnswerAt: seen.get(key)?.lastAnswerAt ?? null, problem: seen.get(key)?.problem ?? null })),
  };
}

// Settings: what an owner may change while the agent runs. Quotes, adverts and policies read `now` at each use and keep no copy.
import type { AgentConfig } from './config.ts';
import type { Offer } from './capacity.ts';
import type { Limits } from './policy.ts';
import type { Prices } from './pricing.ts';

export interface LiveSettings {
  readonly prices: Prices;
  /** On offer in all. */
  readonly offer: Offer;
  readonly limits: Limits;
  readonly policy: AgentConfig['policy'];
  /** Local time of the machine; null: at all hours. */
  readonly hours: AgentConfig['hours'];
  /** Usage figures to the operators. */
  readonly toOperators: boolean;
  /** No new jobs, and who said so; what runs goes on. */
  readonly pausedBy: 'terminal' | 'owner' | null;
}

export class Settings {
  #now: LiveSettings;
  readonly #listeners = new Set<(now: LiveSettings) => void>();

  constructor(initial: LiveSettings) {
    this.#now = initial;
  }

  get now(): LiveSettings {
    return this.#now;
  }

  set(changes: Partial<LiveSettings>): void {
    this.#now = { ...this.#now, ...changes };
    for (const listener of this.#listeners) listener(this.#now);
  }

  /** Calls after each change. Gives the way to stop. */
  onChange(listener: (now: LiveSettings) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

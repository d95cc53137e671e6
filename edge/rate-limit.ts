// Token buckets by name, in bounded memory: a flood of new names evicts the oldest, never grows.
export interface RateLimit {
  /** False: too many. */
  take(name: string): boolean;
}

/** `burst` at once, then `perSecond`. `now` in ms. */
export function createRateLimit(options: { burst: number; perSecond: number; maxNames: number; now: () => number }): RateLimit {
  const { burst, perSecond, maxNames, now } = options;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(name) {
      const at = now();
      const held = buckets.get(name);
      const tokens = held === undefined ? burst : Math.min(burst, held.tokens + (Math.max(0, at - held.at) / 1000) * perSecond);
      // Deleted and set again: a Map keeps insertion order, so the first key is the one unused for longest.
      buckets.delete(name);
      if (buckets.size >= maxNames) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
      const allowed = tokens >= 1;
      buckets.set(name, { tokens: allowed ? tokens - 1 : tokens, at });
      return allowed;
    },
  };
}

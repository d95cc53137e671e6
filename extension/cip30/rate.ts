// How often one origin may ask: a bucket of tokens each, and a pause after each refusal that grows with them.

/** Calls at once, and calls a second after that. A dApp that opens asks ten things; a page that polls asks a few a second. */
const BURST = 200;
const PER_SECOND = 20;
/** Between a person's "no" and the next prompt of the same origin, by the number of refusals in a row. */
const PAUSES_MS: readonly number[] = [0, 2_000, 15_000, 60_000, 300_000];
/** Origins remembered; of more than these the longest quiet ones are forgotten. */
const MAX_ORIGINS = 500;

interface Bucket {
  tokens: number;
  atMs: number;
  refusals: number;
  promptAtMs: number;
}

export interface Rates {
  /** Takes a token; false: too many calls. */
  allows(origin: string): boolean;
  /** False: the person has just said no to this origin. */
  mayPrompt(origin: string): boolean;
  /** The person's answer to a prompt. */
  answered(origin: string, isYes: boolean): void;
}

export function rates(now: () => number): Rates {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (origin: string): Bucket => {
    const bucket = buckets.get(origin) ?? { tokens: BURST, atMs: now(), refusals: 0, promptAtMs: -Infinity };
    // Last in the map: the first ones are the longest quiet.
    buckets.delete(origin);
    buckets.set(origin, bucket);
    for (const [oldest] of buckets) {
      if (buckets.size <= MAX_ORIGINS) break;
      buckets.delete(oldest);
    }
    return bucket;
  };
  return {
    allows(origin) {
      const bucket = bucketOf(origin);
      const passedMs = Math.max(0, now() - bucket.atMs);
      bucket.tokens = Math.min(BURST, bucket.tokens + (passedMs * PER_SECOND) / 1_000);
      bucket.atMs = now();
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
    mayPrompt: (origin) => now() >= bucketOf(origin).promptAtMs,
    answered(origin, isYes) {
      const bucket = bucketOf(origin);
      bucket.refusals = isYes ? 0 : bucket.refusals + 1;
      bucket.promptAtMs = now() + (PAUSES_MS[Math.min(bucket.refusals, PAUSES_MS.length - 1)] ?? 0);
    },
  };
}

// A seeded source of numbers, so that a job made twice is the same job: xorshift32 (Marsaglia 2003, shifts 13 17 5).

/** Numbers from 0 up to 1, not included. The seed must not be 0. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

// The order of rows in an epoch: seeded, the same on every machine, so that a replay sees the same batches.

/**
 * xorshift32 (Marsaglia 2003, shifts 13 17 5), seeded with seed + epoch * 0x9e3779b9 mod 2^32, 0 replaced by 0x6d2b79f5 (xorshift
 * must not start at 0), then mixed once by the finaliser of MurmurHash3 so that near seeds part at once.
 */
function randomSource(seed: number, epoch: number): () => number {
  let state = (seed + Math.imul(epoch, 0x9e3779b9)) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  state = (state ^ (state >>> 16)) >>> 0;
  if (state === 0) state = 0x6d2b79f5;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Fisher-Yates over 0..rows-1; `epoch` counts from 1. A swap partner is floor(random / 2^32 * (i + 1)). */
export function rowOrder(rows: number, seed: number, epoch: number): Uint32Array {
  const random = randomSource(seed, epoch);
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor((random() / 2 ** 32) * (i + 1));
    const swapped = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = swapped;
  }
  return order;
}

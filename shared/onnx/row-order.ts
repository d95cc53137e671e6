// The order of rows in an epoch: seeded, the same on every machine, so that a replay sees the same batches.

/** The source starts from seed + epoch * 0x9e3779b9 mod 2^32, mixed by the finaliser of MurmurHash3 so that near seeds part at once. */
function firstState(seed: number, epoch: number): number {
  let state = (seed + Math.imul(epoch, 0x9e3779b9)) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  state = (state ^ (state >>> 16)) >>> 0;
  // xorshift would stay at 0.
  return state === 0 ? 0x6d2b79f5 : state;
}

/**
 * Fisher-Yates over 0..rows-1, from the end; `epoch` counts from 1. Each swap partner is floor(random / 2^32 * (i + 1)), `random` the
 * next number of xorshift32 (Marsaglia 2003, shifts 13 17 5). Written as one loop because it runs once a row in an interpreter
 * without a compiler, where a call costs as much as the rest.
 */
export function rowOrder(rows: number, seed: number, epoch: number): Uint32Array {
  const order = new Uint32Array(rows);
  for (let i = 1; i < rows; i++) order[i] = i;
  let state = firstState(seed, epoch) | 0;
  for (let i = rows - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = Math.floor(((state >>> 0) / 0x100000000) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

// Asks a peer to prove what it computes: a fresh nonce, its commitment timed on our own clock, then rows that it could not foresee.
import { bytesToHex } from '@noble/hashes/utils.js';
import { CHALLENGE_ROWS, challengeProblem, flopsOf } from './challenge.ts';
import { NunetError } from './errors.ts';
import { request, type Dialer, type Target } from './peer-client.ts';

export interface ChallengeResult {
  size: number;
  /** From our question to the commitment's arrival, the network's way included. */
  elapsedMs: number;
  /** What was reached at least, floating-point operations a second. */
  flops: number;
}

export interface ChallengeOptions {
  size: number;
  /** The commitment must be here by then. */
  deadlineMs: number;
  random: (bytes: number) => Uint8Array;
  /** Monotonic ms. */
  elapsed: () => number;
  signal: AbortSignal;
}

/** Different rows, evenly drawn. */
export function drawRows(size: number, random: (bytes: number) => Uint8Array): number[] {
  const rows = new Set<number>();
  while (rows.size < Math.min(CHALLENGE_ROWS, size)) {
    const [high = 0, low = 0] = random(2);
    const drawn = high * 256 + low;
    // Above the last whole multiple some rows would come more often.
    if (drawn < 65_536 - (65_536 % size)) rows.add(drawn % size);
  }
  return [...rows];
}

/** Throws `challenge-late`, `challenge-failed`, or as `request`. */
export async function askChallenge(dialer: Dialer, target: Target, options: ChallengeOptions): Promise<ChallengeResult> {
  const { size, deadlineMs, random, elapsed, signal } = options;
  const nonce = bytesToHex(random(16));
  const startedAt = elapsed();
  const committed = await request(dialer, target, 'challenge', { step: 'commit', nonce, size }, signal);
  const elapsedMs = elapsed() - startedAt;
  if (committed.type !== 'committed')
    throw new NunetError('challenge-failed', 'Cannot use the answer: it opens rows before it has committed');
  if (elapsedMs > deadlineMs)
    throw new NunetError('challenge-late', `Cannot use the answer: it came after ${Math.round(elapsedMs)} ms, want at most ${deadlineMs}`);
  const rows = drawRows(size, random);
  const opened = await request(dialer, target, 'challenge', { step: 'open', nonce, rows }, signal);
  const problem =
    opened.type === 'opened' ? challengeProblem({ nonce, size, root: committed.root, rows }, opened.rows) : 'it commits again';
  if (problem !== null) throw new NunetError('challenge-failed', `Cannot accept the answer to the challenge: ${problem}`);
  return { size, elapsedMs, flops: flopsOf(size) / (elapsedMs / 1000) };
}

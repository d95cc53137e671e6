// The agent's side of a challenge: one at a time, on CPUs that no job has, behind everything else on the machine, and not too often.
import { NunetError } from '@nunet/shared/errors.ts';
import type { AnswerOf, Answerer, Caller } from '@nunet/shared/exchange.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { Compute } from './compute.ts';

/** From the question to the commitment: a CPU that needs longer for 17 GFLOP has nothing to prove. */
const COMPUTE_MS = 20_000;
/** Whoever wants to see rows draws them at once. */
const OPEN_WITHIN_MS = 10_000;
/** Between two challenges, whoever asks: at most this share of the time is given away. */
const REST_MS = 5_000;

export interface ChallengeParts {
  /** CPUs on offer that no job and no quote holds now. */
  freeCpus(): Promise<number>;
  start(): Compute;
  /** Monotonic ms. */
  elapsed(): number;
  signal: AbortSignal;
}

interface Open {
  peerId: string;
  nonce: string;
  size: number;
  compute: Compute;
  timer: NodeJS.Timeout | undefined;
}

/** Answers `challenge`. Throws `challenge-busy`, `challenge-unknown`, `challenge-invalid`. */
export function createChallenges(parts: ChallengeParts): Answerer<'challenge'> {
  let open: Open | null = null;
  let restUntil = -Infinity;
  const close = (): void => {
    if (open === null) return;
    clearTimeout(open.timer);
    open.compute.end();
    open = null;
    restUntil = parts.elapsed() + REST_MS;
  };
  parts.signal.addEventListener('abort', close, { once: true });
  const busy = (why: string): NunetError => new NunetError('challenge-busy', `Cannot take a challenge now: ${why}; try again later`);

  async function commit(nonce: string, size: number, caller: Caller): Promise<AnswerOf<'challenge'>> {
    if (open !== null) throw busy('another one is being answered');
    if (parts.elapsed() < restUntil) throw busy('one was just answered');
    // Taken before anything is awaited, so that two peers at once cannot both have it.
    const mine: Open = { peerId: caller.peerId, nonce, size, compute: parts.start(), timer: undefined };
    open = mine;
    try {
      const threads = await parts.freeCpus();
      if (threads < 1) throw busy('jobs hold all CPUs');
      const within = AbortSignal.any([parts.signal, caller.signal, AbortSignal.timeout(COMPUTE_MS)]);
      const committed = await mine.compute.ask({ type: 'commit', nonce, size, threads }, 'committed', within);
      mine.timer = setTimeout(close, OPEN_WITHIN_MS);
      mine.timer.unref();
      return committed;
    } catch (error) {
      if (open === mine) close();
      throw error;
    }
  }

  async function show(nonce: string, rows: number[], caller: Caller): Promise<AnswerOf<'challenge'>> {
    if (open?.timer === undefined || open.nonce !== nonce || open.peerId !== caller.peerId)
      throw new NunetError('challenge-unknown', 'Cannot open rows: nothing was committed to under this nonce, or too long ago');
    const { size, compute } = open;
    try {
      if (rows.some((row) => row >= size) || new Set(rows).size !== rows.length)
        throw new NunetError('challenge-invalid', `Cannot open rows: want different ones from 0 to ${size - 1}`);
      // The timer of `close` would end it in the middle; asking twice is over with the first answer.
      clearTimeout(open.timer);
      open.timer = undefined;
      return await compute.ask({ type: 'open', rows }, 'opened', AbortSignal.any([parts.signal, AbortSignal.timeout(OPEN_WITHIN_MS)]));
    } finally {
      close();
    }
  }

  return (request: RequestOf<'challenge'>, caller: Caller) =>
    request.step === 'commit' ? commit(request.nonce, request.size, caller) : show(request.nonce, request.rows, caller);
}

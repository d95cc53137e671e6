// Replays of disputed jobs, one at a time, on the agent beside this oracle. The outcome is kept, so that a restart does not repeat it.
import { safeError } from '@nunet/shared/errors.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { ReplayResponse } from '@nunet/shared/replay.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { CaseRow } from './db/store.ts';
import { referenceOf } from './lock-name.ts';
import type { OracleLimits, OraclePorts } from './ports.ts';

export interface Replays {
  /** Starts or queues it unless it runs; gives the wall-clock time at which to look again when nothing was found. */
  start(row: CaseRow, quote: Signed<Quote>, claim: { manifestCid: string; disputeCid: string }): number;
  /** Resolves once nothing runs any more, after the abort. */
  stopped(): Promise<void>;
}

/** Fetching inputs and starting up, beside the quoted time. */
const OVERHEAD_MS = 120_000;
/** Many replayers are slower than the machine that did the work. */
const SLOWER = 4;

export function createReplays(ports: OraclePorts, limits: OracleLimits, changed: (lock: string) => void): Replays {
  const { store, now } = ports;
  const running = new Set<string>();
  const failures = new Map<string, number>();
  const abort = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  async function ask(row: CaseRow, quote: Signed<Quote>, claim: { manifestCid: string; disputeCid: string }): Promise<ReplayResponse> {
    const none = (detail: string): ReplayResponse => ({ v: 1, outcome: 'unavailable', detail, score: null });
    if (ports.replay === null) return none('this oracle has no agent to replay on');
    const current = await store.findCase(row.lock);
    if (current?.spec == null) return none('nobody has handed in the job spec yet');
    const pieces = await store.evidenceOf(row.lock);
    const manifest = pieces.find(({ cid }) => cid === claim.manifestCid)?.envelope;
    const dispute = pieces.find(({ cid }) => cid === claim.disputeCid)?.envelope;
    if (manifest === undefined || dispute === undefined) return none('manifest or dispute is missing');
    const sources = Object.values(JSON.parse(current.sources) as Record<string, string[]>).flat();
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(SLOWER * quote.body.timeLimitMs + OVERHEAD_MS)]);
    try {
      return await ports.replay(
        { v: 1, lock: referenceOf(row.lock), quote: row.quote, manifest, dispute, spec: current.spec, sources: sources.slice(0, 8) },
        signal,
      );
    } catch (error) {
      return none(safeError(error).message.slice(0, 500));
    }
  }

  async function run(row: CaseRow, quote: Signed<Quote>, claim: { manifestCid: string; disputeCid: string }): Promise<void> {
    const response = await ask(row, quote, claim);
    if (abort.signal.aborted) return;
    const detail =
      response.score === null
        ? response.detail
        : `${response.detail} (${response.score.metric}: ${response.score.claimed} claimed, ${response.score.replayed} replayed)`;
    await store.addEvent({ at: now(), kind: 'replay', lock: row.lock, detail: `${response.outcome}: ${detail}` });
    if (response.outcome === 'unavailable') {
      failures.set(row.lock, (failures.get(row.lock) ?? 0) + 1);
      return;
    }
    await store.putReplay({
      lock: row.lock,
      manifestCid: claim.manifestCid,
      outcome: response.outcome,
      detail: detail.slice(0, 1000),
      at: now(),
    });
    failures.delete(row.lock);
  }

  return {
    start(row, quote, claim) {
      const pause = Math.min(limits.retryMs * 2 ** Math.min(failures.get(row.lock) ?? 0, 16), limits.retryMaxMs);
      if (running.has(row.lock)) return now() + limits.lookMs;
      running.add(row.lock);
      queue = queue
        .then(() => run(row, quote, claim))
        .catch((error: unknown) => ports.log(`${row.lock}: replay: ${safeError(error).message}`))
        .finally(() => {
          running.delete(row.lock);
          // An outcome wakes the case at once, a failure after its pause.
          if (!failures.has(row.lock)) changed(row.lock);
        });
      return now() + pause;
    },
    async stopped() {
      abort.abort();
      await queue;
    },
  };
}

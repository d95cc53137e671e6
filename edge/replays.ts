// Replays of disputed jobs, one at a time, on the agent beside this oracle. The outcome is kept, so that a restart does not repeat it.
import { safeError } from '@nunet/shared/errors.ts';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { replayLimitMs, type ReplayResponse } from '@nunet/shared/replay.ts';
import { opensManifest, type SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { CaseRow, EvidenceRow } from './db/store.ts';
import { referenceOf } from './lock-name.ts';
import type { OracleLimits, OraclePorts } from './ports.ts';
import { sourcesFor, type Sources } from './sources.ts';

export interface Replays {
  /** Starts or queues it unless it runs; gives the wall-clock time at which to look again when nothing was found. */
  start(row: CaseRow, quote: Signed<Quote>, claim: { manifestCid: string; disputeCid: string }): number;
  /** Resolves once nothing runs any more, after the abort. */
  stopped(): Promise<void>;
}

/** Starting up and cleaning up: the replayer keeps its own limit, and its answer must not be missed. */
const OVERHEAD_MS = 120_000;

export function createReplays(ports: OraclePorts, limits: OracleLimits, changed: (lock: string) => void): Replays {
  const { store, now } = ports;
  const running = new Set<string>();
  const failures = new Map<string, number>();
  const abort = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  /** The replayer's answer, or why it could not be asked. */
  async function ask(
    row: CaseRow,
    quote: Signed<Quote>,
    claim: { manifestCid: string; disputeCid: string },
  ): Promise<ReplayResponse | string> {
    if (ports.replay === null) return 'this oracle has no agent to replay on';
    const current = await store.findCase(row.lock);
    if (current?.spec == null) return 'nobody has handed in the job spec yet';
    const pieces = await store.evidenceOf(row.lock);
    const manifest = pieces.find(({ cid }) => cid === claim.manifestCid)?.envelope;
    const dispute = pieces.find(({ cid }) => cid === claim.disputeCid)?.envelope;
    if (manifest === undefined || dispute === undefined) return 'manifest or dispute is missing';
    const key = keyFor(row, quote, claim.manifestCid, pieces);
    const sources = sourcesFor(JSON.parse(current.sources) as Sources, quote.body);
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(replayLimitMs(quote.body.timeLimitMs) + OVERHEAD_MS)]);
    try {
      return await ports.replay(
        {
          v: 1,
          lock: referenceOf(row.lock),
          quote: row.quote,
          manifest,
          dispute,
          spec: current.spec,
          sources,
          ...(key === undefined ? {} : { key }),
        },
        signal,
      );
    } catch (error) {
      return safeError(error).message.slice(0, 500);
    }
  }

  /** K, where the claim is sealed: without it a replayer could compare nothing. */
  function keyFor(row: CaseRow, quote: Signed<Quote>, manifestCid: string, pieces: readonly EvidenceRow[]): string | undefined {
    const context = { quote, lock: referenceOf(row.lock) };
    const keys = pieces
      .filter(({ kind }) => kind === 'sealed-key')
      .map(({ envelope }) => openEvidence('sealed-key', envelope, context).body as SealedKey);
    const claimed = pieces.find(({ cid }) => cid === manifestCid);
    if (claimed === undefined) return undefined;
    const manifest = openEvidence('manifest', claimed.envelope, context) as Signed<Manifest>;
    return keys.find((sealedKey) => opensManifest(sealedKey, manifest))?.key;
  }

  async function run(row: CaseRow, quote: Signed<Quote>, claim: { manifestCid: string; disputeCid: string }): Promise<void> {
    const response = await ask(row, quote, claim);
    if (abort.signal.aborted) return;
    const failed = (): void => void failures.set(row.lock, (failures.get(row.lock) ?? 0) + 1);
    if (typeof response === 'string') {
      await store.addEvent({ at: now(), kind: 'replay', lock: row.lock, detail: `unavailable: ${response}` });
      // What the replayer said before still stands: this oracle only failed to ask again.
      failed();
      return;
    }
    const detail =
      response.score === null
        ? response.detail
        : `${response.detail} (${response.score.metric}: ${response.score.claimed} claimed, ${response.score.replayed} replayed)`;
    await store.addEvent({ at: now(), kind: 'replay', lock: row.lock, detail: `${response.outcome}: ${detail}` });
    // Also an answer that decides nothing is kept: the last one counts when the time for replays is over.
    await store.putReplay({
      lock: row.lock,
      manifestCid: claim.manifestCid,
      outcome: response.outcome,
      detail: detail.slice(0, 1000),
      at: now(),
    });
    if (response.outcome === 'unavailable' || response.outcome === 'withheld') failed();
    else failures.delete(row.lock);
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

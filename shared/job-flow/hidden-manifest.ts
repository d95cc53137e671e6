// manifestFromOracles: takes the manifest from an oracle where the agent does not give it to us, whose silence over it would pay it.
import type { LockReport } from '../evidence.ts';
import type { OutputReference } from '../fields.ts';
import { isJobEnd } from '../job-state.ts';
import type { Quote } from '../quote.ts';
import type { Signed } from '../signature.ts';
import { takeStatement } from './agent-statement.ts';
import type { Drive } from './running-job.ts';

type Look = (oracleKey: string, report: LockReport, lock: OutputReference) => Promise<void>;

/** To be shown each report of each oracle. The agent comes first, because what it says before its manifest is wanted too. */
export function manifestFromOracles(drive: Drive, quote: Signed<Quote>, signal: AbortSignal): Look {
  const reportedAt = new Map<string, number>();
  /** Gave something else in its place; an honest one will do. */
  const liars = new Set<string>();
  return async (oracleKey, { evidence }, lock) => {
    const { clock, oracles } = drive.ports;
    const { manifest, refusal, job } = drive.record();
    if (manifest !== undefined || refusal !== undefined || isJobEnd(job)) return;
    if (liars.has(oracleKey) || !evidence.some((piece) => piece.kind === 'manifest')) return;
    const since = reportedAt.get(oracleKey) ?? clock.now();
    reportedAt.set(oracleKey, since);
    if (clock.now() - since < drive.pace.agentFirstMs) return;
    try {
      const envelope = await oracles.manifest(oracleKey, lock, signal);
      if (envelope !== null && !(await takeStatement(drive, 'manifest', envelope, { quote, lock }))) liars.add(oracleKey);
    } catch (error) {
      drive.failed(`Oracle ${oracleKey.slice(0, 12)} does not give the manifest yet`, error, signal);
    }
  };
}

// Every query over what agents say of themselves. Bounded: the last report of each agent, and of so many agents at most.
import { count, eq, gte, lt, sql } from 'drizzle-orm';
import type { TelemetryReport } from '@nunet/shared/telemetry-report.ts';
import type { Db } from './open.ts';
import { telemetry } from './schema.ts';

/** Agents that are remembered; more are turned away until some have been silent for a while. */
const MAX_AGENTS = 20_000;

export interface TelemetrySums {
  /** Agents that were heard lately. */
  machines: number;
  cpus: number;
  /** Whole CPUs' worth. */
  cpusBusy: number;
  gpus: number;
  jobsRunning: number;
}

export interface TelemetryStore {
  /** `stale`: one of this agent that is as new is here. `full`: too many agents. */
  put(report: TelemetryReport, receivedAt: number): Promise<'kept' | 'stale' | 'full'>;
  /** Over what came at `since` or later. */
  sums(since: number): Promise<TelemetrySums>;
  drop(before: number): Promise<void>;
}

export const createTelemetryStore = (db: Db, maxAgents: number = MAX_AGENTS): TelemetryStore => ({
  async put({ v: _, network: __, peerId: peer, ...figures }, receivedAt) {
    const [known] = await db.select({ peer: telemetry.peer }).from(telemetry).where(eq(telemetry.peer, peer));
    if (known === undefined) {
      const [held] = await db.select({ n: count() }).from(telemetry);
      if ((held?.n ?? 0) >= maxAgents) return 'full';
    }
    const set = { ...figures, receivedAt };
    const kept = await db
      .insert(telemetry)
      .values({ peer, ...set })
      .onConflictDoUpdate({ target: telemetry.peer, set, setWhere: lt(telemetry.at, figures.at) })
      .returning({ peer: telemetry.peer });
    return kept.length === 1 ? 'kept' : 'stale';
  },
  async sums(since) {
    const whole = (value: unknown) => sql<string>`coalesce(${value}, 0)`;
    const [row] = await db
      .select({
        machines: count(),
        cpus: whole(sql`sum(${telemetry.cpus})`),
        cpusBusy: whole(sql`round(sum(${telemetry.cpus} * ${telemetry.cpuBusyPercent}) / 100.0)`),
        gpus: whole(sql`sum(${telemetry.gpus})`),
        jobsRunning: whole(sql`sum(${telemetry.jobsRunning})`),
      })
      .from(telemetry)
      .where(gte(telemetry.receivedAt, since));
    const { machines = 0, cpus = 0, cpusBusy = 0, gpus = 0, jobsRunning = 0 } = row ?? {};
    return { machines, cpus: Number(cpus), cpusBusy: Number(cpusBusy), gpus: Number(gpus), jobsRunning: Number(jobsRunning) };
  },
  async drop(before) {
    await db.delete(telemetry).where(lt(telemetry.receivedAt, before));
  },
});

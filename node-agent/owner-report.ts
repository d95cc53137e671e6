// What an owner is told, as shared/owner-views.ts says it, cut to what one answer may hold.
import { formatAmount } from '@nunet/shared/amount.ts';
import { MAX_OWNER_ANSWER_BYTES } from '@nunet/shared/owner-command.ts';
import type { OwnerJobs, OwnerList, OwnerLog, OwnerSettings, OwnerStatus } from '@nunet/shared/owner-views.ts';
import { isJobEnd, JOB_STATES } from '@nunet/shared/job-state.ts';
import type { AgentStatus } from './agent-status.ts';
import type { AgentConfig } from './config.ts';
import type { Waiting } from './confirmations.ts';
import type { Owner } from './owner-book.ts';
import type { LiveSettings } from './settings.ts';
import { highestOf } from './telemetry/usage-figures.ts';

/** For the JSON around what is cut. */
const ROOM_BYTES = MAX_OWNER_ANSWER_BYTES - 8 * 1024;
const MAX_TEXT = 500;

const cut = (text: string): string => text.slice(0, MAX_TEXT);
const hasEnded = (state: string): boolean => JOB_STATES.some((one) => one === state && isJobEnd(one));
const sum = (amounts: readonly (string | null)[]): string => String(amounts.reduce((total, amount) => total + BigInt(amount ?? 0), 0n));

export const settingsOf = ({ prices, hours, policy, limits, toOperators }: LiveSettings, share: AgentConfig['share']): OwnerSettings => ({
  prices: {
    cpuHour: formatAmount(prices.cpuHour),
    memoryGibHour: formatAmount(prices.memoryGibHour),
    gpuHour: formatAmount(prices.gpuHour),
    minimum: formatAmount(prices.minimum),
  },
  share,
  hours,
  kinds: [...policy.kinds],
  maxTimeLimitMs: limits.maxTimeLimitMs,
  telemetry: toOperators,
});

export function statusReport(
  status: AgentStatus,
  more: { nowMs: number; settings: LiveSettings; share: AgentConfig['share']; waiting: readonly Waiting[] },
): OwnerStatus {
  const { jobs } = status;
  const problem = status.twin ?? status.lastProblem;
  return {
    peerId: status.peerId,
    network: status.network,
    addresses: status.addresses.filter((address) => address.length <= 512).slice(0, 16),
    nowMs: more.nowMs,
    pausedBy: more.settings.pausedBy,
    sandboxes: status.executors.slice(0, 8).map(({ detail }) => cut(detail)),
    kinds: [...status.kinds],
    payoutAddress: status.payoutAddress,
    capacity: status.capacity,
    jobs: {
      running: jobs.filter(({ state }) => !hasEnded(state)).length,
      ended: jobs.filter(({ state }) => hasEnded(state)).length,
    },
    earnedBaseUnits: status.earnedBaseUnits,
    unclaimedBaseUnits: sum(jobs.map(({ closedBaseUnits, paidBaseUnits }) => (paidBaseUnits === null ? closedBaseUnits : null))),
    memoryBytes: status.memoryBytes,
    hubs: { connected: status.hubs.filter(({ state }) => state === 'connected').length, all: status.hubs.length },
    lastProblem: problem === null ? null : cut(problem),
    temperatureC:
      status.usage === null
        ? null
        : highestOf([status.usage.machine.temperatureC, ...status.usage.gpus.map(({ temperatureC }) => temperatureC)]),
    settings: settingsOf(more.settings, more.share),
    waiting: more.waiting.map(({ id, what, untilMs }) => ({ id, what, untilMs })),
  };
}

/** The latest first. */
export function jobsReport({ jobs }: AgentStatus, limit: number): OwnerJobs {
  const latest = jobs
    .toSorted((a, b) => (b.acceptedAtMs ?? 0) - (a.acceptedAtMs ?? 0))
    .slice(0, limit)
    .map(({ jobId, title, state, detail, amountBaseUnits, payBaseUnits, closedBaseUnits, paidBaseUnits, acceptedAtMs, changedAtMs }) => ({
      jobId,
      title: title.slice(0, 200),
      state,
      detail: detail === null ? null : cut(detail),
      amountBaseUnits,
      payBaseUnits,
      closedBaseUnits,
      paidBaseUnits,
      acceptedAtMs,
      changedAtMs,
    }));
  return { jobs: fitting(latest), total: jobs.length };
}

export const logReport = (fromLine: number, { lines, total }: { lines: string[]; total: number }): OwnerLog => ({
  fromLine,
  lines: fitting(lines),
  total,
});

export const ownersReport = (owners: readonly Owner[]): OwnerList => ({
  owners: owners.map(({ publicKey, name, addedAtMs, revokedAtMs }) => ({ publicKey, name, addedAtMs, revokedAtMs })),
});

/** As many from the front as one answer holds. */
function fitting<T>(items: readonly T[]): T[] {
  let room = ROOM_BYTES;
  return items.filter((item) => (room -= Buffer.byteLength(JSON.stringify(item)) + 1) >= 0);
}

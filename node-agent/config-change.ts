// ConfigChange: what an owner changes of the configuration, and whether it widens what the agent gives away. Pure.
// A key that was stolen may narrow and pause; whatever lends more, for longer, to more, for less or tells more waits for the terminal.
import { parseAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import { parseConfig, type AgentConfig } from './config.ts';

type Adjustable = Pick<AgentConfig, 'prices' | 'share' | 'hours' | 'policy' | 'limits' | 'telemetry'>;

/** The configuration with the change in it. Throws `change-invalid`, `config-invalid`. */
export function changed(config: AgentConfig, change: ConfigChange): AgentConfig {
  if (change.kinds?.length === 0) {
    throw new NunetError('change-invalid', 'Cannot change the kinds of jobs: none is left, want at least one; pause takes no jobs');
  }
  if (change.hours != null && change.hours.from === change.hours.to) {
    throw new NunetError('change-invalid', 'Cannot change the hours: they begin when they end; "always" is no hours at all');
  }
  const next: AgentConfig = {
    ...config,
    prices: change.prices ?? config.prices,
    share: change.share ?? config.share,
    hours: change.hours === undefined ? config.hours : change.hours,
    policy: { ...config.policy, kinds: change.kinds ?? config.policy.kinds },
    limits: { ...config.limits, maxTimeLimitMs: change.maxTimeLimitMs ?? config.limits.maxTimeLimitMs },
    telemetry: { ...config.telemetry, toOperators: change.telemetry ?? config.telemetry.toOperators },
  };
  return parseConfig(next, 'with this change');
}

const DAY_MINUTES = 24 * 60;
const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** Minutes of the day, `from` in and `to` out; the same twice is no minute. */
function isWithin(hours: AgentConfig['hours'], minute: number): boolean {
  if (hours === null) return true;
  const from = minuteOf(hours.from);
  const to = minuteOf(hours.to);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

const addsHours = (old: AgentConfig['hours'], next: AgentConfig['hours']): boolean =>
  Array.from({ length: DAY_MINUTES }, (_, minute) => minute).some((minute) => isWithin(next, minute) && !isWithin(old, minute));

const hoursText = (hours: AgentConfig['hours']): string => (hours === null ? 'always' : `${hours.from} to ${hours.to}`);
const durationText = (ms: number): string => (ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${ms / 1_000} s`);

const PRICES = {
  cpuHour: 'the price of a CPU hour',
  memoryGibHour: 'the price of a GiB of memory and hour',
  gpuHour: 'the price of a GPU hour',
  minimum: 'the least that a job pays',
} as const;
const SHARES = { cpus: 'the share of the CPUs', memory: 'the share of the memory', disk: 'the share of the disk' } as const;
const keysOf = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[];

export interface Difference {
  /** "the share of the CPUs from 50 % to 80 %" */
  readonly words: string;
  readonly widens: boolean;
}

/** What is different, in the order of a form. */
export function differences(old: Adjustable, next: Adjustable): Difference[] {
  const list: Difference[] = [];
  for (const part of keysOf(PRICES)) {
    const before = parseAmount(old.prices[part]);
    const after = parseAmount(next.prices[part]);
    if (before !== after)
      list.push({ words: `${PRICES[part]} from ${old.prices[part]} to ${next.prices[part]} NTX`, widens: after < before });
  }
  for (const part of keysOf(SHARES)) {
    const before = old.share[part];
    const after = next.share[part];
    if (before !== after) list.push({ words: `${SHARES[part]} from ${before} % to ${after} %`, widens: after > before });
  }
  if (hoursText(old.hours) !== hoursText(next.hours)) {
    list.push({ words: `the hours from ${hoursText(old.hours)} to ${hoursText(next.hours)}`, widens: addsHours(old.hours, next.hours) });
  }
  const added = next.policy.kinds.filter((kind) => !old.policy.kinds.includes(kind));
  const removed = old.policy.kinds.filter((kind) => !next.policy.kinds.includes(kind));
  if (added.length > 0) list.push({ words: `jobs of kind ${added.join(', ')} as well`, widens: true });
  if (removed.length > 0) list.push({ words: `no more jobs of kind ${removed.join(', ')}`, widens: false });
  const before = old.limits.maxTimeLimitMs;
  const after = next.limits.maxTimeLimitMs;
  if (before !== after)
    list.push({ words: `the longest time of a job from ${durationText(before)} to ${durationText(after)}`, widens: after > before });
  if (old.telemetry.toOperators !== next.telemetry.toOperators) {
    list.push({
      words: next.telemetry.toOperators ? 'usage figures to the operators' : 'no more usage figures to the operators',
      widens: next.telemetry.toOperators,
    });
  }
  return list;
}

/** Whether anything that is given away grows. */
export const widens = (old: Adjustable, next: Adjustable): boolean => differences(old, next).some((difference) => difference.widens);

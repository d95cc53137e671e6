// A change of what a machine lends, in the reader's words, one line each. Pure.
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import type { OwnerSettings } from '@nunet/shared/owner-views.ts';
import { t } from '../ui/i18n.ts';
import { durationText } from '../ui/quantity-text.ts';

export function changeLines(now: OwnerSettings, change: ConfigChange): string[] {
  const words = t().lend.settings;
  const { changed } = words;
  const lines: string[] = [];
  for (const part of ['cpuHour', 'memoryGibHour', 'gpuHour', 'minimum'] as const) {
    const next = change.prices?.[part];
    if (next !== undefined && next !== now.prices[part]) lines.push(changed.price(words[part], now.prices[part], next));
  }
  for (const part of ['cpus', 'memory', 'disk'] as const) {
    const next = change.share?.[part];
    if (next !== undefined && next !== now.share[part]) lines.push(changed.percent(words[part], now.share[part], next));
  }
  const span = (hours: OwnerSettings['hours']): string => (hours === null ? changed.always : changed.span(hours.from, hours.to));
  if (change.hours !== undefined) lines.push(changed.hours(span(now.hours), span(change.hours)));
  if (change.kinds !== undefined) lines.push(changed.kinds(change.kinds.map((kind) => words.kindNames[kind]).join(', ')));
  if (change.maxTimeLimitMs !== undefined)
    lines.push(changed.longest(durationText(now.maxTimeLimitMs), durationText(change.maxTimeLimitMs)));
  if (change.telemetry !== undefined) lines.push(change.telemetry ? changed.telemetryOn : changed.telemetryOff);
  return lines;
}

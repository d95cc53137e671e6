// The form of what a machine lends: what is typed, what is wrong with it, and the change that it comes to. Pure.
import { parseAmount } from '@nunet/shared/amount.ts';
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import type { OwnerSettings } from '@nunet/shared/owner-views.ts';

export interface ChangeForm {
  prices: Record<keyof OwnerSettings['prices'], string>;
  share: Record<keyof OwnerSettings['share'], string>;
  isLimited: boolean;
  from: string;
  to: string;
  kinds: { onnx: boolean; container: boolean };
  longestHours: string;
  telemetry: boolean;
}

export type FormProblem = 'price' | 'percent' | 'clock' | 'kinds' | 'longest';

const HOUR_MS = 3_600_000;
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;

const mapped = <K extends string, V, W>(table: Readonly<Record<K, V>>, change: (value: V) => W): Record<K, W> =>
  Object.fromEntries(Object.entries<V>(table).map(([key, value]) => [key, change(value)])) as Record<K, W>;

export const formOf = ({ prices, share, hours, kinds, maxTimeLimitMs, telemetry }: OwnerSettings): ChangeForm => ({
  prices: { ...prices },
  share: mapped(share, String),
  isLimited: hours !== null,
  from: hours?.from ?? '20:00',
  to: hours?.to ?? '08:00',
  kinds: { onnx: kinds.includes('onnx'), container: kinds.includes('container') },
  longestHours: String(maxTimeLimitMs / HOUR_MS),
  telemetry,
});

function isPrice(text: string): boolean {
  try {
    parseAmount(text);
    return true;
  } catch {
    return false;
  }
}

/** Only what is different; `null`: nothing is. */
export function changeOf(settings: OwnerSettings, form: ChangeForm): { change: ConfigChange | null } | { problem: FormProblem } {
  const now = formOf(settings);
  const change: ConfigChange = {};
  const isOther = (part: keyof ChangeForm): boolean => JSON.stringify(form[part]) !== JSON.stringify(now[part]);
  if (isOther('prices')) {
    const prices = mapped(form.prices, (text) => text.trim());
    if (!Object.values(prices).every(isPrice)) return { problem: 'price' };
    change.prices = prices;
  }
  if (isOther('share')) {
    const share = mapped(form.share, (text) => (/^\d\d$/.test(text.trim()) ? Number(text) : NaN));
    if (!Object.values(share).every((percent) => percent >= 10 && percent <= 90)) return { problem: 'percent' };
    change.share = share;
  }
  if (isOther('isLimited') || (form.isLimited && (isOther('from') || isOther('to')))) {
    if (form.isLimited && (!CLOCK.test(form.from) || !CLOCK.test(form.to) || form.from === form.to)) return { problem: 'clock' };
    change.hours = form.isLimited ? { from: form.from, to: form.to } : null;
  }
  if (isOther('kinds')) {
    const kinds = (['onnx', 'container'] as const).filter((kind) => form.kinds[kind]);
    if (kinds.length === 0) return { problem: 'kinds' };
    change.kinds = kinds;
  }
  if (isOther('longestHours')) {
    const ms = Math.round(Number(form.longestHours.trim().replace(',', '.')) * HOUR_MS);
    if (!(ms >= 60_000 && ms <= 720 * HOUR_MS)) return { problem: 'longest' };
    change.maxTimeLimitMs = ms;
  }
  if (isOther('telemetry')) change.telemetry = form.telemetry;
  return { change: Object.keys(change).length === 0 ? null : change };
}

// How quantities are written on the screen: amounts, sizes, durations, times. Pure; the clock and the language come in.
import { formatAmount } from '@nunet/shared/amount.ts';
import { language, type Language } from './i18n.ts';

/** Spanish groups with a thin space and only from five digits on (RAE), so that no mark is taken for the other language's. */
const MARKS: Readonly<Record<Language, { group: string; point: string; from: number }>> = {
  en: { group: ',', point: '.', from: 4 },
  es: { group: '\u202f', point: ',', from: 5 },
};

/** With the decimal mark of the language that is chosen. */
const pointed = (text: string): string => text.replace('.', MARKS[language.value].point);

/** "12,345.678901", in Spanish "12 345,678901": never rounded. */
export function quantityText(quantity: bigint, decimals: number): string {
  const { group, point, from } = MARKS[language.value];
  const [whole = '0', fraction] = formatAmount(quantity, decimals).split('.');
  const digits = whole.replace('-', '').length < from ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group);
  return (fraction === undefined ? digits : `${digits}${point}${fraction}`).replace('-', '\u2212');
}

/** Of NTX or ADA, which have six decimals. */
export const amountText = (baseUnits: bigint): string => quantityText(baseUnits, 6);
export const ntxText = (baseUnits: bigint): string => `${amountText(baseUnits)} NTX`;
export const adaText = (lovelace: bigint): string => `${amountText(lovelace)} ADA`;

/** "12,345" of things that are counted. */
export const countText = (count: number): string => quantityText(BigInt(Math.trunc(count)), 0);

/** "7.1 MB", in powers of 1000 as file managers show it. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${pointed(value < 10 ? value.toFixed(2) : value.toFixed(1))} ${units[unit] ?? ''}`;
}

/** "0.8 s", "42 s", "3 min 05 s", "2 h 10 min", "3 d 4 h". */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${pointed(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** "0:42", "3:05", "2:10:00": for a countdown, of steady width; "0:00" once it is over. */
export function countdownText(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}

/** "14:02:11" on this machine's clock; with the day where it is not today. */
export function timeText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

/** For titles: the same moment in UTC. */
export const utcText = (atMs: number): string => {
  const at = new Date(atMs);
  return Number.isNaN(at.getTime()) ? 'unknown time' : at.toISOString().replace('T', ' ').replace('Z', ' UTC');
};

/** "20", "0.9712", "1.2e-7": a metric in at most five significant digits. */
export function metricText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6)) return pointed(value.toExponential(2));
  return pointed(String(Number(value.toPrecision(5))));
}

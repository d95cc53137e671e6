// The history as CSV (RFC 4180), for a spreadsheet that takes no cell of a stranger's for a formula. Pure.
import { formatAmount } from '@nunet/shared/amount.ts';
import type { HistoryEntry } from './messages.ts';

const HEAD = ['time (UTC)', 'kind', 'ADA', 'fee ADA', 'tokens', 'counterparties', 'message', 'confirmations', 'transaction'];

/** A number of ours, which may begin with a minus. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** A cell that a spreadsheet would compute is made text by a quote before it. */
const harmless = (text: string): string => (/^[=+\-@\t\r\n]/.test(text) && !NUMBER.test(text) ? `'${text}` : text);

const cell = (text: string): string => {
  const safe = harmless(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const row = (entry: HistoryEntry): string[] => [
  new Date(entry.timeMs).toISOString(),
  entry.kind,
  formatAmount(entry.lovelace),
  formatAmount(entry.feeLovelace),
  entry.tokens.map(({ quantity, decimals, label, unit }) => `${formatAmount(quantity, decimals)} ${label} (${unit})`).join('; '),
  entry.counterparties.join('; '),
  entry.memo ?? '',
  String(entry.confirmations),
  entry.txId,
];

export const historyCsv = (entries: readonly HistoryEntry[]): string =>
  [HEAD, ...entries.map(row)].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');

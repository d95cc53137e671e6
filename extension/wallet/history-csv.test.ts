// The history as CSV: read back exactly, and harmless to a spreadsheet.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { historyCsv } from './history-csv.ts';
import type { HistoryEntry } from './messages.ts';

const entry = (more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  txId: 'ab'.repeat(32),
  timeMs: Date.UTC(2026, 10, 27, 1, 2, 3),
  confirmations: 7,
  lovelace: -5_168_317n,
  feeLovelace: 168_317n,
  tokens: [{ unit: 'cc'.repeat(28), label: 'tNTX', quantity: -2_500_000n, decimals: 6 }],
  counterparties: ['addr_test1a', 'addr_test1b'],
  kind: 'sent',
  memo: 'thanks, "friend"\nsee you',
  ...more,
});

/** RFC 4180, as a spreadsheet reads it. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < csv.length; at++) {
    const character = csv[at] ?? '';
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (csv[at + 1] === '"') cell += csv[at++];
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ',' || character === '\r') {
      rows.at(-1)?.push(cell);
      cell = '';
      if (character === '\r') at += 1;
      if (character === '\r') rows.push([]);
    } else cell += character;
  }
  return rows.slice(0, -1);
}

test('writes a head and a row an entry, times in UTC, amounts with their decimals', () => {
  const [head, row] = parse(historyCsv([entry()]));
  expect(head).toHaveLength(9);
  expect(row).toEqual([
    '2026-11-27T01:02:03.000Z',
    'sent',
    '-5.168317',
    '0.168317',
    `'-2.5 tNTX (${'cc'.repeat(28)})`,
    'addr_test1a; addr_test1b',
    'thanks, "friend"\nsee you',
    '7',
    'ab'.repeat(32),
  ]);
});

/** With the quote before it that a cell gets which would be computed. */
const quoted = (text: string): string => (/^[=+\-@\t\r\n]/.test(text) && !/^-\d+(\.\d+)?$/.test(text) ? `'${text}` : text);

test('any message comes back as it was, but for the quote before one that would be computed', () => {
  const unit = fc.constantFrom('"', ',', ';', '\r', '\n', '\t', "'", '=', '+', '-', '@', '1', '.', ' ', 'a', 'é', '\u202e', '\u0000', '🦤');
  fc.assert(
    fc.property(fc.array(fc.string({ unit }), { minLength: 1, maxLength: 4 }), (memos) => {
      const rows = parse(historyCsv(memos.map((memo) => entry({ memo })))).slice(1);
      expect(rows.map((row) => row[6])).toEqual(memos.map(quoted));
    }),
  );
});

test('cannot make a spreadsheet compute what a stranger wrote', () => {
  for (const text of ['=HYPERLINK("https://evil.example")', '+1+1', '-1+cmd|x', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '=1']) {
    for (const cells of [entry({ memo: text }), entry({ tokens: [], counterparties: [text] })]) {
      const row = parse(historyCsv([cells])).at(1) ?? [];
      for (const cell of row) expect(cell).not.toMatch(/^[=+@\t\r\n]|^-(?!\d+(\.\d+)?$)/);
    }
  }
});

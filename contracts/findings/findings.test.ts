// What auditors found in other contracts, tried on this one: each finding has a number and at least one attempt.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingTable } from './finding-table.ts';
import { FINDINGS, NOT_HERE } from './findings.ts';

const PAGE = join(import.meta.dirname, '../../docs/findings.md');

describe.each(FINDINGS.map((finding, index) => ({ number: index + 1, ...finding })))('finding $number: $found', ({ attempts }) => {
  test.each(attempts)('$name', ({ run }) => run());
});

test('docs/findings.md lists exactly these findings (UPDATE_FINDINGS=1 writes it)', () => {
  const table = findingTable(FINDINGS, NOT_HERE);
  if (process.env['UPDATE_FINDINGS'] === '1') writeFileSync(PAGE, table);
  expect(readFileSync(PAGE, 'utf8')).toBe(table);
});

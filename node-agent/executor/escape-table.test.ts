// docs/escapes.md is what the suite runs.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ESCAPE_IDS } from './escape-list.ts';
import { ESCAPE_COLUMNS, escapeTable } from './escape-table.ts';

const PAGE = new URL('../../docs/escapes.md', import.meta.url);

test('docs/escapes.md lists exactly these attacks (UPDATE_ESCAPES=1 writes it)', () => {
  const table = escapeTable();
  if (process.env['UPDATE_ESCAPES'] === '1') writeFileSync(PAGE, table);
  expect(readFileSync(PAGE, 'utf8')).toBe(table);
});

test('every attack is tried on one executor at least, or the page says who refuses it earlier', () => {
  const nowhere = ESCAPE_IDS.filter((id) => ESCAPE_COLUMNS.every(({ cells }) => 'notApplicable' in cells[id]));
  expect(nowhere).toEqual(['changed-script']);
});

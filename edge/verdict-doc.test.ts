import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { VERDICTS_PAGE, verdictsMarkdown } from './verdict-doc.ts';

test('docs/verdicts.md is what the table says', async () => {
  expect(await readFile(VERDICTS_PAGE, 'utf8'), 'run: node edge/verdict-doc.ts').toBe(verdictsMarkdown());
});

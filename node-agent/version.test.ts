import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { compareVersions, VERSION } from './version.ts';

it('is that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, 'package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});

test.each([
  ['0.1.0', '0.1.0', 0],
  ['0.10.0', '0.9.9', 1],
  ['v0.1.0', '0.1.1', -1],
  ['1.0.0', '0.99.99', 1],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b) ?? NaN)).toBe(sign);
});

test.each(['', '1.0', '1.0.0-rc1', '1.0.0.0', 'latest', '1.0.0\u001b[2J'])('%j is no version', (text) => {
  expect(compareVersions(text, VERSION)).toBeNull();
});

// What is handed to the stores, as it was built for these tests: nothing foreign, nothing heavy, no new power, and the same bytes again.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { checkBudgets } from '../package/budgets.ts';
import { checkContents } from '../package/contents.ts';
import { ANSWERS, lintAddon } from '../package/lint-addon.ts';
import { checkMesh } from '../package/mesh.ts';
import { readPackage } from '../package/packaged.ts';
import { checkPowers, readPowers } from '../package/permissions.ts';
import { EXCEPTIONS, remoteCode } from '../package/remote-code.ts';
import { secondCheckout } from '../package/second-checkout.ts';
import { root } from '../run-tool.ts';
import { packageExtension, packagePath } from './build-extension.ts';

const { packages } = inject('extension');
const read = { chromium: readPackage(packages.chromium), firefox: readPackage(packages.firefox) };
const BROWSERS = ['chromium', 'firefox'] as const;

describe.each(BROWSERS)('the package for %s', (browser) => {
  test('cannot run code that is not in it', () => {
    expect(remoteCode(read[browser]).findings).toEqual([]);
  });

  test('holds no map, no secret, no path of this machine, no page for developers, and nothing that nothing names', () => {
    expect(checkContents(read[browser], root)).toEqual([]);
  });

  test('cannot ask for more than scripts/package/permissions.json says', () => {
    expect(checkPowers(browser, read[browser])).toBe('');
  });

  test('cannot be reached by a page but through its content scripts, and asks for no host', () => {
    const powers = Object.keys(readPowers(read[browser]));
    const doors = ['web_accessible_resources', 'externally_connectable', 'host_permissions', 'optional_host_permissions', 'update_url'];
    expect(doors.filter((door) => powers.includes(door))).toEqual([]);
  });

  test('has Mesh in the transaction worker alone, and nothing that loads that at once', () => {
    expect(checkMesh(read[browser])).toEqual([]);
  });
});

test('the packages need every exception that is made for a library', () => {
  const used = BROWSERS.flatMap((browser) => [...remoteCode(read[browser]).used]);
  expect(EXCEPTIONS.filter((exception) => !used.includes(exception))).toEqual([]);
});

test('service worker, stub, vault and popup stay within their budgets', () => {
  expect(checkBudgets(read.chromium)).toEqual([]);
});

// 25 s, nearly all of it for reading the transaction worker.
test('Mozilla’s linter finds nothing that is not answered for', { timeout: 300_000 }, async () => {
  const { findings, used } = await lintAddon(packages.firefox, read.firefox);
  expect(findings).toEqual([]);
  expect(ANSWERS.filter((answer) => !used.has(answer))).toEqual([]);
});

test('the same sources in another folder give the same bytes', { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nunet-package-'));
  try {
    const checkout = secondCheckout(folder);
    const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
    for (const [browser, first] of [
      ['chrome', packages.chromium],
      ['firefox', packages.firefox],
    ] as const) {
      await packageExtension(browser, checkout);
      expect({ browser, sha256: hash(join(checkout, packagePath(browser))) }).toEqual({ browser, sha256: hash(first) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

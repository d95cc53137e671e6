// No package may run anything while it is installed. These would, and were looked at: each is left out for the reason beside it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../run-tool.ts';

interface Locked {
  hasInstallScript?: boolean;
  resolved?: string;
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const reviewed = JSON.parse(read('scripts/package/install-scripts.json')) as Record<string, string>;

test('cannot install a package with an install script that nobody looked at', () => {
  const withScript = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  // A new one: read its script, and either find out that it works without, and say so there, or let scripts/entry.mjs run it by name.
  expect(withScript.map(([path]) => path).toSorted()).toEqual(Object.keys(reviewed).toSorted());
});

test('cannot run an install script: npm is told so by the repository, and our own installation does not take it back', () => {
  expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  expect(read('scripts/entry.mjs')).toMatch(/'npm', \['ci'/);
  expect(read('scripts/entry.mjs')).not.toMatch(/ignore-scripts|allow-scripts|npm_config/);
});

test('cannot take a package from elsewhere than the registry, past its integrity hash', () => {
  const elsewhere = Object.entries(packages).filter(
    ([, { resolved }]) => resolved !== undefined && /^(?:git|http:|file:)|github/.test(resolved),
  );
  expect(elsewhere.map(([path]) => path)).toEqual([]);
});

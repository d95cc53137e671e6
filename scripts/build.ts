// `npm run build`: type declarations of every workspace, and the extension for both browsers with a package for each store.
// Other sources run as they are; the escrow blueprint is committed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from './browser/build-extension.ts';
import { root, runSteps } from './run-tool.ts';

await runSteps([
  { name: 'types', tool: 'tsc', args: ['-b'] },
  { name: 'extension for Chromium: extension/build/chrome-mv3', tool: 'wxt', args: ['zip', '-b', 'chrome', '--level', 'warn'] },
  { name: 'extension for Firefox: extension/build/firefox-mv2', tool: 'wxt', args: ['zip', '-b', 'firefox', '--level', 'error'] },
]);
// The same sources give the same bytes, so this line is what two people compare.
for (const browser of ['chrome', 'firefox'] as const) {
  const path = packagePath(browser);
  if (!existsSync(join(root, path))) continue;
  const bytes = readFileSync(join(root, path));
  console.log(`${path}  ${(bytes.length / 1e6).toFixed(1)} MB  sha256 ${createHash('sha256').update(bytes).digest('hex')}`);
}

// Builds and packages the extension once before the browser tests, and copies both, so that a later build changes nothing under a running browser.
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { root, runQuietly } from '../run-tool.ts';

export interface BuiltExtension {
  /** Folders. */
  chromium: string;
  firefox: string;
  /** The zips for the stores. */
  packages: { chromium: string; firefox: string };
}

/** Where wxt.config.ts puts the package for a browser, below the root of a checkout. */
export function packagePath(browser: 'chrome' | 'firefox'): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return `extension/build/nunet-${version}-${browser}.zip`;
}

declare module 'vitest' {
  interface ProvidedContext {
    extension: BuiltExtension;
  }
}

/** Builds the extension of a checkout and makes its package, as `npm run build` does: vitest's own NODE_ENV would give another build, with our paths in it. */
export const packageExtension = (browser: 'chrome' | 'firefox', checkout: string = root): Promise<void> =>
  runQuietly('wxt', ['zip', '-b', browser], { cwd: checkout, env: { ...process.env, NODE_ENV: 'production' } });

const builtIn = (folder: string): BuiltExtension => ({
  chromium: join(folder, 'chromium'),
  firefox: join(folder, 'firefox'),
  packages: { chromium: join(folder, 'chromium.zip'), firefox: join(folder, 'firefox.zip') },
});

/** Both builds and their packages, copied into `folder`. */
export async function buildExtension(folder: string): Promise<BuiltExtension> {
  const built = builtIn(folder);
  for (const [browser, output, target] of [
    ['chrome', 'chrome-mv3', 'chromium'],
    ['firefox', 'firefox-mv2', 'firefox'],
  ] as const) {
    await packageExtension(browser);
    await cp(join(root, 'extension/build', output), built[target], { recursive: true });
    await cp(join(root, packagePath(browser)), built.packages[target]);
  }
  return built;
}

/** NUNET_EXTENSION: a folder that `buildExtension` filled before, so that one story can be told again and again without a build. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const before = process.env['NUNET_EXTENSION'];
  if (before !== undefined && before !== '') {
    project.provide('extension', builtIn(before));
    return () => Promise.resolve();
  }
  const folder = await mkdtemp(join(tmpdir(), 'nunet-extension-'));
  project.provide('extension', await buildExtension(folder));
  return () => rm(folder, { recursive: true, force: true });
}

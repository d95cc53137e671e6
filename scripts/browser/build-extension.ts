// Builds the extension once before the browser tests, and copies it, so that a later build changes nothing under a running browser.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { root, runQuietly } from '../run-tool.ts';

export interface BuiltExtension {
  chromium: string;
  firefox: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    extension: BuiltExtension;
  }
}

/** Both builds, copied into `folder`. */
export async function buildExtension(folder: string): Promise<BuiltExtension> {
  const built: BuiltExtension = { chromium: join(folder, 'chromium'), firefox: join(folder, 'firefox') };
  for (const [browser, output, target] of [
    ['chrome', 'chrome-mv3', built.chromium],
    ['firefox', 'firefox-mv2', built.firefox],
  ] as const) {
    await runQuietly('wxt', ['build', '-b', browser]);
    await cp(join(root, 'extension/build', output), target, { recursive: true });
  }
  return built;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-extension-'));
  project.provide('extension', await buildExtension(folder));
  return () => rm(folder, { recursive: true, force: true });
}

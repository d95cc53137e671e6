// One vitest project a workspace. Tests run under Node 24 in forked processes, as the programs do.
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const project = (name: string, more: TestProjectInlineConfiguration['test'] = {}): TestProjectInlineConfiguration => ({
  test: {
    name,
    root: name,
    include: ['**/*.test.{ts,tsx}'],
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...more,
  },
});

export default defineConfig({
  test: {
    projects: [
      ...['shared', 'contracts', 'node-agent', 'edge', 'extension'].map((name) => project(name)),
      project('scripts', { exclude: ['browser/**'] }),
      // Real browsers beside a whole network: after everything else and one file at a time, so that nobody starves.
      project('scripts', {
        name: 'browser',
        include: ['browser/**/*.test.ts'],
        globalSetup: `${import.meta.dirname}/scripts/browser/build-extension.ts`,
        sequence: { groupOrder: 1 },
        maxWorkers: 1,
        // A browser, three oracles and six agents on two cores that others may use too: a story that fails twice is wrong.
        retry: process.env['CI'] === 'true' ? 1 : 0,
        testTimeout: 180_000,
        hookTimeout: 180_000,
      }),
    ],
    maxWorkers: 2,
  },
});

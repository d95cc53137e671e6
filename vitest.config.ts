// One vitest project a workspace. Tests run under Node 24 in forked processes, as the programs do.
import { defineConfig } from 'vitest/config';

const project = (name: string) => ({
  test: {
    name,
    root: name,
    include: ['**/*.test.{ts,tsx}'],
    environment: 'node' as const,
    pool: 'forks' as const,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  test: { projects: ['shared', 'contracts', 'node-agent', 'edge', 'extension', 'scripts'].map(project), maxWorkers: 2 },
});

// `npm run check`: format, type-aware lint (with import directions), types, unused code and dependencies.
import { runSteps } from './run-tool.ts';

await runSteps([
  { name: 'format', tool: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
  { name: 'types', tool: 'tsc', args: ['-b'] },
  { name: 'lint', tool: 'oxlint', args: ['--type-aware', '--quiet'] },
  { name: 'unused', tool: 'knip', args: [] },
]);

// `npm run fix`: format and lint, with repairs.
import { runSteps } from './run-tool.ts';

await runSteps([
  { name: 'lint', tool: 'oxlint', args: ['--type-aware', '--quiet', '--fix'] },
  { name: 'format', tool: 'prettier', args: ['--write', '--log-level', 'warn', '.'] },
]);

// `npm run fix`: format and lint, with repairs; the man page from the tables of the commands.
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { manPage } from '@nunet/node-agent/commands/man-page.ts';
import { allCommands } from '@nunet/node-agent/commands/table.ts';
import { root, runSteps } from './run-tool.ts';

await writeFile(join(root, 'node-agent/man/nunet-agent.1'), manPage(await allCommands(), homedir()));

await runSteps([
  { name: 'lint', tool: 'oxlint', args: ['--type-aware', '--quiet', '--fix'] },
  { name: 'format', tool: 'prettier', args: ['--write', '--log-level', 'warn', '.'] },
]);

// completion: prints what a shell reads to complete commands and flags; and the man page, made of the same tables.
import { homedir } from 'node:os';
import { NunetError } from '@nunet/shared/errors.ts';
import { completionScript, SHELLS } from './completion-script.ts';
import type { Command, CommandIo } from './flags.ts';
import { manPage } from './man-page.ts';
import { allCommands } from './table.ts';

const ACTIONS = [...SHELLS, 'man'] as const;
const usage = 'Usage: nunet-agent completion bash|zsh|fish|man';
const notes = `bash: eval "$(nunet-agent completion bash)" in ~/.bashrc. zsh: into a file _nunet-agent of $fpath. fish: into ~/.config/fish/completions/nunet-agent.fish. man: into nunet-agent.1 of a folder of the man pages.`;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...more] = argv;
  const action = ACTIONS.find((known) => known === name);
  if (action === undefined || more.length > 0)
    throw new NunetError('flag-invalid', `Cannot run completion: want one of ${ACTIONS.join(', ')}, not "${argv.join(' ').slice(0, 40)}"`);
  const commands = await allCommands();
  io.print((action === 'man' ? manPage(commands, homedir()) : completionScript(action, commands)).trimEnd());
  return 0;
}

export const command: Command = {
  name: 'completion',
  summary: 'completion for bash, zsh or fish, and the man page',
  flags: {},
  usage,
  notes,
  actions: ACTIONS,
  run,
};

// Completion scripts of three shells, made of the command tables. Pure.
import type { Command, Flag } from './flags.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const PROGRAM = 'nunet-agent';
/** Flags whose value is a file or a folder. */
const isPath = ({ value }: Flag): boolean => value !== undefined && /FILE|FOLDER|PATH/.test(value);
const flagsOf = ({ flags }: Command): string[] => [...Object.keys(flags).map((name) => `--${name}`), '--help'];
const flagsWhere = (commands: readonly Command[], holds: (flag: Flag) => boolean): string[] =>
  [
    ...new Set(commands.flatMap(({ flags }) => Object.entries<Flag>(flags).flatMap(([name, flag]) => (holds(flag) ? [`--${name}`] : [])))),
  ].toSorted();

function bash(commands: readonly Command[]): string {
  const cases = commands.map(
    (command) => `    ${command.name}) words="${flagsOf(command).join(' ')}"; actions="${(command.actions ?? []).join(' ')}" ;;`,
  );
  return `# ${PROGRAM}: completion for bash. Put into ~/.bashrc:  eval "$(${PROGRAM} completion bash)"
_nunet_agent() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words="" actions=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} help --help --version" -- "$current"))
    return
  fi
  case "$previous" in
    ${flagsWhere(commands, isPath).join('|')})
      COMPREPLY=($(compgen -f -- "$current"))
      return ;;
    ${flagsWhere(commands, (flag) => flag.value !== undefined && !isPath(flag)).join('|')})
      return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) return ;;
  esac
  if [ "$COMP_CWORD" -eq 2 ] && [ -n "$actions" ]; then words="$actions $words"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _nunet_agent ${PROGRAM}
`;
}

/** For single quotes, and inside the brackets of zsh. */
const quiet = (text: string): string => text.replaceAll(/['[\]:\\]/g, (sign) => (sign === "'" ? '’' : sign === ':' ? ',' : ' '));

function zsh(commands: readonly Command[]): string {
  const argument = (name: string, flag: Flag): string => {
    const value = flag.value === undefined ? '' : `:${quiet(flag.value)}:${isPath(flag) ? '_files' : ''}`;
    return `'${flag.many === true ? '*' : ''}--${name}[${quiet(flag.help)}]${value}'`;
  };
  const cases = commands.map((command) => {
    const actions = command.actions === undefined ? [] : [`'1:action:(${command.actions.join(' ')})'`];
    const all = [...actions, ...Object.entries<Flag>(command.flags).map(([name, flag]) => argument(name, flag)), `'--help[help]'`];
    return `    ${command.name}) _arguments ${all.join(' ')} ;;`;
  });
  return `#compdef ${PROGRAM}
# ${PROGRAM}: completion for zsh. Save it as _${PROGRAM} in a folder of $fpath.
_nunet_agent() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    '${name}:${quiet(summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _nunet_agent ${PROGRAM}
`;
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, flags, actions }) => [
    `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${name} -d '${quiet(summary)}'`,
    ...(actions === undefined ? [] : [`complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}' -f -a '${actions.join(' ')}'`]),
    ...Object.entries<Flag>(flags).map(
      ([flag, of]) =>
        `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${name}' ${of.value === undefined ? '-f' : isPath(of) ? '-r -F' : '-x'} -l ${flag} -d '${quiet(of.help)}'`,
    ),
  ]);
  return `# ${PROGRAM}: completion for fish. Save it as ~/.config/fish/completions/${PROGRAM}.fish\n${lines.join('\n')}\n`;
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

export const completionScript = (shell: Shell, commands: readonly Command[]): string => SCRIPTS[shell](commands);

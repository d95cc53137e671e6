// The man page, made of the command tables: man(7) macros. Pure; the committed file is proved fresh by a test.
import type { Command, Flag } from './flags.ts';

/** What troff would read as its own: a backslash anywhere, a dot or a quote at the beginning of a line, a dash that must stay one. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '...')
    .replaceAll(/^([.'])/gm, '\\&$1');

const flagLines = ([name, flag]: [string, Flag]): string[] => [
  '.TP',
  `\\fB${plain(`--${name}`)}\\fR${flag.value === undefined ? '' : ` \\fI${plain(flag.value)}\\fR`}`,
  plain(flag.many === true ? `${flag.help}; may be repeated` : flag.help),
];

function usageLines({ usage }: Command): string[] {
  if (usage === undefined) return [];
  return [
    '.PP',
    '.nf',
    ...usage
      .replace(/^Usage: /, '')
      .split('\n')
      .map((line) => plain(line.replace(/^ {7}/, ''))),
    '.fi',
  ];
}

function section(command: Command): string[] {
  return [
    `.SS "nunet\\-agent ${plain(command.name)}"`,
    plain(`${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.`),
    ...usageLines(command),
    ...Object.entries<Flag>(command.flags).flatMap(flagLines),
    ...(command.notes === undefined ? [] : command.notes.split('\n').flatMap((line) => ['.PP', plain(line)])),
  ];
}

const HEAD = `.TH NUNET\\-AGENT 1 "" "nunet\\-agent" "User Commands"
.SH NAME
nunet\\-agent \\- lend idle computers to machine\\-learning jobs, and be paid for it
.SH SYNOPSIS
\\fBnunet\\-agent\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR]
.SH DESCRIPTION
The agent of a compute provider: it answers requests for quotes, runs jobs confined, reports them signed, and is paid in NTX on Cardano test networks.
.PP
A first day: \\fBnunet\\-agent onboard\\fR, \\fBnunet\\-agent doctor\\fR, \\fBnunet\\-agent start\\fR. Every command takes \\fB\\-\\-help\\fR.
.SH COMMANDS`;

const TAIL = `.SH FILES
.TP
\\fI~/.nunet\\-agent\\fR
The data folder: config.json, peer.key (keep a copy, never run two agents with it), payout.json, owners.json, journal.jsonl, outputs and logs of jobs.
.SH ENVIRONMENT
.TP
\\fBNUNET_CHAIN_PROJECT_ID\\fR, \\fBNUNET_CHAIN2_PROJECT_ID\\fR
Project ids of the chain sources. Secrets: they are never written into the configuration.
.TP
\\fBNUNET_DEBUG\\fR
1: print the stack of an unexpected error.
.SH EXIT STATUS
0 done, 1 failed, 2 a wrong command line, 3 as the command says, 130 interrupted.`;

/** `home`: the folder that stands in the help of whoever makes the page; it is written as ~. */
export const manPage = (commands: readonly Command[], home: string): string =>
  `${[HEAD, ...commands.flatMap(section), TAIL].join('\n').replaceAll(plain(home), '~')}\n`;

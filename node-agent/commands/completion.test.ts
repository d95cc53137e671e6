// Completion in real shells, and the man page as it was committed.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { completionScript } from './completion-script.ts';
import { command } from './completion.ts';
import type { Command } from './flags.ts';
import { manPage } from './man-page.ts';
import { allCommands } from './table.ts';

const commands = await allCommands();
const script = completionScript('bash', commands);

/** What bash offers for these words, the last of which is being typed. */
function offered(...words: string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(nunet-agent ${quoted}); COMP_CWORD=${words.length}; _nunet_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8', cwd: import.meta.dirname });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  it('completes commands, flags and actions', () => {
    expect(offered('on')).toEqual(['onboard']);
    expect(offered('')).toEqual(expect.arrayContaining(commands.map(({ name }) => name)));
    expect(offered('start', '--listen-w')).toEqual(['--listen-ws', '--listen-webrtc']);
    expect(offered('payout', 're')).toEqual(['renew']);
    expect(offered('payout', 'change', '--a')).toEqual(['--address']);
    expect(offered('frobnicate', '')).toEqual([]);
  });

  it('completes files for what is a file, and nothing for a number', () => {
    expect(offered('onboard', '--network-record', 'completion.te')).toEqual(['completion.test.ts']);
    expect(offered('onboard', '--cpus', '')).toEqual([]);
  });

  test.each(commands.map(({ name, flags }) => [name, Object.keys(flags)] as const))('knows every flag of %s', (name, flags) => {
    expect(offered(name, '--')).toEqual(expect.arrayContaining(flags.map((flag) => `--${flag}`)));
  });
});

describe.each(['zsh', 'fish'] as const)('%s', (shell) => {
  it('knows every command and flag, and has no quote that is left open', () => {
    const text = completionScript(shell, commands);
    for (const { name, flags } of commands) {
      expect(text).toContain(name);
      for (const flag of Object.keys(flags)) expect(text).toContain(shell === 'zsh' ? `--${flag}[` : `-l ${flag} `);
    }
    for (const line of text.split('\n').filter((one) => !one.startsWith('#'))) expect(line.split("'").length % 2).toBe(1);
  });
});

describe('the man page', () => {
  it('is the committed one; made anew by "npm run fix"', async () => {
    const committed = await readFile(join(import.meta.dirname, '../man/nunet-agent.1'), 'utf8');
    expect(manPage(commands, homedir())).toBe(committed);
  });

  it('names no folder of whoever made it, and lets nothing of a text be read as a macro', () => {
    const sample: Command = {
      name: 'x',
      summary: '.so /etc/passwd \\n',
      flags: { y: { help: "'quoted\n.SH forged" } },
      run: async () => 0,
    };
    const page = manPage([sample], '/home/somebody');
    expect(page).toContain('\\&.so /etc/passwd \\en');
    expect(page).toContain("\\&'quoted\n\\&.SH forged");
    expect(manPage(commands, homedir())).not.toContain(homedir().replaceAll('-', '\\-'));
  });
});

it('refuses a shell that it does not know', async () => {
  const io = { print: () => {}, warn: () => {}, signal: new AbortController().signal };
  await expect(command.run(['powershell'], io)).rejects.toMatchObject({ code: 'flag-invalid' });
});

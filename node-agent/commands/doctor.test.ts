import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, findingLines } from './doctor.ts';
import type { CommandIo } from './flags.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function typed(...args: string[]) {
  const lines: string[] = [];
  const io: CommandIo = { print: (line) => lines.push(line), warn: () => {}, signal: new AbortController().signal };
  return { code: await command.run(['--data', folder, ...args], io), out: lines.join('\n') };
}

describe('doctor', () => {
  it('says what is missing on a machine that was not onboarded, and leaves nothing behind', async () => {
    const { code, out } = await typed('--only', 'folder,network');
    expect(code).toBe(1);
    expect(out).toMatch(/^fail {2}config {2,}This machine has not been onboarded\n *-> Run "nunet-agent onboard"/m);
    expect(out).toContain('1 failed');
    expect(await readdir(folder)).toEqual([]);
  });

  it('names the wrong line of a configuration', async () => {
    await writeFile(join(folder, 'config.json'), '{"version":9}', { mode: 0o600 });
    const { code, out } = await typed('--only', 'folder', '--json');
    expect(code).toBe(1);
    const { counts, findings } = JSON.parse(out) as { counts: Record<string, number>; findings: { check: string; says: string }[] };
    expect(counts['fail']).toBe(1);
    expect(findings.find(({ check }) => check === 'config')?.says).toContain('it is version 9');
  });

  it('proves the sandbox by trying it, and says how well the machine is', async () => {
    const { out } = await typed('--only', 'sandbox', '--json');
    const { findings } = JSON.parse(out) as { findings: { check: string; state: string; says: string }[] };
    const embedded = findings.find(({ check }) => check === 'sandbox-embedded');
    expect(embedded?.says).toMatch(/Probed, \d+ attempts|Below the floor|cannot be probed/);
  });

  it('refuses a section that it does not know', async () => {
    await expect(typed('--only', 'everything')).rejects.toMatchObject({ code: 'flag-invalid' });
  });

  it('prints lines that fit, and nothing that moves the cursor', () => {
    const says = 'a \u001b[2J word '.repeat(20);
    const lines = findingLines({ check: 'engine', state: 'warn', says, fix: says }, 17);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join('')).not.toContain('\u001b');
  });
});

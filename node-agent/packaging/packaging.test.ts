// The unit and the image recipe against what they stand on: the entry, the flags, and what a sandbox must not lose.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { COMMANDS } from '../commands/table.ts';

const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, name), 'utf8');
const settings = (unit: string): Map<string, string> =>
  new Map(
    unit
      .split('\n')
      .flatMap((line) => (/^[A-Z]\w+=/.test(line) ? [[line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)] as const] : [])),
  );

describe('the unit', () => {
  it('starts the command that there is, without root', async () => {
    const unit = settings(await read('nunet-agent.service'));
    const [program, command, ...flags] = unit.get('ExecStart')?.split(' ') ?? [];
    expect(program).toMatch(/\/nunet-agent$/);
    const { flags: known } = (await COMMANDS[command ?? '']?.())?.command ?? { flags: {} };
    expect(Object.keys(known)).toContain(flags[0]?.slice(2));
    expect(unit.get('User')).toBe('nunet');
    expect(unit.get('NoNewPrivileges')).toBe('yes');
    expect(unit.get('CapabilityBoundingSet')).toBe('');
  });

  test.each([
    'RestrictNamespaces',
    'PrivateUsers',
    'ProtectKernelTunables',
    'ProtectKernelLogs',
    'ProtectProc',
    'ProcSubset',
    'SystemCallFilter',
    'PrivateDevices',
    'DevicePolicy',
    'ProtectClock',
    'MemoryDenyWriteExecute',
    'SupplementaryGroups',
  ])('cannot take from jobs what their sandbox needs, nor give root away: %s', async (name) => {
    expect([...settings(await read('nunet-agent.service')).keys()]).not.toContain(name);
  });
});

describe('the image recipe', () => {
  it('copies every workspace that the agent imports, runs as nobody of importance, and starts the agent', async () => {
    const recipe = await read('Containerfile');
    const { dependencies } = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of Object.keys(dependencies).filter((one) => one.startsWith('@nunet/')))
      expect(recipe).toMatch(new RegExp(`^COPY ${name.slice('@nunet/'.length)} `, 'm'));
    expect(recipe.lastIndexOf('\nUSER nunet')).toBeGreaterThan(recipe.lastIndexOf('\nRUN '));
    expect(recipe).toContain('ENTRYPOINT ["nunet-agent"]');
    expect(recipe).not.toMatch(/docker\.sock|--privileged/);
  });
});

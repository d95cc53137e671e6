// The programs in programs.ts are what their sources say, and PID 1 does what the executor relies on.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { KILLED_INSIDE, PROGRAM_NAMES, programOf } from './programs.ts';
import { compile } from './programs/build-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'nunet-init-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The committed bytes come from this compiler; another one makes other bytes of the same source. */
const COMPILER = 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0';
const version = (compiler: string): string => {
  try {
    return execFileSync(compiler, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? '';
  } catch {
    return '';
  }
};

describe('the programs', () => {
  if (version('gcc') === COMPILER)
    test('are fresh: compiled again they are the same bytes (x64)', () => {
      for (const name of PROGRAM_NAMES) expect(compile('x64', name).equals(programOf(name, 'x64'))).toBe(true);
    });

  if (version('aarch64-linux-gnu-gcc').includes('12.2.0'))
    test('are fresh on arm64 too', () => {
      for (const name of PROGRAM_NAMES) expect(compile('arm64', name).equals(programOf(name, 'arm64'))).toBe(true);
    });

  test('are small static programs of their architecture', () => {
    for (const name of PROGRAM_NAMES) {
      for (const [architecture, machine] of [
        ['x64', 62],
        ['arm64', 183],
      ] as const) {
        const bytes = programOf(name, architecture);
        expect(bytes.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
        expect(bytes.readUInt16LE(16)).toBe(2);
        expect(bytes.readUInt16LE(18)).toBe(machine);
        expect(bytes.length).toBeLessThan(8192);
      }
    }
  });

  test('cannot be had for another architecture', () => {
    expect(() => programOf('init', 'riscv64')).toThrow('x64 and arm64 alone');
  });
});

test('the probe cannot do anything outside a container', () => {
  const probe = join(folder, 'probe');
  writeFileSync(probe, programOf('probe', process.arch), { mode: 0o755 });
  expect(spawnSync(probe, ['nothing'], { encoding: 'utf8' })).toMatchObject({ status: 1, stdout: 'not-confined 0\n' });
});

describe('PID 1', () => {
  const init = join(folder, 'init');
  writeFileSync(init, programOf('init', process.arch), { mode: 0o755 });
  const run = (...argv: string[]) => spawnSync(init, argv, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' }, timeout: 10_000 });

  test("passes on the job's own exit code, output and arguments", () => {
    const { status, stdout } = run('sh', '-c', 'echo "$1"; exit 7', 'sh', 'an argument');
    expect([status, stdout]).toEqual([7, 'an argument\n']);
  });

  test('says which program is missing', () => {
    const { status, stderr } = run('no-such-program');
    expect(status).toBe(127);
    expect(stderr).toContain('Cannot run no-such-program: there is no such program in the image');
  });

  test('cannot be made to look killed from outside by a job', () => {
    expect(run('sh', '-c', 'kill -9 $$').status).toBe(KILLED_INSIDE);
    expect(run('sh', '-c', 'exit 137').status).toBe(KILLED_INSIDE);
    expect(run('sh', '-c', 'kill -11 $$').status).toBe(139);
  });

  test('passes a polite stop on to the job', async () => {
    const child = spawn(init, ['sh', '-c', 'trap "echo polite; exit 9" TERM; echo ready; while :; do sleep 0.01; done']);
    child.stdout.once('data', () => child.kill('SIGTERM'));
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, said]).toEqual([9, 'ready\npolite\n']);
  });

  test('reaps what the job leaves behind and ends with the job', () => {
    expect(run('sh', '-c', 'for i in 1 2 3; do (sleep 0.01 &) ; done; sleep 0.1; exit 3').status).toBe(3);
  });
});

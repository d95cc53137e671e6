// Whose fault a container's end is.
import { describe, expect, test } from 'vitest';
import { exitOf, type ContainerEnd } from './exit-of.ts';
import { KILLED_INSIDE } from './programs.ts';

const end = (part: Partial<ContainerEnd>): ContainerEnd => ({
  exitCode: 0,
  oomKilled: false,
  wasShortOfMemory: false,
  error: '',
  lastErrorLine: '',
  isGvisor: false,
  wasEngineLost: false,
  ...part,
});

describe('the end of a container', () => {
  test.each([
    [{ exitCode: 0 }, { kind: 'completed' }],
    // One process too many was killed, and the job coped.
    [{ exitCode: 0, oomKilled: true }, { kind: 'completed' }],
    [
      { exitCode: 3, lastErrorLine: 'index out of range' },
      { kind: 'jobFault', code: 'program-failed', message: 'The program ended with code 3: index out of range' },
    ],
    [
      { exitCode: 199, oomKilled: true },
      { kind: 'jobFault', code: 'memory-limit' },
    ],
    // Podman never says that memory was it.
    [
      { exitCode: 137, wasShortOfMemory: true },
      { kind: 'jobFault', code: 'memory-limit' },
    ],
    [{ exitCode: 139 }, { kind: 'jobFault', code: 'crashed', message: 'The program crashed (SIGSEGV)' }],
    [
      { exitCode: 127, error: 'exec failed' },
      { kind: 'computeProviderFault', code: 'sandbox-failed' },
    ],
    [{ exitCode: 137 }, { kind: 'computeProviderFault', code: 'child-vanished' }],
  ])('%j', (part, exit) => {
    expect(exitOf(end(part))).toMatchObject(exit);
  });

  test('cannot be made the fault of the compute provider by a job that kills itself', () => {
    expect(exitOf(end({ exitCode: KILLED_INSIDE }))).toMatchObject({ kind: 'jobFault', code: 'program-failed' });
  });

  test('cannot say more than a manifest has room for', () => {
    const exit = exitOf(end({ exitCode: 1, lastErrorLine: 'x'.repeat(2_000) }));
    expect(exit.kind === 'jobFault' && exit.message.length).toBe(500);
  });
});

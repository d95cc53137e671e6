// The command as it is called on a machine without a GPU; with one it is the test itself.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', join(import.meta.dirname, 'gpu-check.ts'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test('wrong flags are named, and help says what there is', () => {
  expect(run('--image', 'pytorch:latest')).toMatchObject({ status: 2, stderr: expect.stringContaining('NAME@sha256') });
  expect(run('--gpu')).toMatchObject({ status: 2, stderr: expect.stringContaining("'--gpu'") });
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('no GPU') });
});

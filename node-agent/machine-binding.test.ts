import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { bindToMachine, readMachineId } from './machine-binding.ts';

const HERE = 'a'.repeat(32);
const THERE = 'b'.repeat(32);
let path: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'binding-'));
  path = join(folder, 'machine.json');
  onTestFinished(() => rm(folder, { recursive: true }));
});

it('binds a new folder to its machine, where it starts again', async () => {
  await bindToMachine(path, HERE, false);
  await bindToMachine(path, HERE, false);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).not.toContain(HERE);
});

it('cannot start from a copy on another machine, unless its owner says that it was moved', async () => {
  await bindToMachine(path, HERE, false);
  await expect(bindToMachine(path, THERE, false)).rejects.toMatchObject({
    code: 'machine-other',
    message: expect.stringContaining('--moved') as string,
  });
  await bindToMachine(path, THERE, true);
  await bindToMachine(path, THERE, false);
  await expect(bindToMachine(path, HERE, false)).rejects.toMatchObject({ code: 'machine-other' });
});

it('starts where the system has no id, and binds to nothing', async () => {
  await bindToMachine(path, null, false);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readMachineId(join(path, 'nothing'))).toBeNull();
  await writeFile(path, 'uninitialized\n');
  expect(await readMachineId(path)).toBeNull();
});

it('says so when the file is damaged', async () => {
  await writeFile(path, '{"version":1');
  await expect(bindToMachine(path, HERE, false)).rejects.toMatchObject({ code: 'machine-file-invalid' });
  await bindToMachine(path, HERE, true);
  await bindToMachine(path, HERE, false);
});

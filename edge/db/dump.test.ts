import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dumpName, ensureDump } from './dump.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-dump-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that has ended: its number is nobody's for now. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  await new Promise((resolve) => child.once('close', resolve));
  return pid;
}

test('cannot wait for a builder that was killed: its folder is taken away and the dump is built', async () => {
  const left = join(folder, `${await dumpName()}.${await deadPid()}.building`);
  await mkdir(left);
  await writeFile(join(left, 'dump'), 'half of one');
  // An older version named it without a number.
  await mkdir(join(folder, `${await dumpName()}.building`));
  const path = await ensureDump(folder);
  expect((await stat(path)).size).toBeGreaterThan(100_000);
  expect((await readdir(folder)).filter((name) => name.includes(`.${process.pid}.`) || name === left)).toEqual([]);
}, 60_000);

test('waits for a builder that lives, and takes its dump', async () => {
  const name = await dumpName();
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30_000)'], { stdio: 'ignore' });
  const building = join(folder, `${name}.${child.pid ?? 0}.building`);
  await mkdir(building);
  try {
    const waiting = ensureDump(folder);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await writeFile(join(folder, name), 'what the other one built');
    expect(await waiting).toBe(join(folder, name));
    expect(await readdir(folder)).toContain(`${name}.${child.pid ?? 0}.building`);
  } finally {
    child.kill('SIGKILL');
  }
});

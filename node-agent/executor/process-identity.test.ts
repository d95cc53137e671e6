// Usage as the kernel tells it, of real processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { usageOf } from './process-identity.ts';

test('what a process and those below it used is told from outside, with what they brought to the disk where it may be seen', async () => {
  // 64 MB of memory and a second process below it; both wait.
  const code = `const held = Buffer.alloc(64 * 2 ** 20, 1); require('node:child_process').spawn('sleep', ['60']); process.stdout.write('ready'); setInterval(() => held, 1000)`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const pid = child.pid ?? 0;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  await once(child.stdout, 'data');
  const usage = await usageOf(pid);
  expect(usage?.cpuMs).toBeGreaterThan(0);
  expect(usage?.peakMemoryBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(usage?.disk).toEqual({ readBytes: expect.any(Number), writtenBytes: expect.any(Number) });
});

test('a process that is gone used nothing that could be told', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  await vi.waitFor(async () => expect(await usageOf(child.pid ?? 0)).toBeNull(), 5_000);
});

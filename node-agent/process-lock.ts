// ProcessLock: one live process behind a file that says who it is, so that a second start, or a copied folder, is refused beside its twin.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';

const holder = z.strictObject({
  pid: z.int().min(1),
  /** Clock ticks after boot (proc(5), stat field 22): tells a process from a later one with the same pid. Null without /proc. */
  startTime: z.string().max(30).nullable(),
  bootId: z.string().max(60).nullable(),
  host: z.string().max(260),
  /** Where the lock was taken: a copy of it elsewhere names its origin. */
  path: z.string().max(4096),
});
type Holder = z.infer<typeof holder>;

export interface ProcessLock {
  release(): Promise<void>;
}

const readOrNull = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  });

/** Field 22 of /proc/PID/stat; the command in field 2 may hold spaces and brackets, so count after its last bracket. */
async function startTimeOf(pid: number): Promise<string | null> {
  const stat = await readOrNull(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

const bootId = async (): Promise<string | null> => (await readOrNull('/proc/sys/kernel/random/boot_id'))?.trim() ?? null;

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isAlive(other: Holder): Promise<boolean> {
  if (other.host !== hostname()) return true;
  if (other.bootId !== (await bootId())) return false;
  return pidExists(other.pid) && other.startTime === (await startTimeOf(other.pid));
}

function parseHolder(text: string): Holder | null {
  try {
    return holder.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/**
 * Takes the lock file or throws `already-running`, naming who holds it. A holder on another host cannot be looked at and
 * counts as alive. Survives `kill -9`: a dead holder's file is taken over.
 */
export async function takeProcessLock(path: string, name: string): Promise<ProcessLock> {
  const self: Holder = { pid: process.pid, startTime: await startTimeOf(process.pid), bootId: await bootId(), host: hostname(), path };
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, JSON.stringify(self), { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      try {
        await link(draft, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      await moveDeadAside(path, name);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * One process on this machine and user for an identity, wherever its folder lies: a copy of a stopped agent's folder must not
 * start beside the original either.
 */
export async function takeIdentityLock(peerId: string, name: string): Promise<ProcessLock> {
  const folder = join(tmpdir(), `nunet-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return takeProcessLock(join(folder, `${peerId}.lock`), name);
}

/** A takeover takes milliseconds; one that is older was left by a process that died in the middle of it. */
const TAKEOVER_MS = 10_000;
const RETRY_MS = 10;

/** Removes a dead holder's file. One starter at a time looks and removes, so that nobody removes the file of the one before. */
async function moveDeadAside(path: string, name: string): Promise<void> {
  const takeover = `${path}.takeover`;
  try {
    await mkdir(takeover);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const made = await stat(takeover).catch(() => null);
    if (made !== null && Date.now() - made.mtimeMs > TAKEOVER_MS) await rmdir(takeover).catch(() => undefined);
    await sleep(RETRY_MS);
    return;
  }
  try {
    const text = await readOrNull(path);
    if (text === null) return;
    const other = parseHolder(text);
    if (other !== null && (await isAlive(other))) throw alreadyRunning(other, path, name);
    await rm(path, { force: true });
  } finally {
    await rmdir(takeover);
  }
}

function alreadyRunning(other: Holder, path: string, name: string): NunetError {
  const isHere = other.host === hostname();
  const where = isHere ? `process ${other.pid}` : `process ${other.pid} on host ${other.host}`;
  const copied = other.path === path ? '' : `; the folder is a copy of ${other.path}`;
  const advice = isHere ? '' : '; when that host is gone for good, delete the file';
  return new NunetError('already-running', `Cannot start ${name}: ${where} holds ${path}${copied}. Stop it first${advice}.`);
}

// Ends everything of a test engine: processes, mounts, cgroups and files, whatever state it was left in.
import { spawn } from 'node:child_process';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const CLEAN_WITHIN_MS = 20_000;

/** Daemons, shims and monitors carry the folder in their command line; a container's processes have their root in it. */
export async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^[0-9]+$/.test(entry)).map(Number);
  const text = async (pid: number, name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const found = await Promise.all(
    pids.map(async (pid) => {
      if ((await text(pid, 'cmdline')).includes(`${folder}/`)) return [pid];
      const root = (await text(pid, 'mountinfo')).split('\n').find((line) => line.split(' ')[4] === '/');
      return root?.includes(`${folder}/`) === true ? [pid] : [];
    }),
  );
  return found.flat().filter((pid) => pid !== process.pid);
}

/** Deepest first. */
async function mountsBelow(...folders: readonly string[]): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const points = lines.map((line) => line.split(' ')[4] ?? '');
  return points.filter((point) => folders.some((folder) => point.startsWith(`${folder}/`))).sort((a, b) => b.length - a.length);
}

const cgroupRoots = async (): Promise<string[]> =>
  (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .flatMap((line) => (/ - cgroup2? /.test(line) ? [line.split(' ')[4] ?? ''] : []));

/** Groups that dockerd made for its containers, under each controller. Deepest first. */
async function cgroupsOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const root of (await cgroupRoots()).map((mount) => join(mount, basename(folder)))) {
    const below = await readdir(root, { withFileTypes: true, recursive: true }).catch(() => null);
    if (below === null) continue;
    found.push(root, ...below.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)));
  }
  return found.sort((a, b) => b.length - a.length);
}

/** podman puts every container of the machine below one group, and removes theirs itself unless it was killed. */
async function podmanCgroupsOf(pid: number): Promise<string[]> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).split('\n');
  const groups = lines.map((line) => line.split(':')[2] ?? '').filter((group) => /^\/libpod_parent\/libpod-[^/]+/.test(group));
  return (await cgroupRoots()).flatMap((root) => [...new Set(groups)].map((group) => join(root, group)));
}

/** `dataRoot` may be on a disk of the caller; what is on it goes. Throws when something is left. */
export async function cleanEngine(folder: string, dataRoot: string): Promise<void> {
  const deadline = performance.now() + CLEAN_WITHIN_MS;
  const podmanGroups = new Set<string>();
  for (;;) {
    const groups = await cgroupsOf(folder);
    const inGroups = await Promise.all(groups.map(async (group) => readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '')));
    const pids = new Set([...(await processesOf(folder)), ...inGroups.flatMap((text) => text.split('\n').filter(Boolean).map(Number))]);
    for (const pid of pids) for (const group of await podmanCgroupsOf(pid)) podmanGroups.add(group);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
    for (const group of [...groups, ...podmanGroups]) await rmdir(group).catch(() => {});
    for (const point of await mountsBelow(folder, dataRoot)) await umount(point);
    if (pids.size === 0 && (await mountsBelow(folder, dataRoot)).length === 0 && (await cgroupsOf(folder)).length === 0) break;
    if (performance.now() > deadline) {
      throw new Error(
        `Cannot stop the test engine in ${folder}: left are processes [${[...pids].join(' ')}], mounts [${(await mountsBelow(folder, dataRoot)).join(' ')}], cgroups [${(await cgroupsOf(folder)).join(' ')}]`,
      );
    }
    if (pids.size > 0) await delay(50);
  }
  // Of a disk that is the caller's only what is on it goes.
  if (!dataRoot.startsWith(`${folder}/`))
    for (const entry of await readdir(dataRoot)) await rm(join(dataRoot, entry), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

const umount = (point: string): Promise<void> =>
  new Promise((resolve) => {
    const child = spawn('umount', [point], { stdio: 'ignore' });
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });

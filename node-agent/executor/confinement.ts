// Confinement: ways to start a child with less than this process has, best first. Which of them holds is the probe's word, not this file's.
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { SandboxLevel } from '@nunet/shared/job-spec.ts';
import type { ChildRuntime } from './child-runtime.ts';

export interface ChildLimits {
  /** RLIMIT_DATA: all writable private memory of the child, runtime included. */
  readonly memoryBytes: number;
  /** A second fence behind the agent's own clock. */
  readonly cpuSeconds: number;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** A file that the child needs open as descriptor 3. */
  readonly descriptor3: string | null;
}

/** One way to start a child. `aims` is what it can reach when the system plays along. */
export interface Confinement {
  readonly name: string;
  readonly aims: SandboxLevel;
  launch(runtime: ChildRuntime, limits: ChildLimits): Launch;
}

/** Absolute path of a system program, or null. The empty PATH of a service still has the usual places. */
export function systemProgram(name: string): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin', '/usr/sbin', '/sbin']) {
    if (!folder.startsWith('/')) continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

const NOBODY = '65534';
const ENVIRONMENT = { ORT_DISABLE_TELEMETRY: '1' };

/**
 * Hard limits, then the command. -d is RLIMIT_DATA, -t CPU seconds, -n open files, -c core, -f file size (nothing writes files).
 * No process limit: it counts per uid over all children; the syscall filter forbids new processes instead.
 */
function withLimits(limits: ChildLimits, command: readonly string[], descriptor3: string | null = null): Launch {
  const script = `ulimit -d ${Math.floor(limits.memoryBytes / 1024)} -t ${Math.ceil(limits.cpuSeconds)} -n 256 -c 0 -f 0 && exec "$@"`;
  // dash takes one limit a call.
  const perCall = script.replace(
    /ulimit (.*) && exec/,
    (_, all: string) => `${(all.match(/-\S \d+/g) ?? []).map((one) => `ulimit ${one}`).join(' && ')} && exec`,
  );
  return { command: '/bin/sh', args: ['-c', perCall, 'sh', ...command], descriptor3 };
}

/** Kills the child when the agent's process dies, and lets it gain nothing; as another uid where this process may choose one. */
function stepDown(setpriv: string | null, asNobody: boolean): string[] {
  if (setpriv === null) return [];
  const uid = asNobody ? ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'] : [];
  // --pdeathsig comes with the exec: a change of uid would clear it.
  return [setpriv, ...uid, '--no-new-privs', '--pdeathsig', 'KILL', '--'];
}

function bubblewrap(bwrap: string, setpriv: string | null, asNobody: boolean): Confinement {
  return {
    name: asNobody ? 'bubblewrap as uid 65534' : 'bubblewrap',
    aims: 'namespace',
    launch(runtime, limits) {
      const args = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL', '--hostname', 'job'];
      args.push('--uid', NOBODY, '--gid', NOBODY, '--unshare-user');
      for (const [name, value] of Object.entries(ENVIRONMENT)) args.push('--setenv', name, value);
      for (const { from, to } of runtime.visible) args.push('--ro-bind', from, to);
      args.push('--proc', '/proc', '--remount-ro', '/', '--chdir', '/');
      if (runtime.filterFile !== null) args.push('--seccomp', '3');
      const command = [...(asNobody ? stepDown(setpriv, true) : []), bwrap, ...args, '--', ...runtime.inside];
      return withLimits(limits, command, runtime.filterFile);
    },
  };
}

/** Single quotes for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * The same with util-linux alone. The outer user namespace may mount; the inner one, which the child lives in, has no rights over
 * those mounts, maps to one unprivileged uid and is entered through chroot, so that nothing of it can be undone from inside.
 */
function utilLinux(unshare: string, setpriv: string | null, asNobody: boolean): Confinement {
  return {
    name: asNobody ? 'unshare as uid 65534' : 'unshare',
    aims: 'namespace',
    launch(runtime, limits) {
      const root = runtime.root;
      const lines = ['set -e', `mount -t tmpfs -o size=1m,mode=755,nosuid,nodev nunet ${quoted(root)}`];
      for (const { from, to, folder } of runtime.visible) {
        const point = quoted(root + to);
        lines.push(`mkdir -p ${folder ? point : quoted(dirname(root + to))}`, ...(folder ? [] : [`: > ${point}`]));
        lines.push(`mount --bind ${quoted(from)} ${point}`);
      }
      lines.push(`mkdir ${quoted(`${root}/proc`)}`, `mount -t proc -o nosuid,nodev,noexec proc ${quoted(`${root}/proc`)}`);
      // Where this process is root, the child is its uid to the kernel, and these files would be its own to write.
      const places = ['sys', 'irq', 'bus', 'fs', 'sysrq-trigger'].map((name) => quoted(`${root}/proc/${name}`));
      lines.push(`for p in ${places.join(' ')}; do`, '[ -e "$p" ] || continue');
      lines.push('mount --bind "$p" "$p"', 'mount -o remount,bind,ro,nosuid,nodev,noexec "$p"', 'done');
      for (const { to } of runtime.visible) lines.push(`mount -o remount,bind,ro ${quoted(root + to)}`);
      lines.push(`mount -o remount,bind,ro,nosuid,nodev ${quoted(root)}`, 'cd /');
      const environment = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
      const inner = [quoted(unshare), '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, `--root=${quoted(root)}`, '--wd=/'];
      lines.push(`exec /usr/bin/env -i ${environment.join(' ')} ${inner.join(' ')} -- ${runtime.inside.map(quoted).join(' ')}`);
      const outer = [
        unshare,
        '--user',
        '--map-root-user',
        '--net',
        '--pid',
        '--mount',
        '--ipc',
        '--uts',
        '--cgroup',
        '--fork',
        '--kill-child',
      ];
      return withLimits(limits, [...stepDown(setpriv, asNobody), ...outer, '--', '/bin/sh', '-c', lines.join('\n')]);
    },
  };
}

/** No private view: Node's own permission model and the limits. Below the floor of any job of a stranger. */
function permissionModel(setpriv: string | null): Confinement {
  return {
    name: 'node --permission',
    aims: 'limits',
    launch(runtime, limits) {
      const [node = process.execPath, ...flags] = runtime.outside;
      const allowed = runtime.reads.map((path) => `--allow-fs-read=${path}`);
      const script = join(runtime.folder, 'app', 'embedded-child.mjs');
      return withLimits(limits, [...stepDown(setpriv, false), node, ...flags, '--permission', '--allow-addons', ...allowed, script]);
    },
  };
}

/** A plain child of a plain Node, compiler and all: the benchmark's baseline, and for nobody's job. */
export const unconfined: Confinement = {
  name: 'none',
  aims: 'none',
  launch: (runtime) => ({ command: process.execPath, args: [join(runtime.folder, 'app', 'embedded-child.mjs')], descriptor3: null }),
};

/** What may hold on this system, best first. */
export function confinements(): Confinement[] {
  if (process.platform !== 'linux') return process.platform === 'win32' ? [] : [permissionModel(null)];
  const bwrap = systemProgram('bwrap');
  const unshare = systemProgram('unshare');
  const setpriv = systemProgram('setpriv');
  const isRoot = process.getuid?.() === 0;
  const all: Confinement[] = [];
  if (bwrap !== null) {
    if (isRoot && setpriv !== null) all.push(bubblewrap(bwrap, setpriv, true));
    all.push(bubblewrap(bwrap, setpriv, false));
  }
  if (unshare !== null) {
    if (isRoot && setpriv !== null) all.push(utilLinux(unshare, setpriv, true));
    all.push(utilLinux(unshare, setpriv, false));
  }
  all.push(permissionModel(setpriv));
  return all;
}

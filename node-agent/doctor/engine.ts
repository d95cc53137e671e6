// Which container engine is there, and how much of the machine it would put into the hands of a job that breaks out. Pure.
import type { AgentConfig } from '../config.ts';
import { fail, pass, skip, warn, type Finding } from './finding.ts';

/** What was found at one socket. */
export type EngineSocket =
  { path: string; state: 'missing' | 'not-permitted' | 'silent' } | { path: string; state: 'answers'; facts: EngineFacts };

export interface EngineFacts {
  kind: 'docker' | 'podman';
  version: string;
  apiVersion: string;
  isRootless: boolean;
  hasUserNamespace: boolean;
  hasSeccomp: boolean;
  runtimes: readonly string[];
  runcVersion: string | null;
  /** Of the distribution's package, which may carry fixes of later versions; null: not asked, or none. */
  runcPackage: string | null;
  cgroupVersion: string;
  limits: { memory: boolean; pids: boolean; cpu: boolean };
}

/** Docker's API of 20.10, the oldest that was tried. */
const MIN_API = [1, 41] as const;
/** CVE-2024-21626 (a working directory that leads out of the container) is mended in it. */
const MIN_RUNC = [1, 1, 12] as const;
/** Debian 12 and 11 mended theirs under the old number. */
const MENDED_PACKAGES = /^1\.1\.5\+ds1-1\+deb12u[1-9]|^1\.0\.0~rc93\+ds1-5\+deb11u[3-9]/;

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = (/\d+(\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

const INSTALL =
  'Install one (Debian: apt install docker.io, or podman for a rootless one), or "nunet-agent config set containers.engine off"';

function judgeRunc({ runcVersion, runcPackage, kind }: EngineFacts): Finding {
  if (runcVersion === null) return skip('runc', `${kind} does not tell the version of its runtime`);
  if (isAtLeast(runcVersion, MIN_RUNC)) return pass('runc', `runc ${runcVersion}`);
  if (runcPackage !== null && MENDED_PACKAGES.test(runcPackage))
    return pass('runc', `runc ${runcPackage}, the distribution's, in which CVE-2024-21626 is mended`);
  return warn(
    'runc',
    `runc ${runcVersion}${runcPackage === null ? '' : ` (package ${runcPackage})`} is older than ${MIN_RUNC.join('.')}: containers could be left (CVE-2024-21626)`,
    'Update runc (Debian: apt update && apt install runc), or use gVisor: apt install runsc',
  );
}

function judgeRights({ isRootless, hasUserNamespace, kind }: EngineFacts): Finding {
  if (isRootless) return pass('engine-rights', `${kind} runs without root`);
  if (hasUserNamespace) return pass('engine-rights', `${kind} maps root of a container to nobody of this machine (userns-remap)`);
  return warn(
    'engine-rights',
    `${kind} runs as root, and root of a container is root of this machine`,
    'Set "userns-remap": "default" in /etc/docker/daemon.json and restart Docker, or use a rootless engine',
  );
}

function judgeLimits({ limits, cgroupVersion, isRootless, kind }: EngineFacts): Finding {
  const missing = (['memory', 'pids', 'cpu'] as const).filter((name) => !limits[name]);
  if (missing.length === 0) return pass('engine-limits', `Limits of memory, CPUs and processes hold (cgroup v${cgroupVersion})`);
  return fail(
    'engine-limits',
    `${kind} cannot limit ${missing.join(', ')} here (cgroup v${cgroupVersion}${isRootless ? ', rootless' : ''})`,
    isRootless && cgroupVersion === '1'
      ? 'A rootless engine limits nothing on cgroup v1: boot with systemd.unified_cgroup_hierarchy=1, or use userns-remap'
      : 'Let the engine use these controllers: with systemd, Delegate=cpu memory pids for its service',
  );
}

function judgeGvisor(facts: EngineFacts, runtime: AgentConfig['containers']['runtime']): Finding {
  const has = facts.runtimes.includes('runsc');
  if (has && runtime === 'runc') return skip('gvisor', 'gVisor (runsc) is registered, and containers.runtime says runc');
  // Which one passes the probe is said by sandbox-container.
  if (has) return pass('gvisor', 'gVisor (runsc) is registered, and used where it passes the probe: jobs then talk to its kernel');
  if (runtime === 'runsc')
    return fail(
      'gvisor',
      'The configuration wants runsc, which the engine does not know',
      'Run "runsc install", restart the engine, or set containers.runtime to auto',
    );
  return skip('gvisor', 'Not registered; it would keep jobs further from the kernel (apt install runsc, runsc install)');
}

/** The engine that the agent would use is the first that answers. */
export function judgeEngine(sockets: readonly EngineSocket[], containers: AgentConfig['containers'] | null): Finding[] {
  const wanted = containers?.engine ?? 'auto';
  if (wanted === 'off') return [skip('engine', 'Containers are switched off: data-only (ONNX) jobs alone')];
  const found = sockets.find((socket) => socket.state === 'answers' && (wanted === 'auto' || socket.facts.kind === wanted));
  if (found?.state !== 'answers') {
    const closed = sockets.find((socket) => socket.state === 'not-permitted');
    const silent = sockets.find((socket) => socket.state === 'silent');
    const [state, name] = wanted === 'auto' ? [warn, 'container engine'] : [fail, wanted];
    if (closed !== undefined)
      return [
        state(
          'engine',
          `This account may not use the ${name} at ${closed.path}`,
          'Use a rootless engine of this account; or add it to the group docker, which makes it as good as root',
        ),
      ];
    if (silent !== undefined)
      return [state('engine', `Nothing answers at ${silent.path}`, 'Start it: systemctl start docker (or podman.socket)')];
    return [state('engine', `No ${name} here: data-only (ONNX) jobs alone, no images, no scripts`, INSTALL)];
  }
  const { facts, path } = found;
  const named = `${facts.kind} ${facts.version} at ${path}`;
  return [
    isAtLeast(facts.apiVersion, MIN_API) || facts.kind === 'podman'
      ? pass('engine', named)
      : fail('engine', `${named} is too old (API ${facts.apiVersion})`, 'Update it: want Docker 20.10 or newer'),
    judgeRights(facts),
    facts.hasSeccomp
      ? pass('engine-seccomp', 'System calls of jobs are filtered')
      : fail('engine-seccomp', `${facts.kind} filters no system calls`, 'Use a kernel and an engine built with seccomp'),
    judgeLimits(facts),
    judgeRunc(facts),
    judgeGvisor(facts, containers?.runtime ?? 'auto'),
  ];
}

// The connection to a container engine: found, asked what it is, and judged. Only the engine helper opens it.
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import type { HelperSettings } from './helper-protocol.ts';
import type { EngineTraits } from './limits.ts';
import { seccompProfile } from './seccomp.ts';

export interface Engine {
  readonly docker: Docker;
  readonly socket: string;
  readonly traits: EngineTraits;
  readonly version: string;
  /** Root inside is nobody outside: a remapped or rootless engine. */
  readonly isRemapped: boolean;
  readonly isRootless: boolean;
  readonly cgroupVersion: 1 | 2;
  /** What the engine cannot hold a job to; empty is right. */
  readonly missingLimits: readonly string[];
  /** What the owner should know, one sentence each. */
  readonly warnings: readonly string[];
}

/** Older ones lack fields that the limits rely on. */
const MIN_API = 40;
/** CVE-2024-21626: a working directory could leave the container. */
const MIN_RUNC = [1, 1, 12] as const;
const CONNECT_MS = 5_000;

/** As the engine tells it; what is missing is taken as not there. */
const versionAnswer = z.object({
  ApiVersion: z.string().max(20),
  Version: z.string().max(100),
  Components: z
    .array(z.object({ Name: z.string().max(100), Version: z.string().max(200), Details: z.record(z.string(), z.unknown()).nullish() }))
    .nullish(),
});
const infoAnswer = z.object({
  SecurityOptions: z.array(z.string().max(300)).nullish(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  DefaultRuntime: z.string().max(100).nullish(),
  CgroupVersion: z.string().max(10).nullish(),
  MemoryLimit: z.boolean().nullish(),
  CpuCfsQuota: z.boolean().nullish(),
  PidsLimit: z.boolean().nullish(),
  OSType: z.string().max(30).nullish(),
});

/** Where engines listen, in the order that they are tried in. Rootless ones first: they can do the machine less harm. */
export function usualSockets(engine: HelperSettings['engine'], uid: number): string[] {
  const own = `/run/user/${uid}`;
  const docker = [`${own}/docker.sock`, '/run/docker.sock', '/var/run/docker.sock'];
  const podman = [`${own}/podman/podman.sock`, '/run/podman/podman.sock'];
  return engine === 'docker' ? docker : engine === 'podman' ? podman : [...docker, ...podman];
}

export type EngineChoice = Pick<HelperSettings, 'engine' | 'socket' | 'runtime' | 'stateDir'>;

/** Throws `engine-none`, `engine-permission`, `engine-old`, `engine-kind`, `engine-runtime`. */
export async function openEngine(settings: EngineChoice, uid: number): Promise<Engine> {
  const sockets = settings.socket === null ? usualSockets(settings.engine, uid) : [settings.socket];
  let refused: string | null = null;
  for (const socket of sockets) {
    const isThere = await stat(socket).then(
      (found) => found.isSocket(),
      () => false,
    );
    if (!isThere) continue;
    const docker = new Docker({ socketPath: socket, timeout: 0 });
    try {
      await answered(docker.ping());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') refused = socket;
      continue;
    }
    return await lookAt(docker, socket, settings);
  }
  if (refused !== null)
    throw new NunetError(
      'engine-permission',
      `Cannot use the container engine at ${refused}: this user may not open its socket, want membership of its group (which means root on this machine) or a rootless engine`,
    );
  throw new NunetError(
    'engine-none',
    `Cannot find a container engine: none answers at ${sockets.join(', ')}; "nunet-agent doctor" says what to do`,
  );
}

async function answered<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new NunetError('engine-silent', `it did not answer within ${CONNECT_MS} ms`)), CONNECT_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function lookAt(docker: Docker, socket: string, settings: EngineChoice): Promise<Engine> {
  const version = versionAnswer.parse(await answered(docker.version()));
  const info = infoAnswer.parse(await answered(docker.info()));
  const components = version.Components ?? [];
  const engine = components.some(({ Name }) => /podman/i.test(Name)) ? 'podman' : 'docker';
  if (settings.engine !== 'auto' && settings.engine !== engine)
    throw new NunetError('engine-kind', `Cannot use the engine at ${socket}: it is ${engine}, the configuration wants ${settings.engine}`);
  const [major = 0, minor = 0] = version.ApiVersion.split('.').map(Number);
  if (major < 1 || (major === 1 && minor < MIN_API))
    throw new NunetError('engine-old', `Cannot use the engine at ${socket}: its API is ${version.ApiVersion}, want at least 1.${MIN_API}`);
  if ((info.OSType ?? 'linux') !== 'linux')
    throw new NunetError('engine-kind', `Cannot use the engine at ${socket}: its containers are ${info.OSType}, want linux`);
  const runtimes = Object.keys(info.Runtimes ?? {});
  const runtime = runtimeOf(settings.runtime, runtimes, info.DefaultRuntime ?? 'runc', engine);
  const security = (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, '').split(',', 1)[0] ?? '');
  const isRootless = security.includes('rootless');
  const seccompPath = join(settings.stateDir, 'seccomp.json');
  await mkdir(settings.stateDir, { recursive: true, mode: 0o700 });
  await writeFile(seccompPath, JSON.stringify(seccompProfile), { mode: 0o600 });
  const missingLimits = [
    ...(info.MemoryLimit === false ? ['memory'] : []),
    ...(info.CpuCfsQuota === false ? ['CPU time'] : []),
    ...(info.PidsLimit === false ? ['processes'] : []),
    ...(engine === 'docker' && !security.includes('seccomp') ? ['system calls (seccomp)'] : []),
  ];
  const warnings = [...(await runcWarnings(runtime, components)), ...(isRootless || security.includes('userns') ? [] : [NOT_REMAPPED])];
  return {
    docker,
    socket,
    traits: { engine, runtime, hardLimits: engine === 'podman' ? await ownHardLimits() : null, seccompPath },
    version: `${engine} ${version.Version}, ${runtime}`,
    isRemapped: isRootless || security.includes('userns'),
    isRootless,
    cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
    missingLimits,
    warnings,
  };
}

/** The same engine with another of its runtimes. */
export const withRuntime = (engine: Engine, runtime: string): Engine => ({
  ...engine,
  traits: { ...engine.traits, runtime },
  version: engine.version.replace(/, [^,]*$/, `, ${runtime}`),
});

const NOT_REMAPPED =
  'Root in a container is root on this machine for this engine: turn on user-namespace remapping ("userns-remap": "default") or use a rootless engine';

function runtimeOf(wanted: HelperSettings['runtime'], there: readonly string[], usual: string, engine: string): string {
  if (wanted === 'auto')
    return there.includes('runsc')
      ? 'runsc'
      : there.includes('runc') || engine === 'podman'
        ? there.includes(usual)
          ? usual
          : 'runc'
        : usual;
  if (!there.includes(wanted))
    throw new NunetError('engine-runtime', `Cannot use runtime ${wanted}: this engine has ${there.join(', ') || 'none that it names'}`);
  return wanted;
}

const isOlder = (version: readonly number[], than: readonly number[]): boolean => {
  for (let i = 0; i < than.length; i++) {
    const [a, b] = [version[i] ?? 0, than[i] ?? 0];
    if (a !== b) return a < b;
  }
  return false;
};

/** Distributions mend old versions: Debian's 1.1.5 with its own patch is not the vulnerable one. */
export function runcWarning(version: string, packageVersion: string | null): string | null {
  const parsed = /(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (parsed === null || !isOlder(parsed.slice(1).map(Number), MIN_RUNC)) return null;
  const patched = /^1\.1\.5\+ds1-1\+deb12u(\d+)/.exec(packageVersion ?? '') ?? /^1\.1\.5\+ds1-1\+deb12u(\d+)/.exec(version);
  if (patched !== null && Number(patched[1]) >= 1) return null;
  return `runc ${version}${packageVersion === null ? '' : ` (package ${packageVersion})`} may have CVE-2024-21626, by which a container reaches the machine's files: want ${MIN_RUNC.join('.')} or newer, or a package with the patch`;
}

async function runcWarnings(
  runtime: string,
  components: readonly { Name: string; Version: string; Details?: Record<string, unknown> | null | undefined }[],
): Promise<string[]> {
  if (runtime !== 'runc') return [];
  const runc = components.find(({ Name }) => Name === 'runc');
  const commit = runc?.Details?.['GitCommit'];
  const packaged = typeof commit === 'string' && /deb\d+u\d+/.test(commit) ? commit : await packageVersion('runc');
  const warning = runc === undefined ? null : runcWarning(runc.Version, packaged);
  return warning === null ? [] : [warning];
}

const packageVersion = async (name: string): Promise<string | null> =>
  promisify(execFile)('/usr/bin/dpkg-query', ['-W', '-f', '${Version}', name], { env: {}, timeout: CONNECT_MS }).then(
    ({ stdout }) => stdout.trim().slice(0, 100) || null,
    () => null,
  );

/** Without CAP_SYS_RESOURCE an engine cannot raise a limit above its own; the agent stands for it. */
async function ownHardLimits(): Promise<EngineTraits['hardLimits']> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const hard = (name: string): number => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1];
    return value === undefined || value === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(value);
  };
  return { nofile: hard('Max open files'), nproc: hard('Max processes') };
}

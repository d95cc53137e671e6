// A container job as the engine gets it: every limit that a job runs under is decided here, from a typed job and facts about the engine. Pure.
import type Docker from 'dockerode';
import { NunetError } from '@nunet/shared/errors.ts';
import type { ContainerJob } from './helper-protocol.ts';
import { seccompProfile } from './seccomp.ts';

/** `CgroupnsMode`: the library's types lack it. */
export type ContainerOptions = Docker.ContainerCreateOptions & { HostConfig: Docker.HostConfig & { CgroupnsMode: 'private' } };

/** What of the engine decides how a container is asked for. */
export interface EngineTraits {
  readonly engine: 'docker' | 'podman';
  /** As the engine names it. */
  readonly runtime: string;
  /** Own hard limits: an engine without privileges cannot give a container more than that. null: it can. */
  readonly hardLimits: { readonly nofile: number; readonly nproc: number } | null;
  /** Where the seccomp profile lies for an engine that wants a path. */
  readonly seccompPath: string;
}

/** What of an image matters: it is as hostile as the job. */
export interface ImageTraits {
  /** sha256:... */
  readonly id: string;
  readonly env: readonly string[];
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** Where the parts of one execution lie. */
export interface JobPlaces {
  /** Folder of the input files. */
  readonly inputs: string;
  /** The program of programs.ts that becomes PID 1. */
  readonly init: string;
  /** Folders of a filesystem of fixed size, or volumes of the engine that are bounded. */
  readonly workspace: { readonly type: 'bind' | 'volume'; readonly source: string };
  readonly outputs: { readonly type: 'bind' | 'volume'; readonly source: string };
  /** Files there are memory, and count as the job's. */
  readonly diskIsMemory: boolean;
}

/** Nobody on the machine is this; in every image it is nobody as well. */
export const JOB_UID = 65_534;
const INIT_TARGET = '/.nunet-init';
/** After a polite stop, before the kill. Not billed. */
export const GRACE_SECONDS = 3;
const MIB = 2 ** 20;
const MAX_PROCESSES = 512;
const MAX_OPEN_FILES = 8_192;
/** Counted over all containers of one mapped uid, so it is no limit of one job: `PidsLimit` is. */
const MAX_PROCESSES_OF_UID = 32_768;
/** Above any disk quota, so that a full disk says so before the kernel ends the writer: a bound for files that are mostly holes. */
const MIN_FILE_BYTES = 64 * MIB;
const TMP_BYTES = 64 * MIB;
const SHM_BYTES = 64 * MIB;
const VOLUME_BYTES = 16 * MIB;
const MAX_VOLUMES = 8;
/** Killed before anything of the machine's own when memory runs out. */
const OOM_SCORE = 500;
const LOG_FILE_BYTES = 16 * MIB;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/key-users',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/dev/block',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Variables that load code into every program, or reach for a device through the runtime's hooks. */
const STRIPPED =
  /^(LD_.*|GCONV_PATH|GLIBC_TUNABLES|LOCPATH|NVIDIA_.*|CUDA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|NUNET_.*)$/;

/** Folders that a volume of an image may not lie over, nor hold. */
const OWN_PLACES = ['/workspace', '/outputs', '/inputs', '/tmp', INIT_TARGET];
const SYSTEM_PLACES = ['/proc', '/sys', '/dev', '/etc', '/bin', '/sbin', '/lib', '/lib64', '/usr'];

/** Throws `image-volume`, `image-command`. */
export function createOptions(
  job: ContainerJob,
  image: ImageTraits,
  places: JobPlaces,
  traits: EngineTraits,
  labels: Readonly<Record<string, string>>,
): ContainerOptions {
  const { cpus, memoryBytes, diskBytes } = job.resources;
  const memory = memoryBytes + (places.diskIsMemory ? diskBytes : 0);
  const isPodman = traits.engine === 'podman';
  return {
    name: `nunet-${job.id}`,
    Image: image.id,
    Entrypoint: [INIT_TARGET],
    Cmd: commandOf(job, image),
    Env: environmentOf(job, image, isPodman),
    Labels: { ...labels },
    User: `${JOB_UID}:${JOB_UID}`,
    WorkingDir: '/workspace',
    Hostname: 'job',
    Domainname: '',
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    StopTimeout: GRACE_SECONDS,
    HostConfig: {
      Runtime: traits.runtime,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      Privileged: false,
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      CapAdd: [],
      CapDrop: ['ALL'],
      SecurityOpt: securityOptions(traits),
      MaskedPaths: MASKED_PATHS,
      ReadonlyPaths: READONLY_PATHS,
      Memory: memory,
      // Memory and swap together: no swap.
      MemorySwap: memory,
      OomKillDisable: false,
      OomScoreAdj: OOM_SCORE,
      NanoCpus: cpus * 1e9,
      PidsLimit: MAX_PROCESSES,
      ShmSize: Math.min(SHM_BYTES, memoryBytes / 4),
      Ulimits: ulimitsOf(diskBytes, traits),
      Init: false,
      LogConfig: isPodman
        ? { Type: 'k8s-file', Config: { 'max-size': `${LOG_FILE_BYTES}` } }
        : { Type: 'json-file', Config: { 'max-size': `${LOG_FILE_BYTES}`, 'max-file': '2' } },
      Mounts: [
        { Type: 'bind', Source: places.init, Target: INIT_TARGET, ReadOnly: true, BindOptions: { Propagation: 'rprivate' } },
        { Type: 'bind', Source: places.inputs, Target: '/inputs', ReadOnly: true, BindOptions: { Propagation: 'rprivate' } },
        placed(places.workspace, '/workspace'),
        placed(places.outputs, '/outputs'),
      ],
      Tmpfs: {
        '/tmp': temporary(Math.min(TMP_BYTES, memoryBytes / 2), isPodman),
        ...Object.fromEntries(coveredVolumes(image.volumes).map((path) => [path, temporary(VOLUME_BYTES, isPodman)])),
      },
      ...devicesOf(job.gpus, traits),
    },
  };
}

/** Everything, the image's own start included, is started by our PID 1. */
function commandOf(job: ContainerJob, image: ImageTraits): string[] {
  const { run } = job;
  if (run.type === 'script') return ['python3', '-u', `/inputs/${run.script}`, ...run.arguments];
  const command = run.command.length > 0 ? [...run.command] : [...image.entrypoint, ...image.command];
  if (command.length === 0)
    throw new NunetError('image-command', 'Cannot start the job: neither the job nor its image says which program to run');
  return command;
}

function environmentOf(job: ContainerJob, image: ImageTraits, isPodman: boolean): string[] {
  const own: Record<string, string> = {
    PATH: image.env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? PATH,
    // Libraries see every CPU of the machine, and would start a thread on each.
    ...Object.fromEntries(['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'].map((name) => [name, String(job.resources.cpus)])),
    ...job.environment,
    HOME: '/workspace',
    TMPDIR: '/tmp',
    NUNET_INPUTS: '/inputs',
    NUNET_OUTPUTS: '/outputs',
  };
  const stripped = image.env
    .map((entry) => entry.split('=', 1)[0] ?? '')
    .filter((name) => STRIPPED.test(name) && !(name in own))
    // Docker leaves out a name without a value; Podman would take the value of its own environment.
    .map((name) => (isPodman ? `${name}=` : name));
  return [...Object.entries(own).map(([name, value]) => `${name}=${value}`), ...new Set(stripped)].sort();
}

const placed = ({ type, source }: JobPlaces['workspace'], target: string): Docker.MountSettings =>
  type === 'bind'
    ? { Type: 'bind', Source: source, Target: target, ReadOnly: false, BindOptions: { Propagation: 'rprivate' } }
    : {
        Type: 'volume',
        Source: source,
        Target: target,
        ReadOnly: false,
        VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
      };

/** The job owns it: runc before 1.2 gives it the mode of the folder that it covers, whatever is asked for. Podman takes no owner. */
const temporary = (bytes: number, isPodman: boolean): string =>
  [
    'rw',
    'noexec',
    'nosuid',
    'nodev',
    `size=${Math.floor(bytes)}`,
    'mode=1777',
    ...(isPodman ? [] : [`uid=${JOB_UID}`, `gid=${JOB_UID}`]),
  ].join(',');

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** A volume of an image is a way to the machine's disk without any limit: each becomes a small one in memory. */
function coveredVolumes(volumes: readonly string[]): string[] {
  const refuse = (why: string): never => {
    throw new NunetError('image-volume', `Cannot run the image: ${why}`);
  };
  const paths = [...new Set(volumes.map((path) => path.replace(/\/+$/, '')))].filter((path) => !OWN_PLACES.includes(path)).sort();
  if (paths.length > MAX_VOLUMES) refuse(`it declares ${paths.length} volumes, want at most ${MAX_VOLUMES}`);
  for (const path of paths) {
    const shown = JSON.stringify(path.slice(0, 100));
    if (!/^(\/[A-Za-z0-9._@+-]+)+$/.test(path) || path.split('/').some((part) => part === '.' || part === '..'))
      refuse(`its volume ${shown} is not a plain absolute path`);
    if (
      OWN_PLACES.some((own) => isWithin(path, own) || isWithin(own, path)) ||
      SYSTEM_PLACES.some((place) => isWithin(path, place) || isWithin(place, path))
    )
      refuse(`its volume ${shown} lies over a place of the agent or the system`);
  }
  return paths;
}

function ulimitsOf(diskBytes: number, { hardLimits }: EngineTraits) {
  const limit = (Name: string, want: number, most: number | undefined) => {
    const value = Math.min(want, most ?? want);
    return { Name, Soft: value, Hard: value };
  };
  return [
    limit('core', 0, undefined),
    limit('fsize', Math.max(diskBytes, MIN_FILE_BYTES) * 4, undefined),
    limit('nofile', MAX_OPEN_FILES, hardLimits?.nofile),
    limit('nproc', MAX_PROCESSES_OF_UID, hardLimits?.nproc),
  ];
}

/** By exact name, one job each. What an engine makes of it is looked at inside, before the job starts. */
function devicesOf(gpus: ContainerJob['gpus'], { engine }: EngineTraits): Partial<Docker.HostConfig> {
  const nvidia = gpus.flatMap((gpu) => (gpu.vendor === 'nvidia' ? [gpu.id] : []));
  const amd = gpus.flatMap((gpu) => (gpu.vendor === 'amd' ? [gpu.device] : []));
  const plain = (path: string, cgroup: string) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: cgroup });
  const devices = amd.length === 0 ? [] : ['/dev/kfd', ...amd].map((path) => plain(path, 'rw'));
  if (nvidia.length === 0) return { Devices: devices };
  // Podman ignores device requests without a word; it knows GPUs by their names in the container device interface.
  if (engine === 'podman') return { Devices: [...devices, ...nvidia.map((id) => plain(`nvidia.com/gpu=${id}`, ''))] };
  return { Devices: devices, DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: nvidia, Capabilities: [['gpu', 'compute', 'utility']] }] };
}

const KEEPER_BYTES = 8 * MIB;
const KEEPER_PROCESSES = 16;

/** The container that keeps volumes in memory alive: one program of ours that sleeps, under the same rules as a job. */
export function keeperOptions(
  name: string,
  imageId: string,
  volumes: readonly string[],
  traits: EngineTraits,
  labels: Readonly<Record<string, string>>,
): ContainerOptions {
  const isPodman = traits.engine === 'podman';
  return {
    name,
    Image: imageId,
    Entrypoint: ['/keeper'],
    Cmd: [],
    Labels: { ...labels },
    User: `${JOB_UID}:${JOB_UID}`,
    NetworkDisabled: true,
    StopTimeout: 0,
    HostConfig: {
      Runtime: traits.runtime,
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      CapDrop: ['ALL'],
      SecurityOpt: securityOptions(traits),
      Memory: KEEPER_BYTES,
      MemorySwap: KEEPER_BYTES,
      PidsLimit: traits.runtime === 'runsc' ? MAX_PROCESSES : KEEPER_PROCESSES,
      Ulimits: ulimitsOf(0, traits),
      LogConfig: { Type: isPodman ? 'k8s-file' : 'none', Config: {} },
      Mounts: volumes.map((source, i) => placed({ type: 'volume', source }, `/${i}`)),
    },
  };
}

const securityOptions = ({ engine, seccompPath }: EngineTraits): string[] =>
  engine === 'podman'
    ? ['no-new-privileges', `seccomp=${seccompPath}`]
    : ['no-new-privileges:true', `seccomp=${JSON.stringify(seccompProfile)}`];

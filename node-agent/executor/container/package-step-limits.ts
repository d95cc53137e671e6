// What the installing of packages runs under: the same walls as a job, a folder in memory, and its own input and output. Pure.
import type Docker from 'dockerode';
import { JOB_UID, type EngineTraits } from './limits.ts';
import { seccompProfile } from './seccomp.ts';

export interface StepBounds {
  /** Of the packages and of everything on the way to them: their folder is memory, and within this. */
  readonly memoryBytes: number;
  readonly cpus: number;
}

const MIB = 2 ** 20;
/** gVisor counts threads of its own. */
const MAX_PROCESSES = 512;
const MAX_OPEN_FILES = 1_024;
const MAX_PROCESSES_OF_UID = 32_768;
/** What Python and pip take beside the files, measured with pip 23: 60 MiB. */
const PROGRAM_BYTES = 128 * MIB;
const OOM_SCORE = 600;

export const stepFolderBytes = ({ memoryBytes }: StepBounds): number => Math.max(16 * MIB, memoryBytes - PROGRAM_BYTES);

export function packageStepOptions(
  imageId: string,
  program: string,
  list: readonly string[],
  bounds: StepBounds,
  { engine, runtime, hardLimits, seccompPath }: EngineTraits,
  labels: Readonly<Record<string, string>>,
): Docker.ContainerCreateOptions {
  const isPodman = engine === 'podman';
  const limit = (Name: string, want: number, most = want) => ({ Name, Soft: Math.min(want, most), Hard: Math.min(want, most) });
  const folder = stepFolderBytes(bounds);
  return {
    Image: imageId,
    Entrypoint: ['python3'],
    Cmd: ['-I', '-B', '-c', program, JSON.stringify(list)],
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/work', 'TMPDIR=/work/tmp', 'LANG=C.UTF-8', 'SOURCE_DATE_EPOCH=0', 'PYTHONHASHSEED=0'],
    Labels: { ...labels },
    User: `${JOB_UID}:${JOB_UID}`,
    WorkingDir: '/',
    Hostname: 'packages',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    StopTimeout: 0,
    HostConfig: {
      Runtime: runtime,
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      CapDrop: ['ALL'],
      SecurityOpt: isPodman
        ? ['no-new-privileges', `seccomp=${seccompPath}`]
        : ['no-new-privileges:true', `seccomp=${JSON.stringify(seccompProfile)}`],
      Memory: bounds.memoryBytes,
      MemorySwap: bounds.memoryBytes,
      OomScoreAdj: OOM_SCORE,
      NanoCpus: bounds.cpus * 1e9,
      PidsLimit: MAX_PROCESSES,
      Ulimits: [
        limit('core', 0),
        limit('fsize', folder),
        limit('nofile', MAX_OPEN_FILES, hardLimits?.nofile),
        limit('nproc', MAX_PROCESSES_OF_UID, hardLimits?.nproc),
      ],
      // What it says is read as it comes, and nowhere kept.
      LogConfig: { Type: 'none', Config: {} },
      // Not over a folder of the image, nor the working directory: runc before 1.2 gives a tmpfs the mode of what it covers.
      Mounts: [{ Type: 'tmpfs', Source: '', Target: '/work', TmpfsOptions: { SizeBytes: folder, Mode: 0o1777 } }],
    },
  };
}

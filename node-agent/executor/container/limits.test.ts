// Every limit of a container, as the engine is asked for it: a change of any of them shows here.
import { describe, expect, test } from 'vitest';
import type { ContainerJob } from './helper-protocol.ts';
import { createOptions, keeperOptions, type EngineTraits, type ImageTraits, type JobPlaces } from './limits.ts';

const id = '0123456789abcdef0123456789abcdef';
const MIB = 2 ** 20;
const job = (part: Partial<ContainerJob> = {}): ContainerJob => ({
  v: 1,
  id,
  jobId: 'bafyjob',
  workDir: '/jobs/1',
  run: { type: 'image', image: `example.org/train@sha256:${'a'.repeat(64)}`, command: ['train', '--epochs', '3'] },
  environment: { SEED: '7' },
  resources: { cpus: 2, memoryBytes: 512 * MIB, diskBytes: 1024 * MIB, gpus: 0 },
  timeLimitMs: 60_000,
  outputLimitBytes: MIB,
  checkpointEveryMs: null,
  resumeFrom: null,
  inputs: [],
  gpus: [],
  ...part,
});
const image = (part: Partial<ImageTraits> = {}): ImageTraits => ({
  id: `sha256:${'b'.repeat(64)}`,
  env: [],
  volumes: [],
  entrypoint: ['/entry'],
  command: ['run'],
  ...part,
});
const docker: EngineTraits = { engine: 'docker', runtime: 'runc', hardLimits: null, seccompPath: '/state/seccomp.json' };
const podman: EngineTraits = { ...docker, engine: 'podman', hardLimits: { nofile: 4_096, nproc: 10_000 } };
const disk: JobPlaces = {
  init: '/state/init',
  inputs: '/jobs/1/inputs',
  workspace: { type: 'bind', source: '/jobs/1/disk/workspace' },
  outputs: { type: 'bind', source: '/jobs/1/disk/outputs' },
  diskIsMemory: false,
};
const memory: JobPlaces = {
  ...disk,
  workspace: { type: 'volume', source: 'w' },
  outputs: { type: 'volume', source: 'o' },
  diskIsMemory: true,
};
const labels = { 'nunet.agent': 'peer', 'nunet.execution': id };

/** The seccomp profile has a test of its own. */
const shown = (options: ReturnType<typeof createOptions>) => ({
  ...options,
  HostConfig: {
    ...options.HostConfig,
    SecurityOpt: options.HostConfig.SecurityOpt?.map((text: string) => (text.startsWith('seccomp={') ? 'seccomp=(inline)' : text)),
  },
});

describe('what the engine is asked for', () => {
  test('docker: an image and its command, on a disk of its own', () => {
    expect(shown(createOptions(job(), image(), disk, docker, labels))).toMatchSnapshot();
  });

  test('docker: a script in a base image, on a disk in memory', () => {
    const run = { type: 'script', base: 'pytorch', script: 'train.py', arguments: ['--fast'], dependencies: [] } as const;
    expect(
      shown(createOptions(job({ run: { ...run, arguments: [...run.arguments], dependencies: [] } }), image(), memory, docker, labels)),
    ).toMatchSnapshot();
  });

  test('podman: the profile as a file, limits that it may give', () => {
    expect(shown(createOptions(job(), image({ env: ['LD_PRELOAD=/evil.so'] }), memory, podman, labels))).toMatchSnapshot();
  });

  test('gVisor', () => {
    expect(createOptions(job(), image(), disk, { ...docker, runtime: 'runsc' }, labels).HostConfig.Runtime).toBe('runsc');
  });

  test('GPUs by their exact ids, and no others', () => {
    const nvidia = job({
      gpus: [
        { vendor: 'nvidia', id: 'GPU-1' },
        { vendor: 'nvidia', id: 'MIG-2' },
      ],
    });
    const amd = job({ gpus: [{ vendor: 'amd', device: '/dev/dri/renderD128' }] });
    const of = (one: ContainerJob, traits: EngineTraits) => {
      const { Devices, DeviceRequests } = createOptions(one, image(), disk, traits, labels).HostConfig;
      return { Devices, DeviceRequests };
    };
    expect({ nvidia: of(nvidia, docker), amd: of(amd, docker), podman: of(nvidia, podman), none: of(job(), docker) }).toMatchSnapshot();
  });

  test('the keeper of volumes in memory is as confined as a job', () => {
    expect(shown(keeperOptions('keeper', image().id, ['w', 'o'], docker, labels) as never)).toMatchSnapshot();
  });
});

describe('an image', () => {
  const hostile = [
    'LD_PRELOAD=/evil.so',
    'LD_LIBRARY_PATH=/evil',
    'NVIDIA_VISIBLE_DEVICES=all',
    'CUDA_VISIBLE_DEVICES=0',
    'GCONV_PATH=/x',
    'HOME=/root',
    'NUNET_OUTPUTS=/etc',
    'LANG=C',
  ];

  test('cannot load code into every program, nor reach for devices, by its environment', () => {
    const env = createOptions(job(), image({ env: hostile }), disk, docker, labels).Env ?? [];
    expect(env).toContain('LD_PRELOAD');
    expect(env.filter((entry) => /^(LD_|NVIDIA_|CUDA_|GCONV)/.test(entry) && entry.includes('='))).toEqual([]);
    expect(env).toContain('HOME=/workspace');
    expect(env).toContain('NUNET_OUTPUTS=/outputs');
    const podmanEnv = createOptions(job(), image({ env: hostile }), disk, podman, labels).Env ?? [];
    expect(podmanEnv).toContain('LD_PRELOAD=');
    expect(podmanEnv).toContain('NVIDIA_VISIBLE_DEVICES=');
  });

  test('cannot choose who the job runs as, what starts it, or from where', () => {
    const options = createOptions(job(), image({ entrypoint: ['/bin/evil'] }), disk, docker, labels);
    expect(options.User).toBe('65534:65534');
    expect(options.Entrypoint).toEqual(['/.nunet-init']);
    expect(options.Cmd).toEqual(['train', '--epochs', '3']);
    expect(options.WorkingDir).toBe('/workspace');
    expect(options.Healthcheck).toEqual({ Test: ['NONE'] });
  });

  test('starts by its own command where the job has none', () => {
    const run = { type: 'image', image: `a@sha256:${'a'.repeat(64)}`, command: [] as string[] } as const;
    expect(createOptions(job({ run: { ...run, command: [] } }), image(), disk, docker, labels).Cmd).toEqual(['/entry', 'run']);
    expect(() =>
      createOptions(job({ run: { ...run, command: [] } }), image({ entrypoint: [], command: [] }), disk, docker, labels),
    ).toThrow('which program to run');
  });

  test("cannot write to the machine's disk by a volume: each becomes a small one in memory", () => {
    const { Tmpfs, Mounts } = createOptions(
      job(),
      image({ volumes: ['/data', '/var/lib/db/', '/workspace', '/tmp'] }),
      disk,
      docker,
      labels,
    ).HostConfig;
    expect(Object.keys(Tmpfs as Record<string, string>)).toEqual(['/tmp', '/data', '/var/lib/db']);
    expect((Tmpfs as Record<string, string>)['/data']).toContain('size=16777216');
    expect((Mounts ?? []).map(({ Target }) => Target)).toEqual(['/.nunet-init', '/inputs', '/workspace', '/outputs']);
  });

  test.each([
    '/',
    '/proc/x',
    '/usr',
    '/workspace/x',
    '/inputs',
    '/inputs/deep',
    'relative',
    '/a/../b',
    '/a b',
    '/etc/../x',
    '/.nunet-init/x',
  ])('cannot put a volume at %s', (path) => {
    // /inputs itself is covered by the agent's own mount.
    if (path === '/inputs') expect(() => createOptions(job(), image({ volumes: [path] }), disk, docker, labels)).not.toThrow();
    else expect(() => createOptions(job(), image({ volumes: [path] }), disk, docker, labels)).toThrow('Cannot run the image: its volume');
  });

  test('cannot have volumes without number', () => {
    const volumes = Array.from({ length: 9 }, (_, i) => `/v${i}`);
    expect(() => createOptions(job(), image({ volumes }), disk, docker, labels)).toThrow('declares 9 volumes, want at most 8');
  });
});

test('memory on a disk in memory is what was promised of both, and swap is none', () => {
  const { Memory, MemorySwap } = createOptions(job(), image(), memory, docker, labels).HostConfig;
  expect([Memory, MemorySwap]).toEqual([1536 * MIB, 1536 * MIB]);
});

test("cannot ask for more than the engine's own hard limits where it could not give them", () => {
  const { Ulimits } = createOptions(job(), image(), memory, podman, labels).HostConfig;
  expect(Ulimits).toContainEqual({ Name: 'nofile', Soft: 4_096, Hard: 4_096 });
  expect(Ulimits).toContainEqual({ Name: 'nproc', Soft: 10_000, Hard: 10_000 });
});

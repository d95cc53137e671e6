// Attack images: perl beside busybox, so that any system call can be tried; and the configuration of an image that means harm.
import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { systemProgram } from '../confinement.ts';
import { busyboxEntries, imagesMissing, testImage, type ImageConfig, type ImageEntry, type TestImage } from './test-images.ts';

async function tree(folder: string): Promise<ImageEntry[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  found.sort((a, b) => (a.parentPath + a.name < b.parentPath + b.name ? -1 : 1));
  return Promise.all(
    found
      .filter((entry) => !entry.isDirectory())
      .map(async (entry): Promise<ImageEntry> => {
        const path = posix.join(entry.parentPath, entry.name);
        if (entry.isSymbolicLink()) return { path, type: 'link', to: await readlink(path) };
        return { path, type: 'file', mode: (await lstat(path)).mode & 0o777, content: await readFile(path) };
      }),
  );
}

/** Libraries that a program was linked with, at the paths where it looks for them. */
async function libraries(program: string): Promise<string[]> {
  const text = await new Promise<string>((resolve, reject) =>
    execFile('ldd', [program], (error, stdout) => (error === null ? resolve(stdout) : reject(error))),
  );
  return [...text.matchAll(/(?:=>\s*|^\s*)(\/\S+)/gm)].map((match) => match[1] ?? '');
}

const PERL_MODULES = process.arch === 'arm64' ? '/usr/lib/aarch64-linux-gnu/perl-base' : '/usr/lib/x86_64-linux-gnu/perl-base';

function perlProgram(): string {
  const perl = systemProgram('perl');
  if (perl === null) throw new Error(`Cannot find perl: ${imagesMissing()}`);
  return perl;
}

/** What perl needs of this system to run elsewhere; the program first. */
export async function perlFiles(): Promise<readonly { from: string; to: string; folder: boolean }[]> {
  const perl = perlProgram();
  return [
    { from: perl, to: '/usr/bin/perl', folder: false },
    ...(await libraries(perl)).map((path) => ({ from: path, to: path, folder: false })),
    { from: PERL_MODULES, to: PERL_MODULES, folder: true },
  ];
}

export const ATTACKS = new URL('./attacks.pl', import.meta.url);

/**
 * Busybox and perl, whose `syscall` tries any system call by its number; a copy of perl that belongs to root and is setuid; and
 * `/bin/attack`, the programs of attacks.pl.
 */
export async function attackImage(config: ImageConfig = {}, name = 'attack'): Promise<TestImage> {
  const perl = perlProgram();
  const bytes = await readFile(perl);
  const shared = await Promise.all(
    (await libraries(perl)).map(async (path): Promise<ImageEntry> => ({ path, type: 'file', content: await readFile(path) })),
  );
  return testImage(
    name,
    [
      ...(await busyboxEntries()),
      { path: 'usr/bin/perl', type: 'file', content: bytes },
      { path: 'usr/bin/setuid-perl', type: 'file', mode: 0o4755, content: bytes },
      ...shared,
      ...(await tree(PERL_MODULES)),
      { path: 'bin/attack', type: 'file', content: await readFile(ATTACKS) },
    ],
    { Cmd: ['/bin/sh'], Env: ['PATH=/bin:/usr/bin'], ...config },
  );
}

/**
 * Every setting by which an image may reach for more than its job: loaders, devices, disks that outlive it, root, a start of its own,
 * programs that run beside the job.
 */
export const HOSTILE_CONFIG: ImageConfig = {
  Env: [
    'PATH=/evil:/bin:/usr/bin',
    'LD_PRELOAD=/evil/preload.so',
    'LD_LIBRARY_PATH=/evil',
    'LD_AUDIT=/evil/audit.so',
    'NVIDIA_VISIBLE_DEVICES=all',
    'NVIDIA_DRIVER_CAPABILITIES=all',
    'NVIDIA_DISABLE_REQUIRE=1',
    'CUDA_VISIBLE_DEVICES=0',
    'HOME=/evil',
    'NUNET_OUTPUTS=/evil',
  ],
  User: '0:0',
  WorkingDir: '/evil',
  Entrypoint: ['/bin/attack', 'entrypoint'],
  Cmd: ['/bin/attack', 'cmd'],
  Volumes: { '/volume': {}, '/var/lib/data': {} },
  Healthcheck: { Test: ['CMD-SHELL', 'echo healthcheck > /proc/1/fd/1'], Interval: 1_000_000_000 },
  OnBuild: ['RUN /bin/attack onbuild'],
  StopSignal: 'SIGCONT',
};

export const hostileImage = async (): Promise<TestImage> => attackImage(HOSTILE_CONFIG, 'hostile');

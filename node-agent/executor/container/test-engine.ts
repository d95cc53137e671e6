// Test engines: a private dockerd or podman service for tests, with everything of it in one short folder, gone without a trace at the end.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { systemProgram } from '../confinement.ts';
import { bootId, startTime } from '../process-identity.ts';
import { cleanEngine } from './test-engine-cleanup.ts';

export type EngineKind = 'docker' | 'podman';
export type EngineRuntime = 'runc' | 'runsc';

export interface TestEngine {
  readonly kind: EngineKind;
  /** Path of its socket. */
  readonly socket: string;
  readonly folder: string;
  readonly docker: Docker;
  /** Runtimes that containers may name. */
  readonly runtimes: readonly EngineRuntime[];
  /** Of the daemon; null while it is down. */
  pid(): number | null;
  /** kill -9 of the daemon, as a crash: containers may go on. */
  kill(): Promise<void>;
  /** The same data again; after `kill`. */
  start(): Promise<void>;
  /** Ends containers, daemon, shims, mounts and cgroups, and deletes the folder. Throws when something of it is left. Idempotent. */
  stop(): Promise<void>;
}

export interface TestEngineOptions {
  readonly kind?: EngineKind;
  /** Docker alone: containers outlive the daemon. */
  readonly liveRestore?: boolean;
  /** Docker alone: a folder on another disk, such as a small one that fills up. */
  readonly dataRoot?: string;
  /** A process whose network the engine and its containers stand in, instead of the machine's. */
  readonly networkOf?: number;
  /** Docker alone; default true: root inside is nobody outside. */
  readonly usernsRemap?: boolean;
}

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
/** Unix sockets have at most 107 bytes of path, and the daemons make some of their own deep below. */
const PARENT = '/tmp';
const PREFIX = 'nte-';

/** What is missing to start one here; null: nothing. */
export function engineMissing(kind: EngineKind): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'an engine of a test needs root on Linux';
  const wanted = kind === 'docker' ? ['dockerd', 'containerd', 'runc'] : ['podman', 'conmon', 'runc'];
  const missing = wanted.filter((name) => systemProgram(name) === null);
  return missing.length === 0
    ? null
    : `no ${missing.join(', ')} on this system: apt-get install ${kind === 'docker' ? 'docker.io' : 'podman runc'}`;
}

/**
 * gVisor: its own kernel between the job and the machine's. Not the kvm platform, which a virtual machine rarely has; and the engine's
 * seccomp profile is passed over unless it is told.
 */
const runscArgs = ['--platform=ptrace', '--network=none', '--oci-seccomp'];

/** Throws with the last lines of the daemon's own log. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const kind = options.kind ?? 'docker';
  const missing = engineMissing(kind);
  if (missing !== null) throw new Error(`Cannot start a test engine: ${missing}`);
  await sweepTestEngines();
  const folder = await mkdtemp(join(PARENT, PREFIX));
  // Remapped roots walk through it.
  await chmod(folder, 0o711);
  await writeFile(join(folder, 'owner'), `${process.pid} ${await startTime(process.pid)} ${await bootId()}`);
  const socket = join(folder, 's');
  const runsc = kind === 'docker' ? systemProgram('runsc') : null;
  const dataRoot = options.dataRoot ?? join(folder, 'd');
  const docker = new Docker({ socketPath: socket });
  await mkdir(dataRoot, { recursive: true });
  if (kind === 'docker') {
    const runtimes = runsc === null ? {} : { runsc: { path: runsc, runtimeArgs: runscArgs } };
    await writeFile(join(folder, 'daemon.json'), JSON.stringify({ runtimes, 'live-restore': options.liveRestore ?? false }));
  } else {
    // Away from what the system's own configuration says.
    await writeFile(join(folder, 'containers.conf'), '[engine]\n');
    await writeFile(join(folder, 'storage.conf'), `[storage]\ndriver="overlay"\ngraphroot="${dataRoot}"\nrunroot="${join(folder, 'x')}"\n`);
    await writeFile(join(folder, 'registries.conf'), 'unqualified-search-registries = []\n');
  }
  const command = kind === 'docker' ? dockerd(folder, dataRoot, socket, options.usernsRemap ?? true) : podman(folder, dataRoot, socket);
  let child: ChildProcess | null = null;
  let stopped: Promise<void> | null = null;

  const answers = async (): Promise<boolean> =>
    Promise.race([docker.ping(), delay(2_000, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer')))]).then(
      () => true,
      () => false,
    );

  async function start(): Promise<void> {
    if (child !== null) return;
    const log = openSync(join(folder, 'log'), 'a');
    // With the test's process ends the daemon, whatever ended that.
    const inNetwork = options.networkOf === undefined ? [] : ['nsenter', `--net=/proc/${options.networkOf}/ns/net`, '--'];
    const started = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...inNetwork, ...command], {
      stdio: ['ignore', log, log],
      // podman's monitor leaves notes in its working directory.
      cwd: folder,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        TMPDIR: folder,
        HOME: folder,
        ...(kind === 'podman' && {
          CONTAINERS_CONF: join(folder, 'containers.conf'),
          CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
          CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
        }),
      },
    });
    closeSync(log);
    started.once('exit', () => {
      if (child === started) child = null;
    });
    started.once('error', () => {
      if (child === started) child = null;
    });
    child = started;
    const deadline = performance.now() + START_WITHIN_MS;
    while (!(await answers())) {
      // The daemon may have ended meanwhile, which the compiler cannot know.
      if ((child as ChildProcess | null) === null || performance.now() > deadline) {
        const text = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
        throw new Error(`Cannot start a test engine (${kind}): it said\n${text.split('\n').slice(-12).join('\n')}`);
      }
      await delay(50);
    }
  }

  async function kill(): Promise<void> {
    const running = child;
    if (running === null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
    // Its containerd goes with it, a moment later; the next daemon would wait for that one in vain.
    const file = join(folder, 'x', 'containerd', 'containerd.pid');
    const containerd = Number(await readFile(file, 'utf8').catch(() => ''));
    if (containerd === 0) return;
    while ((await startTime(containerd)) !== null) await delay(10);
    await rm(file);
  }

  async function removeContainers(): Promise<void> {
    const abortSignal = AbortSignal.timeout(STOP_WITHIN_MS);
    const all = await docker.listContainers({ all: true, abortSignal });
    await Promise.all(
      all.map(async ({ Id }) =>
        docker
          .getContainer(Id)
          .remove({ force: true, v: true, abortSignal })
          .catch(() => {}),
      ),
    );
  }

  async function stopOnce(): Promise<void> {
    const running = child;
    if (running !== null) {
      await removeContainers().catch(() => {});
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      await Promise.race([ended, delay(STOP_WITHIN_MS, undefined, { ref: false })]);
      if (child !== null) await kill();
    }
    await cleanEngine(folder, dataRoot);
  }

  const engine: TestEngine = {
    kind,
    socket,
    folder,
    docker,
    runtimes: runsc === null ? ['runc'] : ['runc', 'runsc'],
    pid: () => child?.pid ?? null,
    kill,
    start,
    stop: async () => (stopped ??= stopOnce()),
  };
  try {
    await start();
  } catch (error) {
    await engine.stop().catch(() => {});
    throw error;
  }
  return engine;
}

/** Without a bridge it touches no route, no forwarding and no rule of the machine's network. */
function dockerd(folder: string, dataRoot: string, socket: string, usernsRemap: boolean): string[] {
  return [
    'dockerd',
    ...['--config-file', join(folder, 'daemon.json'), '--data-root', dataRoot, '--exec-root', join(folder, 'x')],
    ...['--host', `unix://${socket}`, '--pidfile', join(folder, 'pid'), '--group', String(process.getgid?.() ?? 0)],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--cgroup-parent', basename(folder)],
    ...(usernsRemap ? ['--userns-remap=default'] : []),
  ];
}

/** runc and cgroupfs: Debian's crun refuses machines with both versions of cgroups. */
function podman(folder: string, dataRoot: string, socket: string): string[] {
  return [
    'podman',
    ...['--root', dataRoot, '--runroot', join(folder, 'x'), '--tmpdir', join(folder, 't'), '--storage-driver', 'overlay'],
    ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
    ...['system', 'service', '--time', '0', `unix://${socket}`],
  ];
}

/** What engines of dead test runs left behind. */
async function sweepTestEngines(): Promise<void> {
  for (const entry of await readdir(PARENT)) {
    if (!entry.startsWith(PREFIX)) continue;
    const folder = join(PARENT, entry);
    const owner = await readFile(join(folder, 'owner'), 'utf8').catch(() => null);
    // Without an owner it is one that just begins, or a stranger's.
    if (owner === null) continue;
    const [pid, started, boot] = owner.split(' ');
    const isAlive = boot === `${await bootId()}` && (await startTime(Number(pid))) === started;
    if (!isAlive) await cleanEngine(folder, join(folder, 'd')).catch(() => {});
  }
}

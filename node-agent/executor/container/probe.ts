// Proves what a container is worth on this engine: our own probe runs under a job's exact limits and tries to break out; the kernel's answers decide.
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { SandboxLevel } from '@nunet/shared/job-spec.ts';
import type { SandboxCheck } from '../executor.ts';
import type { Engine } from './engine.ts';
import { translated } from './engine-errors.ts';
import type { ContainerJob } from './helper-protocol.ts';
import type { ReadyImage } from './images.ts';
import { makeContainer, removeContainer, type JobContainerParts } from './job-container.ts';
import { demuxed } from './job-log.ts';
import { JOB_UID } from './limits.ts';
import { ownImage } from './own-image.ts';

const MIB = 2 ** 20;
const MEMORY_BYTES = 64 * MIB;
/** gVisor's own kernel needs room of its own. */
const GVISOR_MEMORY_BYTES = 192 * MIB;
const DISK_BYTES = 8 * MIB;
const PROBE_MS = 30_000;
const MAX_PROBE_PROCESSES = 2_000;

const ENOSYS = 38;

/** What the kernel must say to each try; anything else, success above all, is below the floor. */
const REFUSED = [
  'mount umount unshare clone-namespace setns chroot setuid mknod ptrace keyctl bpf perf io-uring userfaultfd',
  'raw-socket packet-socket netlink-socket vsock-socket',
  'write-root write-inputs write-proc write-sysrq read-memory read-kernel-log loopback metadata',
]
  .join(' ')
  .split(' ');
/** Inside gVisor these are calls of its own kernel, which the machine's never sees. */
const OWN_KERNEL = new Set(['mknod', 'unshare', 'clone-namespace', 'ptrace', 'keyctl', 'setns', 'netlink-socket', 'io-uring']);
const ALLOWED = ['write-workspace', 'write-outputs'];

export interface Probed {
  readonly level: SandboxLevel;
  readonly checks: readonly SandboxCheck[];
}

interface Answers {
  readonly numbers: ReadonlyMap<string, number>;
  readonly text: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** Never throws for what the sandbox does wrong; throws for an engine that cannot run a container. */
export async function probeEngine(engine: Engine, parts: JobContainerParts, workRoot: string, signal: AbortSignal): Promise<Probed> {
  const imageId = await ownImage(engine.docker);
  const image: ReadyImage = { id: imageId, bytes: 0, inspect: await engine.docker.getImage(imageId).inspect() };
  const memoryBytes = engine.traits.runtime === 'runsc' ? GVISOR_MEMORY_BYTES : MEMORY_BYTES;
  const run = async (...command: string[]): Promise<Answers> => runProbe(engine, image, command, memoryBytes, parts, workRoot, signal);
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening', { signal });
  try {
    const tries = await Promise.allSettled([
      run('/probe', 'floor', String((server.address() as AddressInfo).port)),
      run('/probe', 'memory', String(memoryBytes * 4)),
      run('/probe', 'pids', String(MAX_PROBE_PROCESSES)),
      run('/probe', 'disk', String(DISK_BYTES * 16)),
    ]);
    // Each has cleaned up after itself by now.
    const [floor, memory, pids, disk] = tries.map((settled) => {
      if (settled.status === 'rejected') throw settled.reason;
      return settled.value;
    }) as [Answers, Answers, Answers, Answers];
    const checks = [
      ...floorChecks(floor, engine.traits.runtime === 'runsc'),
      ...limitChecks(memory, pids, disk),
      ...engine.missingLimits.map((what) => ({ name: what, passed: false, detail: `the engine cannot limit ${what} on this system` })),
    ];
    // The machine's own eyes: a container that lies about the network is caught here.
    if (reached > 0) checks.push({ name: 'loopback', passed: false, detail: `the machine's listener was reached ${reached} times` });
    return { level: checks.every(({ passed }) => passed) ? 'container' : 'none', checks };
  } finally {
    server.close();
  }
}

async function runProbe(
  engine: Engine,
  image: ReadyImage,
  command: string[],
  memoryBytes: number,
  parts: JobContainerParts,
  workRoot: string,
  signal: AbortSignal,
): Promise<Answers> {
  const id = randomBytes(16).toString('hex');
  const workDir = join(workRoot, `probe-${id}`);
  await mkdir(workRoot, { recursive: true, mode: 0o700 });
  const job: ContainerJob = {
    v: 1,
    id,
    jobId: 'probe',
    workDir,
    run: { type: 'image', image: `nunet-own@sha256:${'0'.repeat(64)}`, command },
    environment: {},
    resources: { cpus: 1, memoryBytes, diskBytes: DISK_BYTES, gpus: 0 },
    timeLimitMs: PROBE_MS,
    outputLimitBytes: MIB,
    checkpointEveryMs: null,
    resumeFrom: null,
    inputs: [],
    gpus: [],
  };
  try {
    const state = await makeContainer(job, image, parts, signal);
    const container = engine.docker.getContainer(state.containerId);
    await container.start().catch(translated('engine-probe', 'start a container to try the sandbox out'));
    const timer = setTimeout(() => void container.kill().catch(() => undefined), PROBE_MS);
    await container.wait().finally(() => clearTimeout(timer));
    const logs = await container.logs({ stdout: true, stderr: true, follow: true });
    const text = demuxed(await buffer(logs));
    const { State } = await container.inspect();
    const numbers = new Map([...text.matchAll(/^([a-z-]+) (-?\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)] as const));
    return { numbers, text, exitCode: State.ExitCode, oomKilled: State.OOMKilled };
  } finally {
    await removeContainer(engine.docker, { id, workDir }).catch(() => undefined);
    await rm(workDir, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Pure, over what the probe printed. */
export function floorChecks({ numbers, text }: Pick<Answers, 'numbers' | 'text'>, isGvisor: boolean): SandboxCheck[] {
  const status = new Map([...text.matchAll(/^(\w+):\s+(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim()] as const));
  const is = (name: string, field: string, want: string): SandboxCheck => {
    const value = status.get(field) ?? '(missing)';
    return { name, passed: value === want, detail: `${field} is ${value}, want ${want}` };
  };
  const refused = REFUSED.map((name): SandboxCheck => {
    const result = numbers.get(name);
    if (result === undefined) return { name, passed: false, detail: 'the probe did not get that far' };
    if (isGvisor && OWN_KERNEL.has(name)) return { name, passed: true, detail: "answered by gVisor's own kernel" };
    return { name, passed: result < 0, detail: result < 0 ? `refused with error ${-result}` : 'was allowed' };
  });
  const allowed = ALLOWED.map((name): SandboxCheck => {
    const result = numbers.get(name) ?? -ENOSYS;
    return {
      name,
      passed: result >= 0,
      detail: result >= 0 ? 'possible, as it must be' : `refused with error ${-result}, a job could not work`,
    };
  });
  const masked = ['read-kcore', 'read-keys'].map((name): SandboxCheck => {
    const result = numbers.get(name) ?? 1;
    return { name, passed: result <= 0, detail: result <= 0 ? 'nothing to read' : `${result} bytes could be read` };
  });
  const interfaces = [...(text.split('--- /proc/net/dev')[1] ?? '').matchAll(/^\s*(\S+):\s*\d+\s+\d+/gm)].map(([, name = '']) => name);
  const none = '0'.repeat(16);
  return [
    ...refused,
    ...allowed,
    ...masked,
    is('uid', 'Uid', [JOB_UID, JOB_UID, JOB_UID, JOB_UID].join('\t')),
    is('capabilities', 'CapEff', none),
    is('capabilities-bounding', 'CapBnd', none),
    ...(isGvisor ? [] : [is('no-new-privileges', 'NoNewPrivs', '1'), is('seccomp', 'Seccomp', '2')]),
    {
      name: 'network',
      passed: interfaces.length > 0 && interfaces.every((name) => name === 'lo'),
      detail: interfaces.every((name) => name === 'lo')
        ? 'no interface but its own loopback'
        : `has ${interfaces.join(', ').slice(0, 200)}`,
    },
  ];
}

export function limitChecks(
  memory: Pick<Answers, 'numbers' | 'exitCode' | 'oomKilled'>,
  pids: Pick<Answers, 'numbers' | 'exitCode'>,
  disk: Pick<Answers, 'numbers'>,
): SandboxCheck[] {
  // A probe that never began proves nothing.
  const survived = memory.numbers.get('memory') === 0 || !memory.numbers.has('begun');
  const made = pids.numbers.get('pids');
  const bounded = pids.numbers.has('begun') && (made === undefined ? pids.exitCode !== 0 : made < MAX_PROBE_PROCESSES);
  const disks = ['disk', 'tmp'].map((name): SandboxCheck => {
    const result = disk.numbers.get(name) ?? 0;
    return { name, passed: result < 0, detail: result < 0 ? `full at its quota (error ${-result})` : 'took more than its quota' };
  });
  return [
    { name: 'memory', passed: !survived, detail: survived ? 'took four times its limit' : 'ended at its limit' },
    { name: 'processes', passed: bounded, detail: bounded ? `stopped at ${made ?? 'its limit'}` : `${made} processes were made` },
    ...disks,
  ];
}

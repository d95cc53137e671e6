// The attacks as container jobs, and what each comes to: attacks.pl does the trying, this file says how it must end.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerProgram } from '@nunet/shared/container-program.ts';
import { rawCidOf } from '@nunet/shared/encoding.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { expect } from 'vitest';
import type { Attack, Cell, Cells, Ran } from '../escapes.ts';
import type { ExecutionRequest } from '../executor.ts';
import type { EngineKind, EngineRuntime } from './test-engine.ts';
import { NEIGHBOURS, type Neighbourhood } from './test-neighbourhood.ts';

const MIB = 2 ** 20;
export const ESCAPE_DISK_BYTES = 32 * MIB;
/** What an engine writes for a container beside the job's own: layers, its book-keeping. */
const ENGINE_SLACK_BYTES = 4 * MIB;
/** Two log files of the engine. */
const LOG_BYTES = 32 * MIB;

export interface ContainerJobParts {
  readonly image: string;
  readonly command: readonly string[];
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly resumeFrom?: string;
  readonly timeLimitMs?: number;
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly outputLimitBytes?: number;
  readonly checkpointEveryMs?: number;
}

/** Writes the inputs and makes the request that an agent would. */
export async function containerRequest(parts: ContainerJobParts, folder: string): Promise<ExecutionRequest> {
  const inputs = join(folder, 'inputs');
  await mkdir(inputs, { recursive: true });
  const files = Object.entries(parts.files ?? {}).map(([name, content]) => ({ name, bytes: Buffer.from(content) }));
  for (const { name, bytes } of files) await writeFile(join(inputs, name), bytes);
  const program: ContainerProgram = {
    kind: 'container',
    run: { type: 'image', image: parts.image, command: [...parts.command] },
    environment: { ...parts.environment },
    downloads: [],
    checkpointEveryMs: parts.checkpointEveryMs ?? null,
    resumeFrom: parts.resumeFrom ?? null,
  };
  const spec: JobSpec = {
    v: 1,
    network: 'devnet',
    nonce: randomBytes(16).toString('hex'),
    title: 'escape',
    delivery: 'open',
    replay: 'never',
    resources: { cpus: 1, memoryBytes: parts.memoryBytes ?? 128 * MIB, diskBytes: parts.diskBytes ?? ESCAPE_DISK_BYTES, gpus: 0 },
    timeLimitMs: parts.timeLimitMs ?? 60_000,
    outputLimitBytes: parts.outputLimitBytes ?? 4 * MIB,
    inputs: files.map(({ name, bytes }) => ({ name, cid: rawCidOf(bytes), bytes: bytes.length })),
    program,
  };
  return { jobId: `job-${spec.nonce}`, spec, inputPath: (name) => join(inputs, name), workDir: join(folder, 'work'), gpus: [] };
}

export interface ContainerGround {
  readonly kind: EngineKind;
  readonly runtime: EngineRuntime;
  /** References by digest of images in the engine. */
  readonly attackImage: string;
  readonly hostileImage: string;
  /** Of an image that its registry exchanges for another. */
  readonly exchangedImage: string;
  readonly neighbourhood: Pick<Neighbourhood, 'port' | 'socket'>;
}

/** tar headers by hand: a library would not write these. */
function tarEntry(name: string, size: number, type: '0' | '2' | '5' = '0', link = '', content: Uint8Array = new Uint8Array()): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  header.write(
    `${[...header]
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
const END_OF_TAR = Buffer.alloc(1024);

const refused = (message: RegExp): Attack['named'] => ({ exit: 'jobFault', code: 'program-failed', message });
const fault = (code: string | RegExp, message?: RegExp): Attack['named'] => ({ exit: 'jobFault', code, ...(message && { message }) });
/** A job's disk is taken whole when it starts, so that the machine cannot run out of it later. */
const within =
  (bytes = 0) =>
  (ran: Ran): void =>
    expect(ran.grewBytes, 'bytes on the disk').toBeLessThanOrEqual(ESCAPE_DISK_BYTES + bytes + ENGINE_SLACK_BYTES);

export function containerCells(ground: ContainerGround): Cells {
  const isGvisor = ground.runtime === 'runsc';
  const job =
    (command: readonly string[], more: Partial<ContainerJobParts> = {}): Attack['request'] =>
    async (_, folder) =>
      containerRequest({ image: ground.attackImage, command: ['/bin/attack', ...command], ...more }, folder);
  /** Everything that it tries is refused, and it says so at its end. */
  const tries = (name: string, message: RegExp, ...rest: string[]): Attack => ({ request: job([name, ...rest]), named: refused(message) });
  const fills = (folder: string, more: Partial<ContainerJobParts> = {}): Attack => ({
    request: job(['fill', folder], more),
    named: refused(/^.*ENOSPC/),
    outside: within(),
  });
  const notHere = (notApplicable: string): Cell => ({ notApplicable });
  const onlyOnnx = 'a container job is code, not a model';

  return {
    'fork-bomb': {
      request: job(['fork-bomb'], { timeLimitMs: 2_500, memoryBytes: 1024 * MIB }),
      // gVisor pays for each process with memory and threads of its own kernel: which limit is met first is a matter of speed.
      named: isGvisor ? fault(/^memory-limit$|^time-limit$|^program-failed$/) : fault('time-limit'),
    },
    'memory-balloon': {
      request: job(['memory-balloon']),
      named: fault('memory-limit'),
      outside: ({ result }) => expect(result.peakMemoryBytes).toBeLessThanOrEqual(132 * MIB),
    },
    'shared-memory': fills('/dev/shm'),
    'fill-workspace': fills('/workspace'),
    'fill-outputs': fills('/outputs'),
    'fill-tmp': fills('/tmp'),
    'fill-volume': fills('/volume', { image: ground.hostileImage }),
    'small-files': {
      request: job(['small-files', '/workspace'], { timeLimitMs: 60_000 }),
      named: refused(/ENOSPC|EDQUOT/),
      outside: within(),
    },
    'output-files': { request: job(['output-files']), named: fault('output-limit') },
    'log-flood': {
      request: job(['log-flood'], { timeLimitMs: 1_500 }),
      // A fast machine meets the limit of the log first.
      named: fault(/^(log|time)-limit$/),
      outside(ran) {
        expect(ran.logs.length).toBeLessThanOrEqual(10_001);
        expect(Math.max(...ran.logs.map((line) => line.length))).toBeLessThanOrEqual(1_000);
        within(LOG_BYTES)(ran);
      },
    },
    'log-line': {
      request: job(['log-line'], { timeLimitMs: 1_500 }),
      // A fast machine meets the limit of the log first.
      named: fault(/^(log|time)-limit$/),
      outside(ran) {
        expect(ran.logs.reduce((sum, line) => sum + line.length, 0)).toBeLessThanOrEqual(10_001 * 1_000);
        within(LOG_BYTES)(ran);
      },
    },
    'log-codes': {
      request: job(['log-codes']),
      named: { exit: 'completed', log: /plain/ },
      // oxlint-disable-next-line no-control-regex -- they are what must not come
      outside: ({ logs }) => expect(logs.filter((line) => /[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(line))).toEqual([]),
    },
    'progress-flood': {
      request: job(['progress-flood']),
      named: { exit: 'completed' },
      outside: ({ events }) => expect(events.filter(({ type }) => type === 'progress').length).toBeLessThan(500),
    },
    'burn-cpu': {
      request: job(['burn-cpu'], { timeLimitMs: 2_000 }),
      named: fault('time-limit'),
      // One CPU for the time that it ran, and the polite stop.
      outside: ({ result, tookMs }) => expect(result.cpuMs).toBeLessThanOrEqual(tookMs * 1.1),
    },
    'open-files': tries('open-files', /EMFILE/),
    'dump-core': { request: job(['dump-core']), named: fault('crashed', /SIGABRT/), outside: within() },
    'sleep-past': {
      request: job(['sleep', '600'], { timeLimitMs: 700 }),
      named: fault('time-limit'),
      outside: ({ result }) => expect(result.billedMs).toBeLessThanOrEqual(700),
    },
    'exact-limit': {
      request: job(['sleep', '600'], { timeLimitMs: 1_000 }),
      named: fault('time-limit'),
      outside({ result }) {
        expect(result.billedMs).toBeLessThanOrEqual(1_000);
        expect(result.billedMs).toBeGreaterThanOrEqual(950);
      },
    },
    'ignore-signals': {
      request: job(['ignore-signals'], { timeLimitMs: 700 }),
      named: fault('time-limit'),
      outside({ result, tookMs }) {
        expect(result.billedMs).toBeLessThanOrEqual(700);
        expect(tookMs).toBeLessThan(30_000);
      },
    },
    'leave-daemon': { request: job(['leave-daemon']), named: { exit: 'completed', log: /left one behind/ } },
    devices: tries('devices', /mknod EPERM/),
    'write-proc': isGvisor ? notHere("/proc is gVisor's own, the machine's is not there") : tries('write-proc', /core_pattern EROFS/),
    'write-sys': tries('write-sys', /transparent_hugepage/),
    'read-kernel': tries('read-kernel', /syslog EPERM/),
    'oom-score': isGvisor
      ? notHere("the score inside is gVisor's own; the machine's is given to the sandbox from outside")
      : tries('oom-score', /oom_score_adj EACCES/),
    mount: tries('mount', /bind EPERM/),
    namespaces: tries('namespaces', /unshare user EPERM/),
    ptrace: tries('ptrace', /attach EPERM/),
    'raw-sockets': tries('raw-sockets', /packet EPERM/),
    keys: tries('keys', /keyctl E/),
    'kernel-programs': tries('kernel-programs', /bpf E/),
    'io-uring': tries('io-uring', /io_uring_setup E/),
    userfaultfd: tries('userfaultfd', /userfaultfd E/),
    personality: tries('personality', /no randomization E/),
    clock: tries('clock', /clock_settime EPERM/),
    'host-name': tries('host-name', /sethostname EPERM/),
    'kernel-parts': tries('kernel-parts', /reboot EPERM/),
    'file-handles': tries('file-handles', /open_by_handle_at E/),
    privileges: tries('privileges', /setuid 0 EPERM/),
    'setuid-program': tries('setuid-program', /uid 65534/),
    // Under gVisor PID 1 is a process like any other.
    'kill-init': isGvisor ? { request: job(['kill-init']), named: fault('crashed') } : tries('kill-init', /PID 1 lives/),
    'kill-all': { request: job(['kill-all']), named: fault('program-failed', /killed/) },
    loopback: {
      request: async (world, folder) => job(['connect', '127.0.0.1', String(world.loopbackPort)])(world, folder),
      named: refused(/127\.0\.0\.1:\d+ ECONNREFUSED/),
    },
    lan: tries(
      'connect',
      /169\.254\.169\.254:\d+ E(NET|HOST)UNREACH.*10\.11\.12\.13:\d+ E(NET|HOST)UNREACH/,
      ...NEIGHBOURS.flatMap((address) => [address, String(ground.neighbourhood.port)]),
      '127.0.0.1',
      String(ground.neighbourhood.port),
    ),
    'abstract-socket': tries('abstract-socket', /ECONNREFUSED/, ground.neighbourhood.socket),
    'write-root': tries('write-root', /\/etc\/nunet-written E(ROFS|ACCES)/),
    'write-inputs': { request: job(['write-inputs', 'input'], { files: { input: 'as it was' } }), named: refused(/append E/) },
    secrets: {
      request: async (world, folder) => job(['search', ...world.secret])(world, folder),
      named: refused(/not found/),
    },
    'other-job': {
      beside: async ({ secret }, folder) => {
        const word = `other${secret.join('')}`;
        const script = `for place in /workspace /tmp /dev/shm /outputs; do echo ${word} > $place/${word}; done; echo ready; exec sleep 600`;
        return containerRequest({ image: ground.attackImage, command: ['/bin/sh', '-c', script], environment: { WORD: word } }, folder);
      },
      request: async (world, folder) => job(['search', `other${world.secret[0]}`, world.secret[1]])(world, folder),
      named: refused(/not found/),
    },
    sockets: tries('sockets', /docker\.sock ENOENT/),
    'output-links': {
      request: async (world, folder) => job(['output-links', world.canaryFile], { files: { input: 'as it was' } })(world, folder),
      named: { exit: 'completed', log: /not delivered: .*symlink/ },
      async outside({ result }, { secret }) {
        for (const { path } of result.outputs) expect(await readFile(path, 'latin1')).not.toContain(secret.join(''));
        expect(result.outputs.map(({ name }) => name)).toContain('good');
        expect(result.outputs.map(({ name }) => name)).not.toContain('symlink');
      },
    },
    'output-sparse': { request: job(['output-sparse']), named: fault('program-failed', /153|larger/), outside: within() },
    'output-deep': { request: job(['output-deep']), named: { exit: 'completed', log: /not delivered/ } },
    'archive-paths': {
      request: job(['look'], {
        files: { 'checkpoint.tar': Buffer.concat([tarEntry('../../../nunet-escaped', 4, '0', '', Buffer.from('evil')), END_OF_TAR]) },
        resumeFrom: 'checkpoint.tar',
      }),
      named: { refused: /^(archive|checkpoint|resume)-/ },
    },
    'archive-bomb': {
      request: job(['look'], {
        files: { 'checkpoint.tar': Buffer.concat([tarEntry('huge', 7 * 2 ** 30), Buffer.alloc(4 * MIB), END_OF_TAR]) },
        resumeFrom: 'checkpoint.tar',
      }),
      named: { refused: /^(archive|checkpoint|resume)-/ },
      outside: within(),
    },
    'hostile-environment': {
      request: job(['look'], { image: ground.hostileImage }),
      named: { exit: 'completed', log: /ran as job/ },
      outside({ logs }) {
        expect(logs.filter((line) => /^env (LD_|NVIDIA_|CUDA_)[A-Z_]*=./.test(line))).toEqual([]);
        expect(logs).toContain('env HOME=/workspace');
        expect(logs).toContain('env NUNET_OUTPUTS=/outputs');
      },
    },
    'hostile-image': {
      request: job(['look-long'], { image: ground.hostileImage }),
      named: { exit: 'completed', log: /ran as job/ },
      outside({ logs }) {
        expect(logs).toContain('uid 65534 cwd /workspace');
        expect(logs.filter((line) => /healthcheck|no such attack|onbuild/.test(line))).toEqual([]);
      },
    },
    'other-image': { request: job(['look'], { image: ground.exchangedImage }), named: { refused: /^image-digest$/ } },
    'changed-script': notHere('the agent fetches and checks files from the web before any executor: node-agent/fetch'),
    'external-data': notHere(onlyOnnx),
    'endless-loop': notHere(`${onlyOnnx}; the time limit is tried above`),
    'huge-tensor': notHere(`${onlyOnnx}; the memory limit is tried above`),
    'own-operator': notHere(onlyOnnx),
  };
}

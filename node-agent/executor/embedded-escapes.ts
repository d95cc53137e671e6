// The attacks on the embedded executor: models that mean harm, and a child that was taken over by one, as attacks.pl in its place.
import { expect } from 'vitest';
import { withNote, externalDataJob, ownOperatorJob } from './hostile-models.ts';
import { doublingJob, endlessJob, hugeTensorJob, memoryBombJob, requestOf, type TestJob } from './conformance-jobs.ts';
import { NEIGHBOURS, type Neighbourhood } from './container/test-neighbourhood.ts';
import type { Attack, Cell, Cells } from './escapes.ts';

const MIB = 2 ** 20;

/**
 * `isFiltered`: a syscall filter stands before the kernel (bubblewrap). `neighbourhood`: the network in which the child is started;
 * null: taking the child over is not tried, because this confinement is below the floor of any stranger's job.
 */
export function embeddedCells({ isFiltered, neighbourhood }: { isFiltered: boolean; neighbourhood: Neighbourhood | null }): Cells {
  const notHere = (notApplicable: string): Cell => ({ notApplicable });
  const model = (job: TestJob, named: Attack['named'], outside?: Attack['outside']): Attack => ({
    isHonest: true,
    request: async (_, folder) => requestOf(job, folder),
    named,
    ...(outside && { outside }),
  });
  const fault = (code: string): Attack['named'] => ({ exit: 'jobFault', code });
  const request =
    (name: string, limits: TestJob['limits'], ...rest: string[]): Attack['request'] =>
    async (_, folder) =>
      requestOf(attackModel([name, ...rest], limits), folder);
  const belowFloor = 'below the sandbox floor: no job of a stranger runs there';
  const code = (cell: Attack): Cell => (neighbourhood === null ? notHere(belowFloor) : cell);
  /** Code in the child tries, and is refused. */
  const tries = (name: string, message: RegExp, ...rest: string[]): Cell =>
    code({ request: request(name, {}, ...rest), named: { exit: 'jobFault', code: 'program-failed', message } });
  const filtered = (cell: Cell): Cell =>
    isFiltered || neighbourhood === null
      ? cell
      : notHere('only bubblewrap filters system calls, and this confinement runs models, never code');
  const noFiles = 'its child can write no file at all';
  const noImage = 'it runs no image';
  const outputsByPipe = 'outputs are bytes over a pipe, under names that the job file gives';

  return {
    'fork-bomb': filtered(tries('processes', /fork E/)),
    'memory-balloon': model(memoryBombJob(), fault('memory-limit'), ({ result }) =>
      expect(result.peakMemoryBytes).toBeLessThanOrEqual(512 * MIB),
    ),
    'shared-memory': tries('files-anywhere', /\/dev\/shm\/nunet-written E/),
    'fill-workspace': notHere(noFiles),
    'fill-outputs': notHere(noFiles),
    'fill-tmp': notHere(noFiles),
    'fill-volume': notHere(noImage),
    'small-files': notHere(noFiles),
    'output-files': notHere(outputsByPipe),
    'log-flood': code({
      request: request('embedded-log-flood', {}),
      named: { exit: 'computeProviderFault', code: 'child-vanished' },
      outside({ logs }) {
        expect(logs.length).toBeLessThanOrEqual(10_001);
        expect(Math.max(...logs.map((line) => line.length))).toBeLessThanOrEqual(1_000);
      },
    }),
    'log-line': notHere('log lines are messages of bounded length'),
    'log-codes': notHere('tried with lines of a child that turned: executor/adversarial.test.ts'),
    'progress-flood': code({
      request: request('embedded-progress-flood', {}),
      named: { exit: 'computeProviderFault', code: 'child-vanished' },
      outside: ({ events }) => expect(events.filter(({ type }) => type === 'progress').length).toBeLessThan(500),
    }),
    'burn-cpu': model(endlessJob(1_500), fault('time-limit'), ({ result, tookMs }) =>
      expect(result.cpuMs).toBeLessThanOrEqual(tookMs * 1.1 + 500),
    ),
    'open-files': notHere('256 open files are a hard limit of its child'),
    'dump-core': notHere('dumps are limited to nothing, and no place could be written'),
    'sleep-past': code({
      request: request('sleep', { timeLimitMs: 700 }, '600'),
      named: fault('time-limit'),
      outside: ({ result }) => expect(result.billedMs).toBeLessThanOrEqual(700),
    }),
    'exact-limit': model(endlessJob(1_000), fault('time-limit'), ({ result }) => {
      expect(result.billedMs).toBeLessThanOrEqual(1_000);
      expect(result.billedMs).toBeGreaterThanOrEqual(950);
    }),
    'ignore-signals': code({
      request: request('ignore-signals', { timeLimitMs: 700 }),
      named: fault('time-limit'),
      outside: ({ tookMs }) => expect(tookMs).toBeLessThan(30_000),
    }),
    'leave-daemon': filtered(tries('processes', /fork E/)),
    devices: tries('devices', /mknod E/),
    'write-proc': tries('write-proc', /core_pattern E/),
    'write-sys': tries('write-sys', /transparent_hugepage\/enabled E/),
    'read-kernel': filtered(tries('read-kernel', /syslog E/)),
    'oom-score': tries('oom-score', /oom_score_adj E/),
    mount: tries('mount', /bind E/),
    namespaces: filtered(tries('namespaces', /unshare user E/)),
    ptrace: filtered(tries('ptrace', /E/)),
    'raw-sockets': filtered(tries('raw-sockets', /packet E/)),
    keys: filtered(tries('keys', /keyctl E/)),
    'kernel-programs': tries('kernel-programs', /bpf E/),
    'io-uring': filtered(tries('io-uring', /io_uring_setup E/)),
    userfaultfd: filtered(tries('userfaultfd', /userfaultfd E/)),
    personality: filtered(tries('personality', /no randomization E/)),
    clock: tries('clock', /clock_settime EPERM/),
    'host-name': tries('host-name', /sethostname EPERM/),
    'kernel-parts': filtered(tries('kernel-parts', /reboot EPERM/)),
    'file-handles': tries('file-handles', /E/),
    privileges: filtered(tries('privileges', /setuid 0 E/)),
    'setuid-program': notHere('nothing of a job is a program'),
    'kill-init': notHere('its child is PID 1 or 2 of its own namespace: ending that ends the job'),
    'kill-all': code({ request: request('kill-all', {}), named: { exit: 'computeProviderFault', code: 'child-vanished' } }),
    loopback: code({
      request: async (world, folder) => request('connect', {}, '127.0.0.1', String(world.loopbackPort))(world, folder),
      named: { exit: 'jobFault', code: 'program-failed', message: /127\.0\.0\.1:\d+ E/ },
    }),
    lan: tries(
      'connect',
      /169\.254\.169\.254:\d+ E.*10\.11\.12\.13/,
      ...NEIGHBOURS.flatMap((address) => [address, String(neighbourhood?.port ?? 1)]),
    ),
    'abstract-socket': tries('abstract-socket', /E/, neighbourhood?.socket ?? ''),
    'write-root': tries('files-anywhere', /\/nunet-written E/),
    'write-inputs': notHere('inputs come over a pipe: the agent keeps its own'),
    secrets: code({
      request: async (world, folder) => request('search', {}, ...world.secret)(world, folder),
      named: { exit: 'jobFault', code: 'program-failed', message: /not found/ },
    }),
    'other-job': notHere('a job has no files there, and sees no process of another'),
    sockets: tries('host-files', /docker\.sock E/),
    'output-links': notHere(outputsByPipe),
    'output-sparse': notHere(outputsByPipe),
    'output-deep': notHere(outputsByPipe),
    'archive-paths': notHere('it resumes from nothing'),
    'archive-bomb': notHere('it resumes from nothing'),
    'hostile-environment': notHere(noImage),
    'hostile-image': notHere(noImage),
    'other-image': notHere(noImage),
    'changed-script': notHere('it takes no file from the web'),
    'external-data': model(externalDataJob('/etc/passwd'), { refused: /^graph-external-data$/ }),
    'endless-loop': model(endlessJob(300), fault('time-limit')),
    'huge-tensor': model(hugeTensorJob(), fault('memory-limit'), ({ result }) => expect(result.peakMemoryBytes).toBeLessThan(256 * MIB)),
    'own-operator': model(ownOperatorJob(), { refused: /^graph-operator$/ }),
  };
}

/** A good model, whose notes tell the child that was taken over what to try. */
function attackModel(attack: readonly string[], limits: TestJob['limits']): TestJob {
  const job = doublingJob();
  return {
    ...job,
    files: { ...job.files, 'graph.onnx': withNote(job.files['graph.onnx'] ?? new Uint8Array(), `ATTACK ${attack.join(' ')}\n`) },
    ...(limits && { limits }),
  };
}

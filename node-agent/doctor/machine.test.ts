// The judges of what a machine has, on good machines and on bad ones.
import { describe, expect, it, test } from 'vitest';
import { judgeEngine, type EngineFacts, type EngineSocket } from './engine.ts';
import type { Finding } from './finding.ts';
import { judgeGpus } from './gpus.ts';
import { factsOf } from './read-engine.ts';
import { judgeResources } from './resources.ts';
import { judgeSandbox } from './sandbox.ts';
import { judgeSystem } from './system.ts';

/** "check state" of each finding, and that whatever is not well says what to do. */
const told = (findings: readonly Finding[]): string[] => {
  for (const { state, fix, says } of findings) {
    expect(says).not.toBe('');
    expect(fix === null).toBe(state === 'pass' || state === 'skip');
  }
  return findings.map(({ check, state }) => `${check} ${state}`);
};

describe('the system', () => {
  const good = { node: '24.21.0', platform: 'linux', arch: 'x64', uid: 998, groups: ['nunet'], isContainer: false };
  test.each([
    [{}, ['node pass', 'platform pass', 'account pass']],
    [{ node: '22.1.0' }, ['node fail', 'platform pass', 'account pass']],
    [{ platform: 'darwin' }, ['node pass', 'platform fail', 'account pass']],
    [{ arch: 'riscv64' }, ['node pass', 'platform warn', 'account pass']],
    [{ uid: 0 }, ['node pass', 'platform pass', 'account warn']],
    [{ groups: ['nunet', 'docker'] }, ['node pass', 'platform pass', 'account warn']],
  ])('%j', (change, wanted) => {
    expect(told(judgeSystem({ ...good, ...change }))).toEqual(wanted);
  });
});

describe('what is lent', () => {
  const gib = 2 ** 30;
  const good = {
    machine: { cpus: 8, memoryBytes: 32 * gib, diskBytes: 400 * gib, gpus: 0 },
    diskIsMemory: false,
    availableBytes: 30 * gib,
  };
  const share = { cpus: 50, memory: 50, disk: 20 };
  test.each([
    [{}, ['disk pass', 'memory pass']],
    [{ machine: { ...good.machine, diskBytes: 4 * gib } }, ['disk fail', 'memory pass']],
    [{ machine: { ...good.machine, diskBytes: 20 * gib } }, ['disk warn', 'memory pass']],
    [{ diskIsMemory: true }, ['disk warn', 'memory pass']],
    [{ machine: { ...good.machine, memoryBytes: 2 ** 27 } }, ['disk pass', 'memory fail']],
    [{ availableBytes: 8 * gib }, ['disk pass', 'memory warn']],
  ])('%j', (change, wanted) => {
    expect(told(judgeResources({ ...good, ...change }, share))).toEqual(wanted);
    expect(told(judgeResources({ ...good, ...change }, null))).toEqual(['disk skip', 'memory skip']);
  });
});

const docker: EngineFacts = {
  kind: 'docker',
  version: '27.1.1',
  apiVersion: '1.46',
  isRootless: false,
  hasUserNamespace: true,
  hasSeccomp: true,
  runtimes: ['runc', 'runsc'],
  runcVersion: '1.1.13',
  runcPackage: null,
  cgroupVersion: '2',
  limits: { memory: true, pids: true, cpu: true },
};
const auto = { engine: 'auto', socket: null, runtime: 'auto', packageIndex: null } as const;
const at = (facts: Partial<EngineFacts>): EngineSocket[] => [
  { path: '/run/none.sock', state: 'missing' },
  { path: '/run/docker.sock', state: 'answers', facts: { ...docker, ...facts } },
];
const all = 'engine engine-rights engine-seccomp engine-limits runc gvisor'.split(' ');
const judged = (...states: Finding['state'][]): string[] => all.map((name, index) => `${name} ${states[index] ?? 'pass'}`);

describe('an engine', () => {
  test.each<[string, Partial<EngineFacts>, string[]]>([
    ['good', {}, judged()],
    ['rootless', { isRootless: true, hasUserNamespace: false }, judged()],
    ['with all of root’s rights', { hasUserNamespace: false }, judged('pass', 'warn')],
    ['too old', { apiVersion: '1.40' }, judged('fail')],
    ['without a filter of system calls', { hasSeccomp: false }, judged('pass', 'pass', 'fail')],
    [
      'rootless on cgroup v1',
      { isRootless: true, cgroupVersion: '1', limits: { memory: false, pids: false, cpu: true } },
      judged('pass', 'pass', 'pass', 'fail'),
    ],
    ['with an old runc', { runcVersion: '1.1.5' }, judged('pass', 'pass', 'pass', 'pass', 'warn')],
    ['with Debian’s mended runc', { runcVersion: '1.1.5+ds1', runcPackage: '1.1.5+ds1-1+deb12u1' }, judged()],
    [
      'with Debian’s runc before that',
      { runcVersion: '1.1.5+ds1', runcPackage: '1.1.5+ds1-1' },
      judged('pass', 'pass', 'pass', 'pass', 'warn'),
    ],
    ['that names no runc', { runcVersion: null }, judged('pass', 'pass', 'pass', 'pass', 'skip')],
    ['without gVisor', { runtimes: ['runc'] }, judged('pass', 'pass', 'pass', 'pass', 'pass', 'skip')],
  ])('%s', (_, facts, wanted) => {
    expect(told(judgeEngine(at(facts), auto))).toEqual(wanted);
  });

  it('is a failure where the owner asked for it, and a word where not', () => {
    const missing: EngineSocket[] = [{ path: '/var/run/docker.sock', state: 'missing' }];
    expect(told(judgeEngine(missing, null))).toEqual(['engine warn']);
    expect(told(judgeEngine(missing, { ...auto, engine: 'docker' }))).toEqual(['engine fail']);
    expect(told(judgeEngine(at({}), { ...auto, engine: 'podman' }))).toEqual(['engine fail']);
    expect(told(judgeEngine(missing, { ...auto, engine: 'off' }))).toEqual(['engine skip']);
    expect(judgeEngine([{ path: '/x', state: 'not-permitted' }], auto)[0]?.fix).toContain('as good as root');
    expect(judgeEngine([{ path: '/x', state: 'silent' }], auto)[0]?.fix).toContain('systemctl start');
    expect(told(judgeEngine(at({ runtimes: ['runc'] }), { ...auto, runtime: 'runsc' }))).toContain('gvisor fail');
    expect(told(judgeEngine(at({}), { ...auto, runtime: 'runc' }))).toContain('gvisor skip');
  });

  it('says who it is in its own words, whatever else it says', () => {
    // As Docker 20.10 of Debian 12 answers, shortened.
    const version = {
      Version: '20.10.24+dfsg1',
      ApiVersion: '1.41',
      Components: [
        { Name: 'Engine', Version: '20.10.24' },
        { Name: 'runc', Version: '1.1.5+ds1' },
      ],
    };
    const info = {
      SecurityOptions: ['name=seccomp,profile=default', 'name=userns'],
      Runtimes: { runc: {}, runsc: {} },
      CgroupVersion: '1',
      MemoryLimit: true,
      PidsLimit: true,
      CpuCfsQuota: true,
    };
    expect(factsOf(version, info, null)).toEqual({
      ...docker,
      version: '20.10.24+dfsg1',
      apiVersion: '1.41',
      runcVersion: '1.1.5+ds1',
      cgroupVersion: '1',
    });
    // As Podman 4 answers on the same paths.
    const podman = {
      Version: '4.3.1',
      ApiVersion: '1.41',
      Components: [
        { Name: 'Podman Engine', Version: '4.3.1' },
        { Name: 'OCI Runtime (runc)', Version: '1.1.5' },
      ],
    };
    expect(factsOf(podman, { SecurityOptions: ['name=rootless', 'name=seccomp'] }, null)).toMatchObject({
      kind: 'podman',
      isRootless: true,
      runcVersion: '1.1.5',
    });
    expect(factsOf({}, { SecurityOptions: 7, Runtimes: [] }, null)).toMatchObject({ hasSeccomp: false, limits: { memory: false } });
    expect(() => factsOf('<html>', {}, null)).toThrow();
  });
});

describe('a sandbox', () => {
  const facts = { hasBubblewrap: true, usernsClone: null, apparmorRestricts: null };
  const held = {
    sandbox: 'namespace',
    detail: 'bubblewrap',
    checks: [{ name: 'network', passed: true, detail: '' }],
    kinds: ['onnx'],
    version: '1',
  } as const;
  it('is well when everything held, and named when not', () => {
    expect(told([judgeSandbox('embedded', held, facts)])).toEqual(['sandbox-embedded pass']);
    const broken = { ...held, kinds: [], checks: [{ name: 'network', passed: false, detail: 'reached the host' }] };
    const finding = judgeSandbox('embedded', broken, facts);
    expect(told([finding])).toEqual(['sandbox-embedded fail']);
    expect(finding.says).toContain('network (reached the host)');
    expect(told([judgeSandbox('container', { ...held, checks: broken.checks }, facts)])).toEqual(['sandbox-container warn']);
    expect(told([judgeSandbox('embedded', { error: 'no child starts' }, facts)])).toEqual(['sandbox-embedded fail']);
  });

  test.each([
    [{ hasBubblewrap: false }, 'apt install bubblewrap'],
    [{ usernsClone: '0' }, 'kernel.unprivileged_userns_clone=1'],
    [{ apparmorRestricts: '1' }, 'AppArmor'],
  ])('is mended by what the system forbids: %j', (change, fix) => {
    expect(judgeSandbox('embedded', { error: 'x' }, { ...facts, ...change }).fix).toContain(fix);
  });
});

describe('GPUs', () => {
  const now = { usedBytes: null, busyPercent: null, temperatureC: null, powerW: null, processes: null };
  const one = {
    vendor: 'nvidia',
    id: 'GPU-1',
    name: 'H100',
    pci: '',
    driver: null,
    architecture: null,
    memoryBytes: 2 ** 36,
    nodes: [],
    slices: [],
    now,
  } as const;
  const gpu = { ...one, slices: [], nodes: [] };
  const problem = { code: 'nvidia-toolkit-missing', problem: 'no toolkit', fix: 'install it' } as const;
  it('are set against those that are lent', () => {
    expect(told(judgeGpus({ gpus: [], problems: [] }, []))).toEqual(['gpu skip']);
    expect(judgeGpus({ gpus: [gpu], problems: [] }, ['GPU-1'])[0]?.says).toContain('64.0 GiB: lent');
    expect(judgeGpus({ gpus: [gpu], problems: [] }, [])[0]?.says).toContain('not lent');
    expect(told(judgeGpus({ gpus: [gpu], problems: [problem] }, []))).toEqual(['gpu warn', 'gpu pass']);
    expect(told(judgeGpus({ gpus: [gpu], problems: [problem] }, ['GPU-1']))).toEqual(['gpu fail', 'gpu pass']);
    expect(told(judgeGpus({ gpus: [], problems: [] }, ['GPU-1']))).toEqual(['gpu fail']);
  });
});

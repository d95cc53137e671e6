// Every way of confining a child that this system has, attacked by a real child; and the levels that may be claimed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildChildRuntime, type ChildRuntime } from './child-runtime.ts';
import { confinements, unconfined, type Confinement } from './confinement.ts';
import { EmbeddedExecutor, systemClock, type ScoreRequest } from './embedded.ts';
import { chooseSandbox, probeConfinement, type ProbedSandbox } from './sandbox-probe.ts';

const { signal } = new AbortController();
let runtime: ChildRuntime;
beforeAll(async () => {
  runtime = await buildChildRuntime(signal);
});
afterAll(() => runtime.dispose());

const failedChecks = (probed: ProbedSandbox | null): string[] =>
  (probed?.checks ?? []).filter((check) => !check.passed).map((check) => check.name);

describe.each(confinements().filter((confinement) => confinement.aims === 'namespace'))('a child in $name', (confinement) => {
  let probed: ProbedSandbox | null = null;
  beforeAll(async () => {
    probed = await probeConfinement(confinement, runtime, signal);
  });
  const check = (name: string) => probed?.checks.find((one) => one.name === name);
  // A system may forbid user namespaces to some; then this way is skipped there, and the probe said so.
  const attack = (title: string, name: string) =>
    test(title, (context) => {
      if (probed === null) context.skip(`${confinement.name} starts no child on this system`);
      expect(check(name)).toMatchObject({ passed: true });
    });
  attack('cannot reach the network', 'network');
  attack("cannot read the host's files", 'host-files');
  attack('cannot read a file whose path it knows', 'canary-file');
  attack('cannot write a file', 'write-files');
  attack('cannot see other processes', 'other-processes');
  attack('cannot take more memory than its limit', 'memory');
  attack("cannot read the agent's environment", 'empty-environment');
  attack('cannot use a capability', 'no-capabilities');
  attack('cannot gain privileges', 'no-new-privileges');
  test('is worth the level namespace', (context) => {
    if (probed === null) context.skip(`${confinement.name} starts no child on this system`);
    expect(probed?.level).toBe('namespace');
  });
});

test('an unconfined child fails the same attacks: the probe can tell', async () => {
  const probed = await probeConfinement(unconfined, runtime, signal);
  expect(probed?.level).toBe('none');
  expect(failedChecks(probed)).toEqual(expect.arrayContaining(['network', 'host-files', 'canary-file', 'other-processes', 'memory']));
});

test('a confinement with a hole in it cannot claim its level', async () => {
  const [best] = confinements();
  if (best === undefined || best.aims !== 'namespace') return;
  const leaky: Confinement = {
    ...best,
    launch: (all, limits) => best.launch({ ...all, visible: [...all.visible, { from: '/etc', to: '/etc', folder: true }] }, limits),
  };
  const probed = await probeConfinement(leaky, runtime, signal);
  expect(failedChecks(probed)).toContain('host-files');
  expect(probed?.level).not.toBe('namespace');
});

test('the best way that holds is chosen, and one that starts nothing is passed over', async () => {
  const broken: Confinement = {
    name: 'broken',
    aims: 'namespace',
    launch: () => ({ command: '/nonexistent/launcher', args: [], descriptor3: null }),
  };
  const chosen = await chooseSandbox(runtime, signal, [broken, unconfined]);
  expect(chosen?.confinement.name).toBe('none');
  expect(await chooseSandbox(runtime, signal, [broken])).toBeNull();
});

test("cannot score a stranger's model below the sandbox floor without the devnet flag", async () => {
  const request: ScoreRequest = {
    evaluation: { graph: 'model.onnx', feeds: {}, batchSize: null, metric: { name: 'accuracy', output: 'accuracy' } },
    filePath: () => {
      throw new Error('no file may be opened');
    },
    fileBytes: () => 0,
    memoryBytes: 2 ** 28,
    timeLimitMs: 1_000,
  };
  const strict = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: false, confinements: [unconfined] });
  await expect(strict.score(request, signal)).rejects.toMatchObject({ code: 'sandbox-below-floor' });
  const lenient = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true, confinements: [unconfined] });
  await expect(lenient.score(request, signal)).rejects.toThrow('no file may be opened');
  await strict.close();
  await lenient.close();
});

test('cannot run a job below the sandbox floor without the devnet flag', async () => {
  const strict = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: false, confinements: [unconfined] });
  const fingerprint = await strict.fingerprint(signal);
  expect(fingerprint).toMatchObject({ sandbox: 'none', kinds: [] });
  expect(fingerprint.detail).toContain('no jobs taken');
  const lenient = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true, confinements: [unconfined] });
  expect(await lenient.fingerprint(signal)).toMatchObject({ sandbox: 'none', kinds: ['onnx'] });
  await strict.close();
  await lenient.close();
});

// What every scene is given: the running world, opened before the first test and closed after the last, and no test with an error in any console.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import type { JobFile } from '@nunet/shared/job-file.ts';
import { makeMnistJob } from '../../jobs/mnist-job.ts';
import { callDevnet } from '../../network/devnet-client.ts';
import type { Dashboard, JobStates } from '../dashboard.ts';
import { openWorld, passTime, type World } from '../world.ts';

export interface Stage {
  readonly world: World;
  readonly dashboard: Dashboard;
  /** Job files of the training job that keep an agent busy for some seconds, and for minutes; and one that is paid by vouchers, its result sealed. */
  readonly jobs: { some: string; many: string; sealed: string };
  /** One of the devnet's controls: time, rollbacks, outages. */
  control(name: string, body: unknown): Promise<unknown>;
  /** Moves the devnet's time on until the lock of the shown job has ended in one of these ways. */
  passUntil(...locks: JobStates['lock'][]): Promise<void>;
  /** Errors that a test is about, and that the next check must not count. */
  expectProblems(like: RegExp): void;
}

export function openStage(): Stage {
  let world: World | undefined;
  let jobs = { some: '', many: '', sealed: '' };
  let expected: RegExp | null = null;
  const opened = (): World => {
    if (world === undefined) throw new Error('The world did not open');
    return world;
  };
  beforeAll(async () => {
    world = await openWorld(inject('extension').chromium);
    const job = (name: string, epochs: number): Promise<string> => makeMnistJob(join(opened().folder, name), { epochs });
    jobs = { some: await job('some', 60), many: await job('many', 2_000), sealed: await job('sealed', 60) };
    const file = JSON.parse(await readFile(jobs.sealed, 'utf8')) as JobFile;
    await writeFile(jobs.sealed, JSON.stringify({ ...file, stream: true, delivery: 'sealed' }));
    await world.dashboard.connected();
    await world.dashboard.fund();
  });
  afterAll(() => world?.close());
  afterEach(() => {
    const problems = opened().browser.problems.splice(0);
    const like = expected;
    expected = null;
    expect(like === null ? problems : problems.filter((problem) => !like.test(problem))).toEqual([]);
  });
  return {
    get world() {
      return opened();
    },
    get dashboard() {
      return opened().dashboard;
    },
    get jobs() {
      return jobs;
    },
    control: (name, body) => callDevnet(opened().network.devnet.url, `/devnet/${name}`, body),
    async passUntil(...locks) {
      const { network, dashboard } = opened();
      await passTime(
        network,
        `lock ${locks.join(' or ')}`,
        async () => locks.includes((await dashboard.states()).lock),
        () => dashboard.summary(),
      );
    },
    expectProblems(like) {
      expected = like;
    },
  };
}

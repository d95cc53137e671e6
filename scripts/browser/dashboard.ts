// The dashboard as a person uses it: connect, fund, choose a job and an offer, run, read, answer.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JobState } from '@nunet/shared/job-state.ts';
import type { LockState } from '@nunet/shared/lock-state.ts';
import { marked, until, type Attributes, type Driver } from './driver.ts';

export interface JobPlan {
  /** One of the templates, or the path of a job file whose folder is dropped. */
  job: { template: 'digits' | 'speech' } | { file: string };
  /** Peer id: take the offer of this agent. Left out: the preselected one. */
  agent?: string;
  askBeforeAnswer?: boolean;
}

export interface JobStates {
  job: JobState;
  lock: LockState | 'none';
}

export interface ShownWallet {
  address: string;
  baseUnits: bigint;
  lovelace: bigint;
}

export class Dashboard {
  readonly driver: Driver;
  constructor(driver: Driver) {
    this.driver = driver;
  }

  async one(id: string, data: Readonly<Record<string, string>> = {}): Promise<Attributes | null> {
    return (await this.driver.all(marked(id, data)))[0] ?? null;
  }

  /** The element, once it is there and fits. */
  shown(
    id: string,
    fits: (attributes: Attributes) => boolean = () => true,
    options: { timeoutMs?: number; data?: Readonly<Record<string, string>> } = {},
  ): Promise<Attributes> {
    return until(
      `${id} as wanted`,
      async () => {
        const element = await this.one(id, options.data);
        return element !== null && fits(element) ? element : null;
      },
      { ...options, state: () => this.summary() },
    );
  }

  /** What the page says now, for a failure's message. */
  async summary(): Promise<string> {
    const ids = [
      'network-state',
      'host-state',
      'frame-state',
      'chain-error',
      'message',
      'job-state',
      'lock-state',
      'progress',
      'notice',
      'form-problem',
    ];
    const found = await Promise.all(
      ids.map(async (id) =>
        (await this.driver.all(marked(id))).map((element) => {
          const data = Object.entries(element).filter(([name]) => name.startsWith('data-') && name !== 'data-testid');
          return `${id}{${data.map(([name, value]) => `${name.slice(5)}=${value}`).join(' ')}} ${(element['text'] ?? '').slice(0, 200)}`;
        }),
      ),
    );
    return `The page: ${found.flat().join(' | ')}`;
  }

  async connect(devnetUrl: string): Promise<void> {
    await this.driver.go(`#/connect?devnet=${devnetUrl}`);
    await this.driver.click(marked('connect'));
    await this.shown('network-state', (element) => element['data-state'] === 'ready');
    await this.shown('frame-state', (element) => element['data-state'] === 'ready');
  }

  /** Asks the faucet and waits until the money is shown. */
  async fund(): Promise<ShownWallet> {
    const before = await this.wallet();
    await this.driver.click(marked('fund'));
    await this.shown('wallet', (element) => BigInt(element['data-base-units'] ?? '0') > before.baseUnits, { timeoutMs: 60_000 });
    return this.wallet();
  }

  async wallet(): Promise<ShownWallet> {
    const element = await this.shown('wallet', (wallet) => (wallet['data-address'] ?? '') !== '');
    return {
      address: element['data-address'] ?? '',
      baseUnits: BigInt(element['data-base-units'] ?? '0'),
      lovelace: BigInt(element['data-lovelace'] ?? '0'),
    };
  }

  /** Form and pre-flight; the offer is chosen, nothing is locked yet. */
  async preflight(plan: JobPlan): Promise<void> {
    const { driver } = this;
    await driver.go('#/new');
    if ('template' in plan.job) await driver.click(marked(`template-${plan.job.template}`));
    else {
      const folder = dirname(plan.job.file);
      await until('the form takes files', () => driver.all(marked('file-input')).then((found) => found.length > 0));
      await driver.files(
        marked('file-input'),
        readdirSync(folder).map((name) => join(folder, name)),
      );
    }
    if (plan.askBeforeAnswer === true) await driver.click(marked('ask-before-answer'));
    await driver.click(marked('find'));
    await this.shown('offer', () => true, { timeoutMs: 60_000 });
    if (plan.agent !== undefined) await driver.click(`${marked('offer', { 'peer-id': plan.agent })} ${marked('offer-select')}`);
  }

  /** Locks the chosen offer's amount; gives the job's id. */
  async run(): Promise<string> {
    await this.driver.click(marked('run'));
    const job = await this.shown('job', (element) => (element['data-job-id'] ?? '') !== '');
    return job['data-job-id'] ?? '';
  }

  async start(plan: JobPlan): Promise<string> {
    await this.preflight(plan);
    return this.run();
  }

  async states(): Promise<JobStates> {
    const [job, lock] = await Promise.all([this.one('job-state'), this.one('lock-state')]);
    return { job: (job?.['data-state'] ?? 'draft') as JobState, lock: (lock?.['data-state'] ?? 'none') as JobStates['lock'] };
  }

  /** Waits for both machines; a job that ended otherwise fails at once. */
  async reaches(wanted: Partial<JobStates>, timeoutMs = 120_000): Promise<JobStates> {
    const ends = new Set<string>(['withdrawn', 'refunded', 'distributed', 'reclaimed', 'dropped']);
    return until(
      `job ${wanted.job ?? 'any'}, lock ${wanted.lock ?? 'any'}`,
      async () => {
        const states = await this.states();
        if ((wanted.job ?? states.job) === states.job && (wanted.lock ?? states.lock) === states.lock) return states;
        if (ends.has(states.lock) && wanted.lock !== undefined && ends.has(wanted.lock) && states.lock !== wanted.lock) {
          throw new Error(`The lock ended as ${states.lock}, want ${wanted.lock}. ${await this.summary()}`);
        }
        return null;
      },
      { timeoutMs, state: () => this.summary() },
    );
  }

  /** The program runs and has come to its second epoch. */
  async works(): Promise<void> {
    await this.shown('progress', (element) => element['data-phase'] === 'steps' && Number(element['data-epoch']) >= 2, {
      timeoutMs: 60_000,
    });
  }
}

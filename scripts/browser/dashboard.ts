// The dashboard as a person uses it: connect, fund, choose a job and an offer, run, sign, read, answer.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JobState } from '@nunet/shared/job-state.ts';
import type { LockState } from '@nunet/shared/lock-state.ts';
import { marked, until, type Attributes, type Driver } from './driver.ts';
import { PASSWORD } from './onboarding.ts';

export interface JobPlan {
  /** One of the templates, or the path of a job file whose folder is dropped. */
  job: { template: 'digits' | 'speech' } | { file: string };
  /** Peer id: take the offer of this agent. Left out: the preselected one. */
  agent?: string;
  askBeforeAnswer?: boolean;
  /** Editable settings of the form, such as `epochs`. */
  settings?: Readonly<Record<string, string>>;
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
      'pill',
      'network-error',
      'problem',
      'form-errors',
      'preflight-summary',
      'job-state',
      'lock-state',
      'progress',
      'chain-error',
      'notice',
      'signing-sheet',
      'approve',
      'approve-hold',
      'risk',
      'sheet-failed',
      'sheet-problem',
    ];
    const found = await Promise.all(
      [...ids.map((id) => marked(id)), '[data-testid^="refusal-"]'].map(async (selector) =>
        (await this.driver.all(selector)).map((element) => {
          const data = Object.entries(element).filter(([name]) => name.startsWith('data-') && name !== 'data-testid');
          return `${element['data-testid'] ?? ''}{${data.map(([name, value]) => `${name.slice(5)}=${value}`).join(' ')}} ${(element['text'] ?? '').slice(0, 200)}`;
        }),
      ),
    );
    return `The page: ${found.flat().join(' | ')}`;
  }

  async connect(devnetUrl: string): Promise<void> {
    await this.driver.go(`#/connect?devnet=${encodeURIComponent(devnetUrl)}`);
    await this.driver.click(marked('connect'));
    await this.connected();
  }

  /** Network record verified, host there, network frame running. */
  async connected(): Promise<void> {
    await this.shown('pill', (pill) => pill['data-network'] === 'ready' && pill['data-host'] === 'ready' && pill['data-frame'] === 'ready');
  }

  /** Asks the faucet and waits until the money is shown. */
  async fund(): Promise<ShownWallet> {
    const before = await this.wallet();
    await this.driver.click(marked('fund'));
    await this.shown('wallet-ntx', (ntx) => BigInt(ntx['data-base-units'] ?? '0') > before.baseUnits, { timeoutMs: 60_000 });
    return this.wallet();
  }

  /** As the page of the connection shows it. */
  async wallet(): Promise<ShownWallet> {
    await this.driver.go('#/connect');
    await this.shown('wallet-address');
    const [ntx, ada, address] = await Promise.all([this.one('wallet-ntx'), this.one('wallet-ada'), this.one('wallet-address')]);
    return {
      address: address?.['data-address'] ?? '',
      baseUnits: BigInt(ntx?.['data-base-units'] ?? '0'),
      lovelace: BigInt(ada?.['data-lovelace'] ?? '0'),
    };
  }

  /** Form and pre-flight; the offer is chosen, nothing is locked yet. Gives the job's id. */
  async preflight(plan: JobPlan): Promise<string> {
    await this.fillForm(plan);
    return this.find(plan.agent);
  }

  async fillForm(plan: JobPlan): Promise<void> {
    const { driver } = this;
    if ('template' in plan.job) {
      await driver.go('#/new');
      await driver.click(marked(`template-${plan.job.template}`));
    } else {
      await driver.go('#/new/file');
      const folder = dirname(plan.job.file);
      await this.shown('drop-files');
      await driver.files(
        marked('drop-files'),
        readdirSync(folder).map((name) => join(folder, name)),
      );
    }
    const ask = await this.shown('ask-before-answer');
    if ('checked' in ask !== (plan.askBeforeAnswer ?? false)) await driver.click(marked('ask-before-answer'));
    for (const [name, value] of Object.entries(plan.settings ?? {})) await driver.fill(marked(`setting-${name}`), value);
  }

  /** Asks the agents what the job of the form would cost. */
  async find(agent?: string): Promise<string> {
    await this.driver.click(marked('find'));
    await this.shown('preflight-summary', () => true, { timeoutMs: 60_000 });
    if (agent !== undefined) await this.choose(agent);
    return this.jobId();
  }

  /** Picks the offer of this agent; one that was not heard of yet is asked for again. */
  async choose(peerId: string): Promise<void> {
    const offer = `[data-testid^="offer-"][data-peer-id="${peerId}"]`;
    await until(
      `an offer of ${peerId}`,
      async () => {
        await this.shown('preflight-summary', () => true, { timeoutMs: 60_000 });
        if ((await this.driver.all(offer)).length > 0) return true;
        await this.driver.click(marked('ask-again'));
        return false;
      },
      { everyMs: 2_000, timeoutMs: 60_000, state: () => this.summary() },
    );
    await this.driver.click(`${offer} input`);
  }

  /** Of the job that the page shows. */
  async jobId(): Promise<string> {
    return /^#\/jobs\/(b[a-z2-7]+)$/.exec(await this.driver.hash())?.[1] ?? '';
  }

  show(jobId: string): Promise<void> {
    return this.driver.go(`#/jobs/${jobId}`);
  }

  /** Takes the chosen offer; the sheet with its lock is shown, nothing is signed yet. */
  async take(): Promise<void> {
    await this.driver.click(marked('run'));
    await this.shown('signing-sheet', (sheet) => sheet['data-step'] === 'ready' || sheet['data-step'] === 'locked', { timeoutMs: 60_000 });
  }

  /** Takes the chosen offer and signs its lock. */
  async run(): Promise<void> {
    await this.take();
    await this.approve();
    await this.shown('job-state');
  }

  /** Reads the sheet that is shown to its end and approves it, unlocking the wallet on the way where that is asked for. */
  async approve(): Promise<void> {
    const { driver } = this;
    await until(
      'the sheet can be approved',
      async () => {
        if ((await this.one('sheet-unlock')) !== null) {
          await driver.fill(marked('sheet-password'), PASSWORD);
          await driver.click(marked('sheet-unlock'));
          await this.shown('signing-sheet', (sheet) => sheet['data-step'] === 'ready');
        }
        await driver.see(marked('sheet-end'));
        return (await this.one('approve', { hold: '' })) !== null;
      },
      { timeoutMs: 60_000, state: () => this.summary() },
    );
    await driver.press(marked('approve'));
    await until('the sheet is gone', async () => (await this.one('signing-sheet')) === null, { state: () => this.summary() });
  }

  /** Fills the form of a payment in NTX and asks for its sheet. */
  async order(to: string, ntx: string, memo = ''): Promise<void> {
    const { driver } = this;
    await driver.go('#/wallet');
    await driver.go('#/wallet/send');
    await this.shown('send-form');
    await driver.fill(marked('send-to'), to);
    await driver.fill(marked('send-ntx'), ntx);
    if (memo !== '') {
      await driver.click(`details:has(${marked('send-memo')}) > summary`);
      await driver.fill(marked('send-memo'), memo);
    }
    await driver.click(marked('send-review'));
  }

  async refuse(): Promise<void> {
    await this.driver.click(marked('refuse'));
    await until('the sheet is gone', async () => (await this.one('signing-sheet')) === null, { state: () => this.summary() });
  }

  async lock(): Promise<void> {
    await this.driver.click(marked('lock'));
    await this.shown('show-unlock');
  }

  async unlock(password: string = PASSWORD): Promise<void> {
    await this.driver.click(marked('show-unlock'));
    await this.driver.fill(marked('unlock-password'), password);
    await this.driver.click(marked('unlock'));
    await this.shown('lock', () => true, { timeoutMs: 60_000 });
  }

  async start(plan: JobPlan): Promise<string> {
    const jobId = await this.preflight(plan);
    await this.run();
    return jobId;
  }

  async states(): Promise<JobStates> {
    const [job, lock] = await Promise.all([this.one('job-state'), this.one('lock-state')]);
    return { job: (job?.['data-state'] ?? 'draft') as JobState, lock: (lock?.['data-state'] || 'none') as JobStates['lock'] };
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

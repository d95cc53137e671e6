// FakeRunner: plays the runner's side of extension/messages.ts from sample jobs, for tests of the page and for looking at it. Never shipped.
import { safeError, NunetError } from '@nunet/shared/errors.ts';
import { pageMessage, pageRequest, type AppState, type JobSnapshot, type PageRequest, type RunnerMessage } from '../messages.ts';
import { fakeLendAnswer } from '../lend/fake-machine.ts';
import { isLendRequest } from '../lend/messages.ts';
import { isWalletRequest, type Contact, type WalletView } from '../wallet/messages.ts';
import { fakeWalletAnswer } from './fake-wallet.ts';
import { samplePreflight, sampleSnapshot } from './sample-jobs.ts';

/** What the page finds. Strings in these may be as hostile as a test wants. */
export interface FakeState {
  app: AppState;
  jobs: JobSnapshot[];
  /** Line by offset, of every job. */
  logLine: (offset: number) => string;
}

export const sampleWallet = (change: Partial<WalletView> = {}): WalletView => ({
  account: 0,
  name: 'Main',
  address: 'addr_test1vqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qcyqcyq',
  stakeAddress: 'stake_test1uqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qcyqcyq',
  isKnown: true,
  baseUnits: 100_000_000n,
  lovelace: 250_000_000n,
  collateralLovelace: 0n,
  tokens: [],
  pending: [],
  ...change,
});

export const sampleApp = (nowMs: number, change: Partial<AppState> = {}): AppState => ({
  network: {
    state: 'ready',
    target: { network: 'devnet', url: 'http://127.0.0.1:4000' },
    record: { oracles: 3, k: 2, hubs: 1, expiresAt: nowMs + 86_400_000 },
  },
  host: 'ready',
  vault: 'ready',
  frame: { state: 'ready', peerId: null, remounts: 0, connections: [{ peerId: 'hub', address: '/ip4/127.0.0.1/udp/4001/webrtc-direct' }] },
  chain: { tipTimeMs: nowMs - 600, seenAtMs: nowMs - 200, error: null },
  wallet: sampleWallet(),
  signings: [],
  dapps: { pending: [], grants: [] },
  machines: [],
  jobs: [],
  ...change,
});

export class FakeRunner {
  readonly state: FakeState;
  readonly asked: PageRequest[] = [];
  /** Answers that fail: by type of the request. */
  readonly refusals = new Map<PageRequest['type'], { code: string; message: string }>();
  /** True: messages arrive and nothing is said. */
  isDead = false;
  readonly #ports = new Map<MessagePort, string | null>();
  readonly #contacts: Contact[] = [];
  readonly #now: () => number;

  constructor(state: FakeState, now: () => number) {
    this.state = state;
    this.#now = now;
    this.#list();
  }

  /** A page's port, as `new SharedWorker(...).port` gives it. */
  open(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#ports.set(port1, null);
    port1.onmessage = ({ data }: MessageEvent) => void this.#answer(port1, data);
    port1.start();
    this.#say(port1, { type: 'app', app: this.state.app });
    return port2;
  }

  /** Tells every page the newest state. */
  push(): void {
    this.#list();
    for (const [port, watched] of this.#ports) {
      this.#say(port, { type: 'app', app: this.state.app });
      const job = this.state.jobs.find(({ summary }) => summary.jobId === watched);
      if (job !== undefined) this.#say(port, { type: 'job', job });
    }
  }

  /** Puts a job in place of the one with its id. */
  set(job: JobSnapshot): void {
    this.state.jobs = [...this.state.jobs.filter(({ summary }) => summary.jobId !== job.summary.jobId), job];
    this.push();
  }

  /** Log lines of a job beyond those that it has. */
  addLines(jobId: string, count: number): void {
    const job = this.#job(jobId);
    const from = job.logLines;
    job.logLines += count;
    for (let at = from; at < from + count; at += 1_000) {
      const lines = Array.from({ length: Math.min(1_000, from + count - at) }, (_, i) => this.state.logLine(at + i));
      for (const [port, watched] of this.#ports) if (watched === jobId) this.#say(port, { type: 'lines', jobId, from: at, lines });
    }
  }

  close(): void {
    for (const port of this.#ports.keys()) port.close();
  }

  #list(): void {
    this.state.app = { ...this.state.app, jobs: this.state.jobs.map(({ summary }) => summary) };
  }

  #say(port: MessagePort, message: RunnerMessage): void {
    if (!this.isDead) port.postMessage(message);
  }

  #job(jobId: string): JobSnapshot {
    const job = this.state.jobs.find(({ summary }) => summary.jobId === jobId);
    if (job === undefined) throw new NunetError('job-unknown', 'no such job');
    return job;
  }

  async #answer(port: MessagePort, data: unknown): Promise<void> {
    const { id, request: raw } = pageMessage.parse(data);
    try {
      const request = pageRequest.parse(raw);
      this.asked.push(request);
      const refusal = this.refusals.get(request.type);
      if (refusal !== undefined) throw new NunetError(refusal.code, refusal.message);
      this.#say(port, { type: 'reply', id, value: await this.#act(port, request) });
    } catch (error) {
      this.#say(port, { type: 'failed', id, ...safeError(error) });
    }
  }

  async #act(port: MessagePort, request: PageRequest): Promise<unknown> {
    if (isLendRequest(request)) return fakeLendAnswer(request, this.#now());
    if (isWalletRequest(request)) return fakeWalletAnswer(request, this.#contacts, this.#now());
    switch (request.type) {
      case 'connect':
        this.state.app = { ...sampleApp(this.#now()), jobs: this.state.app.jobs };
        this.push();
        return null;
      case 'fund':
        return { txId: 'f0'.repeat(32) };
      case 'prepare': {
        const title = (JSON.parse(request.jobFile) as { title: string }).title;
        const job = await sampleSnapshot('draft', this.#now(), title);
        this.set(job);
        return { jobId: job.summary.jobId };
      }
      case 'preflight':
        return samplePreflight(this.#job(request.jobId).record, this.#now());
      case 'take':
        this.set(await sampleSnapshot('submitted', this.#now() - 10_000, this.#job(request.jobId).summary.title));
        return null;
      case 'watch':
        this.#ports.set(port, request.jobId);
        if (request.jobId !== null) this.#say(port, { type: 'job', job: this.#job(request.jobId) });
        return null;
      case 'log': {
        const count = Math.max(0, Math.min(1_000, this.#job(request.jobId).logLines - request.from));
        return { from: request.from, lines: Array.from({ length: count }, (_, i) => this.state.logLine(request.from + i)) };
      }
      case 'resume': {
        const job = await sampleSnapshot('draft-code', this.#now(), `${this.#job(request.jobId).summary.title}, resumed`);
        this.set(job);
        return { jobId: job.summary.jobId };
      }
      case 'checkpoint':
        return { blob: new Blob(['the bytes of a workspace']), name: 'checkpoint-2.tar' };
      case 'output':
        return { blob: new Blob([`the bytes of ${request.name}`]) };
      case 'discard':
      case 'forget':
        this.state.jobs = this.state.jobs.filter(({ summary }) => summary.jobId !== request.jobId);
        this.push();
        return null;
      case 'disconnect':
      case 'cancel':
      case 'decide':
      case 'network-port':
      case 'signing-answer':
      case 'resolve-dapp':
      case 'revoke-dapp':
      case 'show-dapp':
        return null;
      case 'preview-ground':
        throw new NunetError('builder-unavailable', 'The fake builds nothing');
    }
  }
}

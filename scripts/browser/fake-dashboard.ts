// Put into the dashboard before its own script: SharedWorkers that play the fake runner and the fake vault, so that any state can be looked at.
import './no-eval.ts';
import type { AppState } from '@nunet/extension/messages.ts';
import { FakeRunner, sampleApp } from '@nunet/extension/ui/fake-runner.ts';
import { FakeVault, sampleVault } from '@nunet/extension/ui/fake-vault.ts';
import { sampleSnapshot, type SampleStage } from '@nunet/extension/ui/sample-jobs.ts';
import { VAULT, type VaultState } from '@nunet/extension/vault/messages.ts';

export interface FakeDashboard {
  /** Puts a job at a stage in front of the page and gives its id. The same title is the same job. */
  job(stage: SampleStage, title: string): Promise<string>;
  addLines(jobId: string, count: number): void;
  refuse(type: 'take' | 'decide', code: string): void;
  /** What the page has asked, by type. */
  asked(): string[];
  /** Every string that a stranger may choose is this one from now on, in the given job and around it. */
  hostile(jobId: string, text: string): void;
  chainFails(): void;
  app(change: Partial<AppState>): void;
  vault(change: Partial<VaultState>): void;
}

const STARTED_MS = 28_000;

// Of the dashboard alone: other pages of the extension keep their own workers.
if (location.pathname === '/dashboard.html') {
  let line = (offset: number): string => `line ${offset}`;
  const now = (): number => Date.now();
  const fake = new FakeRunner({ app: sampleApp(now()), jobs: [], logLine: (offset) => line(offset) }, now);
  const vault = new FakeVault(sampleVault());
  const find = (jobId: string) => {
    const job = fake.state.jobs.find(({ summary }) => summary.jobId === jobId);
    if (job === undefined) throw new Error('the fake has no such job');
    return job;
  };
  const dashboard: FakeDashboard = {
    async job(stage, title) {
      const job = await sampleSnapshot(stage, now() - (stage === 'draft' ? 0 : STARTED_MS), title);
      fake.set(job);
      return job.summary.jobId;
    },
    addLines: (jobId, count) => fake.addLines(jobId, count),
    refuse: (type, code) => void fake.refusals.set(type, { code, message: 'the fake says no' }),
    asked: () => fake.asked.map((request) => request.type),
    hostile(jobId, text) {
      line = () => text.slice(0, 2_000);
      const job = find(jobId);
      const changes = <Change extends { detail: string }>(history: readonly Change[]): Change[] =>
        history.map((change, i) => (i === 1 ? { ...change, detail: text } : change));
      fake.set({
        ...job,
        summary: { ...job.summary, title: text },
        record: { ...job.record, jobHistory: changes(job.record.jobHistory), lockHistory: changes(job.record.lockHistory) },
        live: {
          ...job.live,
          curve: job.live.curve.map(({ epoch, metrics }) => ({
            epoch,
            metrics: epoch > 3 ? metrics : [...metrics, { name: text, value: epoch }],
          })),
        },
        notices: [1, 2, 3].map(() => ({ atMs: now(), code: 'notice', message: text })),
        decision: job.decision === null ? null : { ...job.decision, check: { accept: false, score: null, detail: text }, error: text },
      });
      fake.state.app = {
        ...fake.state.app,
        frame: {
          ...fake.state.app.frame,
          connections: Array.from({ length: 500 }, (_, i) => ({
            peerId: i < 3 ? text : `peer ${i}`,
            address: text.slice(0, i < 3 ? 2_000_000 : 90),
          })),
        },
        chain: { ...fake.state.app.chain, error: { code: 'chain', message: text } },
      };
      fake.push();
    },
    app(change) {
      fake.state.app = { ...fake.state.app, ...change };
      fake.push();
    },
    vault: (change) => vault.set(change),
    chainFails() {
      const seenAtMs = now() - 12_000;
      fake.state.app = {
        ...fake.state.app,
        chain: { tipTimeMs: seenAtMs, seenAtMs, error: { code: 'chain-unavailable', message: 'HTTP 503' } },
      };
      fake.push();
    },
  };
  Object.assign(globalThis, {
    fakeDashboard: dashboard,
    SharedWorker: class {
      readonly port: MessagePort;
      constructor(script: string) {
        this.port = script === VAULT.script ? vault.open() : fake.open();
      }
    },
  });
}

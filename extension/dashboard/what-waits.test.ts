import { describe, expect, test } from 'vitest';
import type { SigningRequest } from '../messages.ts';
import { sampleApp, sampleWallet } from '../ui/fake-runner.ts';
import { sampleVault } from '../ui/fake-vault.ts';
import { sampleSnapshot } from '../ui/sample-jobs.ts';
import { escrowOf, inEscrow } from './escrow-lines.ts';
import { eventsOf } from './events.ts';
import { nextSteps } from './next-steps.ts';
import { bannersOf } from './what-waits.ts';

const START = 1_767_225_600_000;
const summary = async (stage: Parameters<typeof sampleSnapshot>[0]) => (await sampleSnapshot(stage, START, stage)).summary;
const running = await summary('running');

describe('what waits for the person', () => {
  test('a lock that waits for its signature is found again with its title, and the others are counted', () => {
    const signing = { signingId: '0'.repeat(32), jobId: running.jobId, title: 'running' } as SigningRequest;
    const app = sampleApp(START, { jobs: [running], signings: [signing, { ...signing, jobId: 'other' }] });
    expect(bannersOf(app, sampleVault())).toEqual([{ kind: 'signing', jobId: running.jobId, title: 'running', others: 1 }]);
  });

  test('jobs that wait for their key are told while the vault is locked, not once it is open', () => {
    const app = sampleApp(START, { jobs: [{ ...running, key: 'wanted' }] });
    expect(bannersOf(app, sampleVault({ state: 'locked' }))).toEqual([{ kind: 'unlock', jobs: 1 }]);
    expect(bannersOf(app, sampleVault())).toEqual([]);
  });

  test('a vault that cannot be read comes before everything else, also before the runner has spoken', () => {
    const problem = { code: 'vault-newer', message: 'newer' };
    expect(bannersOf(null, sampleVault({ state: 'failed', problem }))).toEqual([{ kind: 'vault-failed', ...problem }]);
  });
});

describe('what to do next', () => {
  test('begins with a network, then money, then a job', () => {
    const kinds = (change: Parameters<typeof sampleApp>[1]) => nextSteps(sampleApp(START, change), sampleVault()).map(({ kind }) => kind);
    expect(kinds({ network: { state: 'none' } })).toEqual(['connect']);
    expect(kinds({ wallet: sampleWallet({ baseUnits: 0n }) })).toEqual(['fund', 'deploy']);
    expect(kinds({})).toEqual(['deploy']);
    expect(kinds({ jobs: [running] })).toEqual([]);
  });

  test('a result that waits for its answer comes first, as silence pays', async () => {
    const app = sampleApp(START, { jobs: [await summary('draft'), await summary('delivered')] });
    expect(nextSteps(app, sampleVault({ isBackedUp: false })).map(({ kind }) => kind)).toEqual(['answer', 'draft', 'back-up']);
  });
});

describe('the escrow', () => {
  test('counts what is locked, and what may be taken back once its time has come', async () => {
    const jobs = [running, await summary('paid'), await summary('dropped'), await summary('draft')];
    const before = escrowOf(jobs, START);
    expect(before.lines.map(({ title, group }) => [title, group])).toEqual([
      ['running', 'locked'],
      ['paid', 'ended'],
    ]);
    expect([inEscrow(before), before.totals.refundable]).toEqual([4_250_000n, 0n]);
    const after = escrowOf(jobs, running.reclaimAfterMs ?? 0);
    expect([inEscrow(after), after.totals.refundable]).toEqual([4_250_000n, 4_250_000n]);
  });
});

test('jobs and money are one list, newest first', () => {
  const entry = { txId: 'a', timeMs: running.changedAtMs + 1 } as Parameters<typeof eventsOf>[1][number];
  expect(eventsOf([running], [entry, { ...entry, timeMs: 0 }]).map(({ kind, atMs }) => [kind, atMs])).toEqual([
    ['money', running.changedAtMs + 1],
    ['job', running.changedAtMs],
    ['money', 0],
  ]);
});
